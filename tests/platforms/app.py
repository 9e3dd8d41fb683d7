"""The app. Run it with `uvicorn tests.platforms.app:app`, and point widgets at it as base URL
(openai's with `/v1` behind it).

A reply says which turn it answers and repeats the message; a message may ask for another:
`say:TEXT` (that text), `hold:NAME` (pieces that the test pushes), `fault:NAME` (a fault: `500`,
`429-long`, `503-once`, `html`, `shape`, `malformed`, `nothing`, `redirect`, `silent`, `slow`,
`echo-key`, `empty`, `huge`, `drop`, `stall`, `drip`, `split`, `invalid`, `cut`, and what each
platform's module adds). An agent's name or a key may ask for a fault too. An agent with `missing`
in its name does not exist, a key with `wrong` in it is refused.

For tests, see control.py: `/_log`, `/_violations`, `/_waiting/NAME`, `/_push/NAME`, …
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from tests.platforms import agentix, eigi, faults, fifthelement, openai, vindex
from tests.platforms.checking import Breach, Refused, check_headers
from tests.platforms.state import state
from tests.platforms.wire import Dropped, Exchange, Gone, Receive, Send

PLATFORMS = (eigi, fifthelement, vindex, agentix, openai)
PATIENCE = 30.0  # seconds a test's question waits for its event


async def app(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    exchange = Exchange(scope, receive, send)
    try:
        await exchange.read()
        if exchange.path.startswith("/_"):
            await _control(exchange)
        else:
            await _platform(exchange)
    except Gone:
        pass
    finally:
        exchange.close()


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{event}.complete"})
        if event == "shutdown":
            return


async def _platform(exchange: Exchange) -> None:
    for platform in PLATFORMS:
        if match := platform.PATHS.fullmatch(exchange.path):
            break
    else:
        state.violations.append(f"{exchange.method} {exchange.path}: no such path")
        await exchange.json({"detail": "Not Found"}, 404)
        return
    entry: dict[str, Any] = {
        "platform": platform.NAME,
        "method": exchange.method,
        "path": exchange.path,
        "headers": exchange.headers,
        "body": exchange.body.decode("utf-8", "replace"),
        "end": "running",
    }
    state.log.append(entry)
    try:
        check_headers(exchange)
        await platform.handle(exchange, match)
        entry["end"] = "complete"
    except faults.Answered:
        entry["end"] = "answered"
    except Refused as refused:
        entry["end"] = "refused"
        await platform.refuse(exchange, refused.status, refused.code, refused.headers)
    except Breach as breach:
        entry["end"] = "violation"
        state.violations.append(f"{platform.NAME}: {breach}")
        await platform.refuse(exchange, breach.status, str(breach), {})
    except Dropped:
        # An app that returns without an end makes the server close the connection.
        entry["end"] = "dropped"
    except Gone:
        entry["end"] = "gone"


async def _control(exchange: Exchange) -> None:
    verb, _, name = exchange.path.removeprefix("/_").partition("/")
    if verb == "log":
        if exchange.method == "DELETE":
            state.reset()
        await exchange.json({"log": state.log})
    elif verb == "violations":
        if exchange.method == "DELETE":
            state.violations.clear()
        await exchange.json({"violations": state.violations})
    elif verb == "sessions":
        sessions = [
            {"platform": key[0], "session": key[1], "messages": said}
            for key, said in state.sessions.items()
        ]
        await exchange.json({"sessions": sessions})
    elif verb == "release":
        for hold in state.holds.values():
            hold.pieces.put_nowait(None)
        await exchange.json({})
    elif re.fullmatch(r"[\w-]+", name):
        await _control_hold(exchange, verb, name)
    else:
        await exchange.json({"detail": "Not Found"}, 404)


async def _control_hold(exchange: Exchange, verb: str, name: str) -> None:
    hold = state.hold(name)
    if verb == "push":
        hold.pieces.put_nowait(exchange.body.decode())
    elif verb == "end":
        hold.pieces.put_nowait(None)
    elif verb == "drop":
        hold.pieces.put_nowait(False)
    elif verb in ("waiting", "over"):
        event = hold.arrived if verb == "waiting" else hold.over
        try:
            await asyncio.wait_for(exchange.unless_gone(event.wait()), PATIENCE)
        except TimeoutError:
            await exchange.json({"detail": f"{name}: not {verb} yet"}, 408)
            return
    else:
        await exchange.json({"detail": "Not Found"}, 404)
        return
    await exchange.json({"requests": hold.requests})
