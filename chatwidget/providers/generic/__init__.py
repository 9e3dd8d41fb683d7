"""Any platform that answers over HTTP, without code: an owner's description says how.

A description (`description.py`, `checks.py`) is a preset of ours or an owner's own. It says what is
sent (`requests.py`, `templates.py`), how bytes become events (`framing.py`) and what in them is
text, session, error and end (`reading.py`). Everything that holds for every adapter holds here too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import httpx
from django.utils.translation import gettext_lazy as _

from chatwidget.conf import ProviderConfig
from chatwidget.errors import (
    PlatformMisconfigured,
    PlatformRejected,
    PlatformTimedOut,
    ReplyError,
)
from chatwidget.providers.answer import Answer, Request
from chatwidget.providers.base import (
    Activity,
    AgentProfile,
    Delta,
    Event,
    Finished,
    Greeting,
    ProviderSession,
    Turn,
    VisitorIdentity,
)
from chatwidget.providers.error_mapping import CLIENT_ERRORS, refusal
from chatwidget.providers.generic import templates
from chatwidget.providers.generic.checks import problems, read_description
from chatwidget.providers.generic.description import Description, DescriptionError, paths_of
from chatwidget.providers.generic.framing import CAUSE, framing
from chatwidget.providers.generic.paths import Event as Found
from chatwidget.providers.generic.presets import PRESETS
from chatwidget.providers.generic.reading import Reading
from chatwidget.providers.generic.requests import ACCEPTS, Requests
from chatwidget.providers.generic.trace import Trace
from chatwidget.providers.http import HTTPProvider
from chatwidget.providers.registry import base_url_problems
from chatwidget.providers.transport import in_background

logger = logging.getLogger("chatwidget")

OK = range(200, 300)
# Seconds that a platform may take to be told that nobody listens any more.
STOP_SECONDS = 10.0
GREETING_JOIN = "\n\n"


class Generic(HTTPProvider):
    label = _("Any agent, by a description")
    needs_key = False
    needs_agent = False
    options = {"preset": str, "description": dict}
    choices = {"preset": tuple(PRESETS)}

    def __init__(self, config: ProviderConfig) -> None:
        super().__init__(config)
        try:
            self.description = description_of(config.options)
        except DescriptionError as error:
            raise PlatformMisconfigured(str(error)) from None
        self.base_url = config.base_url or default_base_url(config.options)
        self.wants_history = bool(self.description.placeholders & set(templates.LISTS))
        self.requests = Requests(self.description, self.base_url, config)
        self.trace = Trace()

    @classmethod
    def choice_label(cls, name: str, value: str) -> str:
        return PRESETS[value].title if value in PRESETS else value

    @classmethod
    def addresses(cls, options: dict[str, Any]) -> list[str]:
        """The addresses that a description names itself, and a preset's own."""
        try:
            origins = {templates.origin(call.url) for _, call in description_of(options).calls}
        except DescriptionError:
            return []
        return sorted({*origins, default_base_url(options)} - {"", "{base}"})

    @classmethod
    def option_problems(cls, name: str, value: Any) -> list[str]:
        return problems(value) if name == "description" else []

    @classmethod
    def asks_for(cls, options: dict[str, Any]) -> dict[str, str]:
        """What the description uses."""
        try:
            used = description_of(options).placeholders
        except DescriptionError:
            return {"base_url": "optional", "agent": "optional", "key": "optional"}
        preset = PRESETS.get(options.get("preset", "")) if not options.get("description") else None
        key = "required" if preset and preset.needs_key else "optional"
        return {
            "base_url": _asked("base" in used, not default_base_url(options)),
            "agent": _asked("agent" in used, True),
            "key": key if "key" in used else "no",
        }

    @classmethod
    def problems(cls, config: ProviderConfig) -> list[str]:
        options = config.options
        if not options.get("description") and not options.get("preset"):
            return [f"it needs a description, or a preset: {', '.join(PRESETS)}"]
        return [
            problem.replace("the base URL", "the address")
            for address in cls.addresses(options)
            for problem in base_url_problems(address)
        ] + super().problems(config)

    @classmethod
    def rewinds(cls, options: dict[str, Any]) -> bool:
        """Where the history goes along, a reply can be left out of it."""
        with suppress(DescriptionError):
            return bool(description_of(options).placeholders & set(templates.LISTS))
        return False

    def auth(self) -> dict[str, str]:
        return {}  # the headers that the description names, in `_request`

    def refusal(self, response: httpx.Response, said: bytes, after: float | None) -> ReplyError:
        self.trace.refused(response, said)
        return refusal(response, said, after, CAUSE)

    def may_retry(self, status: int, refused: ReplyError, after: float | None) -> bool:
        """Only where a platform that we do not know asks for it by itself."""
        return after is not None and super().may_retry(status, refused, after)

    # --- the conversation ---

    async def profile(self, person: VisitorIdentity) -> AgentProfile:
        """What the open call greets with, where the description says that it does."""
        opening = self.description.request.open
        if opening is None or not opening.greeting:
            return AgentProfile()
        turn = Turn("", person, person.conversation)
        session, said = await self.opened(turn)
        return AgentProfile(greeting=Greeting(said, session) if said else None)

    async def opened(self, turn: Turn) -> tuple[str, str]:
        """What `_opened` says; a failure's cause names this call, which is not the message's."""
        try:
            return await self._opened(turn)
        except ReplyError as error:
            error.cause += " (in request.open)"
            raise

    async def _opened(self, turn: Turn) -> tuple[str, str]:
        """The session that the open call begins, and its greeting, empty where it has none.

        Where the platform names no session, the conversation's id remembers that it is open.
        """
        opening = self.description.request.open
        assert opening is not None
        request = self.requests.fill(opening, self.requests.values(turn, ""), ACCEPTS["json"])
        self.trace.asked(request)
        async with self.exchange(request, (*OK, *opening.accept_status)) as answer:
            self.trace.answered(answer)
            value: Any = None
            with suppress(PlatformRejected):
                value = await answer.json(Any)
            reading = Reading(self.description.answer)
            if answer.status in OK:
                reading.take(Found("", value))
                if reading.error is not None:
                    raise reading.error
        session = [text for path in paths_of(opening.session) for text in path.texts(value)]
        if opening.session and not session and answer.status in OK:
            raise PlatformRejected(f"the open call brought no session: {bytes(answer.kept)!r}")
        greeting = [text for path in paths_of(opening.greeting) for text in path.texts(value)]
        session = session or [reading.session or turn.conversation]
        return session[-1], GREETING_JOIN.join(greeting)

    async def reply(self, turn: Turn) -> AsyncGenerator[Event, None]:
        session = turn.session
        if self.description.request.open is not None and not session:
            session, _ = await self.opened(turn)
            yield ProviderSession(session)
        reading = Reading(self.description.answer, session)
        request = self.requests.message(turn, session)
        self.trace.asked(request)
        begun = left = False  # it may be running, and would go on
        doing = ""
        try:
            async with self.exchange(request, OK) as answer:
                begun = True
                self.trace.answered(answer)
                answer.patient = True
                async with aclosing(self._read(answer, reading)) as texts:
                    async for text in texts:
                        if reading.session != session:
                            session = reading.session
                            yield ProviderSession(session)
                        if text:
                            doing = ""
                            yield Delta(text)
                        elif reading.doing not in ("", doing):
                            doing = reading.doing
                            yield Activity(doing)
                begun = False
                if reading.error is not None:
                    raise reading.error
                reading.close(bytes(answer.kept))
        except (GeneratorExit, asyncio.CancelledError):
            left = True
            raise
        finally:
            if begun or left:
                self._stop(turn, reading)
        metadata = {"run": reading.run} if reading.run else {}
        yield Finished(ui=reading.element, metadata=metadata)

    async def _read(self, answer: Answer, reading: Reading) -> AsyncGenerator[str, None]:
        """The text of an answer as it comes, until its end, or until it says that it failed.

        Raises ReplyError. That it failed counts more than that its connection broke after it.
        """
        frames = framing(reading.answer, answer.media_type)

        def took(found: Found) -> str:
            text = reading.take(found)
            self.trace.took(found, reading)
            return text

        try:
            async for chunk in answer.chunks():
                for found in frames.feed(chunk):
                    yield took(found)
                    if reading.over:
                        break
                if reading.over or frames.done:
                    break
            else:
                for found in frames.end():
                    yield took(found)
        except (PlatformTimedOut, *CLIENT_ERRORS):
            with suppress(PlatformRejected):
                for found in frames.end():
                    yield took(found)
            if not reading.over:
                yield reading.fallback()
                raise
        reading.whole, reading.done = frames.whole, frames.done
        if reading.error is None:
            yield reading.fallback()

    def _stop(self, turn: Turn, reading: Reading) -> None:
        """Nobody listens any more: say so to a platform that would go on, after this."""
        call = self.description.request.stop
        if call is None:
            return
        needs = {name for _, _, text in call.parts for name in templates.placeholders(text)}
        values = self.requests.values(turn, reading.session, reading.run)
        if "run" in needs and not reading.run:
            return  # it has not said which
        with suppress(ReplyError):
            request = self.requests.fill(call, values, ACCEPTS["json"])
            in_background(self._stopped(request))

    async def _stopped(self, request: Request) -> None:
        try:
            async with (
                asyncio.timeout(STOP_SECONDS),
                self.exchange(request, range(100, 600)),
            ):
                pass
        except Exception as error:  # nobody waits for it
            logger.info("a stop call failed: %s", type(error).__name__)


def description_of(options: dict[str, Any]) -> Description:
    """The owner's own description, or the preset's. Raises DescriptionError."""
    if given := options.get("description"):
        return read_description(given)
    preset = PRESETS.get(options.get("preset", ""))
    if preset is None:
        raise DescriptionError("there is neither a description nor a preset")
    return read_description(preset.description)


def default_base_url(options: dict[str, Any]) -> str:
    """The address of a preset whose platform has one."""
    preset = PRESETS.get(options.get("preset", ""))
    return preset.base_url if preset and not options.get("description") else ""


def _asked(used: bool, required: bool) -> str:
    return "no" if not used else "required" if required else "optional"
