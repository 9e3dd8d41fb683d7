"""`transformers serve` with a tiny model of random weights: what it says is noise.

Its chat template is a strict one: the first message is the user's, and roles alternate.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from echo import stopped
from keyed import Keyed
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.cli.serving import server, utils
from transformers.cli.transformers import main

TEMPLATE = """{%- for message in messages -%}
{%- if (message.role == 'user') != (loop.index0 % 2 == 0) -%}
{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
{%- endif -%}
[{{ message.role }}] {{ message.content }}
{%- endfor -%}"""

folder = Path(os.environ["STOPPED"]).parent / "tiny"
if not folder.exists():
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(["<s>", "</s>", *letters])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=4096,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
build, cancel = server.build_server, utils.DirectStreamer.cancel


def with_key(*args: Any, **options: Any) -> Any:
    """It has no key of its own."""
    app = build(*args, **options)
    app.add_middleware(Keyed)
    return app


def noted(streamer: Any) -> None:
    stopped()
    cancel(streamer)


server.build_server = with_key
utils.DirectStreamer.cancel = noted
options = ["--host", "127.0.0.1", "--port", sys.argv[1], "--device", "cpu"]
sys.argv = ["transformers", "serve", str(folder), *options]
main()
