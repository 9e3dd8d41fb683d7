"""Identifies the visitor of a `hello`: by their token, or by what the site vouches for."""

from __future__ import annotations

import logging
from uuid import UUID

from chatwidget import tokens
from chatwidget.conf import Secret
from chatwidget.errors import CloseCode, CloseConnection, PlatformMisconfigured
from chatwidget.languages import choose_language
from chatwidget.models import Widget, new_id
from chatwidget.protocol import Hello, Identity
from chatwidget.sockets import origin
from chatwidget.sockets.client import Client
from chatwidget.sockets.origin import Scope
from chatwidget.sockets.page_address import page_address
from chatwidget.text import cleaned
from chatwidget.tokens import VerifiedIdentity
from chatwidget.transcripts import VisitorDetails

logger = logging.getLogger("chatwidget")


def identify(scope: Scope, address: str, widget: Widget, hello: Hello) -> Client:
    """Who says `hello` in a frame of the widget, and may.

    Raises CloseConnection where the frame's token, the embedding page or its proof does not hold.
    """
    greeting = tokens.check_frame_token(hello.token or "", widget.slug)
    embedder = origin.embedder(hello.page)
    if not origin.may_embed(scope, embedder, widget.allowed_origins):
        raise CloseConnection(CloseCode.ORIGIN, f"{embedder} may not embed the widget")
    verified = _verified_identity(widget, hello.identity)
    token = tokens.visitor_of(hello.visitor, widget.pk) if hello.visitor else None
    visitor, anonymous = _visitor_of(widget.pk, token, verified)
    return Client(
        visitor=visitor,
        address=address,
        embedder=embedder,
        user_agent=cleaned(origin.header(scope, b"user-agent"), 500),
        language=choose_language(
            widget.appearance.get("language", ""),
            hello.locale or "",
            origin.header(scope, b"accept-language"),
        ),
        identity=verified,
        anonymous=anonymous,
        signs_in=verified is not None and visitor != token,
        is_new=verified is None and visitor != token,
        greeting=greeting,
        details=_details_of(hello, verified),
    )


def _verified_identity(widget: Widget, given: Identity | None) -> VerifiedIdentity | None:
    """Whom the embedding site vouches for; None where it vouches for nobody.

    Raises CloseConnection for a proof that does not hold, which is never taken for less, and where
    the widget requires one.
    """
    verified = None
    if given is not None and given.proof is not None:
        secret = _secret(widget)
        # Without a secret, a proof that is not our own says nothing: nobody could make it.
        if secret or ":" in given.proof:
            verified = tokens.verify_identity(str(given.id), given.proof, widget.slug, secret)
    if widget.require_identity and verified is None:
        raise CloseConnection(CloseCode.UNAUTHORIZED, "identity: none, and one is required")
    return verified


def _secret(widget: Widget) -> Secret:
    try:
        return widget.identity_secret
    except PlatformMisconfigured as error:
        logger.error("identity secret of %s: %s", widget.slug, error)
        raise CloseConnection(CloseCode.UNAUTHORIZED, "identity: the secret is lost") from None


def _visitor_of(
    widget: int, token: UUID | None, verified: VerifiedIdentity | None
) -> tuple[UUID, UUID | None]:
    """The visitor, and the anonymous one whom they have been until now.

    A token of somebody who is vouched for opens nothing by itself: signing out ends it.
    """
    if verified is not None:
        anonymous = None if token is None or tokens.is_verified(token) else token
        return tokens.verified_visitor(widget, verified.id), anonymous
    if token is None or tokens.is_verified(token):
        return new_id(), None
    return token, None


def _details_of(hello: Hello, verified: VerifiedIdentity | None) -> VisitorDetails:
    """What is known of visitor and page when a chat is opened."""
    page, given = hello.page, hello.identity or Identity()
    return VisitorDetails(
        page_url=page_address(page.url) if page else "",
        page_title=cleaned(page.title, 500) if page else "",
        referrer=page_address(page.referrer) if page else "",
        # Nobody vouches for these: a name and an email, nothing more.
        name=cleaned((verified and verified.name) or given.name, 200),
        email=cleaned((verified and verified.email) or given.email, 320),
        external_id=verified.id if verified else "",
        email_verified=bool(verified and verified.email),
    )
