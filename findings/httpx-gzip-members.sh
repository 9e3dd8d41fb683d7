#!/usr/bin/env bash
# httpx and its successor httpx2: a gzip body of several members, of which the first alone is read.
#
# Guess: gzip's own RFC 1952 says that a file is a series of members, and some servers and compressors that work in
#        parallel (pigz, bgzip) end one at each flush. A client that decodes `Content-Encoding: gzip` gives all of
#        them, or an error.
# Seen:  httpx 0.28.1 and httpx2 2.16.2 (Python 3.11) give the first member and drop the others in silence, read at once
#        or as a stream: the status is 200, the length that was announced has come, nothing is raised. requests
#        2.34.2 and aiohttp 3.14.5 give all three. Who reads answers with httpx asks for `identity`, or decodes
#        raw bytes by themselves with zlib, as long as `unused_data` has something.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    httpx==0.28.1 httpx2==2.16.2 requests==2.34.2 aiohttp==3.14.5
cat > "$folder/seen.py" <<'PYTHON'
import asyncio, gzip, http.server, threading

import aiohttp, httpx, httpx2, requests

BODY = b"".join(map(gzip.compress, (b"one ", b"two ", b"three")))
assert gzip.decompress(BODY) == b"one two three"

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *about):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"

async def by_aiohttp():
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.read()

def streamed(module):
    with module.stream("GET", url) as response:
        return b"".join(response.iter_bytes())

seen = {
    "httpx": httpx.get(url).content,
    "httpx, streamed": streamed(httpx),
    "httpx2": httpx2.get(url).content,
    "httpx2, streamed": streamed(httpx2),
    "requests": requests.get(url).content,
    "aiohttp": asyncio.run(by_aiohttp()),
}
for name, body in seen.items():
    print(f"{name}: {body.decode()!r}")
    assert body == (b"one " if name.startswith("httpx") else b"one two three")
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
