"""An agent by a description, and a platform without a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from chatwidget.conf import ProviderConfig, Secret
from chatwidget.providers.base import HistoryMessage, PageContext, Turn, VisitorIdentity
from chatwidget.providers.generic import Generic
from chatwidget.providers.registry import make_provider
from chatwidget.testing.transport import Answer, FakePlatform
from tests.providers.conftest import Outcome, outcome

KEY = "key-0123456789abcdef"
CONVERSATION = "11111111-1111-4111-8111-111111111111"
PERSON = VisitorIdentity("visitor-1", "Ann", "ann@example.com", "en")
PAGE = PageContext("https://shop.example.com/a?b=c", "Blue – Shop")
JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}


def generic(description: Any = None, *, preset: str = "", key: str = KEY, **more: Any) -> Generic:
    options = {"preset": preset} if preset else {"description": description}
    config = ProviderConfig(
        "generic",
        more.get("base_url", "https://agent.example.com/base"),
        more.get("agent", "agent 1"),
        Secret(key),
        options,
    )
    made = make_provider(config)
    assert isinstance(made, Generic)
    return made


def turn(text: str = "Hello", session: str = "", *history: HistoryMessage, seq: int = 0) -> Turn:
    return Turn(text, PERSON, CONVERSATION, session, PAGE, history, seq)


def described(answer: dict[str, Any], **request: Any) -> dict[str, Any]:
    return {
        "request": {"url": "{base}/chat", "body": {"message": "{text}"}, **request},
        "answer": answer,
    }


async def asked(
    provider: Generic,
    answer: Answer | Callable[[httpx.Request], Answer | Exception],
    to: Turn | None = None,
) -> tuple[Outcome, FakePlatform]:
    """What a reply brings, and the platform that was asked."""
    platform = FakePlatform(answer if callable(answer) else lambda request: answer)
    with platform.installed():
        found = await outcome(provider, to or turn())
    assert platform.open == 0
    return found, platform
