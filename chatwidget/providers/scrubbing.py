"""No word of a platform's may hold its key, however it is written: plain, encoded or cut in two.

A `Scrubber` is made once for a key; its `stream()` cleans one reply, piece by piece. Where a piece
ends as the key begins, that end waits for the next piece, so that no visitor reads half a key.
"""

from __future__ import annotations

import base64
import json
import re
import traceback
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from chatwidget.conf import Secret

SCRUBBED = "[key]"
# Shorter keys are words such as "ollama" or "none", which local servers are given and an answer may
# hold. Causes, which owners alone read, are cleaned of any key of four characters (a shorter one is
# no secret), and of four that are cut off by an ellipsis.
SHORTEST = 8
TELLING = 4
_ESCAPE = re.compile(r"(?<=%)[0-9a-fA-F]{2}|(?<=\\u)[0-9a-fA-F]{4}|\A(?:[0-9a-f]{2}){8,}\Z")


def spellings(key: str) -> set[str]:
    """The key as a text may hold it: plain, URL- and JSON-escaped, hexadecimal, and in base64."""
    encoded = key.encode()
    escaped = json.dumps(key)[1:-1]
    found = {escaped, escaped.replace("/", r"\/"), quote(key, safe="/"), quote(key, safe="")}
    found |= {"".join(f"{mark}{byte:02x}" for byte in encoded) for mark in ("", "%", r"\u00")}
    found |= {_ESCAPE.sub(lambda digits: digits[0].lower(), text) for text in tuple(found)}
    found |= {_ESCAPE.sub(lambda digits: digits[0].upper(), text) for text in tuple(found)}
    for text in _base64(encoded):
        found |= {text, text.replace("+", "-").replace("/", "_")}
    return {key, *found}


def _base64(encoded: bytes) -> Iterator[str]:
    """What base64 makes of it, wherever in a longer text it stands.

    Three bytes make four letters, so these depend on where it begins. The outermost ones, which it
    shares with its neighbours, are left out.
    """
    for before, skipped in ((0, 0), (1, 2), (2, 3)):
        text = base64.b64encode(bytes(before) + encoded).decode()
        yield text[skipped : len(text) - (0, 3, 2)[(before + len(encoded)) % 3]]


def _beginning(spelling: str) -> str:
    """A pattern of where it may begin: of its first three letters, as many as there are."""
    pattern = ""
    for letter in reversed(spelling[:3]):
        pattern = re.escape(letter) + (rf"(?:\Z|{pattern})" if pattern else "")
    return pattern


class Scrubber:
    """Removes one key from text, whole or streamed."""

    def __init__(self, key: Secret) -> None:
        text = key.reveal()
        self._spellings = spellings(text) if len(text) >= TELLING else set()
        longest_first = sorted(self._spellings, key=len, reverse=True)
        self._whole = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
        begins = "|".join(sorted(map(_beginning, self._spellings))) or "(?!)"
        self._suspicion = re.compile(begins)
        self._beginnings = re.compile(f"(?={begins})")  # all of them: they may overlap
        self._reach = max(map(len, self._spellings), default=1) - 1
        self.streams = len(text) >= SHORTEST

    def clean(self, text: str) -> str:
        """The text without the key; also where an excerpt ends in the midst of it."""
        text = self.replace(text)
        if text.endswith("…") and (cut := self.begun(text[:-1])) >= TELLING:
            text = f"{text[: -cut - 1]}{SCRUBBED}…"
        return text

    def suspects(self, text: str) -> bool:
        """May the key begin in this text? Quick, since every piece of every reply is asked."""
        return self._suspicion.search(text) is not None

    def holds(self, text: str) -> bool:
        """Is the key in this text?"""
        return self.streams and self._whole.search(text) is not None

    def replace(self, text: str) -> str:
        return self._whole.sub(SCRUBBED, text)

    def begun(self, text: str) -> int:
        """How many characters at the end may be the beginning of the key."""
        tail = text[-self._reach :]
        for place in self._beginnings.finditer(tail):
            end = tail[place.start() :]
            if any(spelling.startswith(end) for spelling in self._spellings):
                return len(end)
        return 0

    def clean_value(self, value: Any) -> Any:
        """JSON without the key, in any of its texts and names."""
        if isinstance(value, str):
            return self.replace(value) if self.streams else value
        if isinstance(value, list):
            return [self.clean_value(each) for each in value]
        if isinstance(value, dict):
            return {self.clean_value(name): self.clean_value(each) for name, each in value.items()}
        return value

    def stream(self) -> Stream:
        return Stream(self)


class Stream:
    """One reply's text, cleaned as it comes."""

    __slots__ = ("_held", "_scrubber")

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._held = ""

    def feed(self, text: str) -> str:
        """What may be shown by now."""
        scrubber = self._scrubber
        if not (scrubber.streams and (self._held or scrubber.suspects(text))):
            return text
        text = scrubber.replace(self._held + text)
        shown = len(text) - scrubber.begun(text)
        self._held = text[shown:]
        return text[:shown]

    def end(self) -> str:
        """What was held: it only looks like the key's beginning, unless it is much of it."""
        held, self._held = self._held, ""
        return SCRUBBED if len(held) >= SHORTEST else held


def described(error: BaseException, key: Secret) -> str:
    """An adapter's bug as a text for the log: its frames hold what it sends, its words may, too."""
    return scrubber_of(key).clean("".join(traceback.format_exception(error)))


@lru_cache(maxsize=64)
def scrubber_of(key: Secret) -> Scrubber:
    """One for all replies that use the key: to make it costs more than a reply does."""
    return Scrubber(key)
