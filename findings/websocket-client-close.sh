#!/usr/bin/env bash
# websocket-client: a server that closes with a code of its own says, to who asks for the next message, "".
#
# Guess: `recv()` raises where the socket is closed, and what it raises has the code and the reason, as with websockets;
#        so that a program sees whether it should come back or not.
# Seen:  websocket-client 1.9.2 (Python 3.11): the close frame comes out of `recv()` as an empty string, which is what an empty
#        message is as well. The next `recv()` raises WebSocketConnectionClosedException, which says that the connection was
#        lost and has no code. `for message in socket` raises it too. What has the code: `recv_data()`, whose
#        first value is then 8 and whose second begins with the code; or `on_close` of a WebSocketApp.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check websocket-client==1.9.2 websockets==17.4
cat > "$folder/seen.py" <<'PYTHON'
import struct, threading

import websocket
import websockets.sync.client
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

def answer(line):
    line.send("one")
    line.send("")
    line.close(4404, "no such room")

with serve(answer, "127.0.0.1", 0) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"

    def received(receive, times):
        found = []
        for _ in range(times):
            try:
                found.append(receive())
            except (websocket.WebSocketException, ConnectionClosed) as error:
                found.append((type(error).__name__, "4404" in str(error)))
        return found

    seen = received(websocket.create_connection(address).recv, 4)
    print(f"websocket-client, recv: {seen}")
    assert seen == ["one", "", "", ("WebSocketConnectionClosedException", False)]

    kinds = received(websocket.create_connection(address).recv_data, 3)
    print(f"websocket-client, recv_data: {kinds}")
    assert kinds[2][0] == websocket.ABNF.OPCODE_CLOSE and struct.unpack(">H", kinds[2][1][:2]) == (4404,)

    with websockets.sync.client.connect(address, proxy=None) as line:
        other = received(line.recv, 3)
    print(f"websockets, recv: {other}")
    assert other == ["one", "", ("ConnectionClosedError", True)]
    server.shutdown()
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
