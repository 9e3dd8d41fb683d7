#!/usr/bin/env bash
# WhiteNoise: an encoding that the client refuses, and one strong ETag for three different bodies.
#
# Guess: with a.js, a.js.br and a.js.gz beside each other, `br;q=0` is not answered with brotli (RFC 9110: "not
#        acceptable"), and the three bodies have three ETags, since a strong one means the same bytes.
# Seen:  WhiteNoise 6.12.0 (Python 3.11) looks for the word alone: `br;q=0, gzip` is answered in brotli, `gzip;q=0` in
#        gzip, and `br;q=0.1, gzip;q=1` in brotli. The ETag is made of the plain file's time and size, so all three
#        bodies have the same: a part that is asked for by `If-Range` in one encoding is cut from another. Who
#        serves clients that refuse an encoding (some proxies do, to rewrite pages) compresses in front of it.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check whitenoise==6.12.0 Brotli==1.2.1
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import gzip, pathlib, sys

import brotli
from whitenoise import WhiteNoise

static = pathlib.Path(sys.argv[1]) / "static"
static.mkdir()
text = b"const answer = 42;\n" * 100
(static / "a.js").write_bytes(text)
(static / "a.js.br").write_bytes(brotli.compress(text))
packed = gzip.compress(text)
(static / "a.js.gz").write_bytes(packed)
site = WhiteNoise(None, root=str(static))

def ask(accepted, **headers):
    seen = {}
    environ = {"PATH_INFO": "/a.js", "REQUEST_METHOD": "GET", "HTTP_ACCEPT_ENCODING": accepted, **headers}
    body = b"".join(site(environ, lambda status, pairs, *more: seen.update(pairs, status=status)))
    print(f"{accepted!r} {headers or ''}: {seen['status']}, {seen.get('Content-Encoding')}, ETag {seen['ETag']}")
    return seen.get("Content-Encoding"), seen["ETag"], seen["status"][:3], body

assert ask("br;q=0, gzip")[0] == "br"
assert ask("gzip;q=0")[0] == "gzip"
assert ask("br;q=0.1, gzip;q=1")[0] == "br"
etags = {ask(accepted)[1] for accepted in ("br", "gzip", "")}
assert len(etags) == 1 and not etags.pop().startswith("W/")
tag = ask("")[1]
encoding, _, status, part = ask("gzip", HTTP_RANGE="bytes=4-7", HTTP_IF_RANGE=tag)
assert (encoding, status, part) == ("gzip", "206", packed[4:8]) and part != text[4:8]
PYTHON
