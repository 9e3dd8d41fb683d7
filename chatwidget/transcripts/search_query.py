"""What somebody types to search: words, phrases, what must not be there, and of whom.

returns "two weeks" -refund from:visitor
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from chatwidget.transcripts.folding import words

# What an entry is of, by the word after `from:`, as a word of its own that no text can hold.
ORIGINS = {"visitor": "r0", "agent": "r1", "operator": "r2", "about": "r3"}
# What was typed, by blanks; what stands in quotes is one part.
_PARTS = re.compile(r'-?"[^"]*"?|\S+')
# Parts that are read: each is looked for in some thousands of entries, and who pastes a page is
# answered by its beginning.
MOST_PARTS = 50


@dataclass(frozen=True, slots=True)
class Term:
    """A word, a word's beginning, or a phrase: as its words."""

    words: tuple[str, ...]
    is_beginning: bool = False  # of the last word

    @property
    def size(self) -> int:
        """In code points."""
        return sum(map(len, self.words))


NOTHING = Term(("-",))  # no text has this word


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for: all of `wanted`, none of `unwanted`."""

    wanted: list[Term] = field(default_factory=list)
    unwanted: list[Term] = field(default_factory=list)
    # Every entry must also hold one word of each: of whose words it is, and of a widget.
    marks: list[tuple[str, ...]] = field(default_factory=list)
    before: datetime | None = None  # only what was said then

    def __bool__(self) -> bool:
        """Whether anything is searched for: where, does not count."""
        return bool(self.unwanted or self.says_what_is)

    @property
    def says_what_is(self) -> bool:
        """Not only what must not be there: a word, or who said something."""
        origins = ORIGINS.values()
        return bool(self.wanted or any(mark in origins for of in self.marks for mark in of))


def phrase(text: str, *, is_beginning: bool = False) -> Term | None:
    """The words of a text, one after the other; None where it has none."""
    found = tuple(words(text))
    return Term(found, is_beginning) if found else None


def parse(
    text: str, widgets: Collection[int] | None = None, before: datetime | None = None
) -> Query:
    """Read what somebody typed: `returns "two weeks" -refund from:visitor`.

    A word is the beginning of one; a quote that is not closed is a phrase to the end. `widgets`:
    only what was said to one of these, and `before` then.
    """
    limited = widgets is not None
    marks = [tuple(f"w{widget}" for widget in widgets or [0])] if limited else []
    query = Query(marks=marks, before=before)
    for part in islice(_PARTS.findall(text), MOST_PARTS):
        name, colon, value = part.partition(":")
        if colon and name == "from" and value in ORIGINS:
            query.marks.append((ORIGINS[value],))
            continue
        without = part.startswith("-")
        part = part[without:]
        is_phrase = part.startswith('"')
        found = tuple(words(part))
        if found:
            terms = query.unwanted if without else query.wanted
            terms.append(Term(found, is_beginning=not (is_phrase or without)))
    if text.strip() and not (query.wanted or query.unwanted or len(query.marks) > limited):
        query.wanted.append(NOTHING)
    return query
