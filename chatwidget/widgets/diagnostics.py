"""Ask a widget's platform once, and say in plain words what works and what does not."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from chatwidget.conf import Secret
from chatwidget.errors import (
    PlatformMisconfigured,
    PlatformRateLimited,
    PlatformRejected,
    PlatformTimedOut,
    ReplyError,
)
from chatwidget.models import Widget, new_id
from chatwidget.providers.base import Provider, Turn, VisitorIdentity, make_provider
from chatwidget.providers.decoders import excerpt
from chatwidget.providers.error_mapping import status_of
from chatwidget.providers.reader import ReplyReader, read_profile
from chatwidget.providers.scrubbing import described, scrubber_of
from chatwidget.providers.transport import own_transport

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

    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings)

    @property
    def lines(self) -> list[str]:
        return [str(finding) for finding in self.findings]


async def diagnose(widget: Widget) -> Diagnosis:
    """Talks to the widget's platform once: its greeting, then a short message. Raises nothing."""
    found = Diagnosis()
    key = Secret()
    try:
        config = widget.provider_config
        key = config.key
        provider = make_provider(config)
        async with own_transport():
            session = await _greeting(provider, found)
            await _answer(provider, session, found)
    except ReplyError as error:
        found.findings.append(Finding(False, _explained(error, widget)))
    except Exception as error:
        logger.error("check of %s\n%s", widget.slug, described(error, key))
        told = {"error": f"{type(error).__name__}: {error}"}
        found.findings.append(Finding(False, _("The adapter has a bug: %(error)s") % told))
    clean = scrubber_of(key).clean
    found.findings = [Finding(each.ok, clean(each.text)) for each in found.findings]
    return found


async def _greeting(provider: Provider, found: Diagnosis) -> str:
    """The session that the greeting began, if it did."""
    began = time.monotonic()
    profile = await read_profile(provider, VisitorIdentity(id="check"))
    seconds = time.monotonic() - began
    if profile.greeting is None:
        found.findings.append(Finding(True, _("No greeting: the widget's own is shown.")))
        return ""
    shown = {"seconds": f"{seconds:.1f}", "text": excerpt(profile.greeting.text, 100)}
    found.findings.append(
        Finding(True, _("Greeting in %(seconds)s s: “%(text)s”") % shown)
        if seconds <= SLOW_GREETING
        else Finding(
            False,
            _("The greeting is slow: %(seconds)s s. Visitors are shown the widget's own.") % shown,
        )
    )
    return profile.greeting.session


async def _answer(provider: Provider, session: str, found: Diagnosis) -> None:
    began = time.monotonic()
    reading = ReplyReader()
    pieces: list[str] = []
    turn = Turn(QUESTION, VisitorIdentity(id="check"), conversation=str(new_id()), session=session)
    await reading.read(provider, turn, pieces.append)
    total = time.monotonic() - began
    first = reading.first - began if reading.first else 0.0
    text = excerpt("".join(pieces), 100)
    shown = {"first": f"{first:.1f}", "total": f"{total:.1f}", "text": text}
    found.findings.append(
        Finding(True, _("Answer in %(first)s s, complete in %(total)s s: “%(text)s”") % shown)
        if first <= SLOW_ANSWER
        else Finding(False, _("The answer is slow: it begins after %(first)s s.") % shown)
    )
    if not (reading.session or session or provider.wants_history or not provider.needs_base_url):
        found.findings.append(
            Finding(False, _("No session was told: the agent will not remember earlier messages."))
        )


def _explained(error: ReplyError, widget: Widget) -> str:
    """What an owner can do about it, and what the platform said."""
    status = status_of(error)
    if status == 401:
        advice = _("Wrong key: the platform refuses the API key.")
    elif status == 403:
        advice = _("Forbidden: this key may not use this agent, or the agent is not public.")
    elif status in (404, 405, 410):
        advice = _("Unknown agent: there is no %(agent)s, or the base URL is wrong.") % {
            "agent": repr(widget.agent)
        }
    elif status is not None and 300 <= status < 400:
        advice = _("The base URL is wrong: the platform redirects.")
    elif isinstance(error, PlatformMisconfigured):
        advice = _("The widget's configuration does not work.")
    elif isinstance(error, PlatformRateLimited):
        advice = _("Too many requests: the platform asks for a pause.")
    elif isinstance(error, PlatformTimedOut):
        advice = _("Slow: the platform did not answer in time.")
    elif isinstance(error, PlatformRejected):
        advice = _("The platform refused the message, or answered not as documented.")
    elif status is not None:
        advice = _("The platform is failing.")
    else:
        advice = _("Unreachable: no connection to the platform, or it broke off.")
    return f"{advice} ({error.cause})"
