"""The visitor at the other end of a socket, and what they and their page say of themselves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from chatwidget.protocol import Profile
from chatwidget.providers.base import VisitorIdentity
from chatwidget.sockets.page_address import page_address
from chatwidget.text import cleaned
from chatwidget.tokens import VerifiedIdentity
from chatwidget.transcripts import VisitorDetails


@dataclass(slots=True)
class Client:
    """What is known of the other end of a socket; `details` change with what it says."""

    visitor: UUID
    address: str
    embedder: str  # the origin of the page around the frame
    user_agent: str
    language: str
    identity: VerifiedIdentity | None = None  # whom the embedding site vouches for
    anonymous: UUID | None = None  # who they have been until they signed in
    signs_in: bool = False  # they are somebody else than a moment ago
    is_new: bool = False  # made in this moment: nothing is stored of them, nobody blocked them
    greeting: str = ""  # what their page greets with, until a draft has it
    details: VisitorDetails = field(default_factory=VisitorDetails)

    @property
    def person(self) -> VisitorIdentity:
        """The visitor, as platforms are told."""
        return VisitorIdentity(
            id=str(self.visitor),
            name=self.details.name,
            email=self.details.email,
            email_verified=self.details.email_verified,
            locale=self.language,
        )

    def navigate(self, url: str, title: str) -> None:
        """Keep which page embeds the chat."""
        self.details = replace(
            self.details, page_url=page_address(url), page_title=cleaned(title, 500)
        )

    def describe(self, profile: Profile) -> bool:
        """Keep what a `profile` says; False where its address is none, and the one before stays."""
        known, email = self.details, cleaned(profile.email, 320)
        good = not email or _is_email(email)
        self.details = replace(
            known,
            name=cleaned(profile.name, 200) or known.name,
            email=email if email and good and not known.email_verified else known.email,
            consent=cleaned(profile.consent, 32) or known.consent,
        )
        return good


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
