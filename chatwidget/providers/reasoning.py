"""What a model thinks before it answers: hidden, folded away, or shown; never part of the history.

A platform sends it beside the text, or within it between `<think>` and `</think>`; where its prompt
holds the opening tag already, only the closing one comes. `Reasoning` tells the two apart in any
cut, and writes what a visitor is to see:

    hide    the answer alone
    fold    <think>the thoughts</think>, which the chat folds, and the answer
    show    > 💭 the thoughts, as a quotation, and the answer
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from chatwidget.conf import conf
from chatwidget.errors import PlatformRejected

MODES = ("hide", "fold", "show")
QUOTE = "> 💭 "

_NAMES = "think|thinking|thought|reasoning"
_OPEN = re.compile(rf"\s*(?:<(?:{_NAMES})>|\[THINK\])", re.I)
_CLOSE = re.compile(rf"</(?:{_NAMES})>|\[/THINK\]", re.I)
_OPENING = (*(f"<{name}>" for name in _NAMES.split("|")), "[think]")
_CLOSING = (*(f"</{name}>" for name in _NAMES.split("|")), "[/think]")
_QUOTES = tuple("`'\"“‘«„")
_QUOTED = re.compile(rf"{QUOTE}.*(?:\n>.*)*\s*")

# Models (base URL and name) of whose thoughts only the closing tag comes, and how many answers
# without it are awaited before that is forgotten. Where an owner has not said so, it shows in the
# first such answer, which is begun anew then; from then on, while the process lives, the beginning
# of the model's answers is held back until that tag.
AWAITED = 3
_unopened: dict[tuple[str, str], int] = {}


def opens_no_thoughts(model: tuple[str, str]) -> bool:
    """Has this model been seen to send only the closing tag of its thoughts?"""
    return model in _unopened


def without_reasoning(text: str) -> str:
    """A stored reply without its thoughts, as it goes into the history."""
    if text.startswith(QUOTE):
        return _QUOTED.sub("", text, count=1)
    opened, closed = _OPEN.match(text), _CLOSE.search(text)
    if closed and (opened or _stray(text)):
        return text[closed.end() :].lstrip()
    return "" if opened else text


def _stray(text: str) -> bool:
    """Is there a closing tag with no opening one before it, and which no quotes speak of?"""
    closed = _CLOSE.search(text)
    return (
        closed is not None
        and not text[: closed.start()].endswith(_QUOTES)
        and not _mentions_opening(text[: closed.start()])
    )


def _mentions_opening(text: str) -> bool:
    return any(tag in text.lower() for tag in _OPENING)


def _tail(text: str, tags: tuple[str, ...]) -> int:
    """How many of the last characters may be the beginning of a tag."""
    start = max(text.rfind("<"), text.rfind("["))
    return len(text) - start if start >= 0 and _begins(text[start:], tags) else 0


def _begins(text: str, tags: tuple[str, ...]) -> bool:
    return any(tag.startswith(text.lower()) for tag in tags)


class _Splitter:
    """Text in any cut → its pieces, each with whether it is a thought."""

    def __init__(self, unopened: bool) -> None:
        self.unopened = unopened  # it begins with thoughts, whose opening tag does not come
        self.closed = False  # the closing tag has come
        self.stray = False  # and there was no opening one
        self.anew = False  # what has passed for the answer were thoughts, which come once more
        self._passed: list[str] = []
        self._phase: Literal["start", "thinking", "guarded", "closed", "answer"] = "start"
        self._rest = ""  # what cannot be told yet

    def feed(self, text: str) -> Iterator[tuple[bool, str]]:
        self._rest += text
        if self._phase == "start":
            if opened := _OPEN.match(self._rest):
                self._phase, self.unopened = "thinking", False
                self._rest = self._rest[opened.end() :]
            elif _begins(self._rest.lstrip(), _OPENING):  # or nothing but white space
                return
            elif _stray(self._rest):
                self._phase, self.stray = "thinking", True
            else:
                self._phase = "thinking" if self.unopened else "guarded"
        if self._phase == "thinking":
            closed = _CLOSE.search(self._rest)
            if closed is None:
                yield True, self._taken(_CLOSING)
                return
            yield True, self._rest[: closed.start()]
            self._close(closed.end())
        if self._phase == "guarded":
            yield from self._guarded()
        if self._phase == "closed":
            self._rest = self._rest.lstrip()
            if not self._rest:
                return
            self._phase = "answer"
        if self._phase == "answer":
            said, self._rest = self._rest, ""
            yield False, said

    def _guarded(self) -> Iterator[tuple[bool, str]]:
        """What passes for the answer, until a closing tag says that it is none."""
        sure = len(self._rest) - _tail(self._rest, _OPENING + _CLOSING)
        closed = _CLOSE.search(self._rest[:sure])
        before = self._rest[: closed.start() if closed else sure]
        if closed is None and not _mentions_opening(before):
            self._rest = self._rest[sure:]
            if before:
                self._passed.append(before)
            yield False, before
        elif closed is None or not _stray("".join(self._passed[-1:]) + self._rest):
            self._phase = "answer"  # it speaks of such tags itself
        else:
            self.stray, self.anew = True, any(self._passed)
            yield True, "".join((*self._passed, before))
            self._close(closed.end())

    def _close(self, end: int) -> None:
        self._phase, self.closed, self._rest = "closed", True, self._rest[end:]

    def end(self) -> Iterator[tuple[bool, str]]:
        yield self._phase == "thinking", self._rest
        self._rest = ""

    def _taken(self, tags: tuple[str, ...]) -> str:
        """All but what may be the beginning of a tag."""
        cut = len(self._rest) - _tail(self._rest, tags)
        taken, self._rest = self._rest[:cut], self._rest[cut:]
        return taken


class Reasoning:
    """One answer's: its pieces go in, and what a visitor is to see comes out.

    `unopened`: its owner says that only the closing tag of the model's thoughts comes.
    """

    def __init__(self, mode: str, model: tuple[str, str], *, unopened: bool = False) -> None:
        self.answered = False
        self.anew = False  # what has come out before this is no answer
        self._mode = mode
        self._model = model
        self._split = _Splitter(unopened or model in _unopened)
        self._held = ""  # thoughts, if the closing tag comes; else the answer
        self._thought = False  # there have been any
        self._open = False  # and are being written
        self._blank = ""  # white space that is written once more comes

    def thought(self, text: str) -> str:
        """A piece of what the platform itself calls reasoning."""
        if not text:
            return ""
        self._split.unopened = False
        return self._think(_CLOSE.sub("", text))

    def content(self, text: str) -> str:
        """A piece of the answer's text, which may hold thoughts between tags."""
        return self._written(self._split.feed(text))

    def end(self, *, whole: bool = True) -> str:
        """What is left when the platform has ended; `whole`: not where it was cut off."""
        out = self._written(self._split.end())
        if self._split.closed and (self._split.stray or self._split.unopened):
            _unopened[self._model] = AWAITED
        elif self._split.unopened and whole:
            if left := _unopened.pop(self._model, 1) - 1:
                _unopened[self._model] = left
            out, self._held = self._answer(self._held) + out, ""
        return out + self._think(self._held) + self._closed()

    def _written(self, pieces: Iterator[tuple[bool, str]]) -> str:
        out = ""
        for is_thought, text in pieces:
            if self._split.anew:
                self._split.anew, self.anew = False, True
                out, self.answered, self._thought, self._open = "", False, False, False
            if is_thought and self._split.unopened:
                self._held += text
                if len(self._held) > conf().MAX_REPLY_LENGTH:
                    raise PlatformRejected("the reasoning is longer than a reply may be")
            elif is_thought:
                out += self._think(text)
            elif text:
                held, self._held = self._held, ""
                out += self._think(held) + self._answer(text)
        return out

    def _think(self, text: str) -> str:
        if self.answered or not text:
            return ""
        self._thought = True
        if self._mode == "hide":
            return ""
        text = self._blank + text if self._open else text.lstrip()
        written = text.rstrip()
        self._blank = text[len(written) :]
        if not written:
            return ""
        if self._mode == "show":
            written = written.replace("\n", "\n> ")
        begin = "" if self._open else "<think>" if self._mode == "fold" else QUOTE
        self._open = True
        return begin + written

    def _answer(self, text: str) -> str:
        if self.answered:
            return text
        text = text.lstrip() if self._thought else text
        if not text:
            return ""
        self.answered = bool(text.strip())
        return self._closed() + text

    def _closed(self) -> str:
        """What ends the thoughts, once; nothing where none are being written."""
        if not self._open:
            return ""
        self._open = False
        return "</think>\n\n" if self._mode == "fold" else "\n\n"
