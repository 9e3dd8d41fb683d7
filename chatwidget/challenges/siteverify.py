"""Asks Turnstile's or hCaptcha's server whether a browser's token is good."""

from __future__ import annotations

import asyncio
import logging
from urllib.parse import urlencode

import httpx
import msgspec
from django.views.decorators.debug import sensitive_variables

from chatwidget.challenges import SERVICES
from chatwidget.conf import conf
from chatwidget.errors import ChallengeFailed
from chatwidget.providers.error_mapping import CLIENT_ERRORS, translated
from chatwidget.providers.transport import discard, request
from chatwidget.text import on_a_line

logger = logging.getLogger("chatwidget")

# In all, and of that for a connection. A visitor waits meanwhile.
SECONDS = 5.0
CONNECT_SECONDS = 3.0
MAX_ANSWER = 16 * 1024


class Verdict(msgspec.Struct):
    """What both answer."""

    success: bool
    errors: list[str] = msgspec.field(default_factory=list, name="error-codes")


async def verify(token: str) -> None:
    """Raises ChallengeFailed for a token that is not good, and where that cannot be known."""
    try:
        verdict = await ask(token)
    except OSError as error:
        logger.warning("challenges: %s", on_a_line(error))
        raise ChallengeFailed(str(error)) from None
    if not verdict.success:
        raise ChallengeFailed(f"the token is refused: {', '.join(verdict.errors)[:200]}")


@sensitive_variables()
async def ask(token: str) -> Verdict:
    """What the service says of a token. Raises OSError where it says nothing that we understand."""
    kind = conf().challenge
    form = {"secret": conf().CHALLENGE_SECRET, "response": token}
    if kind == "hcaptcha":
        form["sitekey"] = conf().CHALLENGE_SITE_KEY  # one of another site's is refused, then
    try:
        async with asyncio.timeout(SECONDS):
            return msgspec.json.decode(await _post(kind, urlencode(form)), type=Verdict)
    except TimeoutError:
        raise OSError(f"{kind} does not answer in {SECONDS:g} s") from None
    except CLIENT_ERRORS as error:
        raise OSError(f"{kind}: {translated(error).cause}") from None
    except msgspec.DecodeError as error:
        raise OSError(f"{kind} answers something else: {error}") from None


@sensitive_variables()
async def _post(kind: str, form: str) -> bytes:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = conf().CHALLENGE_VERIFY_URL or SERVICES[kind].verify
    response = await request("POST", url, headers, dict, form.encode(), CONNECT_SECONDS)
    said = bytearray()
    try:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        async for chunk in response.stream:
            said += chunk
            if len(said) > MAX_ANSWER:
                discard(response)
                break
    finally:
        await response.aclose()
    return bytes(said[:MAX_ANSWER])
