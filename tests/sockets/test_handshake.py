"""From the handshake to `ready`: origins, tokens, visitors, and which conversation is shown."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from websockets.exceptions import InvalidStatus

from chatwidget import tokens
from tests.client import Chat, Closed, frame_token
from tests.sockets.conftest import OWN_GREETING, Site, Visit

Another = Callable[..., Any]


def aged(seconds: float) -> Any:
    """Tokens made inside are this old."""
    return patch("django.core.signing.time.time", return_value=time.time() - seconds)


# --- the handshake ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", ["", "null", "https://evil.example", "http://127.0.0.1:1", "https://trusted.example"]
)
async def test_another_origin_is_refused(visit: Visit, origin: str) -> None:
    chat = await visit(origin=origin)
    assert await chat.closed() == 4403


async def test_our_own_scheme_is_asked_for_too(visit: Visit, site: Site) -> None:
    chat = await visit(origin=site.url.replace("http:", "https:"))
    assert await chat.closed() == 4403


async def test_a_trusted_origin_is_let_in(visit: Visit) -> None:
    chat = await visit(origin="https://shop.trusted.example")
    assert (await chat.hello())["type"] == "ready"


@pytest.mark.parametrize("slug", ["nobody", "closed"])
async def test_there_is_no_such_widget(visit: Visit, slug: str) -> None:
    chat = await visit(slug)
    assert await chat.closed() == 4404


async def test_a_path_that_is_no_widgets(site: Site) -> None:
    chat = Chat(site.url, "demo")
    chat._socket_url = f"{site.ws_url}/nowhere/"
    with pytest.raises(InvalidStatus):
        await chat.__aenter__()


# --- the hello ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "hello",
        b'{"type":"hello"}',
        '{"type":"ping"}',
        '{"type":"nonsense"}',
        '{"type":"hello","token":1}',
        '{"type":"hello","token":"t","page":"x"}',
        '{"type":"send","id":"0192f5c1-7b1e-7c3a-9d10-3f5f6a7b8c9d","text":"x"}',
    ],
)
async def test_the_first_frame_must_be_a_hello(visit: Visit, frame: str | bytes) -> None:
    chat = await visit()
    await chat.send(frame)
    assert await chat.closed() == 4400


async def test_a_frame_token_is_needed(visit: Visit, site: Site) -> None:
    token = await frame_token(site.url, "talk")
    with aged(3601):
        old = tokens.frame_token("talk")
    with aged(3500):
        in_time = tokens.frame_token("talk")
    wrong = ["", "nonsense", token[:-1], token + "x", await frame_token(site.url, "other"), old]
    wrong += ["\ud800", "\0", tokens.visitor_token(uuid.uuid4(), 1)]
    offered: list[dict[str, str | None]] = [{}, {"token": None}]
    offered += [{"token": each} for each in wrong]
    for fields in offered:
        chat = await visit()
        await chat.send({"type": "hello", **fields})
        assert await chat.closed() == 4401, fields
    chat = await visit()
    await chat.hello(token=in_time)


async def test_a_token_is_fresh_each_time_and_made_for_one_widget(site: Site) -> None:
    async with site.client() as client:
        page = await client.get("/chatwidget/talk/")
        fresh = (await client.get("/chatwidget/talk/token/")).json()
    config = page.text.partition('id="chatwidget-config"')[2].partition(">")[2]
    config = json.loads(config.partition("</script>")[0])
    tokens.check_frame_token(config["token"], "talk")
    tokens.check_frame_token(fresh["token"], "talk")


async def test_a_new_visitor_has_no_conversation(visit: Visit, site: Site) -> None:
    chat = await visit()
    before = site.rows("SELECT count(*) AS n FROM chatwidget_visitor")
    ready = await chat.hello()
    assert ready["protocol"] == 1
    assert ready["conversation"] is None
    assert ready["more"] is False
    assert ready["limits"] == {"max_length": 4000}
    greeting = await chat.greeting(ready)
    assert (greeting["role"], greeting["seq"], greeting["status"]) == ("assistant", 1, "complete")
    assert greeting["text"] == OWN_GREETING
    # Opening a chat writes nothing.
    assert site.rows("SELECT count(*) AS n FROM chatwidget_visitor") == before


async def test_what_is_said_at_hello_is_kept_with_the_first_message(
    visit: Visit, site: Site
) -> None:
    chat = await visit()
    await chat.hello(
        page={"url": "https://shop.example/a?b=1", "title": "A\0 title\ud800", "referrer": "r"},
        locale="de-AT",
        identity={"id": "42", "name": "Ada", "email": "ada@example.com", "proof": "none"},
        unknown={"field": 1},
    )
    await chat.ask("say:hi")
    assert chat.conversation
    row = site.conversation(chat.conversation)
    assert row["page_url"] == "https://shop.example/a?b=1"
    assert row["page_title"] == "A title?"
    assert (row["referrer"], row["locale"]) == ("r", "de")
    assert row["user_agent"].startswith("Python")
    [visitor] = site.rows("SELECT * FROM chatwidget_visitor WHERE id = ?", row["visitor_id"])
    assert (visitor["name"], visitor["email"]) == ("Ada", "ada@example.com")
    assert visitor["external_id"] == ""  # nobody has vouched for it


async def test_an_invalid_visitor_token_makes_a_new_visitor(
    visit: Visit, chat: Chat, site: Site
) -> None:
    await chat.ask("say:hi")
    visitor = tokens.visitor_of(chat.visitor or "", 2)
    with aged(401 * 86400):
        old = tokens.visitor_token(visitor or uuid.uuid4(), 2)
    assert chat.visitor
    other = await visit("other")
    await other.hello()
    wrong = ["", "nonsense", chat.visitor + "x", "\ud800", old, other.visitor]
    for token in [*wrong, await frame_token(site.url, "talk")]:
        fresh = await visit()
        ready = await fresh.hello(visitor=token, conversation=chat.conversation)
        assert (ready["conversation"], ready["more"]) == (None, False)
        assert ready["visitor"] not in (token, chat.visitor)
        assert all(message["text"] == OWN_GREETING for message in ready["messages"])


async def test_the_visitors_latest_conversation_is_shown(chat: Chat, another: Another) -> None:
    await chat.ask("say:one")
    first = chat.conversation
    await chat.send({"type": "new"})
    await chat.until("ready")
    await chat.ask("say:two")
    assert chat.conversation not in (None, first)
    tab = await another(chat)
    assert tab.conversation == chat.conversation
    texts = [message["text"] for message in tab.frames[0]["messages"]]
    assert texts == [OWN_GREETING, "say:two", "two"]
    old = await another(chat, conversation=first)
    assert old.conversation == first
    assert [message["text"] for message in old.frames[0]["messages"]][1:] == ["say:one", "one"]


async def test_null_asks_for_a_new_conversation(chat: Chat, another: Another) -> None:
    await chat.ask("say:one")
    tab = await another(chat, conversation=None)
    assert tab.frames[0]["conversation"] is None
    await tab.greeting(tab.frames[0])
    await tab.ask("say:two")
    assert tab.conversation != chat.conversation
    assert await chat.quiet() == []  # not its conversation


@pytest.mark.parametrize(
    "conversation", ["01a1fb39-0000-7000-8000-000000000000", "", "nonsense", "\ud800", "9" * 5000]
)
async def test_an_unknown_conversation_is_none(visit: Visit, conversation: str) -> None:
    chat = await visit()
    ready = await chat.hello(conversation=conversation)
    assert ready["conversation"] is None


async def test_a_foreign_conversation_is_none(chat: Chat, visit: Visit, site: Site) -> None:
    await chat.ask("say:secret")
    thief = await visit()
    ready = await thief.hello(conversation=chat.conversation)
    assert ready["conversation"] is None
    await thief.greeting(ready)
    await thief.ask("say:mine")
    assert thief.conversation != chat.conversation
    assert await chat.quiet() == []
    assert len(site.messages(chat.conversation or "")) == 3


async def test_a_deleted_conversation_is_none(chat: Chat, another: Another, site: Site) -> None:
    await chat.ask("say:hi")
    deleted = chat.conversation
    assert deleted
    site.erase(deleted)
    tab = await another(chat, conversation=deleted)
    assert (tab.frames[0]["conversation"], tab.frames[0]["gone"]) == (None, True)
    latest = (await another(chat)).frames[0]
    assert (latest["conversation"], latest.get("gone")) == (None, None)


async def test_a_second_hello_is_a_bad_frame(chat: Chat) -> None:
    await chat.send({"type": "hello", "token": await frame_token(chat.url, "talk")})
    assert (await chat.until("error"))["code"] == "bad_frame"
    await chat.ask("say:still here")


async def test_frames_after_hello_wait_for_ready(visit: Visit, site: Site) -> None:
    chat = await visit()
    token = await frame_token(site.url, "talk")
    client_id = str(uuid.uuid4())
    for frame in (
        {"type": "hello", "token": token},
        {"type": "send", "id": client_id, "text": "say:at once"},
        {"type": "ping"},
    ):
        await chat.send(frame)
    done = await chat.until("done")
    await chat.quiet()
    kinds = [frame["type"] for frame in chat.frames]
    assert kinds[0] == "ready"
    assert kinds.index("accepted") < kinds.index("pong")
    assert chat.texts[done["id"]] == "at once"


async def test_a_closed_socket_is_closed(visit: Visit) -> None:
    """What is sent after a refusal changes nothing."""
    chat = await visit("nobody")
    assert await chat.closed() == 4404
    with pytest.raises(Closed):
        await chat.receive()
