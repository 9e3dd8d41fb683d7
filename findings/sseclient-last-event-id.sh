#!/usr/bin/env bash
# sseclient-py beside httpx-sse, two readers of server-sent events: the id that it forgets, and the half event that it gives.
#
# Guess: as the standard has it, an event without an id of its own has the last one that came, so that a reader who saves `event.id`
#        goes on from there by Last-Event-ID; and an event whose blank line never came is dropped.
# Seen:  sseclient-py 1.9.0 (Python 3.11): the id is that event's alone, and None for each after it, so who saves it after
#        each event asks for everything again. Of a stream that breaks off in the midst of an event, the lines that
#        had come are an event as good as any: half a JSON, or the first of two lines of data. httpx-sse 0.4.3 does both as
#        guessed. So: keep the last id that is not None, and trust nothing that has no end of its own.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check sseclient-py==1.9.0 httpx-sse==0.4.3 httpx==0.28.1
"$folder/venv/bin/python" - <<'PYTHON'
import httpx, httpx_sse, sseclient

BODY = b"id: 7\ndata: one\n\ndata: two\n\ndata: three\ndata: fo"

class Pieces:
    def __iter__(self):
        yield BODY

    def close(self): pass

by_sseclient = [(event.id, event.data) for event in sseclient.SSEClient(Pieces()).events()]
answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=BODY)
by_httpx = [(event.id, event.data) for event in httpx_sse.EventSource(answer).iter_sse()]
print(f"httpx-sse:    {by_httpx}")
print(f"sseclient-py: {by_sseclient}")
assert by_httpx == [("7", "one"), ("7", "two")]
assert by_sseclient == [("7", "one"), (None, "two"), (None, "three\nfo")]
PYTHON
