"""Signed tokens: the frame's opens a socket, the visitor's opens their conversations, and a proof
says whom the embedding site vouches for.

A proof is one of three:

- the lower-case hex HMAC-SHA256 of the person's id, with the widget's identity secret;
- a JWT whose `sub` is the id: HS256 with that secret, or RS256 or EdDSA where the secret is a
  public key. It has to expire; its `name` and `email` are vouched for, too;
- our own, which the template tag makes on a Django site, by the site's SECRET_KEY.

The kind of the secret says which algorithm a JWT has, never the JWT itself.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core import signing
from django.views.decorators.debug import sensitive_variables

from chatwidget.conf import Secret, conf
from chatwidget.errors import CloseCode, CloseConnection
from chatwidget.text import is_clean, uuid8

FRAME_TOKEN_SECONDS = 3600
# A page may stay open this long, and reconnect, before the person has to load it again.
OWN_PROOF_SECONDS = 7 * 86400
# Between the site's clock and ours.
LEEWAY_SECONDS = 30
MAX_ID = 200  # code points, as the transcript keeps it
SHORTEST_IDENTITY_SECRET = 16  # characters
LEAST_RSA_BITS = 2048
_FRAME = "chatwidget.frame"
_VISITOR = "chatwidget.visitor"
_PROOF = "chatwidget.proof"
_HMAC = re.compile(r"[0-9a-f]{64}")


def frame_token(slug: str, greeting: str = "") -> str:
    """What the frame shows at `hello`: it was served by us, for this widget, less than 1 h ago.

    `greeting` is what its page greets a new visitor with, whatever has changed until then.
    """
    return signing.dumps([slug, greeting] if greeting else slug, salt=_FRAME, compress=True)


def check_frame_token(token: str, slug: str) -> str:
    """The greeting in it. Raises CloseConnection for a token that is wrong, expired, or of another
    widget."""
    try:
        said = signing.loads(token, salt=_FRAME, max_age=FRAME_TOKEN_SECONDS)
    except (signing.BadSignature, ValueError) as error:
        raise CloseConnection(CloseCode.UNAUTHORIZED, f"frame token: {error}") from None
    named, greeting = said if isinstance(said, list) else (said, "")
    if named != slug:
        raise CloseConnection(CloseCode.UNAUTHORIZED, "frame token of another widget")
    return str(greeting)


def visitor_token(visitor: UUID, widget: int) -> str:
    """What a visitor holds: whoever has it may read and continue their conversations."""
    return signing.dumps([visitor.hex, widget], salt=_VISITOR)


def visitor_of(token: str, widget: int) -> UUID | None:
    """Whose token this is; None when it is invalid, expired, or of another widget."""
    try:
        max_age = conf().VISITOR_DAYS * 86400
        visitor, named = signing.loads(token, salt=_VISITOR, max_age=max_age)
        return UUID(visitor) if named == widget else None
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None


# --- identity -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VerifiedIdentity:
    """A person the embedding site vouches for; empty where it does not say."""

    id: str
    name: str = ""
    email: str = ""


def verified_visitor(widget: int, identity: str) -> UUID:
    """The visitor of a person who is vouched for: the same on every device, in every process.

    Of version 8, which tells it from all others: its token is worth nothing without a proof.
    """
    digest = hashlib.sha256(f"chatwidget.identity:{widget}:{identity}".encode()).digest()
    return uuid8(digest[:16])


def is_verified(visitor: UUID) -> bool:
    return visitor.version == 8


def own_proof(slug: str, identity: VerifiedIdentity) -> str:
    """A proof of our own, for a page that this process's site serves."""
    return signing.dumps([slug, identity.id, identity.name, identity.email], salt=_PROOF)


def verify_identity(identity: str, proof: str, slug: str, secret: Secret) -> VerifiedIdentity:
    """Whom a proof vouches for: `identity`, or (where that is empty) whom a JWT names.

    Raises CloseConnection for a proof that is blank, wrong, expired, or somebody else's.
    """
    try:
        if _HMAC.fullmatch(proof):
            found = _by_hmac(identity, proof, secret)
        elif ":" in proof:
            found = _by_own_proof(proof, slug)
        else:
            found = _by_jwt(proof, slug, secret)
    except (jwt.PyJWTError, signing.BadSignature, ValueError, TypeError, RecursionError) as error:
        raise CloseConnection(CloseCode.UNAUTHORIZED, f"identity: {_reason(error)}") from None
    if identity and found.id != identity:
        raise CloseConnection(CloseCode.UNAUTHORIZED, "identity: the proof is of another id")
    if not found.id or len(found.id) > MAX_ID or not is_clean(found.id):
        raise CloseConnection(CloseCode.UNAUTHORIZED, "identity: no id that can be kept")
    return found


def _reason(error: Exception) -> str:
    """What is wrong with a proof, in no words of its own."""
    return type(error).__name__ if isinstance(error, signing.BadSignature) else str(error)[:100]


@sensitive_variables()
def _by_hmac(identity: str, proof: str, secret: Secret) -> VerifiedIdentity:
    key = secret.reveal().encode()
    if not key or is_public_key(secret):
        raise ValueError("no secret that an HMAC is made with")
    right = hmac.new(key, identity.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right, proof):
        raise ValueError("wrong HMAC")
    return VerifiedIdentity(identity)


def _by_own_proof(proof: str, slug: str) -> VerifiedIdentity:
    named, *identity = signing.loads(proof, salt=_PROOF, max_age=OWN_PROOF_SECONDS)
    if named != slug:
        raise ValueError("the proof is for another widget")
    return VerifiedIdentity(*identity)


@sensitive_variables()
def _by_jwt(proof: str, slug: str, secret: Secret) -> VerifiedIdentity:
    if not secret:
        raise ValueError("no secret")
    key, algorithm = _jwt_key(secret)
    claims: dict[str, Any] = jwt.decode(
        proof,
        key,
        algorithms=[algorithm],
        leeway=LEEWAY_SECONDS,
        options={"require": ["exp", "sub"], "verify_aud": False},
    )
    audience = claims.get("aud", slug)
    if slug not in ([audience] if isinstance(audience, str) else audience):
        raise ValueError("the JWT is for another audience")
    said = (claims.get(name) or "" for name in ("name", "email"))
    name, email = (each if isinstance(each, str) else "" for each in said)
    return VerifiedIdentity(claims["sub"], name, email)


def is_public_key(secret: Secret) -> bool:
    return secret.reveal().lstrip().startswith("-----BEGIN")


def _jwt_key(secret: Secret) -> tuple[Any, str]:
    """The key and the one algorithm that goes with it. Raises ValueError."""
    text = secret.reveal()
    if not is_public_key(secret):
        # As HMAC itself fills a short key; PyJWT warns of one each time.
        return text.encode().ljust(32, b"\0"), "HS256"
    key = load_pem_public_key(text.encode())
    if isinstance(key, Ed25519PublicKey):
        return key, "EdDSA"
    if isinstance(key, RSAPublicKey) and key.key_size >= LEAST_RSA_BITS:
        return key, "RS256"
    raise ValueError(f"a public key is Ed25519, or RSA of at least {LEAST_RSA_BITS} bits")


def check_identity_secret(secret: Secret) -> None:
    """Raises ValueError for a secret that proofs cannot, or should not, be made with."""
    if is_public_key(secret):
        try:
            _jwt_key(secret)
        except TypeError:  # a private key, say
            raise ValueError("this is no public key") from None
    elif len(secret.reveal()) < SHORTEST_IDENTITY_SECRET:
        raise ValueError(f"a secret has at least {SHORTEST_IDENTITY_SECRET} characters")
