"""Text as search sees it: words in one form, whatever letters they were written with.

Case, accents, composition, the digits of other scripts and what is not seen within a word are
folded away (NFKD without marks, casefolded). Scripts without
spaces between words (Chinese, Japanese, Thai and the like) are taken as overlapping pairs of
characters, so that any part of a sentence is found.

Both databases get the same words, as ASCII: what is not plain letters or plain digits is written in
hexadecimal, since their own ideas of what a word is differ by version and by locale.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# Of one text, in code points: a tsvector holds no more than a megabyte.
MAX_TEXT = 50_000
# Of one word, in code points.
MAX_WORD = 60

# Letters and digits; and the vowel signs of India and its neighbours, which are neither.
_WORDS = re.compile(
    "(?:[^\\W_]|[\u00ad\u200b-\u200d\u2060\ufeff\u0900-\u0963\u0966-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])+"
)
_NO_SPACES = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]+)"
)
# What is written into words and not seen: soft hyphens, joiners.
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
# Letters that Unicode does not take apart, as they are typed where a keyboard has none of them.
_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "þ": "th"}
)
_ASCII_WORDS = re.compile("[a-z0-9]+")


def fold(text: str) -> str:
    """The text without case, accents and differences of composition."""
    if text.isascii():  # as most are, and the rest costs a microsecond a character
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold().translate(_UNSEEN))
    kept = "".join(map(_folded, parts))
    return unicodedata.normalize("NFC", kept).casefold().translate(_LETTERS)


def _folded(char: str) -> str:
    """One character without marks; a digit of any script as ours."""
    kind = unicodedata.category(char)
    return "" if kind == "Mn" else str(unicodedata.digit(char)) if kind == "Nd" else char


def words(text: str) -> list[str]:
    """The folded words of a text, in order; of a script without spaces, pairs of characters."""
    found: list[str] = []
    folded = fold(text[:MAX_TEXT])
    if folded.isascii():
        return [word[:MAX_WORD] for word in _ASCII_WORDS.findall(folded)]
    for word in _WORDS.findall(folded):
        for number, part in enumerate(_NO_SPACES.split(word)):
            if number % 2 and len(part) > 1:
                found.extend(part[at : at + 2] for at in range(len(part) - 1))
            elif part:
                found.append(part[:MAX_WORD])
    return found


def tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """The same words of a composed text, each with where it begins and ends there."""
    for match in _WORDS.finditer(text):
        if match.group().isascii():  # as `words` has it, in a tenth of the time
            yield match.group().lower()[:MAX_WORD], match.start(), match.end()
            continue
        found = words(match.group())
        if len(found) < 2:
            yield from ((word, match.start(), match.end()) for word in found)
            continue
        folded, at = fold(match.group()), -1
        for word in found:
            at = folded.find(word, at + 1)
            if at < 0 or len(folded) != len(match.group()):  # its letters fold to others
                yield word, match.start(), match.end()
            else:
                yield word, match.start() + at, match.start() + at + len(word)


def encoded(word: str) -> str:
    """A word in ASCII."""
    is_plain = word.isascii() and (word.isalpha() or word.isdigit())
    return word if is_plain else _hexadecimal(word)


def beginnings(word: str) -> list[str]:
    """With which of these an encoded word begins that begins with this one."""
    return list(dict.fromkeys([encoded(word), _hexadecimal(word)]))


def _hexadecimal(word: str) -> str:
    return "x" + word.encode().hex()


def indexed(text: str) -> str:
    """A text as the index holds it: its encoded words, with a blank between two."""
    return " ".join(map(encoded, words(text)))
