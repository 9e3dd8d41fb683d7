"""One thing that is well, or not, and then what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How it stands; a note is worth knowing, and no fault."""

    WELL = "✓"
    NOTE = "!"
    FAULT = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    kind: Kind
    text: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"{self.kind.value} {self.text}"
        return f"{line} → {self.advice}" if self.advice else line


def well(text: str) -> Finding:
    return Finding(Kind.WELL, text)


def note(text: str, advice: str) -> Finding:
    return Finding(Kind.NOTE, text, advice)


def fault(text: str, advice: str) -> Finding:
    return Finding(Kind.FAULT, text, advice)
