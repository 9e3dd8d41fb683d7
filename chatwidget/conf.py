"""Configuration, typed: `settings.CHATWIDGET` (a dict, read once), and a widget's platform.

An unknown key or a bad value in the settings raises ImproperlyConfigured and names it.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, Literal, NoReturn

import msgspec
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from limits import parse_many

Amount = Annotated[int, msgspec.Meta(ge=0, le=10**15)]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Secret:
    """A key that no repr, log or error report shows; `reveal()` opens it, where it is written."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(…)" if self else "Secret()"

    def __str__(self) -> NoReturn:
        raise TypeError("a Secret is no text: write secret.reveal() where its text is needed")


class Timeouts(msgspec.Struct, frozen=True, array_like=True):
    """How long a platform may take, in seconds."""

    connect: float = 5.0
    first: float = 60.0  # until the first byte of the answer's body
    between: float = 30.0  # between two pieces of it
    total: float = 300.0


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rates in the notation of the `limits` library; several are joined by `;`."""

    messages_per_visitor: str = "30/minute;500/day"
    messages_per_address: str = "300/minute;10000/day"
    conversations_per_visitor: str = "20/minute"
    conversations_per_address: str = "120/minute;2000/day"
    greetings_per_address: str = "120/minute;2000/day"  # asked of the platform
    challenges_per_address: str = "30/minute;500/day"  # solved
    messages_per_challenge: int = 10  # beyond those of the address, in an hour
    connections_per_address: str = "600/minute"
    own_data_per_visitor: str = "10/hour"  # downloads, copies by mail and deletions of one's own
    own_data_per_address: str = "100/hour"
    copies_per_visitor: str = "5/day"  # by mail
    copies_per_address: str = "20/day"
    copies_per_mailbox: str = "5/day"
    sockets_per_visitor: int = 50  # open at once, in one process
    sockets_per_address: int = 1000
    pages_per_address: int = 50  # loaders and frames a second; for a while fifteen times as many
    frames_per_second: int = 100  # sustained, for one socket
    frames_burst: int = 600
    # Visits to the database a second, of all sockets in one process (a page of history is ten); for
    # a while fifteen times as many.
    work_per_visitor: int = 20
    work_per_address: int = 100
    # The same of all that one widget's visitors ask beside what they say, in one process: what is
    # more waits in line.
    work_per_widget: int = 300


class Conf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `settings.CHATWIDGET` may hold; every key has a default."""

    # Newest first. The first encrypts providers' keys, all of them decrypt. Empty: from SECRET_KEY.
    SECRET_KEYS: tuple[str, ...] = ()
    # May a base URL be plain http, or name a private address? None: as DEBUG.
    ALLOW_PRIVATE_PROVIDERS: bool | None = None
    # True: the default limits; False: none (load tests); or a Limits of one's own.
    LIMITS: bool | Limits = True
    # Where the limits count, as the `limits` library writes it: "redis://…" for several processes.
    LIMITS_STORAGE: str = "memory://"
    TIMEOUTS: Timeouts = Timeouts()
    DRAIN_SECONDS: float = 20.0
    # How long a fallback answers before one message tries the widget's own platform again.
    FALLBACK_SECONDS: float = 30.0
    # What a visitor may solve whose address has used up its share. "altcha": a proof of work, by
    # their browser alone. The other two need the keys that their owners give out.
    CHALLENGE: Literal["altcha", "turnstile", "hcaptcha", "off"] = "altcha"
    CHALLENGE_SITE_KEY: str = ""
    CHALLENGE_SECRET: str = ""
    # Where tokens are checked, where it is not their own server (a proxy on the way out, say).
    CHALLENGE_VERIFY_URL: str = ""
    # CIDRs whose X-Forwarded-For is believed.
    TRUSTED_PROXIES: tuple[str, ...] = ()
    # Adapters by name, added to the built-in ones: "mine": "package.module.Class".
    PROVIDERS: dict[str, str] = {}
    # Code points a visitor may send at once; a platform's own lower limit wins.
    MAX_MESSAGE_LENGTH: int = 4000
    # Code points of one reply; a longer answer fails as provider_rejected, with what came kept.
    MAX_REPLY_LENGTH: int = 1_048_576
    # What is kept of the query of an embedding page's address: all but what looks like a secret,
    # nothing, or all.
    PAGE_QUERY: Literal["safe", "none", "all"] = "safe"
    # A function that sees each message before it is stored: "package.module.function".
    MESSAGE_HOOK: str = ""
    # Who may read `chatwidget.metrics`: with this token as `Authorization: Bearer …`, or from these
    # CIDRs; by default nobody.
    METRICS_TOKEN: str = ""
    METRICS_ADDRESSES: tuple[str, ...] = ()
    # How long a visitor's token is good for, from when it was last used, in days.
    VISITOR_DAYS: int = 400

    def __repr__(self) -> str:
        return "Conf(…)"  # some of it is secret, and frames of error reports hold it

    @property
    def allow_private_providers(self) -> bool:
        return (
            settings.DEBUG if self.ALLOW_PRIVATE_PROVIDERS is None else self.ALLOW_PRIVATE_PROVIDERS
        )

    @property
    def limits(self) -> Limits | None:
        """The limits in force, None for none."""
        if isinstance(self.LIMITS, Limits):
            return self.LIMITS
        return Limits() if self.LIMITS else None

    @property
    def challenge(self) -> str:
        """The kind in force; empty for none, and where keys are missing: a check says so."""
        ready = self.CHALLENGE == "altcha" or (self.CHALLENGE_SITE_KEY and self.CHALLENGE_SECRET)
        return self.CHALLENGE if ready and self.CHALLENGE != "off" else ""

    @property
    def trusted_proxies(self) -> list[Network]:
        return [ipaddress.ip_network(cidr, strict=False) for cidr in self.TRUSTED_PROXIES]

    @property
    def metrics_addresses(self) -> list[Network]:
        return [ipaddress.ip_network(cidr, strict=False) for cidr in self.METRICS_ADDRESSES]


class Budgets(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a widget may use up; 0: as much as it likes."""

    daily_messages: Amount = 0
    daily_characters: Amount = 0  # of visitors' messages
    daily_seconds: Amount = 0  # that the platform is busy with replies
    daily_greetings: Amount = 0  # asked of the platform
    max_running: Amount = 0  # replies at once


class Desk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How people answer a widget's visitors in the place of its agent."""

    # Minutes without a word of the person who has a conversation, until the agent has it again.
    resume_minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)] = 10
    offer_person: bool = False  # the widget has a button that asks for one
    own_data: bool = False  # visitors may download and delete what is kept of them
    hours: list[str] = []  # "Mon-Fri 09:00-17:30"; none: always
    zone: str = "UTC"
    away: str = ""  # what is said out of hours; empty: our own words
    canned: list[str] = []  # answers to pick


# Options that say which platform it is.
DESCRIBING = ("preset", "description")


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """A widget's configuration of its platform."""

    provider: str
    base_url: str = ""  # without trailing slash; empty: the provider's default
    agent: str = ""
    key: Secret = field(default_factory=Secret)
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """What a platform's session belongs to: the session is dropped when this changes."""
        parts = [self.provider, self.base_url, self.agent]
        if described := {n: self.options[n] for n in DESCRIBING if n in self.options}:
            encoded = msgspec.json.encode(described, order="sorted")
            parts.append(hashlib.sha256(encoded).hexdigest()[:16])
        return " ".join(parts)


@lru_cache(maxsize=1)
def conf() -> Conf:
    """The settings in force."""
    try:
        loaded = msgspec.convert(getattr(settings, "CHATWIDGET", {}), Conf, from_attributes=True)
        # A bad CIDR or a bad rate is refused here, not at the first visitor.
        loaded.trusted_proxies, loaded.metrics_addresses  # noqa: B018
        for rate in msgspec.structs.astuple(loaded.limits or Limits()):
            if isinstance(rate, str):
                parse_many(rate)
    except (msgspec.ValidationError, ValueError) as error:
        raise ImproperlyConfigured(f"settings.CHATWIDGET: {error}") from error
    if min(loaded.TIMEOUTS.connect, loaded.TIMEOUTS.first, loaded.TIMEOUTS.between) <= 0:
        raise ImproperlyConfigured("settings.CHATWIDGET: TIMEOUTS must be above 0")
    return loaded


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "CHATWIDGET":
        conf.cache_clear()


setting_changed.connect(_forget)
