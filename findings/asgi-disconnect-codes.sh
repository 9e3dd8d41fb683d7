#!/usr/bin/env bash
# Daphne, and uvicorn with two of its websocket implementations: one socket's end, told with three codes.
#
# Guess: `websocket.disconnect` has the code that ASGI's specification names: what the client's close frame said; 1005 where it said
#        none, which is the default; 1006 where the connection broke; after a close of the application's own, that
#        one's code. So statistics of close codes mean the same behind any server.
# Seen:  Daphne 4.2.3 (autobahn 26.10.2), uvicorn 0.54.0 (websockets 17.4), Python 3.11. A close frame with a code: all alike. Without one: Daphne
#        says None, uvicorn 1005. A connection that breaks: 1006 from Daphne and `--ws websockets`, 1005 from
#        `--ws websockets-sansio`, as if it had been closed in order. The application's own close(4001): 4001
#        from sansio and from Daphne, 1005 from websockets. Only uvicorn hands on the client's reason.
#        So a consumer counts no codes but those that a client gave, and takes None for one.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    daphne==4.2.3 autobahn==26.10.2 uvicorn==0.54.0 websockets==17.4
cat > "$folder/app.py" <<'PYTHON'
import json, os

async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/own":
        await send({"type": "websocket.close", "code": 4001, "reason": "enough"})
    told = await receive()
    with open(os.environ["TOLD"], "a") as file:
        print(json.dumps([scope["path"], told["code"], told.get("reason", "-")]), file=file)
PYTHON
cat > "$folder/seen.py" <<'PYTHON'
import base64, json, os, pathlib, signal, socket, struct, subprocess, sys, time

folder = sys.argv[1]
SERVERS = {
    "daphne": ["daphne", "-p"],
    "websockets": ["uvicorn", "--lifespan", "off", "--ws", "websockets", "--port"],
    "websockets-sansio": ["uvicorn", "--lifespan", "off", "--ws", "websockets-sansio", "--port"],
}

def waited(what):
    for _ in range(600):
        try:
            if found := what():
                return found
        except OSError:
            pass
        time.sleep(0.1)
    raise TimeoutError

def opened(port, path):
    line = socket.create_connection(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    line.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    file = line.makefile("rb")
    assert b" 101 " in file.readline()
    while file.readline().strip():
        pass
    return line, file

def close(line, said=b""):
    line.sendall(bytes([0x88, 0x80 | len(said)]) + bytes(4) + said)  # masked by zeros

def own(line, file):
    """Answers the application's close frame with the same, at once."""
    kind, length = file.read(2)
    assert kind == 0x88
    close(line, file.read(length))

ENDS = {
    "/none": lambda line, file: close(line),
    "/4001": lambda line, file: close(line, struct.pack(">H", 4001) + b"bye"),
    "/broken": lambda line, file: line.shutdown(socket.SHUT_RDWR),
    "/own": own,
}

def codes(name):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told = pathlib.Path(folder, f"told.{name}")
    told.touch()
    log = open(f"{folder}/log", "a")
    server = subprocess.Popen(
        [sys.executable, "-m", *SERVERS[name], str(port), "app:app"],
        cwd=folder, env={**os.environ, "TOLD": str(told)}, stdout=log, stderr=log, start_new_session=True,
    )
    try:
        waited(lambda: socket.create_connection(("127.0.0.1", port)))
        for number, (path, end) in enumerate(ENDS.items(), 1):
            line, file = opened(port, path)
            end(line, file)
            waited(lambda: told.read_text().count("\n") == number)
            line.close()
        return [json.loads(line) for line in told.read_text().splitlines()]
    finally:
        os.killpg(server.pid, signal.SIGKILL)

seen = {name: {path: code for path, *code in codes(name)} for name in SERVERS}
for name, ends in seen.items():
    print(f"{name}: {ends}")
assert seen == {
    "daphne": {"/none": [None, "-"], "/4001": [4001, "-"], "/broken": [1006, "-"], "/own": [4001, "-"]},
    "websockets": {"/none": [1005, ""], "/4001": [4001, "bye"], "/broken": [1006, ""], "/own": [1005, "-"]},
    "websockets-sansio": {"/none": [1005, ""], "/4001": [4001, "bye"], "/broken": [1005, "-"], "/own": [4001, "enough"]},
}
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
