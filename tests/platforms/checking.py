"""What a platform holds against a request: each breach of its document is kept as a violation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.platforms.state import state
from tests.platforms.wire import Exchange


class Breach(Exception):
    """The request is not as documented; `status` is what the platform answers."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


class Refused(Exception):
    """The request is as documented, and the platform refuses it (a wrong key, no such agent)."""

    def __init__(
        self, status: int, code: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


# field → (types, required)
Fields = dict[str, tuple[type | tuple[type, ...], bool]]


def check_body(exchange: Exchange, fields: Fields) -> dict[str, Any]:
    """The body, if it has the documented fields and no others."""
    if exchange.headers.get("content-type") != "application/json":
        raise Breach("Content-Type is not application/json")
    try:
        body = json.loads(exchange.body.decode("utf-8"))
    except ValueError as error:
        raise Breach(f"the body is not JSON: {error}") from None
    check_fields(body, fields)
    checked: dict[str, Any] = body
    return checked


def check_fields(value: Any, fields: Fields, where: str = "body") -> None:
    if not isinstance(value, dict):
        raise Breach(f"{where} is not an object")
    for name, given in value.items():
        if name not in fields:
            raise Breach(f"{where}: undocumented field {name!r}")
        if not isinstance(given, fields[name][0]):
            raise Breach(f"{where}: field {name!r} is {given!r}")
    for name, (_, required) in fields.items():
        if required and name not in value:
            raise Breach(f"{where}: no field {name!r}")


def check_length(text: str, longest: int | None = None) -> None:
    if not text.strip():
        raise Breach("the message is empty")
    if longest is not None and len(text) > longest:
        raise Breach(f"the message is longer than {longest}")


def check_key(key: str, prefix: str) -> None:
    """A wrong key is refused; a missing one, or one of another platform, is a violation too."""
    if not key:
        raise Breach("no key", 401)
    if not key.startswith(prefix):
        raise Breach(f"the key does not begin with {prefix}", 401)
    if "wrong" in key:
        raise Refused(401, "INVALID_API_KEY")
    if "forbidden" in key:
        raise Refused(403, "ORG_MISMATCH")


def check_agent(agent: str) -> None:
    if not agent:
        raise Breach("no agent")
    if "missing" in agent:
        raise Refused(404, "AGENT_NOT_FOUND")
    if "inactive" in agent:
        raise Refused(403, "AGENT_INACTIVE")


def check_headers(exchange: Exchange) -> None:
    """What holds for every platform."""
    if "cookie" in exchange.headers:
        raise Breach("a cookie, which would mix up visitors")
    if not exchange.headers.get("user-agent", "").startswith("django-agent-chatwidget/"):
        raise Breach(f"User-Agent is {exchange.headers.get('user-agent')!r}")


def bearer(exchange: Exchange) -> str:
    """The key of `Authorization: Bearer KEY`; empty when there is none."""
    scheme, _, key = exchange.headers.get("authorization", "").partition(" ")
    return key if scheme == "Bearer" else ""


def session(platform: str, name: str) -> list[dict[str, str]]:
    """The messages of a session that the platform has made."""
    if (platform, name) not in state.sessions:
        raise Breach(f"unknown session {name!r}", 404)
    return state.sessions[platform, name]
