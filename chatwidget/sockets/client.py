"""The other end of a socket."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Client:
    """What is known of the other end of a socket."""

    visitor: UUID
    address: str
    user_agent: str
    language: str
