"""Drafts: conversations that begin by a greeting, which is shown before anything is stored.

A `Draft` has the id its conversation will have, so that all tabs of a visitor share it; it waits in
Django's cache, under the visitor's id, until the first send stores it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from chatwidget.errors import ChatError
from chatwidget.models import Role, Status, Widget, new_id
from chatwidget.providers.base import AgentProfile, Greeting, Provider, VisitorIdentity, fits
from chatwidget.providers.reader import read_profile
from chatwidget.providers.registry import make_provider, providers
from chatwidget.providers.scrubbing import described
from chatwidget.relay.caching import cached
from chatwidget.text import cleaned, uuid8
from chatwidget.transcripts import Entry, fingerprint

logger = logging.getLogger("chatwidget")

# A platform that takes longer to greet is not waited for: the widget's own greeting stands in.
GREETING_SECONDS = 2.0
# Code points of it: a platform's greeting is no essay.
GREETING_LENGTH = 8000
# A greeting that belongs to no session is asked for so often, and shown to all visitors.
SHARED_SECONDS = 300.0
MayAsk = Callable[[], Awaitable[bool]]
# A page may stay open this long before its first message; then the greeting is fetched again.
DRAFT_SECONDS = 12 * 3600


@dataclass(slots=True)
class Draft:
    """A conversation to be. `greeting` is None until the platform has been asked."""

    conversation: UUID
    config: str  # the configuration that `session` belongs to
    version: int  # of the widget, whose change asks for a new draft
    greeting: Entry | None = None
    session: str = ""
    paid: bool = False  # counted by the limit on new conversations
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    def is_for(self, conversation: UUID | None) -> bool:
        """Has it the wanted id (None: any)?"""
        return conversation in (None, self.conversation)

    async def greeted(self) -> None:
        """Wait for the greeting, for a bounded time; never raises."""
        if self.task is not None:
            # Its own bound is GREETING_SECONDS, and what is shown then is to be stored.
            await asyncio.wait([self.task], timeout=GREETING_SECONDS + 1)


class Greetings:
    """The drafts of this process's visitors."""

    def __init__(self) -> None:
        self._fetching: dict[tuple[int, UUID], Draft] = {}
        # What platforms said of their agents, by widget and its version, and when.
        self._profiles: dict[int, tuple[int, float, AgentProfile]] = {}
        self._asking: dict[tuple[int, int], asyncio.Task[AgentProfile]] = {}

    def profile(self, widget: Widget) -> AgentProfile:
        """What is known of the widget's agent by now; of an agent not yet met, nothing."""
        return self._known(widget, float("inf")) or AgentProfile()

    def _known(self, widget: Widget, seconds: float) -> AgentProfile | None:
        """What its platform said so many seconds ago at most."""
        version, at, profile = self._profiles.get(widget.pk, (0, 0.0, AgentProfile()))
        is_recent = time.monotonic() - at <= seconds
        return profile if version == widget.config_version and is_recent else None

    def foreseen(self, widget: Widget, language: str) -> str:
        """What a new visitor will be greeted with; empty where only the platform can say."""
        platform = providers().get(widget.provider)
        known = self._known(widget, float("inf"))
        if known is None and platform and platform.profile is not Provider.profile:
            return ""
        greeting = known.greeting if known else None
        if greeting and greeting.session:  # another visitor's
            return ""
        return _greeting(greeting, widget, language)

    async def _ask(self, widget: Widget, person: VisitorIdentity, may_ask: MayAsk) -> AgentProfile:
        """What the platform says of its agent: one request for all visitors, while its greeting
        belongs to no session. Raises ReplyError."""
        known = self._known(widget, float("inf"))
        if known is None or (known.greeting and known.greeting.session):
            return await self._request(widget, person, may_ask)
        if recent := self._known(widget, SHARED_SECONDS):
            return recent
        key = (widget.pk, widget.config_version)
        task = self._asking.get(key)
        if task is None:
            task = asyncio.create_task(self._request(widget, person, may_ask))
            self._asking[key] = task
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(task)

    async def _request(
        self, widget: Widget, person: VisitorIdentity, may_ask: MayAsk
    ) -> AgentProfile:
        if not await may_ask():
            known = self.profile(widget)
            theirs = known.greeting and known.greeting.session  # another visitor's
            return replace(known, greeting=None) if theirs else known
        provider = make_provider(widget.provider_config)
        async with asyncio.timeout(GREETING_SECONDS):
            profile = await read_profile(provider, person)
        self._profiles[widget.pk] = (widget.config_version, time.monotonic(), profile)
        return profile

    async def draft(
        self,
        widget: Widget,
        person: VisitorIdentity,
        language: str,
        greet: Callable[[Draft], None],
        may_ask: MayAsk,
        *,
        conversation: UUID | None = None,
        otherwise: UUID | None = None,
        may_be_kept: bool = True,
        shown: str = "",
    ) -> Draft:
        """The visitor's draft, its greeting under way; `greet` is called when it arrives later,
        and `may_ask` before the platform is asked for it.

        `conversation` is the id it is to have, where that is known; `otherwise` the id for one that
        nobody has made yet; `may_be_kept`: the visitor may have one, of another socket's; `shown`:
        the greeting that the visitor's page has, if any.
        """
        key = (widget.pk, UUID(person.id))
        if running := self._running(key, widget, conversation):
            return running
        kept = _load(await cached("get", _name(key)), widget) if may_be_kept else None
        if kept and kept.greeting and kept.is_for(conversation):
            return kept
        if running := self._running(key, widget, conversation):  # another tab's, begun meanwhile
            return running
        known = conversation or (kept.conversation if kept else otherwise)
        draft = Draft(
            known or new_id(),
            fingerprint(widget),
            widget.config_version,
            _entry(shown) if shown else None,
        )
        self._fetching[key] = draft
        work = self._fetch(widget, person, language, draft, greet, may_ask)
        draft.task = asyncio.create_task(work)
        return draft

    def _running(
        self, key: tuple[int, UUID], widget: Widget, conversation: UUID | None
    ) -> Draft | None:
        found = self._fetching.get(key)
        if found and found.version == widget.config_version and found.is_for(conversation):
            return found
        return None

    async def _fetch(
        self,
        widget: Widget,
        person: VisitorIdentity,
        language: str,
        draft: Draft,
        greet: Callable[[Draft], None],
        may_ask: MayAsk,
    ) -> None:
        key = (widget.pk, UUID(person.id))
        try:
            # The other tabs' processes are to have the same draft, whichever is greeted first.
            await self._keep(key, draft)
            said: Greeting | None = None
            try:
                profile = await self._ask(widget, person, may_ask)
                if profile.greeting and draft.greeting is None:
                    said = profile.greeting
                    draft.session = said.session if fits(said.session) else ""
            except (ChatError, TimeoutError) as error:
                cause = getattr(error, "cause", "") or f"no answer in {GREETING_SECONDS:g} s"
                logger.warning("greeting of %s: %s", widget.slug, cause)
            except Exception as error:  # an adapter's bug must not leave its visitor ungreeted
                trace = described(error, widget.known_key)
                logger.error("greeting of %s\n%s", widget.slug, trace)
            if draft.greeting is None:  # else the page's, or another process's, is shown
                draft.greeting = _entry(_greeting(said, widget, language))
                greet(draft)  # at once: a message that waits for it must not overtake it
                await self._keep(key, draft)
        finally:
            draft.task = None
            if self._fetching.get(key) is draft:
                del self._fetching[key]

    async def _keep(self, key: tuple[int, UUID], draft: Draft) -> None:
        if self._fetching.get(key) is draft:  # else the visitor has begun another meanwhile
            await cached("set", _name(key), _dump(draft), DRAFT_SECONDS)

    async def used(self, widget: Widget, visitor: UUID, conversation: UUID) -> None:
        """The draft has become a conversation."""
        name = _name((widget.pk, visitor))
        await cached("delete_if", name, "conversation", conversation.hex)


def next_conversation_id(before: UUID, ended: datetime | None = None) -> UUID:
    """The id of the draft that takes an ended or erased conversation's place, or of a first one.

    Every process finds the same one by itself, so its tabs stay together; it sorts by when `before`
    was ended, and as `before` where that was erased.
    """
    digest = hashlib.sha256(b"chatwidget.successor:" + before.bytes).digest()
    time = int(ended.timestamp() * 1000).to_bytes(6) if ended else before.bytes[:6]
    return uuid8(time + digest[:10])


def _greeting(said: Greeting | None, widget: Widget, language: str) -> str:
    """The platform's, else the widget's own, else a friendly one."""
    text = cleaned(said.text.strip(), GREETING_LENGTH) if said else ""
    return text or widget.greeting.strip() or _default(language)


def _default(language: str) -> str:
    with translation.override(language):
        return _("Hello! How can I help you?")


def _entry(text: str) -> Entry:
    return Entry(new_id(), 1, Role.ASSISTANT, text, Status.COMPLETE, timezone.now())


def _name(key: tuple[int, UUID]) -> str:
    return f"chatwidget.draft.{key[0]}.{key[1].hex}"


def _dump(draft: Draft) -> dict[str, Any]:
    greeting = draft.greeting
    return {
        "conversation": draft.conversation.hex,
        "config": draft.config,
        "version": draft.version,
        "session": draft.session,
        "greeting": greeting
        and {"id": greeting.id.hex, "text": greeting.text, "at": greeting.created_at.isoformat()},
    }


def _load(kept: dict[str, Any] | None, widget: Widget) -> Draft | None:
    if kept is None or kept["version"] != widget.config_version:
        return None
    greeting = None
    if said := kept["greeting"]:
        at = datetime.fromisoformat(said["at"])
        greeting = Entry(UUID(said["id"]), 1, Role.ASSISTANT, said["text"], Status.COMPLETE, at)
    return Draft(
        UUID(kept["conversation"]), kept["config"], kept["version"], greeting, kept["session"]
    )
