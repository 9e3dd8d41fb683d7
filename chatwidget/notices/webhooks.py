"""One notice on its way to one webhook, signed as https://www.standardwebhooks.com says."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass

import httpx

from chatwidget.conf import Secret
from chatwidget.errors import PlatformMisconfigured
from chatwidget.models import Notice
from chatwidget.providers.decoders import excerpt
from chatwidget.providers.error_mapping import CLIENT_ERRORS, pause_asked, translated
from chatwidget.providers.transport import discard, request

# For the whole of an attempt, from the name's resolution to the last byte that is read.
SECONDS = 15.0
CONNECT_SECONDS = 5.0
# Bytes of an answer; nobody needs more than to see in the log what it says.
MAX_ANSWER = 1024


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one."""

    delivered: bool
    status: int | None = None  # of the answer; None: there was none
    said: str = ""  # the answer's beginning, or why there is none
    ms: int = 0
    after: float | None = None  # seconds that the receiver asks to be left alone
    gone: bool = False  # it wants no more


def sign(secret: Secret, notice: str, timestamp: int, body: str) -> str:
    """The header `webhook-signature`."""
    key = b64decode(secret.reveal().removeprefix("whsec_"))
    digest = hmac.digest(key, f"{notice}.{timestamp}.{body}".encode(), hashlib.sha256)
    return f"v1,{b64encode(digest).decode()}"


async def deliver(notice: Notice) -> Attempt:
    """Post it once. Redirects are not followed: a receiver has one address."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(SECONDS):
            done = await _post(notice)
    except TimeoutError:
        done = Attempt(False, said=f"no answer in {SECONDS:g} s")
    except CLIENT_ERRORS as error:
        done = Attempt(False, said=translated(error).cause)
    except PlatformMisconfigured:
        done = Attempt(False, said="the webhook's secret cannot be decrypted: make a new one")
    return Attempt(
        done.delivered,
        done.status,
        done.said,
        round((time.monotonic() - began) * 1000),
        done.after,
        done.gone,
    )


async def _post(notice: Notice) -> Attempt:
    assert notice.webhook
    name, timestamp = f"msg_{notice.pk.hex}", int(time.time())
    signature = sign(notice.webhook.secret, name, timestamp, notice.body)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }
    response = await request(
        "POST", notice.webhook.url, headers, dict, notice.body.encode(), CONNECT_SECONDS
    )
    try:
        said = await _beginning(response)
    finally:
        discard(response)  # what it still sends is not waited for
        await response.aclose()
    status = response.status_code
    return Attempt(
        200 <= status < 300,
        status,
        said,
        after=pause_asked(response.headers, time.time()),
        gone=status == 410,
    )


async def _beginning(response: httpx.Response) -> str:
    said = bytearray()
    assert isinstance(response.stream, httpx.AsyncByteStream)
    async for chunk in response.stream:
        said += chunk
        if len(said) >= MAX_ANSWER:
            break
    return excerpt(bytes(said[:MAX_ANSWER]))
