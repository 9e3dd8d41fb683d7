"""The conversation that is not yet one: its first message, shown before anything is stored.

A `Draft` has the id its conversation will have, so that all tabs of a visitor share it; it waits in
Django's cache, under the visitor's id, until the first send stores it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from chatwidget.errors import ChatError
from chatwidget.models import Role, Status, Widget, new_id
from chatwidget.providers.base import AgentProfile, VisitorIdentity, fits, make_provider
from chatwidget.providers.reader import read_profile
from chatwidget.providers.scrubbing import described
from chatwidget.text import cleaned
from chatwidget.transcripts import Entry, fingerprint

logger = logging.getLogger("chatwidget")

# A platform that takes longer to greet is not waited for: the widget's own greeting stands in.
GREETING_SECONDS = 2.0
# Code points of it: a platform's greeting is no essay.
GREETING_LENGTH = 8000
# A page may stay open this long before its first message; then the greeting is fetched again.
DRAFT_SECONDS = 12 * 3600
# A cache that has failed is left alone for a while: who opens the chat need not wait for it again.
CACHE_RETRY_SECONDS = 5.0
_cache_unavailable_until = 0.0


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
        # What platforms said of their agents, by widget; the greeting's session is not kept.
        self._profiles: dict[int, tuple[int, AgentProfile]] = {}

    def profile(self, widget: Widget) -> AgentProfile:
        """What is known of the widget's agent by now; of an agent not yet met, nothing."""
        version, profile = self._profiles.get(widget.pk, (0, AgentProfile()))
        return profile if version == widget.config_version else AgentProfile()

    async def draft(
        self,
        widget: Widget,
        person: VisitorIdentity,
        language: str,
        greet: Callable[[Draft], None],
        *,
        conversation: UUID | None = None,
        otherwise: UUID | None = None,
    ) -> Draft:
        """The visitor's draft, its greeting under way; `greet` is called when it arrives later.

        `conversation` is the id it is to have, where that is known; `otherwise` the id for one that
        nobody has made yet.
        """
        key = (widget.pk, UUID(person.id))
        if running := self._running(key, widget, conversation):
            return running
        kept = _load(await _cached("get", _name(key)), widget)
        if kept and kept.greeting and kept.is_for(conversation):
            return kept
        if running := self._running(key, widget, conversation):  # another tab's, begun meanwhile
            return running
        known = conversation or (kept.conversation if kept else otherwise)
        draft = Draft(known or new_id(), fingerprint(widget), widget.config_version)
        self._fetching[key] = draft
        draft.task = asyncio.create_task(self._fetch(widget, person, language, draft, greet))
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
    ) -> None:
        key = (widget.pk, UUID(person.id))
        try:
            # The other tabs' processes are to have the same draft, whichever is greeted first.
            await self._keep(key, draft)
            text = ""
            try:
                async with asyncio.timeout(GREETING_SECONDS):
                    provider = make_provider(widget.provider_config)
                    profile = await read_profile(provider, person)
                self._profiles[widget.pk] = (widget.config_version, profile)
                if profile.greeting and draft.greeting is None:
                    text = cleaned(profile.greeting.text.strip(), GREETING_LENGTH)
                    draft.session = said if fits(said := profile.greeting.session) else ""
            except (ChatError, TimeoutError) as error:
                cause = getattr(error, "cause", "") or f"no answer in {GREETING_SECONDS:g} s"
                logger.warning("greeting of %s: %s", widget.slug, cause)
            except Exception as error:  # an adapter's bug must not leave its visitor ungreeted
                trace = described(error, widget.known_key)
                logger.error("greeting of %s\n%s", widget.slug, trace)
            if draft.greeting is None:  # else another process's came first, and is shown
                draft.greeting = _entry(text or widget.greeting.strip() or _default(language))
                greet(draft)  # at once: a message that waits for it must not overtake it
                await self._keep(key, draft)
        finally:
            draft.task = None
            if self._fetching.get(key) is draft:
                del self._fetching[key]

    async def _keep(self, key: tuple[int, UUID], draft: Draft) -> None:
        if self._fetching.get(key) is draft:  # else the visitor has begun another meanwhile
            await _cached("set", _name(key), _dump(draft), DRAFT_SECONDS)

    async def used(self, widget: Widget, visitor: UUID, conversation: UUID) -> None:
        """The draft has become a conversation."""
        name = _name((widget.pk, visitor))
        kept = _load(await _cached("get", name), widget)
        if kept and kept.conversation == conversation:
            await _cached("delete", name)


def next_conversation_id(before: UUID, ended: datetime | None = None) -> UUID:
    """The id of the draft that takes an ended or erased conversation's place, or of a first one.

    Every process finds the same one by itself, so its tabs stay together; it sorts by when `before`
    was ended, and as `before` where that was erased.
    """
    digest = hashlib.sha256(b"chatwidget.successor:" + before.bytes).digest()
    time = int(ended.timestamp() * 1000).to_bytes(6) if ended else before.bytes[:6]
    return UUID(bytes=time + digest[:10])


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


def _call(verb: str, *arguments: Any) -> Any:
    return getattr(cache, verb)(*arguments)


async def _cached(verb: str, *arguments: Any) -> Any:
    """Call Django's cache in a thread; one that is unavailable counts as empty."""
    global _cache_unavailable_until
    if time.monotonic() < _cache_unavailable_until:
        return None
    try:
        # Not to_thread: it would leave a cache of its own in this socket's context.
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, _call, verb, *arguments)
    except Exception as error:  # whatever the cache's driver raises
        logger.warning("cache: %s: %s", type(error).__name__, error)
        _cache_unavailable_until = time.monotonic() + CACHE_RETRY_SECONDS
        return None
