"""Challenges: what a visitor solves whose address has used up its share, to go on for a while.

ALTCHA's is a proof of work, made and checked here. Of Turnstile and hCaptcha a browser brings a
token, and their server says whether it is good (`siteverify.py`).
"""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import Any, NamedTuple
from uuid import UUID

from altcha import Payload, create_challenge, verify_solution
from django.utils.crypto import salted_hmac

from chatwidget.conf import conf
from chatwidget.errors import ChallengeFailed

# How long one may be solved.
SECONDS = 600
# On average half of MOST keys are derived, of COST rounds each: about a second of a laptop's.
ALGORITHM = "PBKDF2/SHA-256"
COST = 1000
MOST = 4000


class Service(NamedTuple):
    """Somebody else's challenges."""

    verify: str  # the address that knows which tokens are good
    policy: dict[str, str]  # what a page that shows one has to allow: directive → sources


_CLOUDFLARE = "https://challenges.cloudflare.com"
_HCAPTCHA = "https://hcaptcha.com https://*.hcaptcha.com"
SERVICES = {
    "turnstile": Service(
        f"{_CLOUDFLARE}/turnstile/v0/siteverify",
        {"script-src": _CLOUDFLARE, "frame-src": _CLOUDFLARE},
    ),
    "hcaptcha": Service(
        "https://api.hcaptcha.com/siteverify",
        dict.fromkeys(("script-src", "frame-src", "style-src", "connect-src"), _HCAPTCHA),
    ),
}


def service() -> Service | None:
    """The one that the settings name, if any."""
    return SERVICES.get(conf().challenge)


def who(visitor: UUID, address: str) -> str:
    """A visitor at an address, by a name that tells neither."""
    return salted_hmac("chatwidget.who", f"{visitor} {address}", algorithm="sha256").hexdigest()


def make(who: str) -> dict[str, Any] | None:
    """A challenge as the protocol has it, for these alone; None where there are none."""
    kind = conf().challenge
    if kind in SERVICES:
        return {"kind": kind, "site_key": conf().CHALLENGE_SITE_KEY}
    if not kind:
        return None
    challenge = create_challenge(
        ALGORITHM,
        COST,
        counter=secrets.randbelow(MOST),
        expires_at=int(time.time()) + SECONDS,
        data={"who": who},
        hmac_secret=_secret("challenge"),
        hmac_key_secret=_secret("key"),
    )
    return {"kind": kind, **challenge.to_dict()}


def check(solution: str, who: str) -> str:
    """The name of the proof of work that this solves. Raises ChallengeFailed."""
    found = verify_solution(solution, _secret("challenge"), hmac_key_secret=_secret("key"))
    if not found.verified:
        raise ChallengeFailed("the challenge has expired" if found.expired else "it solves nothing")
    challenge = Payload.from_base64(solution).challenge
    if (challenge.parameters.data or {}).get("who") != who:
        raise ChallengeFailed("it is somebody else's challenge")
    return name_of(challenge.signature or "")


def name_of(solution: str) -> str:
    """What it is remembered by, once it has been used."""
    return hashlib.sha256(solution.encode()).hexdigest()


def _secret(purpose: str) -> str:
    return salted_hmac("chatwidget.challenge", purpose, algorithm="sha256").hexdigest()
