"""The draft of a conversation: fetched once, shared by tabs and processes, kept until it is one."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings

from chatwidget.errors import PlatformUnavailable
from chatwidget.models import Widget, new_id
from chatwidget.providers.base import AgentProfile, Event, Greeting, Provider, Turn, VisitorIdentity
from chatwidget.relay import caching, drafts
from chatwidget.relay.drafts import Draft, Greetings, next_conversation_id


class Slow(Provider):
    """Greets when it is let."""

    label = "Slow"
    needs_base_url = needs_key = needs_agent = False
    asked: ClassVar[int] = 0
    gate: ClassVar[asyncio.Event]
    answer: ClassVar[AgentProfile | Exception]

    async def profile(self, person: VisitorIdentity) -> AgentProfile:
        Slow.asked += 1
        await Slow.gate.wait()
        if isinstance(Slow.answer, Exception):
            raise Slow.answer
        return Slow.answer

    def reply(self, turn: Turn) -> AsyncGenerator[Event, None]:
        raise NotImplementedError


@pytest.fixture
def widget(settings: Settings) -> Widget:
    settings.CHATWIDGET = {"PROVIDERS": {"slow": f"{__name__}.Slow"}}
    Slow.asked, Slow.gate = 0, asyncio.Event()
    Slow.answer = AgentProfile(greeting=Greeting(" Hello! ", "session-1"), asks_email=True)
    return Widget(pk=1, slug="shop", title="Shop", provider="slow", greeting="Ours.")


class Visitor:
    """Somebody with tabs, in one process or another."""

    def __init__(self, widget: Widget) -> None:
        self.widget = widget
        self.person = VisitorIdentity(str(uuid4()))
        self.greeted: list[Draft] = []
        self.allowed = True

    async def draft(self, process: Greetings, **options: Any) -> Draft:
        return await process.draft(
            self.widget, self.person, "en", self.greeted.append, self.may_ask, **options
        )

    async def may_ask(self) -> bool:
        return self.allowed


async def arrived(draft: Draft) -> str:
    """The text of its greeting."""
    Slow.gate.set()
    if draft.task:  # it may have come with another's
        await draft.task
    assert draft.greeting
    return draft.greeting.text


async def test_it_is_fetched_once_for_all_tabs(widget: Widget) -> None:
    process, visitor = Greetings(), Visitor(widget)
    first = await visitor.draft(process)
    assert first.greeting is None
    assert await visitor.draft(process) is first
    assert await arrived(first) == "Hello!"
    assert (first.session, visitor.greeted) == ("session-1", [first])
    later = await visitor.draft(process)
    assert (later.greeting, later.session) == (first.greeting, "session-1")
    assert Slow.asked == 1
    assert process.profile(widget).asks_email


async def test_what_cannot_be_stored_is_left_out(widget: Widget) -> None:
    Slow.answer = AgentProfile(greeting=Greeting("Hel\0lo!", "s" * 501))
    draft = await Visitor(widget).draft(Greetings())
    assert (await arrived(draft), draft.session) == ("Hello!", "")


async def test_an_adapters_bug_costs_no_greeting(
    widget: Widget, caplog: pytest.LogCaptureFixture
) -> None:
    Slow.answer = KeyError("welcome")
    assert await arrived(await Visitor(widget).draft(Greetings())) == "Ours."
    assert "KeyError: 'welcome'" in caplog.text


async def test_another_process_has_the_same(widget: Widget) -> None:
    visitor = Visitor(widget)
    first = await visitor.draft(Greetings())
    await arrived(first)
    other = await visitor.draft(Greetings())
    assert (other.conversation, other.greeting) == (first.conversation, first.greeting)
    assert (other.session, other.config) == ("session-1", first.config)
    assert Slow.asked == 1


async def test_another_visitor_has_another(widget: Widget) -> None:
    process = Greetings()
    first = await Visitor(widget).draft(process)
    second = await Visitor(widget).draft(process)
    assert first.conversation != second.conversation
    await arrived(first)
    await arrived(second)
    assert Slow.asked == 2


async def test_the_one_after_it_is_another_conversation(widget: Widget) -> None:
    process, visitor = Greetings(), Visitor(widget)
    first = await visitor.draft(process)
    await arrived(first)
    wanted = next_conversation_id(first.conversation)
    fresh = await visitor.draft(process, conversation=wanted)
    assert fresh.conversation == wanted != first.conversation
    await arrived(fresh)
    # A tab of another process is told its id, and finds it.
    followed = await visitor.draft(Greetings(), conversation=fresh.conversation)
    assert (followed.conversation, followed.greeting) == (fresh.conversation, fresh.greeting)


async def test_a_changed_widget_greets_anew(widget: Widget) -> None:
    process, visitor = Greetings(), Visitor(widget)
    first = await visitor.draft(process)
    await arrived(first)
    widget.config_version += 1
    assert not process.profile(widget).asks_email
    second = await visitor.draft(process)
    assert second.conversation != first.conversation
    await arrived(second)
    assert Slow.asked == 2


async def test_a_draft_that_became_a_conversation_is_gone(widget: Widget) -> None:
    process, visitor = Greetings(), Visitor(widget)
    first = await visitor.draft(process)
    await arrived(first)
    person = UUID(visitor.person.id)
    await process.used(widget, person, uuid4())  # another one
    assert (await visitor.draft(process)).conversation == first.conversation
    await process.used(widget, person, first.conversation)
    second = await visitor.draft(process)
    assert second.conversation != first.conversation
    await arrived(second)


@pytest.mark.parametrize(
    "answer",
    [
        PlatformUnavailable("down"),
        AgentProfile(),
        AgentProfile(greeting=Greeting("  ", "session-2")),
    ],
    ids=["failed", "none", "blank"],
)
@pytest.mark.parametrize(("own", "text"), [("Ours.", "Ours."), (" ", "Hello! How can I help you?")])
async def test_what_stands_in(
    widget: Widget, answer: AgentProfile | Exception, own: str, text: str
) -> None:
    Slow.answer, widget.greeting = answer, own
    assert await arrived(await Visitor(widget).draft(Greetings())) == text


async def test_a_platform_that_is_too_slow(widget: Widget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "GREETING_SECONDS", 0.05)
    draft = await Visitor(widget).draft(Greetings())
    await draft.greeted()
    assert draft.greeting and draft.greeting.text == "Ours."
    assert draft.session == ""


async def test_a_platform_that_says_too_much(widget: Widget) -> None:
    Slow.answer = AgentProfile(greeting=Greeting("x" * 10**6))
    text = await arrived(await Visitor(widget).draft(Greetings()))
    assert len(text) == drafts.GREETING_LENGTH


async def test_without_a_cache_everybody_is_greeted(
    widget: Widget,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(caching, "_unavailable_until", 0.0)  # and not beyond this test
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    process, visitor = Greetings(), Visitor(widget)
    first = await visitor.draft(process)
    assert await arrived(first) == "Hello!"
    assert "cache" in caplog.text
    assert await arrived(await visitor.draft(process)) == "Hello!"


def test_an_erased_conversation_has_one_successor_in_every_process() -> None:
    erased = new_id()
    assert next_conversation_id(erased) == next_conversation_id(UUID(str(erased))) != erased
    assert (
        next_conversation_id(new_id())
        != next_conversation_id(erased)
        != next_conversation_id(next_conversation_id(erased))
    )
    assert next_conversation_id(erased).bytes[:6] == erased.bytes[:6]  # its time


def test_an_ended_conversation_s_successor_sorts_as_of_the_end() -> None:
    before, ended, later = new_id(), timezone.now() + timedelta(hours=1), new_id()
    assert (
        before < later < next_conversation_id(before, ended) == next_conversation_id(before, ended)
    )
    assert next_conversation_id(before, ended) != next_conversation_id(
        before, ended + timedelta(milliseconds=1)
    )


async def test_a_greeting_of_no_session_is_asked_for_once(widget: Widget) -> None:
    Slow.answer = AgentProfile(greeting=Greeting("Hello, all!"))
    process = Greetings()
    assert await arrived(await Visitor(widget).draft(process)) == "Hello, all!"
    for _ in range(5):
        assert await arrived(await Visitor(widget).draft(process)) == "Hello, all!"
    assert Slow.asked == 1


async def test_it_is_asked_for_again_after_a_while_and_by_one(widget: Widget) -> None:
    Slow.answer = AgentProfile(greeting=Greeting("Hello, all!"))
    process = Greetings()
    await arrived(await Visitor(widget).draft(process))
    version, at, profile = process._profiles[widget.pk]
    process._profiles[widget.pk] = (version, at - drafts.SHARED_SECONDS, profile)
    Slow.gate.clear()
    Slow.answer = AgentProfile(greeting=Greeting("Hello again!"))
    later = [await Visitor(widget).draft(process) for _ in range(5)]
    assert [await arrived(draft) for draft in later] == ["Hello again!"] * 5
    assert Slow.asked == 2


async def test_where_the_platform_may_not_be_asked_the_widget_greets(widget: Widget) -> None:
    process, visitor = Greetings(), Visitor(widget)
    visitor.allowed = False
    assert await arrived(await visitor.draft(process)) == "Ours."
    assert Slow.asked == 0
    await arrived(await Visitor(widget).draft(process))
    later = Visitor(widget)
    later.allowed = False
    draft = await later.draft(process)
    assert (await arrived(draft), draft.session) == ("Ours.", ""), "not another visitor's session"


def test_the_id_that_follows_is_a_uuid_of_a_known_kind() -> None:
    """MariaDB refuses an id whose version and variant do not go together."""
    for before in (uuid.uuid4() for _ in range(200)):
        following = next_conversation_id(before)
        assert (following.version, following.variant) == (8, uuid.RFC_4122)
        assert following.bytes[:6] == before.bytes[:6]
