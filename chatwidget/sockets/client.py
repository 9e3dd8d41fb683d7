"""The other end of a socket."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chatwidget.tokens import VerifiedIdentity


@dataclass(frozen=True, slots=True)
class Client:
    """What is known of the other end of a socket."""

    visitor: UUID
    address: str
    user_agent: str
    language: str
    identity: VerifiedIdentity | None = None  # whom the embedding site vouches for
