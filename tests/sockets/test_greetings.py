"""What a visitor is greeted with, when, and how often the platform is asked for it."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation

from chatwidget import tokens
from tests.client import Chat
from tests.platforms import agentix
from tests.platforms.control import Control
from tests.platforms.eigi import FIRST_MESSAGE
from tests.sockets.conftest import OWN_GREETING, Site, Visit

Another = Callable[..., Any]
DEFAULT = "Hello! How can I help you?"


async def greeted(visit: Visit, slug: str, **hello: Any) -> tuple[Chat, str]:
    chat = await visit(slug)
    greeting = await chat.greeting(await chat.hello(**hello))
    return chat, greeting["text"]


async def test_the_platforms_own(visit: Visit, agents: Control, site: Site) -> None:
    """eigi's first message opens a session, which the first message continues."""
    chat, text = await greeted(visit, "eigi")
    assert text == FIRST_MESSAGE
    [session] = [each["session"] for each in await agents.sessions()]
    await chat.ask("say:hi")
    first = json.loads((await agents.log())[-1]["body"])
    assert first["session_id"] == session
    assert chat.conversation
    assert site.conversation(chat.conversation)["provider_session"] == session
    assert site.messages(chat.conversation)[0]["text"] == FIRST_MESSAGE
    await chat.ask("say:again")
    assert json.loads((await agents.log())[-1]["body"])["session_id"] == session


async def test_agentixs_welcome(visit: Visit, agents: Control, site: Site) -> None:
    """Once it is known here, the page has it."""
    assert (await greeted(visit, "agentix"))[1] == agentix.WELCOME
    async with site.client() as client:
        pages = [(await client.get(f"/chatwidget/{slug}/")).text for slug in ("agentix", "eigi")]
    assert [f'"greeting":"{agentix.WELCOME}"' in pages[0], '"greeting":""' in pages[1]] == [
        True
    ] * 2


async def test_what_the_page_has_is_what_was_said(visit: Visit, site: Site) -> None:
    """Whatever the owner has changed since."""
    chat = await visit("talk")
    ready = await chat.hello(token=tokens.frame_token("talk", "As it was"))
    assert [each["text"] for each in ready["messages"]] == ["As it was"]
    await chat.ask("say:hi")
    assert chat.conversation
    assert site.messages(chat.conversation)[0]["text"] == "As it was"
    await chat.send({"type": "new"})
    assert (await chat.greeting(await chat.until("ready")))["text"] == OWN_GREETING


@pytest.mark.parametrize("slug", ["talk", "ungreeting"])
async def test_the_widgets_own_where_the_platform_has_none(
    visit: Visit, agents: Control, slug: str
) -> None:
    assert (await greeted(visit, slug))[1] == OWN_GREETING


@pytest.mark.parametrize(
    ("slug", "page", "language"),
    [("silent", "en-GB", "en"), ("silent", "de-AT", "de"), ("spanish", "de", "es")],
)
async def test_the_default_where_the_widget_has_none(
    visit: Visit, agents: Control, slug: str, page: str, language: str
) -> None:
    """In the widget's language, else in the page's."""
    with translation.override(language):
        default = translation.gettext(DEFAULT)
    assert (language == "en") is (default == DEFAULT)
    assert (await greeted(visit, slug, locale=page))[1] == default


async def test_a_late_greeting_is_not_waited_for(visit: Visit, agents: Control, site: Site) -> None:
    """A message is sent meanwhile: it waits for at most 2 s, and both are stored together."""
    chat = await visit("late")
    ready = await chat.hello()
    assert ready["messages"] == []
    await chat.send({"type": "send", "id": str(uuid.uuid4()), "text": "fault:400"})
    accepted = await chat.until("accepted")
    assert (await agents.log())[0]["end"] in ("running", "gone"), "its answer did not come first"
    assert accepted["message"]["seq"] == 2
    rows = site.messages(accepted["conversation"])
    assert [row["text"] for row in rows][:2] == [OWN_GREETING, "fault:400"]
    # It was shown, before or after its conversation began.
    texts = [f["message"]["text"] for f in chat.frames if f["type"] == "message"]
    assert OWN_GREETING in texts


async def test_a_send_while_the_greeting_is_under_way(
    visit: Visit, agents: Control, site: Site
) -> None:
    chat = await visit("eigi")
    await chat.hello()
    _, done = await chat.ask("say:hi")
    assert done["status"] == "complete"
    assert chat.conversation
    rows = site.messages(chat.conversation)
    assert [row["text"] for row in rows] == [FIRST_MESSAGE, "say:hi", "hi"]
    greetings = [f for f in chat.frames if f["type"] in ("message", "ready")]
    shown = json.dumps(greetings)
    assert shown.count(FIRST_MESSAGE[:30]) == 1


async def test_a_reconnect_while_the_greeting_is_under_way(visit: Visit, agents: Control) -> None:
    chat = await visit("late")
    await chat.hello()
    await chat.socket.close()
    tab = await visit("late")
    greeting = await tab.greeting(await tab.hello(visitor=chat.visitor))
    assert greeting["text"] == OWN_GREETING
    assert len(await agents.log()) == 1


async def test_all_tabs_share_it(visit: Visit, another: Another, agents: Control) -> None:
    chat, _ = await greeted(visit, "eigi")
    tabs = [await another(chat) for _ in range(3)]
    messages = [tab.frames[0]["messages"] for tab in tabs]
    assert messages[0] == messages[1] == messages[2]
    assert messages[0][0]["id"] in chat.texts
    assert len(await agents.log()) == 1
    # Also a later one, and after all of them are gone.
    for tab in (chat, *tabs):
        await tab.socket.close()
    late = await another(chat)
    assert late.frames[0]["messages"] == messages[0]
    assert len(await agents.log()) == 1


async def test_tabs_that_open_at_once(visit: Visit, agents: Control) -> None:
    chat = await visit("eigi")
    await chat.hello()
    tabs = await asyncio.gather(*(visit("eigi") for _ in range(5)))
    readies = await asyncio.gather(*(tab.hello(visitor=chat.visitor) for tab in tabs))
    greetings = [await tab.greeting(ready) for tab, ready in zip(tabs, readies, strict=True)]
    assert all(greeting == greetings[0] for greeting in greetings)
    assert len(await agents.log()) == 1


async def test_it_is_never_fetched_where_there_is_history(
    visit: Visit, another: Another, agents: Control
) -> None:
    chat, _ = await greeted(visit, "eigi")
    await chat.ask("say:hi")
    await agents.reset()
    tab = await another(chat)
    assert tab.frames[0]["messages"][0]["text"] == FIRST_MESSAGE
    await tab.quiet()
    assert await agents.log() == []


async def test_a_new_conversation_has_one_of_its_own(visit: Visit, agents: Control) -> None:
    chat, _ = await greeted(visit, "eigi")
    await chat.ask("say:hi")
    first = next(iter(chat.texts))
    await chat.send({"type": "new"})
    greeting = await chat.greeting(await chat.until("ready"))
    assert greeting["text"] == FIRST_MESSAGE
    assert greeting["id"] != first
    await chat.ask("say:hi")
    sessions = [each for each in await agents.sessions() if each["messages"]]
    assert len(sessions) == 2


async def test_another_configuration_drops_the_session(
    visit: Visit, agents: Control, site: Site
) -> None:
    """The owner names another agent: neither greeting nor session are the old one's."""
    chat, _ = await greeted(visit, "eigi")
    await chat.ask("say:hi")
    agent = "UPDATE chatwidget_widget SET agent = ?, config_version = config_version + 1"
    site.write(f"{agent} WHERE slug = 'eigi'", "agent-2")
    try:
        await chat.ask("say:more")
        body = json.loads((await agents.log())[-1]["body"])
        assert (body["agent_id"], "session_id" in body) == ("agent-2", False)
    finally:
        site.write(f"{agent} WHERE slug = 'eigi'", "agent-1")
