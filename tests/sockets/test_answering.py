"""A person of the staff takes a conversation over: what visitor, staff and agent get of it."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any, Protocol

import pytest
from websockets.exceptions import ConnectionClosed

from tests.client import Chat, Closed, Frame
from tests.platforms.control import Control
from tests.sockets.chats import begun, in_step
from tests.sockets.conftest import Site
from tests.staff_client import StaffPage, sign_in

Another = Callable[..., Any]
ANSWER = ("change_conversation",)


class Watch(Protocol):
    async def __call__(self, session: str, conversation: str | None) -> StaffPage: ...


@pytest.fixture(scope="session")
async def ana(site: Site) -> tuple[str, str]:
    """Her session and her id."""
    return await sign_in(site, "ana", ANSWER)


@pytest.fixture(scope="session")
async def ben(site: Site) -> tuple[str, str]:
    return await sign_in(site, "ben@example.com", ANSWER)


@pytest.fixture
async def watch(site: Site) -> AsyncIterator[Watch]:
    """A page of the admin that shows a conversation."""
    async with AsyncExitStack() as stack:

        async def open_page(session: str, conversation: str | None) -> StaffPage:
            page = await stack.enter_async_context(StaffPage(site.url, session))
            await page.watch(conversation)
            return page

        yield open_page


def last(chat: Chat) -> Frame:
    found: Frame = chat.shown.transcript[-1]
    return found


async def test_a_person_answers_and_hands_back(
    chat: Chat, another: Another, watch: Watch, ana: tuple[str, str], agents: Control
) -> None:
    await chat.ask("say:Hello.")
    tab = await another(chat)
    page = await watch(ana[0], chat.conversation)
    assert page.shown.transcript == chat.shown.transcript
    await page.take()
    joined = (await chat.until("message"))["message"]
    assert (joined["role"], joined["event"], joined["text"]) == ("event", "joined", "ana joined")
    assert joined["author"] == {"name": "ana"}

    await chat.say("say:This is not for the agent.")
    assert await chat.quiet() == []
    await page.until("message")
    assert last(page)["text"] == "say:This is not for the agent."
    await chat.send({"type": "typing"})
    assert (await page.until("writing"))["name"] == ""
    await page.send({"type": "typing"})
    assert (await chat.until("typing"))["author"] == {"name": "ana"}
    said = (await page.reply("I am **Ana**."))["message"]
    await chat.until("message")
    assert last(chat)["text"] == "I am **Ana**."
    assert (last(chat)["role"], last(chat)["author"]) == ("operator", {"name": "ana"})
    assert last(chat)["id"] == said["id"]
    await in_step(chat, tab, another=another)

    await chat.say("say:Now it is.")
    await page.send({"type": "hand_back"})
    done = await chat.until("done")
    assert chat.texts[done["id"]] == "Now it is."
    await page.until("done", id=done["id"])
    assert page.shown.transcript == await in_step(chat, tab, another=another)
    # The agent reads what was said meanwhile.
    sent = json.loads((await agents.log())[-1]["body"])["messages"]
    assert [(each["role"], each["content"]) for each in sent[-4:]] == [
        ("assistant", "Hello."),
        ("user", "say:This is not for the agent."),
        ("assistant", "I am **Ana**."),
        ("user", "say:Now it is."),
    ]


async def test_who_comes_ends_what_the_agent_writes(
    chat: Chat, watch: Watch, ana: tuple[str, str], agents: Control
) -> None:
    _, reply = await begun(chat, agents, "half a")
    await chat.say("say:This waits.")
    page = await watch(ana[0], chat.conversation)
    await page.take()
    done = await chat.until("done", id=reply)
    assert (done["status"], chat.texts[reply]) == ("stopped", "half a")
    await chat.quiet()
    while page.shown.messages[reply]["status"] != "stopped":
        await page.receive()
    assert [each["status"] for each in chat.shown.transcript] == [
        *["complete"] * 2,
        "stopped",
        "complete",
        "stopped",
        "complete",
    ]
    assert page.shown.transcript == chat.shown.transcript


async def test_two_of_the_staff(
    chat: Chat, watch: Watch, ana: tuple[str, str], ben: tuple[str, str]
) -> None:
    await chat.ask("say:Hello.")
    hers = await watch(ana[0], chat.conversation)
    his = await watch(ben[0], chat.conversation)
    await hers.take()
    held = await his.until("held")
    assert (held["holder"], held["name"], held["mine"]) == (ana[1], "ana", False)
    # He had not seen it yet when he pressed.
    assert await his.refused({"type": "take", "holder": ""}) == "bad_request"
    say = {"type": "send", "id": str(uuid.uuid4()), "text": "mine!"}
    assert await his.refused(say) == "bad_request"
    await his.take(holder=ana[1])
    held = await hers.until("held", mine=False)
    assert (held["holder"], held["name"]) == (ben[1], "ben")  # and not his address
    assert await hers.refused({**say, "id": str(uuid.uuid4())}) == "bad_request"
    await hers.send({"type": "hand_back"})  # it is not hers to give
    await hers.quiet()
    await his.reply("Hello from Ben.")
    await chat.quiet()
    assert [each["text"] for each in chat.shown.transcript[-4:]] == [
        "ana joined",
        "ana left",
        "ben joined",
        "Hello from Ben.",
    ]


async def test_what_a_dying_tab_had_sent_is_there_once(
    chat: Chat, watch: Watch, ana: tuple[str, str], another: Another
) -> None:
    await chat.ask("say:Hello.")
    page = await watch(ana[0], chat.conversation)
    await page.take()
    name = str(uuid.uuid4())
    await page.send({"type": "send", "id": name, "text": "once"})
    page.socket.transport.abort()  # before its `accepted` has come
    again = await watch(ana[0], chat.conversation)
    first = await again.reply("once", name)
    assert await again.reply("once", name) == first
    await chat.quiet()
    assert [each["text"] for each in chat.shown.transcript].count("once") == 1
    await in_step(chat, another=another)


async def test_a_visitor_who_was_away_finds_it(
    chat: Chat, watch: Watch, ana: tuple[str, str], another: Another
) -> None:
    await chat.ask("say:Hello.")
    page = await watch(ana[0], chat.conversation)
    await page.take()
    await chat.socket.close()
    await page.reply("Are you there?")
    back = await another(chat)
    assert last(back)["text"] == "Are you there?"
    await back.send({"type": "new"})
    await page.until("over")


async def closed(site: Site, session: str, conversation: str | None, **options: Any) -> int | None:
    try:
        async with StaffPage(site.url, session, **options) as page:
            await page.watch(conversation)
    except Closed as error:
        return error.code
    except ConnectionClosed as error:  # before the page had said a word
        return error.rcvd.code if error.rcvd else None
    return None


async def test_who_may_open_it(chat: Chat, site: Site, ana: tuple[str, str], visit: Any) -> None:
    await chat.ask("say:Hello.")
    there = chat.conversation
    reader, _ = await sign_in(site, "reader", ("view_conversation",))
    nobody, _ = await sign_in(site, "nobody", ("view_widget",))
    outsider, _ = await sign_in(site, "outsider", ANSWER, staff=False)
    assert await closed(site, ana[0], there) is None
    assert await closed(site, reader, there) is None
    for session in (nobody, outsider, "", "made-up", "x" * 4000):
        assert await closed(site, session, there) == 4401
    assert await closed(site, ana[0], there, origin="https://evil.example") == 4403
    assert await closed(site, ana[0], there, origin="") == 4403
    assert await closed(site, ana[0], str(uuid.uuid4())) == 4401
    assert await closed(site, ana[0], "?") == 4400
    async with StaffPage(site.url, ana[0]) as page:
        await page.send({"type": "take"})
        assert await page.closed() == 4400


async def test_a_reader_reads(chat: Chat, site: Site, watch: Watch) -> None:
    await chat.ask("say:Hello.")
    session, _ = await sign_in(site, "reader", ("view_conversation",))
    page = await watch(session, chat.conversation)
    say = {"type": "send", "id": str(uuid.uuid4()), "text": "hi"}
    for order in ({"type": "take"}, {"type": "hand_back"}, say):
        assert await page.refused(order) == "bad_request"
    for bad in ({"type": "shout"}, {"type": "seen", "seq": -1}, {"type": "hello"}, {"type": "new"}):
        assert await page.refused(bad) == "bad_frame"
    assert len(chat.shown.transcript) == len(page.shown.transcript)


@pytest.mark.parametrize("lost", ["session", "permission", "staff", "widget"])
async def test_what_is_lost_while_it_is_open_closes_it(
    chat: Chat, site: Site, watch: Watch, lost: str
) -> None:
    await chat.ask("say:Hello.")
    session, user = await sign_in(site, f"leaving-{lost}", ANSWER)
    page = await watch(session, chat.conversation)
    if lost == "session":
        site.write("DELETE FROM django_session WHERE session_key = ?", session)
    elif lost == "permission":
        site.write("DELETE FROM auth_user_user_permissions WHERE user_id = ?", user)
    elif lost == "staff":
        site.write("UPDATE auth_user SET is_staff = 0 WHERE id = ?", user)
    else:
        site.write("INSERT INTO chatwidget_widgetaccess (user_id) VALUES (?)", user)
    # At once where it gives an order, and else within seconds.
    await page.send({"type": "take", "holder": ""})
    assert await page.closed() == 4401
    assert await chat.quiet() == []


ORDERS: list[Frame] = [
    {"type": "take", "holder": ""},
    {"type": "take", "holder": "1"},
    {"type": "hand_back"},
    {"type": "typing"},
    {"type": "seen", "seq": 3},
    {"type": "ack", "id": "?", "offset": 5},
    {"type": "send", "id": "?", "text": "hi"},
    {"type": "send", "text": "hi"},
    {"type": "send", "text": "\0"},
    {"type": "hello", "conversation": None},
    {"type": "new"},
]
ODD: list[Any] = [None, True, -1, 1e300, "", "\0", "\ud800", [], {}, 2**40, "x" * 9000]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_a_page_sends(
    chat: Chat, another: Another, watch: Watch, ana: tuple[str, str], seed: int
) -> None:
    """The socket lives, and both ends show what is stored."""
    pick = random.Random(seed)
    await chat.ask("say:Hello.")
    page = await watch(ana[0], chat.conversation)
    for _ in range(60):
        frame = dict(pick.choice(ORDERS))
        if frame["type"] == "send" and "id" not in frame:
            frame["id"] = str(uuid.UUID(int=pick.getrandbits(128)))
        if pick.random() < 0.3:
            frame[pick.choice(list(frame))] = pick.choice(ODD)
        await page.send(json.dumps(frame))
        if pick.random() < 0.2:
            await chat.send({"type": "send", "id": str(uuid.uuid4()), "text": "say:yes"})
    await chat.quiet()  # all that the visitor has sent is stored, or refused
    await page.send({"type": "hand_back"})
    await page.quiet()  # the page has read nothing of all this yet
    while any(each["status"] in ("pending", "streaming") for each in page.shown.transcript) or (
        page.shown.transcript[-1]["role"] == "user"
    ):
        await page.quiet()
    await page.quiet()
    assert page.shown.transcript == await in_step(chat, another=another)


async def test_the_agent_goes_on_where_a_person_has_gone(
    chat: Chat, watch: Watch, ana: tuple[str, str], site: Site
) -> None:
    await chat.ask("say:Hello.")
    page = await watch(ana[0], chat.conversation)
    await page.take()
    await page.socket.close()
    await chat.say("say:Is anybody there?")
    assert chat.conversation
    site.write(
        "UPDATE chatwidget_handover SET active_at = '2026-01-01' WHERE conversation_id = ?",
        chat.conversation.replace("-", ""),
    )
    done = await chat.until("done")
    assert chat.texts[done["id"]] == "Is anybody there?"
    assert [each["event"] for each in chat.shown.transcript if each["event"]] == ["joined", "left"]
