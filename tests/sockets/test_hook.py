"""A site's own hook: what the visitor reads of it."""

from __future__ import annotations

from tests.client import Chat
from tests.conftest import Serve


async def test_a_refused_message_says_why_and_the_next_one_is_answered(serve: Serve) -> None:
    server = await serve({"CHATWIDGET_MESSAGE_HOOK": "tests.hook.hook"})
    async with Chat(server.url) as chat:
        await chat.hello()
        refused = await chat.answer("refuse")
        assert (refused["code"], refused["detail"]) == ("message_refused", "Not here, please.")
        assert not refused["retryable"]
        failed = await chat.answer("fail")
        assert failed["code"] == "bad_request"
        assert "bug" not in str(failed)
        _, done = await chat.ask("Hello")
        assert done["status"] == "complete"
    assert "RuntimeError: a bug" in server.log
