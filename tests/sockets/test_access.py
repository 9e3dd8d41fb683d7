"""Access as a table: every frame that names something, for everybody whom it does not belong to.

What is another's is answered as what does not exist, and nothing of it changes.
"""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest

from chatwidget import tokens
from tests.client import Chat, Closed, Frame
from tests.sockets.conftest import SECRET, Site, Visit, tells

WORDS = "say:my account number is 4711"
FRAMES: dict[str, Frame] = {
    "stop": {},
    "retry": {"attempt": 1},
    "rate": {"value": -1},
    "history": {},
}


def widget_id(site: Site, slug: str) -> int:
    return int(site.rows("SELECT id FROM chatwidget_widget WHERE slug = ?", slug)[0]["id"])


def owner_id(site: Site, owner: Chat) -> uuid.UUID:
    assert owner.conversation
    return uuid.UUID(site.conversation(owner.conversation)["visitor_id"])


def expired(site: Site, owner: Chat) -> str:
    with patch.object(time, "time", return_value=time.time() - 401 * 86_400):
        return tokens.visitor_token(owner_id(site, owner), widget_id(site, "talk"))


def swapped(site: Site, owner: Chat) -> str:
    """Theirs, made for another widget."""
    return tokens.visitor_token(owner_id(site, owner), widget_id(site, "other"))


def forged(site: Site, owner: Chat) -> str:
    assert owner.visitor
    return owner.visitor[:-1] + ("A" if owner.visitor[-1] != "A" else "B")


def vouched(site: Site, owner: Chat) -> str:
    """Of a person whom a site vouches for, without the proof."""
    return tokens.visitor_token(
        tokens.verified_visitor(widget_id(site, "talk"), "ada"), widget_id(site, "talk")
    )


STRANGERS: dict[str, Callable[[Site, Chat], str] | None] = {
    "none": None,
    "expired": expired,
    "swapped": swapped,
    "forged": forged,
    "vouched": vouched,
}


@pytest.fixture
async def owner(visit: Visit) -> Chat:
    chat = await visit()
    await chat.hello()
    await chat.ask(WORDS)
    return chat


def reply_of(chat: Chat) -> str:
    return str(chat.shown.transcript[-1]["id"])


def test_the_tokens_here_would_be_the_owners(site: Site) -> None:
    """Else every one of them were refused for being signed with another key."""
    visitor, widget = uuid.uuid4(), widget_id(site, "talk")
    assert tokens.visitor_of(tokens.visitor_token(visitor, widget), widget) == visitor


@pytest.mark.parametrize("who", STRANGERS)
async def test_a_stranger_is_shown_nothing(site: Site, visit: Visit, owner: Chat, who: str) -> None:
    stranger, make = await visit(), STRANGERS[who]
    token = make(site, owner) if make else None
    ready = await stranger.hello(visitor=token, conversation=owner.conversation)
    assert ready["conversation"] is None
    assert "is 4711" not in str(await stranger.quiet()) + str(ready)


async def test_the_owner_is_a_stranger_to_another_widget(visit: Visit, owner: Chat) -> None:
    elsewhere = await visit("other")
    ready = await elsewhere.hello(visitor=owner.visitor, conversation=owner.conversation)
    assert ready["conversation"] is None
    assert "is 4711" not in str(await elsewhere.quiet()) + str(ready)


async def answered(chat: Chat, frame: Frame) -> list[Any]:
    """What comes of a frame, without the id that it has named."""
    await chat.send(frame)
    return [{**each, "id": "…"} if "id" in each else each for each in await chat.quiet()]


@pytest.mark.parametrize("slug", ["talk", "other"])
@pytest.mark.parametrize("kind", FRAMES)
async def test_what_is_anothers_is_as_what_is_not(
    site: Site, visit: Visit, owner: Chat, kind: str, slug: str
) -> None:
    stranger = await visit(slug)
    await stranger.hello()
    await stranger.ask("say:hi")
    assert owner.conversation
    before = site.messages(owner.conversation)
    named = "before" if kind == "history" else "id"
    frame = {"type": kind, **FRAMES[kind]}
    theirs = await answered(stranger, {**frame, named: reply_of(owner)})
    nobodys = await answered(stranger, {**frame, named: str(uuid.uuid4())})
    assert theirs == nobodys
    assert "is 4711" not in str(theirs)
    assert site.messages(owner.conversation) == before
    assert await owner.quiet() == []


async def test_the_owner_may_do_all_of_it(owner: Chat) -> None:
    """So that the table above says something."""
    reply = reply_of(owner)
    await owner.send({"type": "rate", "id": reply, "value": -1})
    assert (await owner.until("message"))["message"]["rating"] == -1
    await owner.send({"type": "stop", "id": reply})
    assert (await owner.until("done"))["id"] == reply
    await owner.send({"type": "history", "before": reply})
    assert "is 4711" in str(await owner.until("history"))


async def test_one_who_is_blocked_is_let_nowhere(site: Site, visit: Visit, owner: Chat) -> None:
    site.write(
        "UPDATE chatwidget_visitor SET blocked_at = '2026-01-01' WHERE id = ?",
        owner_id(site, owner).hex,
    )
    late = await visit()
    with pytest.raises(Closed) as closed:
        await late.hello(visitor=owner.visitor, conversation=owner.conversation)
    assert closed.value.code == 4401


async def test_a_key_would_be_seen(site: Site) -> None:
    """By what looks for it at the end of these tests, in all that the site has written."""
    for offset in range(3):
        hidden = base64.b64encode(b"x" * offset + f"Bearer sk-{SECRET}.".encode()).decode()
        assert tells(f"auth: {hidden}")
    assert tells(f"sk-{SECRET}") and not tells("sk-do-not-ask-0123456789")
    assert len(await site.written()) > 3, "log, database, two exports"
