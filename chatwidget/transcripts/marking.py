"""The line of a text in which something searched for was said, with its words marked."""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Iterable, Sequence

from chatwidget.transcripts.folding import MAX_TEXT, tokens
from chatwidget.transcripts.search_query import Query, Term

BEFORE, LENGTH = 40, 160  # code points of the line

Piece = tuple[str, bool]  # some of the text, and whether it is marked


def excerpt(text: str, query: Query) -> list[Piece]:
    """One line around the first words that match; the text's beginning where none does."""
    text = _line(text)
    marked = marks(text, query.wanted, LENGTH)
    start = max(marked[0][0] - BEFORE, 0) if marked else 0
    if start:  # where a word begins, if one does nearby
        start = max(text.rfind(" ", start - 20, start) + 1, start - 20)
    at, end = start, start + LENGTH
    pieces: list[Piece] = [("…" if start else "", False)]
    for begins, ends in marked:
        if begins < end:  # and no further, where what is one word is as long as a text
            pieces += [(text[at:begins], False), (text[begins : min(ends, end)], True)]
            at = min(ends, end)
    pieces += [(text[at:end], False), ("…" if max(at, end) < len(text) else "", False)]
    return [piece for piece in pieces if piece[0]]


def first_excerpt(texts: Iterable[str], query: Query) -> list[Piece]:
    """The line of the first of the texts that has something to mark; of the first text, if none."""
    lines = (excerpt(text, query) for text in texts if text)
    first = next(lines, [])
    return next((line for line in (first, *lines) if any(marked for _, marked in line)), first)


def holds(text: str, query: Query) -> bool:
    """Whether any of the words is in the text."""
    return bool(marks(_line(text), query.wanted, 0))


def _line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text[:MAX_TEXT]).split())


def marks(text: str, terms: Sequence[Term], reach: int) -> list[tuple[int, int]]:
    """Where the terms are, in order: all the words of each, one after the other.

    Those that begin within `reach` code points of the first one; the rest is not read.
    """
    size = max((len(term.words) for term in terms), default=0)
    said: deque[tuple[str, int, int]] = deque(maxlen=size)
    found: set[tuple[int, int]] = set()
    last = len(text)
    ends = tuple(term.words[-1] for term in terms)
    for token in tokens(text):
        if token[1] > last:
            break
        said.append(token)
        for term in terms if token[0].startswith(ends) else ():
            if _ends(term, said):
                its = [(start, end) for _, start, end in said][-len(term.words) :]
                found.update(its)
                last = min(last, its[0][0] + reach)
    joined: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:  # pairs of one script without spaces
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _ends(term: Term, said: Sequence[tuple[str, int, int]]) -> bool:
    """Whether what was said ends with the term."""
    *before, last = term.words
    word = said[-1][0]
    if not (word.startswith(last) if term.is_beginning else word == last):
        return False
    return not before or [word for word, _, _ in said][-len(term.words) : -1] == before
