"""Faults that need no platform: statuses, redirects, pages instead of answers, silence.

A fault is asked for by `fault:NAME` in the message, in the agent's name, or in the key.
"""

from __future__ import annotations

import re
import time
from email.utils import formatdate

from tests.platforms.checking import Refused
from tests.platforms.state import state
from tests.platforms.wire import Exchange

LATE = 6.0  # seconds until a slow platform begins
FAULT = re.compile(r"\bfault:([a-z0-9-]+)")
PAGE = b"<!doctype html><title>Log in</title><h1>Please log in</h1>"


def asked(*places: object) -> str:
    """The fault that the message, the agent or the key asks for; empty: none."""
    found = FAULT.search(" ".join(str(place) for place in places))
    return found[1] if found else ""


def status_of(platform: str, fault: str) -> tuple[int, dict[str, str]] | None:
    """The status and headers of a fault such as `500`, `429-long` or `503-once`; None: no status.

    `-once` and `-twice` pass after so many times, counted from the last reset.
    """
    code, _, kind = fault.partition("-")
    if not code.isdigit():
        return None
    if kind in ("once", "twice"):
        state.met[platform, fault] += 1
        if state.met[platform, fault] > ("", "once", "twice").index(kind):
            return None
    now = time.time()
    headers = {
        "short": {"retry-after": "1"},
        "ten": {"retry-after": "10"},
        "long": {"retry-after": "120"},
        "date": {"retry-after": formatdate(now + 60, usegmt=True)},
        "reset": {"x-ratelimit-limit": "1000", "x-ratelimit-reset": str(int(now) + 90)},
    }
    return int(code), headers.get(kind, {})


class Answered(Exception):
    """The fault was the whole of the answer."""


async def met(exchange: Exchange, platform: str, *places: object) -> str:
    """The fault that is asked for, where it is one of the platform's own words; empty: none.

    Raises Refused for a status, and Answered when the answer is given.
    """
    fault = asked(*places)
    if await answered(exchange, fault):
        raise Answered
    if refused := status_of(platform, fault):
        raise Refused(refused[0], "asked to fail", refused[1])
    return fault


async def answered(exchange: Exchange, fault: str) -> bool:
    """Plays a fault that replaces the whole answer; False when it is none of these."""
    if fault == "html":
        await exchange.whole(PAGE, content_type="text/html; charset=utf-8")
    elif fault == "malformed":
        await exchange.whole(b'{"reply": "unfinished', content_type="application/json")
    elif fault == "shape":
        await exchange.json({"output": {"text": "of another shape"}})
    elif fault == "nothing":
        await exchange.whole(b"")
    elif fault == "redirect":
        await exchange.start(307, headers={"location": "http://127.0.0.1:9/elsewhere"})
        await exchange.end()
    elif fault == "silent":
        await exchange.pause(3600)
    elif fault == "echo-key":
        said = " ".join(f"{name}: {value}" for name, value in exchange.headers.items())
        await exchange.whole(said.encode() * 2, 400, "text/plain")
    else:
        if fault == "slow":
            await exchange.pause(LATE)
        return False
    return True
