"""Full-text search over what was said, who said it, and what staff noted.

`SearchEntry` holds the folded words of one message, or of all that is known about a conversation
beside its messages. SQLite indexes them by FTS5, PostgreSQL by a GIN index over a tsvector. For a
page of the list, the newest of what matches is looked at, until there is enough for it; and since
an index reads all that matches before it knows the newest, frequent words are looked for in the
newest entries themselves, whose number does not grow with what is stored. An entry's id sorts by
the time of its message. `search_index` makes them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import compress
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from chatwidget.models import Conversation, SearchEntry
from chatwidget.transcripts import search_sql
from chatwidget.transcripts.search_query import Query, Term

# Of the entries that match, so many of the newest are looked at for each conversation that is
# wanted; more where too few of these are left by other conditions, and all then.
ENTRIES = (5, 50)
ALL = 1 << 40
# Before that, so many of the newest conversations that other conditions leave are read themselves.
FEW = 2_000
# So many conversations are read for the next one that matches, and then so many.
NEAR = (50, FEW)
# The index reads all that match before it knows the newest. For one of them, so many entries are
# read one after the other in the same time.
INDEX_COST = {"postgresql": 8.0, "sqlite": 0.12}
Rows = QuerySet[Conversation]


def find(
    conversations: Rows, query: Query, enough: int = 0, also: Q | None = None
) -> tuple[Rows, bool]:
    """Those of the conversations that match, and whether that is all of them.

    `enough`: where more match, so many will do, of the newest. `also`: or these.
    """
    also = also or Q()

    def those(keys: Collection[str]) -> Rows:
        return conversations.filter(Q(pk__in=search_sql.among(keys)) | also)

    look = _look(query) if query.says_what_is else None
    for keys, is_all in _tries(conversations, query, look, enough) if enough else ():
        found = those(keys)
        if is_all or _some(found, enough).count() == enough:
            return found, is_all
    if look is not None:
        return those(_holders(query, look, ALL)[0]), True
    held = (_holding([term], query) for term in query.unwanted)
    without = (~Exists(entries.filter(conversation=OuterRef("pk"))) for entries in held)
    return conversations.filter(Q(*without) | also), True


def _tries(
    conversations: Rows, query: Query, look: _Look | None, enough: int
) -> Iterator[tuple[set[str], bool]]:
    """Conversations that match, each time by a further look; and whether those are all of them."""
    if look is None:
        newest, is_all = _newest_of(conversations)
        yield newest - _unwanted(query, newest), is_all
        return
    some, many = (enough * entries for entries in ENTRIES)
    keys, is_all = _holders(query, look, some)
    yield keys, is_all
    if look.least * look.stored > many:
        newest, is_all = _newest_of(conversations)
        yield keys | _that_match(newest, query), is_all
    yield _holders(query, look, many)


def first(conversations: Rows, query: Query, also: Q | None = None) -> UUID | None:
    """The first of the conversations, in their order, that matches, or is one of `also`."""
    look = _look(query)
    if not also and (look.least * look.stored > FEW or not query.says_what_is):
        # Many match: the first is near, wherever in time that is.
        for most in NEAR:
            keys = list(conversations.values_list("pk", flat=True)[:most])
            those = _that_match({key.hex for key in keys}, query)
            if those or len(keys) < most:
                return next((key for key in keys if key.hex in those), None)
    found, _ = find(conversations, query, also=also)
    return found.values_list("pk", flat=True).first()


def few(query: Query, most: int) -> Q:
    """That a conversation is one of those that match, if no more than so many entries do."""
    keys, is_all = _holders(query, _look(query), most + 1)
    return Q(pk__in=search_sql.among(keys)) if is_all else Q()


def find_messages(query: Query, within: Iterable[UUID], most: int = 1000) -> dict[UUID, list[UUID]]:
    """The messages that match any of the query's words, newest first, by conversation.

    Those that hold all of them come first, then the newest of each word. Reads the entries of these
    conversations, by their own index, and not those of all that match.
    """
    rows = search_sql.messages(query, [each.hex for each in within], most)
    said: dict[UUID, list[tuple[UUID, tuple[bool, ...]]]] = {}
    for conversation, message, holds in rows:
        said.setdefault(conversation, []).append((message, holds))
    found: dict[UUID, list[UUID]] = {}
    for conversation, hits in said.items():
        whole = [message for message, holds in hits if all(holds)]
        newest = {
            term: message
            for message, holds in reversed(hits)
            for term in compress(query.wanted, holds)
        }
        others = [message for message, _ in hits]
        found[conversation] = list(dict.fromkeys([*whole, *newest.values(), *others]))[:most]
    return found


def _holding(terms: Iterable[Term], query: Query) -> QuerySet[SearchEntry]:
    """The entries that hold all of the terms: for few of them, since each is read."""
    test = RawSQL(*search_sql.contains(terms, query.marks), output_field=BooleanField())
    return SearchEntry.objects.filter(test)


class _Look(NamedTuple):
    """What is known of a query by a look at some entries: about how many are stored, what share of
    them holds all of the terms, which term is the rarest, and its share."""

    stored: int
    share: float
    rarest: Sequence[Term]
    least: float


def _look(query: Query) -> _Look:
    wanted = query.wanted
    if connection.vendor not in INDEX_COST:  # it reads all entries in any case
        return _Look(1, 0, sorted(wanted, key=lambda term: -term.size)[:1], 0)
    if len(wanted) < 2:
        [share], stored = search_sql.shares([wanted], query)
        return _Look(stored, share, wanted, share)
    [share, *of_each], stored = search_sql.shares([wanted, *zip(wanted)], query)
    # Of two that are as rare, as far as it is seen, the longer one may well be rarer.
    by_share = zip(of_each, wanted, strict=True)
    least, rarest = min(by_share, key=lambda each: (each[0], -each[1].size))
    return _Look(stored, share, [rarest], least)


def _holders(query: Query, look: _Look, most: int) -> tuple[set[str], bool]:
    """The conversations that match, in one message, or in several and about it, as hexadecimal
    digits: by `most` of the newest entries that hold all of the terms, and the rarest of them. And
    whether those are all of them."""
    found, is_all = _newest(look.rarest, query, most, look.least, look.stored)
    if others := [[term] for term in query.wanted if term not in look.rarest]:
        theirs = found
        found = set() if is_all else _newest(query.wanted, query, most, look.share, look.stored)[0]
        found |= _with_each(others, query, theirs - found)
    return found - _unwanted(query, found), is_all


def _some(conversations: Rows, most: int) -> QuerySet[Conversation, UUID]:
    return conversations.order_by().values_list("pk", flat=True)[:most]


def _newest_of(conversations: Rows) -> tuple[set[str], bool]:
    """The FEW newest of the conversations, and whether there are no more."""
    newest = conversations.order_by("-last_message_at", "-pk").values_list("pk", flat=True)
    keys = [key.hex for key in newest[: FEW + 1]]
    return set(keys[:FEW]), len(keys) <= FEW


def _that_match(keys: set[str], query: Query) -> set[str]:
    """Those of a few conversations that match."""
    keys = _with_each([[term] for term in query.wanted] or [[]], query, keys)
    return keys - _unwanted(query, keys)


def _with_each(sets: Iterable[Sequence[Term]], query: Query, keys: set[str]) -> set[str]:
    """Those of the conversations that have an entry for each of the sets, with all its terms."""
    for terms in sets:
        keys = search_sql.within(terms, query, keys)
    return keys


def _unwanted(query: Query, keys: set[str]) -> set[str]:
    """Those of the conversations that have an entry with a term that is not wanted."""
    return {key for term in query.unwanted for key in search_sql.within([term], query, keys)}


def _newest(
    terms: Sequence[Term], query: Query, most: int, share: float, stored: int
) -> tuple[set[str], bool]:
    """The conversations of so many of the newest entries that hold all of the terms, and whether
    there are no more. About such a share of those that are stored does."""
    cost = INDEX_COST.get(connection.vendor)
    if cost and share and most / share < cost * share * stored:
        found = search_sql.in_newest(terms, query, int(2 * most / share), most)
        if sum(found.values()) == most:
            return set(found), False
    found = search_sql.by_index(terms, query, most)
    return set(found), sum(found.values()) < most
