"""A platform's failure is a `done`, told in the visitor's words; its cause is the owner's."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.utils import translation

from chatwidget.errors import PlatformUnavailable
from tests.client import Chat
from tests.platforms.control import Control
from tests.running import Process
from tests.sockets.chats import begun
from tests.sockets.conftest import SECRET, Site, Visit

# Fault → the code of its `done`, and what the owner reads.
FAULTS = {
    "401": ("misconfigured", "HTTP 401"),
    "403": ("misconfigured", "HTTP 403"),
    "404": ("misconfigured", "HTTP 404"),
    "redirect": ("misconfigured", "HTTP 307"),
    "400": ("provider_rejected", "HTTP 400"),
    "413": ("provider_rejected", "HTTP 413"),
    "422": ("provider_rejected", "HTTP 422"),
    "html": ("provider_rejected", "text/html"),
    "malformed": ("provider_rejected", "application/json"),
    "empty": ("provider_rejected", "empty"),
    "huge": ("provider_rejected", "longer than 1048576"),
    "echo-key": ("provider_rejected", "HTTP 400"),
    "429-long": ("provider_rate_limited", "HTTP 429"),
    "500": ("provider_unavailable", "HTTP 500"),
    "502": ("provider_unavailable", "HTTP 502"),
    "504": ("provider_unavailable", "HTTP 504"),
    "drop": ("provider_unavailable", ""),
    "error": ("provider_unavailable", "the model broke"),
}
RETRYABLE = {"misconfigured": False}


async def failure(chat: Chat, text: str) -> dict[str, Any]:
    await chat.say(text)
    reply = await chat.reply_begun()
    return await chat.until("done", id=reply["id"])


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault(
    chat: Chat, agents: Control, site: Site, platforms: Process, fault: str
) -> None:
    code, cause = FAULTS[fault]
    done = await failure(chat, f"fault:{fault}")
    assert done["status"] == "failed"
    error = done["error"]
    assert (error["code"], error["retryable"]) == (code, RETRYABLE.get(code, True))
    assert error["detail"]
    assert chat.conversation
    row = site.messages(chat.conversation)[-1]
    assert (row["status"], row["error_code"]) == ("failed", code)
    assert row["error_cause"] and cause in row["error_cause"]
    assert done["length"] == len(row["text"]) == len(chat.texts[done["id"]])
    for private in (SECRET, platforms.url, f":{platforms.port}", "asked to fail", "broke"):
        assert private not in json.dumps(chat.frames)
    assert SECRET not in row["error_cause"]
    assert SECRET not in json.dumps(row)
    assert SECRET not in site.log


async def test_what_arrived_is_kept(chat: Chat, agents: Control) -> None:
    name, reply = await begun(chat, agents, "as far as this")
    await agents.drop(name)
    done = await chat.until("done")
    assert (done["status"], done["error"]["code"]) == ("failed", "provider_unavailable")
    assert (done["length"], chat.texts[reply]) == (14, "as far as this")


async def test_a_reply_over_the_cap_keeps_what_fits(chat: Chat, agents: Control) -> None:
    done = await failure(chat, "fault:huge")
    assert done["length"] == 1_048_576
    assert done["error"]["code"] == "provider_rejected"


async def test_a_long_pause_is_told_and_not_waited_for(chat: Chat, agents: Control) -> None:
    done = await failure(chat, "fault:429-long")
    assert done["error"]["retry_after"] == pytest.approx(120, abs=1)
    assert len(await agents.log()) == 1


@pytest.mark.parametrize("fault", ["429-once", "503-once"])
async def test_a_refusal_is_tried_again(chat: Chat, agents: Control, fault: str) -> None:
    done = await failure(chat, f"fault:{fault}")
    assert done["status"] == "complete"
    assert len(await agents.log()) == 2


@pytest.mark.parametrize("fault", ["500", "502", "504", "drop"])
async def test_what_may_have_been_heard_is_not(chat: Chat, agents: Control, fault: str) -> None:
    await failure(chat, f"fault:{fault}")
    assert len(await agents.log()) == 1


async def test_a_failure_is_shown_after_a_reload(chat: Chat, agents: Control, visit: Visit) -> None:
    done = await failure(chat, "fault:429-long")
    tab = await visit()
    message = (await tab.hello(visitor=chat.visitor))["messages"][-1]
    assert (message["status"], message["error"]) == ("failed", done["error"])


async def test_a_failure_is_told_in_the_visitors_language(visit: Visit, agents: Control) -> None:
    english, spanish = await visit("silent"), await visit("spanish")
    details = []
    for chat in (english, spanish):
        await chat.hello(locale="en")
        details.append((await failure(chat, "fault:500"))["error"]["detail"])
    assert details[0] == "The assistant cannot be reached right now. Please try again."
    with translation.override("es"):
        assert details[1] == str(PlatformUnavailable.detail) != details[0]


async def test_a_wrong_key(visit: Visit, agents: Control, site: Site) -> None:
    chat = await visit("wrong-key")
    await chat.hello()
    done = await failure(chat, "hello")
    assert done["error"]["code"] == "misconfigured"
    assert SECRET not in json.dumps(chat.frames) + site.log


async def test_the_next_message_is_answered_all_the_same(chat: Chat, agents: Control) -> None:
    name = uuid.uuid4().hex
    await chat.say(f"hold:{name}")
    await chat.say("say:next")
    await agents.waiting(name)
    await agents.drop(name)
    assert (await chat.until("done"))["status"] == "failed"
    done = await chat.until("done")
    assert (done["status"], chat.texts[done["id"]]) == ("complete", "next")
