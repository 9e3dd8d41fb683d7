"""Two messages to an agent by a description, with all that came back and the rule that took it.

The second one shows whether the agent remembers the first. What is kept of an answer is bounded.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import httpx
import msgspec
from django.utils.translation import gettext as _

from chatwidget.conf import ProviderConfig
from chatwidget.errors import ReplyError
from chatwidget.models import new_id
from chatwidget.providers.answer import Answer, Request
from chatwidget.providers.base import HistoryMessage, Turn, VisitorIdentity
from chatwidget.providers.decoders import excerpt
from chatwidget.providers.generic import Generic
from chatwidget.providers.generic.paths import Event
from chatwidget.providers.generic.reading import Reading
from chatwidget.providers.generic.trace import Trace
from chatwidget.providers.reader import ReplyReader
from chatwidget.providers.registry import make_provider
from chatwidget.providers.scrubbing import Scrubber, scrubber_of
from chatwidget.providers.transport import own_transport

MESSAGES = ("Hello", "What have I just written?")
# Of each answer: events that are listed, and code points of an event.
MAX_EVENTS = 200
MAX_EVENT = 500
MAX_BODY = 4000


@dataclass(slots=True)
class Step:
    """One event."""

    name: str
    value: str
    rules: str  # that took it; empty: none
    text: str  # that they made of it


@dataclass(slots=True)
class Call:
    """One request, and its answer."""

    line: str
    headers: list[tuple[str, str]]
    body: str
    status: int = 0
    refused: bool = False
    answer_headers: list[tuple[str, str]] = field(default_factory=list)
    raw: str = ""
    answer: Answer | None = None


@dataclass(slots=True)
class Exchange:
    """One message, and what became of it."""

    message: str
    calls: list[Call] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    events: int = 0
    taken: dict[str, int] = field(default_factory=dict)  # by rule; "" counts what none took
    text: str = ""
    session: str = ""
    error: ReplyError | None = None
    first: float = 0.0  # seconds until the text began
    seconds: float = 0.0

    @property
    def cause(self) -> str:
        return f"{self.error.code}: {self.error.cause}" if self.error else ""

    @property
    def counted(self) -> str:
        """How many events each rule took, in words."""
        named = {rule or _("no rule"): count for rule, count in self.taken.items()}
        return ", ".join(f"{rule} {count}" for rule, count in named.items())


class Recorder(Trace):
    """Writes one exchange down, without the key."""

    def __init__(self, scrubber: Scrubber) -> None:
        self._clean = scrubber.clean
        self.exchange = Exchange("")

    def asked(self, request: Request) -> None:
        headers = [*request.headers.items(), *((name, "[key]") for name in request.auth())]
        body = (request.content or b"").decode("utf-8", "replace")
        self.exchange.calls.append(Call(request.line, headers, self._clean(body)[:MAX_BODY]))

    def answered(self, answer: Answer) -> None:
        call = self._began(answer.status, answer.headers)
        call.answer, call.refused = answer, False

    def refused(self, response: httpx.Response, said: bytes) -> None:
        call = self._began(response.status_code, response.headers)
        call.raw, call.refused = self._clean(said.decode("utf-8", "replace")), True

    def _began(self, status: int, headers: httpx.Headers) -> Call:
        call = self.exchange.calls[-1]
        call.status = status
        call.answer_headers = [(n, self._clean(value)) for n, value in headers.items()]
        return call

    def took(self, found: Event, reading: Reading) -> None:
        exchange = self.exchange
        exchange.events += 1
        for rule in reading.taken or [""]:
            exchange.taken[rule] = exchange.taken.get(rule, 0) + 1
        if len(exchange.steps) < MAX_EVENTS:
            value = excerpt(msgspec.json.encode(found.value, enc_hook=str), MAX_EVENT)
            rules = ", ".join(reading.taken)
            exchange.steps.append(
                Step(found.name, self._clean(value), rules, self._clean(reading.said))
            )

    def end(self) -> None:
        for call in self.exchange.calls:
            if call.answer is not None:
                call.raw = self._clean(bytes(call.answer.kept).decode("utf-8", "replace"))
                call.answer = None


async def dry_run(config: ProviderConfig, messages: tuple[str, ...] = MESSAGES) -> list[Exchange]:
    """The messages in one conversation. Raises PlatformMisconfigured; other failures are told."""
    provider = make_provider(config)
    assert isinstance(provider, Generic)
    scrubber = scrubber_of(config.key)
    conversation = str(new_id())
    person = VisitorIdentity(id=str(new_id()), conversation=conversation)
    history: list[HistoryMessage] = []
    session = ""
    exchanges = []
    async with own_transport():
        for message in messages:
            provider.trace = recorder = Recorder(scrubber)
            exchange = recorder.exchange
            exchange.message = message
            seq = len(history) + 1
            turn = Turn(message, person, conversation, session, history=tuple(history), seq=seq)
            await _answered(provider, turn, exchange)
            recorder.end()
            session = exchange.session or session
            exchange.session = session
            exchanges.append(exchange)
            if exchange.error is not None:
                break
            history += [
                HistoryMessage("user", message, seq),
                HistoryMessage("assistant", exchange.text, seq + 1),
            ]
    return exchanges


async def _answered(provider: Generic, turn: Turn, exchange: Exchange) -> None:
    reading = ReplyReader()
    pieces: list[str] = []
    began = time.monotonic()
    try:
        await reading.read(provider, turn, pieces.append)
    except ReplyError as error:
        exchange.error = error
    exchange.seconds = time.monotonic() - began
    exchange.first = reading.first - began if reading.first else 0.0
    exchange.text = "".join(pieces)[reading.superseded :]
    exchange.session = reading.session


@dataclass(frozen=True, slots=True)
class Verdict:
    ok: bool
    text: str


def verdicts(provider: Generic, exchanges: list[Exchange]) -> list[Verdict]:
    """What the exchanges say of the description, in words."""
    found: list[Verdict] = []
    used = provider.description.placeholders
    if not used & {"text", "history+text"}:
        found.append(Verdict(False, _("The request does not hold the message: {text} is missing.")))
    for exchange in exchanges:
        for call in exchange.calls:
            if not call.status:
                continue
            kind = dict(call.answer_headers).get("content-type", "–")
            shown = {"line": call.line, "status": call.status, "type": kind}
            found.append(Verdict(not call.refused, _("%(line)s: %(status)s, %(type)s") % shown))
        if exchange.events:
            shown = {"events": exchange.events, "rules": exchange.counted}
            found.append(Verdict(True, _("Events: %(events)s; by rule: %(rules)s") % shown))
    if exchanges[-1].error is not None:
        if provider.config.key and "key" not in used:
            found.append(Verdict(False, _("The API key is not sent: no header holds {key}.")))
        return found
    if not (used & {"session", "conversation", "history", "history+text", "visitor"}):
        found.append(
            Verdict(
                False,
                _(
                    "Nothing in the request names the conversation: "
                    "the agent will not remember earlier messages."
                ),
            )
        )
    elif "session" in used and not exchanges[-1].session:
        found.append(
            Verdict(
                False,
                _("No session was returned: the agent will not remember earlier messages."),
            )
        )
    elif exchanges[-1].session:
        shown = {"session": excerpt(exchanges[-1].session, 60)}
        found.append(Verdict(True, _("Session: %(session)s") % shown))
    return found
