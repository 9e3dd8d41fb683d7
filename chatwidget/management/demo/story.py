"""Who says what and when: decided by a seed, so that the same one tells the same story."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from chatwidget.management.demo.words import (
    AGENTS,
    COMMENTS,
    DO_NOT_KNOW,
    FAILURES,
    NAMES,
    ODD,
    REFERRERS,
    SITES,
    Site,
)
from chatwidget.models import Role, Status

DAYS = 365
# How busy each hour is, by the site's own clock, and each day of the week from Monday on.
HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 11, 14, 15, 14, 12, 13, 15, 15, 14, 13, 12, 12, 11, 9, 6, 4)
WEEKDAYS = (1.15, 1.1, 1.05, 1.0, 1.0, 0.7, 0.6)
# Days before the last on which a platform was unwell, by the widget's slug.
BAD_DAYS = {"demo-shop": (41, 42, 200), "demo-hotel": (118,), "demo-help": (9, 10, 11)}


@dataclass(frozen=True, slots=True)
class Line:
    """One message."""

    id: UUID
    role: Role
    text: str
    at: datetime
    status: Status = Status.COMPLETE
    done_at: datetime | None = None
    first_ms: int | None = None
    total_ms: int | None = None
    error: str = ""
    cause: str = ""
    rating: int = 0
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A visitor, from their first message on."""

    id: UUID
    name: str
    email: str
    since: datetime


@dataclass(slots=True)
class Chat:
    """One conversation."""

    id: UUID
    site: Site
    person: Person
    is_new: bool  # the person's first
    at: datetime
    page: str
    page_title: str
    referrer: str
    locale: str
    user_agent: str
    lines: list[Line] = field(default_factory=list)


class Story:
    """Some `messages` in the year that ends with the day `last`."""

    def __init__(self, seed: int, messages: int, last: date) -> None:
        self._random = Random(seed)
        self._last = last
        self._messages = messages
        self._known: dict[str, list[Person]] = {site.slug: [] for site in SITES}

    def chats(self) -> Iterator[Chat]:
        """In the order in which they begin."""
        lengths = self._lengths()
        for (at, site), (exchanges, greets) in zip(
            self._begins(len(lengths)), lengths, strict=True
        ):
            yield self._chat(site, at, exchanges, greets)

    def _lengths(self) -> list[tuple[int, bool]]:
        """Exchanges of each conversation, and whether it begins with a greeting; in all, exactly
        as many messages as are wanted."""
        found, left = [], self._messages
        while left > 1:
            exchanges = min(1 + int(self._random.expovariate(1 / 2.2)), 25, left // 2)
            greets = self._random.random() < 0.5 and left > 2 * exchanges
            if left - 2 * exchanges - greets == 1:
                greets = not greets  # one alone is no conversation
            found.append((exchanges, greets))
            left -= 2 * exchanges + greets
        return found

    def _begins(self, count: int) -> list[tuple[datetime, Site]]:
        days = [self._last - timedelta(days=DAYS - 1 - number) for number in range(DAYS)]
        weights = [
            WEEKDAYS[day.weekday()] * (0.6 + 0.8 * number / DAYS) * self._random.uniform(0.85, 1.15)
            for number, day in enumerate(days)
        ]
        zones = {site.slug: ZoneInfo(site.zone) for site in SITES}
        sites = self._random.choices(SITES, [site.share for site in SITES], k=count)
        chosen = self._random.choices(days, weights, k=count)
        hours = self._random.choices(range(24), HOURS, k=count)
        begins = [
            (
                datetime.combine(day, time(hour), zones[site.slug])
                + timedelta(seconds=self._random.randrange(3600), milliseconds=number % 1000),
                site,
            )
            for number, (day, hour, site) in enumerate(zip(chosen, hours, sites, strict=True))
        ]
        begins = [(at.astimezone(ZoneInfo("UTC")), site) for at, site in begins]
        return sorted(begins, key=lambda begin: (begin[0], begin[1].slug))

    def _id(self, at: datetime) -> UUID:
        """An id of version 7: it sorts by its time."""
        milliseconds = int(at.timestamp() * 1000)
        number = (milliseconds << 80) | (7 << 76) | (self._random.getrandbits(12) << 64)
        return UUID(int=number | (2 << 62) | self._random.getrandbits(62))

    def _person(self, site: Site, at: datetime) -> tuple[Person, bool]:
        known = self._known[site.slug]
        if known and self._random.random() < 0.2:
            return known[-self._random.randint(1, min(len(known), 2000))], False
        name = self._random.choice(NAMES) if self._random.random() < 0.3 else ""
        email = ""
        if self._random.random() < (0.5 if name else 0.06):
            first = (name or self._random.choice(NAMES)).split()[0]
            plain = first.encode("ascii", "ignore").decode().lower()
            email = f"{plain}.{self._random.randrange(10_000)}@example.com"
        person = Person(self._id(at), name, email, at)
        known.append(person)
        return person, True

    def _chat(self, site: Site, at: datetime, exchanges: int, greets: bool) -> Chat:
        random = self._random
        person, is_new = self._person(site, at)
        locale = random.choices([*site.languages], [*site.languages.values()])[0]
        page = random.choices([*site.pages], [share for _, share in site.pages.values()])[0]
        chat = Chat(
            id=self._id(at),
            site=site,
            person=person,
            is_new=is_new,
            at=at,
            page=f"https://{site.host}{page}",
            page_title=site.pages[page][0],
            referrer=random.choice(REFERRERS),
            locale=locale,
            user_agent=random.choice(AGENTS),
        )
        if greets:
            text = site.greeting or "Hello! How can I help?"
            chat.lines.append(Line(self._id(at), Role.ASSISTANT, text, at, done_at=at))
        for _ in range(exchanges):
            at = self._exchange(chat, at)
        return chat

    def _exchange(self, chat: Chat, at: datetime) -> datetime:
        """A question and its answer; when the next one may come."""
        random = self._random
        if random.random() < 0.06:
            question, answer = random.choice(ODD[chat.locale]), DO_NOT_KNOW[chat.locale]
        else:
            # What is asked often is asked much more often than the rest.
            talks = chat.site.talks[chat.locale]
            weights = [1 / (number + 1) for number in range(len(talks))]
            talk = random.choices(talks, weights)[0]
            question, answer = random.choice(talk.questions), random.choice(talk.answers)
        chat.lines.append(Line(self._id(at), Role.USER, question, at, done_at=at))
        # The reply's id is younger, as in life.
        chat.lines.append(self._reply(chat, at + timedelta(milliseconds=2), answer))
        return at + timedelta(seconds=random.uniform(15, 150))

    def _reply(self, chat: Chat, at: datetime, text: str) -> Line:
        random = self._random
        ago = (self._last - at.date()).days
        is_bad = ago in BAD_DAYS[chat.site.slug]
        first = int(random.lognormvariate(math.log(2600 if is_bad else 750), 0.55))
        total = first + int(len(text) * random.uniform(8, 20))
        id, chance = self._id(at), random.random()
        if chance < (0.3 if is_bad else 0.012):
            codes = (
                {"provider_unavailable": FAILURES["provider_unavailable"]} if is_bad else FAILURES
            )
            code = random.choices([*codes], [share for share, _ in codes.values()])[0]
            status = Status.INTERRUPTED if code == "interrupted" else Status.FAILED
            cut = text[: len(text) // 3] if code == "interrupted" else ""
            done = at + timedelta(milliseconds=total)
            return Line(
                id,
                Role.ASSISTANT,
                cut,
                at,
                status,
                done,
                total_ms=total,
                error=code,
                cause=FAILURES[code][1],
            )
        stopped = chance > 0.985
        if stopped:
            text, total = text[: len(text) // 2], (first + total) // 2
        rating = 0
        if random.random() < 0.08:
            unhappy = 0.8 if text == DO_NOT_KNOW[chat.locale] else 0.2
            rating = -1 if random.random() < unhappy else 1
        comment = random.choice(COMMENTS) if rating < 0 and random.random() < 0.3 else ""
        return Line(
            id,
            Role.ASSISTANT,
            text,
            at,
            Status.STOPPED if stopped else Status.COMPLETE,
            at + timedelta(milliseconds=total),
            first_ms=first,
            total_ms=total,
            rating=rating,
            comment=comment,
        )
