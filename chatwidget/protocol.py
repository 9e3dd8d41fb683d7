"""The frames of protocol version 1, both directions, as typed structs. No I/O here.

docs/protocol.md says what each is for. `parse` takes any text a client may send and returns a
client frame or raises BadFrame; `dump` makes the text of a server frame. Lengths and offsets count
Unicode code points.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, NoReturn

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from chatwidget.errors import BadFrame

VERSION = 1
# A client's frame in bytes of UTF-8: the longest message in escapes fits many times.
MAX_FRAME_BYTES = 64 * 1024
HELLO_SECONDS = 10.0
# Code points a socket may be behind before its deltas pause, and for how long it may stay there.
WINDOW = 256 * 1024
WINDOW_SECONDS = 60.0
MAX_PENDING = 5
HISTORY_PAGE = 50
# Daphne sends no frame over 1 MiB by default, and says nothing. So a frame's messages are at most
# so many bytes together; and each holds at most so many code points (six bytes each in the worst
# case) of its text, the rest of which follows as deltas.
PAGE_BYTES = 800 * 1024
PART = 128 * 1024


SendId = Annotated[
    str, Meta(pattern=r"^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\Z", max_length=36)
]


# --- client to server -------------------------------------------------------------------------


class ClientFrame(Struct, frozen=True, tag_field="type"):
    """Any frame a client sends."""


class PageInfo(Struct, frozen=True):
    url: str = ""
    title: str = ""
    referrer: str = ""
    origin: str = ""  # of the embedding page, as the browser says; empty: that of the URL


class Identity(Struct, frozen=True):
    id: str | int = ""
    name: str = ""
    email: str = ""
    proof: str | None = None  # a blank one is wrong, a missing one is none


class Hello(ClientFrame, frozen=True, tag="hello"):
    token: str | None = None  # missing: refused as a wrong one is, not as a bad frame
    visitor: str | None = None
    conversation: str | UnsetType | None = UNSET  # absent: the latest; null: a new one
    page: PageInfo | None = None
    locale: str | None = None
    identity: Identity | None = None


class Send(ClientFrame, frozen=True, tag="send"):
    id: SendId
    text: str


class Stop(ClientFrame, frozen=True, tag="stop"):
    id: str


class Retry(ClientFrame, frozen=True, tag="retry"):
    id: str
    attempt: int | None = None


class New(ClientFrame, frozen=True, tag="new"):
    pass


class Rate(ClientFrame, frozen=True, tag="rate"):
    id: str
    value: Literal[1, -1, 0]
    comment: Annotated[str, Meta(max_length=1000)] | None = None


class Profile(ClientFrame, frozen=True, tag="profile"):
    name: str | None = None
    email: str | None = None
    consent: Annotated[str, Meta(max_length=32)] | None = None  # the version consented to


class Page(ClientFrame, frozen=True, tag="page"):
    url: str
    title: str = ""


class History(ClientFrame, frozen=True, tag="history"):
    before: str


class Ack(ClientFrame, frozen=True, tag="ack"):
    id: str
    offset: Annotated[int, Meta(ge=0)]


class VisitorTyping(ClientFrame, frozen=True, tag="typing"):
    pass


class AskPerson(ClientFrame, frozen=True, tag="ask_person"):
    pass


class Solve(ClientFrame, frozen=True, tag="solve"):
    solution: Annotated[str, Meta(max_length=8192)]


class Ping(ClientFrame, frozen=True, tag="ping"):
    pass


AnyClientFrame = (
    Hello
    | Send
    | Stop
    | Retry
    | New
    | Rate
    | Profile
    | Page
    | History
    | VisitorTyping
    | AskPerson
    | Ack
    | Solve
    | Ping
)


class BadFrameOf(BadFrame):
    """A bad frame that named an id, which the error repeats."""

    def __init__(self, cause: str, frame_id: str | None) -> None:
        super().__init__(cause)
        self.frame_id = frame_id


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def parse(text: str, kinds: Any = AnyClientFrame) -> Any:
    """A client's text as a frame of these kinds. Raises BadFrame for anything that is none.

    The standard library reads the JSON, since it lets lone surrogates through: a `send` that
    holds one is a bad *request*, and is answered with its id.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"not JSON: {error}") from None
    try:
        return msgspec.convert(value, kinds)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError) as error:
        named = value.get("id") if isinstance(value, dict) else None
        raise BadFrameOf(str(error), named if isinstance(named, str) else None) from None


# --- server to client -------------------------------------------------------------------------


class ErrorInfo(Struct, frozen=True, omit_defaults=True):
    """Why a reply failed, in the visitor's words."""

    code: str
    detail: str
    retryable: bool = msgspec.field(default_factory=bool)  # a factory: sent even when false
    retry_after: float | None = None
    reason: str | None = None  # a finer name than `code`; `detail` says it then


class Author(Struct, frozen=True):
    """A person of the owner's staff."""

    name: str


class Message(Struct, frozen=True, omit_defaults=True):
    """One message as clients see it."""

    id: str
    seq: int
    role: str
    text: str
    status: str
    created_at: str  # ISO 8601, UTC
    attempt: int | UnsetType = UNSET
    ui: dict[str, Any] | UnsetType = UNSET
    rating: int | UnsetType = UNSET
    error: ErrorInfo | UnsetType = UNSET
    author: Author | UnsetType = UNSET
    event: str | UnsetType = UNSET


class SentFrame(Struct, frozen=True, tag_field="type", kw_only=True):
    """Any frame the server sends, to visitors or to staff."""


class ServerFrame(SentFrame, frozen=True):
    """Any frame the server sends to a visitor."""


class ReadyLimits(Struct, frozen=True):
    max_length: int


class Ready(ServerFrame, frozen=True, tag="ready"):
    visitor: str
    conversation: str | None
    messages: list[Message]
    more: bool
    limits: ReadyLimits
    protocol: int = VERSION
    features: dict[str, bool] | UnsetType = UNSET
    gone: bool | UnsetType = UNSET


class Accepted(ServerFrame, frozen=True, tag="accepted"):
    id: str
    message: Message
    conversation: str


class MessageState(ServerFrame, frozen=True, tag="message"):
    message: Message


class Delta(ServerFrame, frozen=True, tag="delta"):
    id: str
    offset: int
    text: str


class Activity(ServerFrame, frozen=True, tag="activity"):
    id: str
    text: str


class Done(ServerFrame, frozen=True, tag="done"):
    id: str
    status: str
    length: int
    ui: dict[str, Any] | UnsetType = UNSET
    error: ErrorInfo | UnsetType = UNSET


class Typing(ServerFrame, frozen=True, tag="typing"):
    author: Author


class Older(ServerFrame, frozen=True, tag="history"):
    messages: list[Message]
    more: bool


class Error(ServerFrame, frozen=True, tag="error", omit_defaults=True):
    code: str
    detail: str
    retryable: bool = msgspec.field(default_factory=bool)
    retry_after: float | None = None
    id: str | None = None
    challenge: dict[str, Any] | None = None


class Solved(ServerFrame, frozen=True, tag="solved"):
    pass


class Pong(ServerFrame, frozen=True, tag="pong"):
    pass


_encoder = msgspec.json.Encoder()


def dump(frame: SentFrame) -> str:
    """The text of a frame."""
    return _encoder.encode(frame).decode()
