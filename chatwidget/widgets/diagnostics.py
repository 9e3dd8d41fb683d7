"""Ask a widget's platform once, and say in plain words what works and what does not."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace

from asgiref.sync import async_to_sync
from django.utils.translation import gettext as _

from chatwidget.conf import ProviderConfig, Secret
from chatwidget.errors import (
    PlatformMisconfigured,
    PlatformRateLimited,
    PlatformRejected,
    PlatformTimedOut,
    PlatformUnavailable,
    ReplyError,
)
from chatwidget.models import Widget, new_id
from chatwidget.providers.base import HistoryMessage, Provider, Turn, VisitorIdentity
from chatwidget.providers.decoders import excerpt
from chatwidget.providers.error_mapping import status_of
from chatwidget.providers.generic import Generic
from chatwidget.providers.reader import ReplyReader, read_profile
from chatwidget.providers.registry import make_provider, providers
from chatwidget.providers.scrubbing import described, scrubber_of
from chatwidget.providers.transport import own_transport
from chatwidget.widgets.dry_run import Exchange, dry_run, verdicts

logger = logging.getLogger("chatwidget")

# Seconds. A greeting that takes longer is not waited for; an answer's first words are "slow" then.
SLOW_GREETING = 2.0
SLOW_ANSWER = 5.0
QUESTION = "Hello"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that works, or does not."""

    ok: bool
    text: str

    def __str__(self) -> str:
        return f"{'✓' if self.ok else '✗'} {self.text}"


@dataclass(slots=True)
class Diagnosis:
    """What was found, in the order it was tried. No text of it holds the key."""

    title: str = ""  # of a section of its own
    findings: list[Finding] = field(default_factory=list)

    def add(self, ok: bool, text: str) -> None:
        self.findings.append(Finding(ok, text))

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings)

    @property
    def lines(self) -> list[str]:
        return [*filter(None, [self.title]), *map(str, self.findings)]


def diagnose_all(widget: Widget) -> list[Diagnosis]:
    """Its platform and its fallback's, a section each. Reads the database; raises nothing."""
    found = [async_to_sync(diagnose)(widget)]
    if fallback := widget.fallback:
        found.append(async_to_sync(diagnose)(fallback))
        found[-1].title = _("Its fallback, %(slug)s:") % {"slug": fallback.slug}
    return found


async def diagnose(widget: Widget) -> Diagnosis:
    """Talk to the widget's platform as its first visitor would. Raises nothing."""
    found = Diagnosis()
    key = Secret()
    try:
        config = widget.provider_config
        key = config.key
        provider = make_provider(config)
        async with own_transport():
            turn = await _greeted(provider, widget, found)
            greeted = bool(found.findings)
            try:
                if isinstance(provider, Generic):
                    await _described(provider, found)
                else:
                    await _answered(provider, turn, found)
            except (PlatformRejected, PlatformUnavailable) as error:
                found.add(False, explained(error, widget))
                await _narrow_down(config, turn, found)
            else:
                for doubt in await provider.doubts():
                    found.add(False, doubt)
                if not greeted:
                    found.add(True, _("No greeting: the widget's own is shown."))
    except ReplyError as error:
        found.add(False, explained(error, widget))
    except Exception as error:
        logger.error("check of %s\n%s", widget.slug, described(error, key))
        shown = {"error": f"{type(error).__name__}: {error}"}
        found.add(False, _("The adapter has a bug: %(error)s") % shown)
    clean = scrubber_of(key).clean
    found.findings = [Finding(each.ok, clean(each.text)) for each in found.findings]
    return found


async def tried(widget: Widget, messages: tuple[str, ...]) -> tuple[Diagnosis, list[Exchange]]:
    """A dry run of a widget's description, and its verdict. Raises nothing."""
    found, exchanges = Diagnosis(), []
    try:
        config = widget.provider_config
        provider = make_provider(config)
        assert isinstance(provider, Generic)
        exchanges = await dry_run(config, messages)
        _judged(provider, exchanges, found)
    except ReplyError as error:
        found.add(False, explained(error, widget))
    return found, exchanges


async def _greeted(provider: Provider, widget: Widget, found: Diagnosis) -> Turn:
    """A first turn, in the session that the greeting began, and with it in the history."""
    conversation = str(new_id())
    visitor = VisitorIdentity(id="check", conversation=conversation)
    began = time.monotonic()
    profile = await read_profile(provider, visitor)
    seconds = time.monotonic() - began
    greeting, session = widget.greeting.strip() or _("Hello! How can I help you?"), ""
    if profile.greeting is not None:
        greeting, session = profile.greeting.text, profile.greeting.session
        shown = {"seconds": f"{seconds:.1f}", "text": excerpt(greeting, 100)}
        found.add(
            seconds <= SLOW_GREETING,
            _("Greeting in %(seconds)s s: “%(text)s”") % shown
            if seconds <= SLOW_GREETING
            else _("The greeting is slow: %(seconds)s s. Visitors are shown the widget's own.")
            % shown,
        )
    history = (HistoryMessage("assistant", greeting, 1),) if provider.wants_history else ()
    return Turn(QUESTION, visitor, conversation, session, history=history, seq=2)


async def _answered(provider: Provider, turn: Turn, found: Diagnosis) -> None:
    """One finding on the answer. Raises ReplyError."""
    began = time.monotonic()
    reading = ReplyReader()
    pieces: list[str] = []
    await reading.read(provider, turn, pieces.append)
    total = time.monotonic() - began
    first = reading.first - began if reading.first else 0.0
    _add_answer(found, first, total, "".join(pieces)[reading.superseded :])
    remembers = reading.session or turn.session or provider.wants_history
    if not remembers and provider.needs_base_url:
        found.add(
            False, _("No session was returned: the agent will not remember earlier messages.")
        )


def _add_answer(found: Diagnosis, first: float, total: float, text: str) -> None:
    shown = {"first": f"{first:.1f}", "total": f"{total:.1f}", "text": excerpt(text, 100)}
    found.add(
        first <= SLOW_ANSWER,
        _("Answer in %(first)s s, complete in %(total)s s: “%(text)s”") % shown
        if first <= SLOW_ANSWER
        else _("The answer is slow: it begins after %(first)s s.") % shown,
    )


async def _described(provider: Generic, found: Diagnosis) -> None:
    """What a dry run finds, in words. Raises ReplyError."""
    _judged(provider, await dry_run(provider.config), found)


def _judged(provider: Generic, exchanges: list[Exchange], found: Diagnosis) -> None:
    for verdict in verdicts(provider, exchanges):
        found.add(verdict.ok, verdict.text)
    if exchanges[-1].error is not None:
        raise exchanges[-1].error
    _add_answer(found, exchanges[0].first, exchanges[0].seconds, exchanges[0].text)


async def _narrow_down(config: ProviderConfig, turn: Turn, found: Diagnosis) -> None:
    """A platform that refuses the turn may take a bare message: which part is it then?"""
    cls = providers()[config.provider]
    options = [name for name in cls.refusable if name in config.options]
    parts = {name: _without(config, name) for name in options}
    if not options or not await _works(_without(config, *options), turn):
        return
    refused = [name for name, rest in parts.items() if await _works(rest, turn)] or options
    found.add(
        False,
        _("A bare message is answered: the server does not take %(parts)s.")
        % {"parts": ", ".join(refused)},
    )


def _without(config: ProviderConfig, *names: str) -> ProviderConfig:
    kept = {name: value for name, value in config.options.items() if name not in names}
    return replace(config, options=kept)


async def _works(config: ProviderConfig, turn: Turn) -> bool:
    try:
        await ReplyReader().read(make_provider(config), turn, lambda text: None)
    except ReplyError:
        return False
    return True


def explained(error: ReplyError, widget: Widget) -> str:
    """What an owner can do about it, and what the platform said."""
    if error.about == "key":
        advice = _("Wrong key: the platform refuses the API key.")
    elif error.about == "access":
        advice = _("Forbidden: this key may not use this agent, or the agent is not public.")
    elif error.about == "agent":
        known = providers().get(widget.provider)
        text = (
            _("Unknown agent: there is no %(agent)s at %(address)s, or that address is wrong.")
            if widget.agent
            else _("Wrong address: nothing at %(address)s answers as this platform does.")
        )
        address = widget.base_url or (known.default_base_url if known else "")
        advice = text % {"agent": repr(widget.agent), "address": address}
    elif error.about == "address":
        advice = _("The base URL is wrong: the platform redirects.")
    elif isinstance(error, PlatformMisconfigured):
        advice = _("The widget's configuration does not work.")
    elif isinstance(error, PlatformRateLimited):
        advice = _("Too many requests: the platform asks for a pause.")
    elif isinstance(error, PlatformTimedOut):
        advice = _("Slow: the platform did not answer in time.")
    elif isinstance(error, PlatformRejected):
        advice = _("The platform refused the message, or answered not as documented.")
    elif status_of(error) is not None:
        advice = _("The platform is failing.")
    else:
        advice = _("Unreachable: no connection to the platform, or it broke off.")
    return f"{advice} ({error.cause})"
