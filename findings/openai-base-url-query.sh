#!/usr/bin/env bash
# OpenAI's and Anthropic's clients: a base URL with a query, and the path that ends up within it.
#
# Guess: `base_url="https://host/v1?api-version=1"`, as gateways that ask for a version or a tenant show it, keeps
#        its query on every request, with the path put before it: /v1/chat/completions?api-version=1. Or it is refused.
# Seen:  neither, in all four clients: openai 3.57.0 and anthropic 2.14.0 (Python 3.11), openai 6.49.0 and
#        @anthropic-ai/sdk 1.14.0 (npm) write the path behind it, each in its own spelling, so the server is asked for /v1 and a
#        version named "1/v1/messages". Where a server answers any path, all seems well. What works: `default_query`
#        (`defaultQuery`), a base URL without one.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0
npm install --silent --no-audit --no-fund --prefix "$folder" openai@6.49.0 @anthropic-ai/sdk@1.14.0
cat > "$folder/seen.mjs" <<'JAVASCRIPT'
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const asked = { model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] };
const clients = {
  openai: (how) => new OpenAI(how).chat.completions.create(asked),
  anthropic: (how) => new Anthropic(how).messages.create(asked),
};
const urls = [];
for (const ask of Object.values(clients)) {
  for (const how of [
    { baseURL: "http://127.0.0.1/v1?api-version=1" },
    { baseURL: "http://127.0.0.1/v1", defaultQuery: { "api-version": "1" } },
  ]) {
    const fetch = async (url) => {
      urls.push(String(url).replace("http://127.0.0.1", ""));
      return new Response("{}", { headers: { "content-type": "application/json" } });
    };
    await ask({ ...how, fetch, apiKey: "none", maxRetries: 0 });
  }
}
console.log(JSON.stringify(urls));
JAVASCRIPT
cat > "$folder/seen.py" <<'PYTHON'
import http.server, json, subprocess, sys, threading

from anthropic import Anthropic
from openai import OpenAI

ASKED = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
urls = []

class Answer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *told): pass

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        urls.append(self.path)
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_address[1]}/v1"
for client, ask in (
    (OpenAI, lambda client: client.chat.completions.create(**ASKED)),
    (Anthropic, lambda client: client.messages.create(**ASKED)),
):
    for how in (
        {"base_url": f"{address}?api-version=1"},
        {"base_url": address, "default_query": {"api-version": "1"}},
    ):
        ask(client(**how, api_key="none", max_retries=0))
node = json.loads(subprocess.check_output(["node", f"{sys.argv[1]}/seen.mjs"]))
names = ("openai", "openai, default_query", "anthropic", "anthropic, default_query")
for name, *seen in zip(names, urls, node):
    print(f"{name}: Python {seen[0]}, JavaScript {seen[1]}")
right = ["/v1/chat/completions?api-version=1", "/v1/v1/messages?api-version=1"]
assert urls[1::2] == node[1::2] == right
assert urls[::2] == ["/v1/?api-version=1chat/completions", "/v1?api-version=1/v1/messages"]
assert node[::2] == ["/v1?api-version=1%2Fchat%2Fcompletions", "/v1?api-version=1%2Fv1%2Fmessages"]
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
