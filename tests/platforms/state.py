"""What the fake platforms remember: requests, violations, sessions, and replies that are held."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Hold:
    """A reply that a test writes: `None` in the queue ends it, `False` breaks it off."""

    pieces: asyncio.Queue[str | bool | None] = field(default_factory=asyncio.Queue)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    requests: int = 0


@dataclass
class State:
    log: list[dict[str, Any]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    # platform and session → the messages of both sides, oldest first
    sessions: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    # how often a fault that passes was met, by platform and fault
    met: Counter[tuple[str, str]] = field(default_factory=Counter)

    def hold(self, name: str) -> Hold:
        return self.holds.setdefault(name, Hold())

    def reset(self) -> None:
        """Forgets all; replies that are held end."""
        for hold in self.holds.values():
            hold.pieces.put_nowait(None)
        self.log.clear()
        self.violations.clear()
        self.sessions.clear()
        self.holds.clear()
        self.met.clear()


state = State()
