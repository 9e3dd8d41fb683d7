"""The seam between us and a platform: `Provider`, with what goes in and what comes out.

An adapter is a class named by its dotted path. It is made once for a widget's configuration and
may be used by many replies at once, so it keeps no state of a conversation: what a platform wants
remembered travels as `Turn.session` and comes back as `ProviderSession`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from chatwidget.appearance import Words
from chatwidget.conf import ProviderConfig
from chatwidget.text import is_clean

# Code points of a platform's session id, as the transcript keeps it.
MAX_SESSION = 500


@dataclass(frozen=True, slots=True)
class PageContext:
    """The embedding page; empty strings where unknown."""

    url: str = ""
    title: str = ""
    referrer: str = ""


@dataclass(frozen=True, slots=True)
class VisitorIdentity:
    """The visitor as a platform may know them."""

    id: str
    name: str = ""
    email: str = ""
    locale: str = ""
    # Of a visitor who has not written yet: the conversation's id, once they do.
    conversation: str = ""
    email_verified: bool = False  # the embedding site vouches for it; else the visitor typed it


@dataclass(frozen=True, slots=True)
class HistoryMessage:
    """One earlier message, for platforms that keep no history of their own."""

    role: Literal["user", "assistant"]
    text: str
    seq: int = 0  # its number in the conversation, from 1; 0: unknown


@dataclass(frozen=True, slots=True)
class Turn:
    """One message to be answered."""

    text: str
    person: VisitorIdentity
    # The conversation's own id: good as a session id where the client makes it.
    conversation: str
    # What this platform returned as Session (or Greeting.session) for this conversation.
    session: str = ""
    page: PageContext = PageContext()
    # Oldest first, without `text`; empty unless the adapter wants it.
    history: tuple[HistoryMessage, ...] = ()
    seq: int = 0  # the message's number in the conversation, from 1; 0: unknown


@dataclass(frozen=True, slots=True)
class ProviderSession:
    """The platform's session id, to be stored at once and given back with later turns."""

    id: str


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the reply's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Anew:
    """What has come of the text was no answer, as it turns out: the reply's text begins here.

    Who watches goes on seeing it until the reply ends, so it is for what cannot be known before.
    """


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a reply that went well. Exactly one, last; without it the reply has failed."""

    ui: dict[str, Any] | None = None  # {"type": …, …}: a rich element to show under the text
    message_id: str = ""  # the platform's id of its message
    metadata: dict[str, Any] = field(default_factory=dict)  # for the owner: model, tokens, …


@dataclass(frozen=True, slots=True)
class Activity:
    """What the agent does before it goes on writing, such as a tool it uses; empty: nothing."""

    text: str


Event = ProviderSession | Delta | Anew | Activity | Finished


@dataclass(frozen=True, slots=True)
class Greeting:
    """A platform's first message, and the session it began where it made one."""

    text: str
    session: str = ""


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """What a platform says about its agent; None and empty: it does not say."""

    greeting: Greeting | None = None
    max_length: int | None = None
    asks_email: bool = False
    defaults: dict[str, Any] = field(default_factory=dict)  # title, color, … for the owner's form


class Provider(ABC):
    """One platform. Subclass it, and name it in settings.CHATWIDGET["PROVIDERS"]."""

    label: ClassVar[Words]
    default_base_url: ClassVar[str] = ""  # empty: the platform has none, so a widget must
    needs_base_url: ClassVar[bool] = True  # False: it makes no requests (demo)
    needs_key: ClassVar[bool] = True
    needs_agent: ClassVar[bool] = True
    wants_history: bool = False  # fill Turn.history from the transcript
    can_rewind: ClassVar[bool] = False  # a complete last reply may be generated again
    max_length: ClassVar[int | None] = None  # code points of one message
    options: ClassVar[dict[str, type]] = {}  # option name → type (str, bool, int, float)
    choices: ClassVar[dict[str, tuple[str, ...]]] = {}  # the values that an option may have
    refusable: ClassVar[tuple[str, ...]] = ()  # options that the platform may not take
    keeps_time: ClassVar[bool] = False  # True: it bounds each wait, and we only the whole reply

    def __init__(self, config: ProviderConfig) -> None:
        self.config = config
        self.base_url = config.base_url or self.default_base_url

    @classmethod
    def problems(cls, config: ProviderConfig) -> list[str]:
        """What else keeps a configuration from working, one sentence each."""
        return []

    @classmethod
    def choice_label(cls, name: str, value: str) -> str:
        """What an owner reads for one of the values of an option."""
        return value

    @classmethod
    def addresses(cls, options: dict[str, Any]) -> list[str]:
        """Where requests go besides the base URL; the key goes there too."""
        return []

    @classmethod
    def option_problems(cls, name: str, value: Any) -> list[str]:
        """What is wrong with the value of one option, of the right type."""
        return []

    @classmethod
    def asks_for(cls, options: dict[str, Any]) -> dict[str, str]:
        """Which of base_url, agent and key a widget has: `no`, `optional` or `required`."""
        base_url = "optional" if cls.default_base_url else "required"
        return {
            "base_url": base_url if cls.needs_base_url else "no",
            "agent": "required" if cls.needs_agent else "no",
            # Some need none and take one.
            "key": "required" if cls.needs_key else "optional" if cls.needs_base_url else "no",
        }

    @classmethod
    def rewinds(cls, options: dict[str, Any]) -> bool:
        """May a complete last reply be generated again?"""
        return cls.can_rewind

    async def doubts(self) -> list[str]:
        """What the owner should know although it answers, one sentence each; asked by a check."""
        return []

    async def profile(self, person: VisitorIdentity) -> AgentProfile:
        """What the platform says of its agent, its first message included.

        Raises ReplyError. Called when a visitor opens an empty chat; the default asks nobody.
        """
        return AgentProfile()

    @abstractmethod
    def reply(self, turn: Turn) -> AsyncGenerator[Event, None]:
        """The answer to one turn: any number of ProviderSession and Delta, then Finished.

        Raises ReplyError, whose `cause` is for the owner. It makes one attempt that reaches the
        agent, and closes its connection when it is closed itself. `ReplyReader` bounds how long it
        takes and how long its text is, and refuses an answer without any.
        """


def fits(session: str) -> bool:
    """Can this id of a platform's session be stored?"""
    return len(session) <= MAX_SESSION and is_clean(session)


def _never(over: Callable[[], None]) -> bool:
    return False


# Called before each further read of a platform's answer, whose time is the relay's business: True
# where that is to rest first, until `over` is called.
rest_until: ContextVar[Callable[[Callable[[], None]], bool]] = ContextVar(
    "rest_until", default=_never
)
