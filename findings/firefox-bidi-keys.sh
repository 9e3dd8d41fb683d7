#!/usr/bin/env bash
# Firefox over WebDriver BiDi: keys go to the browsing context that is named, not to the focus.
#
# Guess: as with WebDriver, and as with a real keyboard, `input.performActions` on a tab types
#   wherever the focus is, also in an iframe of another origin that has it.
# Behaviour (Firefox ESR 153.8.0, websockets 15.0.1): the iframe's text field is focused, the
#   command on the tab's context succeeds, and no key arrives anywhere. On the iframe's own context the
#   same command types.
# Seen: {'typed on the tab': '', 'typed on the iframe': 'b'}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
firefox=$(command -v firefox-esr || command -v firefox) || { echo "apt-get install firefox-esr"; exit 2; }
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check websockets==15.0.1
cat >"$folder/try.py" <<'PYTHON'
import asyncio, http.server, itertools, json, sys, threading
from websockets.asyncio.client import connect

firefox, profile = sys.argv[1:]
INNER = b"<!doctype html><input autofocus>"


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        outer = f"<!doctype html><iframe src='http://127.0.0.1:{self.server.server_port}/inner'></iframe>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(INNER if self.path == "/inner" else outer.encode())

    def log_message(self, *_):
        pass


async def main():
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    command = [firefox, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
    browser = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    while b"BiDi listening on" not in (line := await browser.stderr.readline()):
        assert line, "Firefox has ended"
    numbers = itertools.count()
    async with connect(line.decode().split()[-1] + "/session") as socket:

        async def ask(method, **params):
            number = next(numbers)
            await socket.send(json.dumps({"id": number, "method": method, "params": params}))
            while (answer := json.loads(await socket.recv())).get("id") != number:
                pass
            assert answer["type"] == "success", answer
            return answer["result"]

        async def press(context, key):
            keys = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
            source = {"type": "key", "id": "keyboard", "actions": keys}
            await ask("input.performActions", context=context, actions=[source])

        async def value(context, expression):
            target = {"context": context}
            answer = await ask("script.evaluate", expression=expression, target=target, awaitPromise=True)
            return answer["result"]["value"]

        print((await ask("session.new", capabilities={}))["capabilities"]["browserVersion"])
        tab = (await ask("browsingContext.create", type="tab"))["context"]
        url = f"http://localhost:{site.server_port}/"
        await ask("browsingContext.navigate", context=tab, url=url, wait="complete")
        [tree] = (await ask("browsingContext.getTree", root=tab))["contexts"]
        inner = tree["children"][0]["context"]
        # A click gives the focus to the field, as a visitor's would.
        point = [{"type": "pointerMove", "x": 20, "y": 15}, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        await ask("input.performActions", context=inner, actions=[{"type": "pointer", "id": "mouse", "actions": point}])
        assert await value(inner, "document.hasFocus() && document.activeElement.localName") == "input"
        seen = {}
        await press(tab, "a")
        seen["typed on the tab"] = await value(inner, "document.activeElement.value")
        await press(inner, "b")
        seen["typed on the iframe"] = await value(inner, "document.activeElement.value")
        print(seen)
        await ask("browser.close")
    await browser.wait()
    sys.exit(seen != {"typed on the tab": "", "typed on the iframe": "b"})


asyncio.run(main())
PYTHON
mkdir "$folder/profile"
"$folder/venv/bin/python" "$folder/try.py" "$firefox" "$folder/profile"
