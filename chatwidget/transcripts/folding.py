"""Text as search sees it: words in one form, whatever letters they were written with.

Case, accents, composition, the digits of other scripts and what is not seen within a word are
folded away (NFKD without marks, casefolded). Scripts without
spaces between words (Chinese, Japanese, Thai and the like) are taken as overlapping pairs of
characters, so that any part of a sentence is found.

Both databases get the same words, as ASCII: what is not plain letters or plain digits is written in
hexadecimal behind an x, since their own ideas of what a word is differ by version and by locale; so
is what begins with an x itself, that it is not taken for the beginning of all these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# Of one text, in code points: a tsvector holds no more than a megabyte.
MAX_TEXT = 50_000
# Of one word, in code points.
MAX_WORD = 60
# Characters whose form is kept: more than the scripts of one site have, and fewer than Unicode.
MOST_KEPT = 20_000

# Letters and digits; and the vowel signs of India and its neighbours, which are neither.
_WORDS = re.compile(
    "(?:[^\\W_]|[\u00ad\u200b-\u200d\u2060\ufeff\u0900-\u0963\u0966-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])+"
)
_NO_SPACES = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]+)"
)
# What is written into words and not seen: soft hyphens, joiners.
_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
# Letters that Unicode does not take apart, as they are typed where a keyboard has none of them.
_LETTERS = {
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ħ": "h",
    "ŧ": "t",
    "ı": "i",
    "þ": "th",
}
# What a word is within, whatever its letters: without the signs of ASCII.
_RUNS = re.compile(r"[^\x00-/:-@\[-`{-\x7f]+")
_ASCII_WORDS = re.compile("[a-z0-9]+")


class _Folded(dict[int, str]):
    """What is left of each character without case and marks; a digit of any script is ours."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kind, folded = unicodedata.category(char), char.casefold()
        if kind == "Mn" or char in _UNSEEN:
            left = ""
        elif kind == "Nd":
            left = str(unicodedata.digit(char))
        else:
            left = _LETTERS.get(folded, folded)
        if len(self) < MOST_KEPT:
            self[code] = left
        return left


_FOLDED = _Folded()


def fold(text: str) -> str:
    """The text without case, accents and differences of composition."""
    if text.isascii():  # as many are
        return text.lower()
    left = unicodedata.normalize("NFKD", text.casefold()).translate(_FOLDED)
    return left if left.isascii() else unicodedata.normalize("NFC", left)


def words(text: str) -> list[str]:
    """The folded words of a text, in order; of a script without spaces, pairs of characters."""
    folded = fold(text[:MAX_TEXT])
    if folded.isascii():
        return [word[:MAX_WORD] for word in _ASCII_WORDS.findall(folded)]
    return [folded[start:end][:MAX_WORD] for start, end in _spans(folded)]


def _spans(folded: str) -> Iterator[tuple[int, int]]:
    """Where each word of a folded text begins and ends."""
    for match in _WORDS.finditer(folded):
        start = match.start()
        for number, part in enumerate(_NO_SPACES.split(match.group())):
            end = start + len(part)
            if number % 2 and len(part) > 1:
                yield from ((at, at + 2) for at in range(start, end - 1))
            elif part:
                yield start, end
            start = end


def tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """The same words of a composed text, each with where it begins and ends there."""
    for run in _RUNS.finditer(text):
        folded, begin = fold(run.group()), run.start()
        if folded.isascii() and folded.isalnum():  # one word, as most are
            yield folded[:MAX_WORD], begin, run.end()
            continue
        places = [at for at, char in enumerate(run.group(), begin) for _ in fold(char)]
        is_placed = len(places) == len(folded)  # its letters are not composed with one another
        places.append(run.end())
        for start, end in _spans(folded):
            word = folded[start:end][:MAX_WORD]
            if not is_placed:
                yield word, *run.span()
                continue
            while places[end] == places[end - 1]:  # it ends within what a character folds to
                end += 1
            yield word, places[start], places[end]


def encoded(word: str) -> str:
    """A word in ASCII."""
    is_plain = word.isascii() and (word.isalpha() or word.isdigit()) and word[0] != "x"
    return word if is_plain else _hexadecimal(word)


def beginnings(word: str) -> list[str]:
    """With which of these an encoded word begins that begins with this one."""
    return list(dict.fromkeys([encoded(word), _hexadecimal(word)]))


def _hexadecimal(word: str) -> str:
    return "x" + word.encode().hex()


def indexed(text: str) -> str:
    """A text as the index holds it: its encoded words, with a blank between two."""
    return " ".join(map(encoded, words(text)))
