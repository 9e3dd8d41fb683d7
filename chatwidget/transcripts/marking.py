"""The line of a text in which something searched for was said, with its words marked."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from chatwidget.transcripts.folding import MAX_TEXT, tokens
from chatwidget.transcripts.search_query import Query, Term

BEFORE, LENGTH = 40, 160  # code points of the line

Piece = tuple[str, bool]  # some of the text, and whether it is marked


def excerpt(text: str, query: Query) -> list[Piece]:
    """One line around the first words that match; the text's beginning where none does."""
    text = _line(text)
    marked = marks(text, query.wanted)
    start = max(marked[0][0] - BEFORE, 0) if marked else 0
    if start:  # where a word begins, if one does nearby
        start = max(text.rfind(" ", start - 20, start) + 1, start - 20)
    at, end = start, start + LENGTH
    pieces: list[Piece] = [("…" if start else "", False)]
    for begins, ends in marked:
        if begins < end:
            pieces += [(text[at:begins], False), (text[begins:ends], True)]
            at = ends
    pieces += [(text[at:end], False), ("…" if max(at, end) < len(text) else "", False)]
    return [piece for piece in pieces if piece[0]]


def holds(text: str, query: Query) -> bool:
    """Whether any of the words is in the text."""
    return bool(marks(_line(text), query.wanted))


def _line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text[:MAX_TEXT]).split())


def marks(text: str, terms: Iterable[Term]) -> list[tuple[int, int]]:
    """Where the terms are, in order: all the words of each, one after the other."""
    said = list(tokens(text))
    found: set[tuple[int, int]] = set()
    for term in terms:
        size = len(term.words)
        for at in range(len(said) - size + 1):
            there = said[at : at + size]
            if _is(term, [word for word, _, _ in there]):
                found.update((start, end) for _, start, end in there)
    joined: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:  # pairs of one script without spaces
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _is(term: Term, said: list[str]) -> bool:
    *before, last = term.words
    ends = said[-1].startswith(last) if term.is_beginning else said[-1] == last
    return ends and said[:-1] == before
