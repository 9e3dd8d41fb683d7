#!/usr/bin/env bash
# llama-cpp-python's server: what is refused with its reason where a whole answer is asked for, is a
# successful stream of no bytes where a stream is.
#
# Guess: a conversation longer than the model's context, which is known before the first token, is answered
#        400 with code "context_length_exceeded" either way, or by an event of the stream with `error` in it.
# Seen:  llama-cpp-python 0.3.36 (Python 3.11): without `stream` 400 and that code; with it 200, text/event-stream,
#        and a body that ends properly before its first byte: no event, no [DONE]. (The same goes for messages
#        that the model's chat template refuses: 500 with its words, or nothing.)
#        The model is made here, of random weights. Building the server takes a few minutes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "llama-cpp-python[server]==0.3.36" gguf==0.19.0
cat > "$folder/model.py" <<'PYTHON'
import sys
import gguf
import numpy as np

width, heads, hidden = 64, 4, 128
tokens = [b"<unk>", b"<s>", b"</s>", *(f"<0x{byte:02X}>".encode() for byte in range(256))]
model = gguf.GGUFWriter(sys.argv[1], "llama")
model.add_context_length(512)
model.add_embedding_length(width)
model.add_block_count(1)
model.add_feed_forward_length(hidden)
model.add_head_count(heads)
model.add_head_count_kv(heads)
model.add_layer_norm_rms_eps(1e-5)
model.add_rope_dimension_count(width // heads)
model.add_vocab_size(len(tokens))
model.add_tokenizer_model("llama")
model.add_token_list(tokens)
model.add_token_scores([0.0] * len(tokens))
model.add_token_types([2, 3, 3] + [6] * 256)
model.add_bos_token_id(1)
model.add_eos_token_id(2)
model.add_unk_token_id(0)
model.add_chat_template("{% for message in messages %}{{ message['content'] }}{% endfor %}")
random = np.random.default_rng(7)

def tensor(name, *shape):
    model.add_tensor(name, random.normal(0, 0.2, shape).astype(np.float32))

tensor("token_embd.weight", len(tokens), width)
tensor("output.weight", len(tokens), width)
for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
    model.add_tensor(f"{name}.weight", np.ones(width, np.float32))
for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
    tensor(f"blk.0.{name}.weight", width, width)
for name in ("ffn_gate", "ffn_up"):
    tensor(f"blk.0.{name}.weight", hidden, width)
tensor("blk.0.ffn_down.weight", width, hidden)
model.write_header_to_file()
model.write_kv_data_to_file()
model.write_tensors_to_file()
model.close()
PYTHON
cat > "$folder/seen.py" <<'PYTHON'
import http.client, json, os, signal, socket, subprocess, sys, time

folder = sys.argv[1]
subprocess.run([sys.executable, f"{folder}/model.py", f"{folder}/tiny.gguf"], check=True)
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
log = open(f"{folder}/log", "w")
command = [sys.executable, "-m", "llama_cpp.server", "--model", f"{folder}/tiny.gguf"]
command += ["--n_ctx", "512", "--n_threads", "1", "--host", "127.0.0.1", "--port", str(port)]
server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

def ask(text, stream):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    messages = [{"role": "user", "content": text}]
    body = {"messages": messages, "max_tokens": 8, "stream": stream}
    headers = {"content-type": "application/json"}
    client.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = client.getresponse()
    said = answer.read()  # raises IncompleteRead where the body breaks off
    client.close()
    return answer.status, answer.headers["content-type"].partition(";")[0], said

try:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.2)
    status, kind, said = ask("Hello", True)
    assert status == 200 and b"[DONE]" in said, said
    long = "too long " * 100
    whole, streamed = ask(long, False), ask(long, True)
    print(f"whole:  {whole[0]}, {json.loads(whole[2])['error']['code']}")
    print(f"stream: {streamed[0]}, {streamed[1]}, {streamed[2]!r}")
    assert whole[0] == 400 and b"context_length_exceeded" in whole[2]
    assert streamed == (200, "text/event-stream", b"")
finally:
    os.killpg(server.pid, signal.SIGKILL)
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
