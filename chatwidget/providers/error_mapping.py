"""Map what goes wrong between us and a platform to the ReplyError that the protocol names."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime

import aiohttp
import httpx
from aiohttp.http_exceptions import HttpProcessingError

from chatwidget.conf import Secret
from chatwidget.errors import (
    PlatformMisconfigured,
    PlatformRateLimited,
    PlatformRejected,
    PlatformTimedOut,
    PlatformUnavailable,
    ReplyError,
)
from chatwidget.providers.decoders import excerpt
from chatwidget.providers.scrubbing import scrubber_of
from chatwidget.providers.transport import PrivateAddress

NO_KEY = Secret()
CLIENT_ERRORS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    httpx.CookieConflict,
    aiohttp.ClientError,
    HttpProcessingError,
    OSError,  # TimeoutError and ssl.SSLError are some
)
# The first that fits; an exception that fits none is a fault of the connection.
_KINDS: tuple[tuple[tuple[type[BaseException], ...], type[ReplyError]], ...] = (
    (
        (
            PrivateAddress,
            httpx.InvalidURL,
            httpx.UnsupportedProtocol,
            httpx.LocalProtocolError,
            httpx.TooManyRedirects,
            aiohttp.InvalidURL,
            aiohttp.NonHttpUrlClientError,
            aiohttp.RedirectClientError,
            aiohttp.TooManyRedirects,
        ),
        PlatformMisconfigured,
    ),
    ((TimeoutError, httpx.TimeoutException), PlatformTimedOut),
    # What came is not HTTP as we read it: a header beyond every bound, a broken encoding.
    ((httpx.DecodingError, aiohttp.ClientResponseError, HttpProcessingError), PlatformRejected),
)


class RetryableError(Exception):
    """The agent has not got the message, so it may be asked again; `after` seconds, if it says."""

    def __init__(self, error: ReplyError, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after


@contextmanager
def map_errors(key: Secret = NO_KEY) -> Iterator[None]:
    """Whatever fails inside comes out as a ReplyError whose cause does not hold the key."""
    try:
        yield
    except ReplyError as error:
        error.cause = scrubber_of(key).clean(error.cause)
        error.args = (error.cause,)
        raise
    except CLIENT_ERRORS as error:
        raise translated(error, key) from None


def translated(error: Exception, key: Secret = NO_KEY) -> ReplyError:
    """A client's exception as ours. The transport maps several of aiohttp's to the wrong one of
    httpx (a connection that broke becomes a ConnectTimeout), so aiohttp's own decides."""
    origin = _origin(error)
    ours = next((ours for kinds, ours in _KINDS if isinstance(origin, kinds)), PlatformUnavailable)
    said = excerpt(str(origin))
    name = type(origin).__name__
    return ours(scrubber_of(key).clean(f"{name}: {said}" if said else name))


def _origin(error: BaseException) -> BaseException:
    cause = error.__cause__ if isinstance(error, httpx.RequestError) else None
    if isinstance(cause, aiohttp.ClientError):
        error = cause
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(
        error.os_error, PrivateAddress
    ):
        return error.os_error
    return error


def without_frames(error: Exception) -> Exception:
    """An error that is no failure of the platform's, without the frames it came through.

    An error report would show the headers in them. Where they were stays, as a text.
    """
    seen: BaseException | None = error
    while seen is not None and seen.__traceback__ is not None:
        seen.add_note("".join(traceback.format_tb(seen.__traceback__)).rstrip())
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__
    return error


def never_connected(error: Exception) -> bool:
    return isinstance(_origin(error), aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)


def refusal(
    response: httpx.Response, said: bytes, after: float | None, most: int = 300
) -> ReplyError:
    """Map a status other than 200 to its error."""
    status = response.status_code
    cause = f"HTTP {status} {response.reason_phrase}".strip()
    if 300 <= status < 400:
        cause += f" to {excerpt(response.headers.get('location', 'nowhere'))}"
    elif said:
        cause += f": {excerpt(said, most)}"
    if status == 429:
        return PlatformRateLimited(cause, retry_after=after)
    if status == 408:
        return PlatformTimedOut(cause)
    if status >= 500:
        return PlatformUnavailable(cause, retry_after=after)
    if 300 <= status < 400 or status in (401, 402, 403, 404, 405, 410):
        return PlatformMisconfigured(cause, about=_ABOUT.get(status, "address"))
    return PlatformRejected(cause)


_ABOUT = {401: "key", 402: "", 403: "access", 404: "agent", 405: "agent", 410: "agent"}


def status_of(error: ReplyError) -> int | None:
    """The HTTP status behind a `refusal`; None for another failure."""
    found = re.match(r"HTTP (\d{3})\b", error.cause)
    return int(found[1]) if found else None


def pause_asked(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds a platform asks us to wait: Retry-After, else X-RateLimit-Reset (Unix time)."""
    # A proxy passes its platform's word on under a name of its own (litellm).
    given = headers.get("retry-after", headers.get("llm_provider-retry-after", "")).strip()
    with suppress(ValueError, OverflowError):
        seconds = float(given)
        return seconds if 0 <= seconds < float("inf") else None
    with suppress(ValueError, OverflowError):
        return max(0.0, parsedate_to_datetime(given).timestamp() - now)
    with suppress(ValueError, OverflowError):
        reset = float(headers.get("x-ratelimit-reset", ""))
        return max(0.0, reset - now) if reset < float("inf") else None
    return None
