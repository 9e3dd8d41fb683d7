"""Asks a running site what a browser asks it, in the same order, and says where that ends."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec
from django.contrib.staticfiles import finders
from django.urls import NoReverseMatch, reverse

from chatwidget.doctor.finding import Finding, fault, note, well
from chatwidget.doctor.transports import examine_events, examine_socket
from chatwidget.embed.first_look import source

ANSWER = aiohttp.ClientTimeout(total=15)
CLOCKS_APART = 60.0  # seconds; tokens live an hour
CONFIG = re.compile(r'<script type="application/json" id="chatwidget-config">(.*?)</script>', re.S)
INLINE = re.compile(r"<(style|script)>(.*?)</\1>", re.S)
FILES = re.compile(r'<(?:script|link)[^>]* (?:src|href)="([^"]+\.(?:js|css))"')
BEHIND = "docs/deployment.md has the whole block for your proxy."


class Config(msgspec.Struct):
    """What of a frame's configuration is needed here."""

    socket: str
    events: str
    token: str


@dataclass(frozen=True, slots=True)
class Answer:
    url: str
    status: int
    headers: Mapping[str, str]  # with a name as often as it was sent
    body: bytes

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


async def examine(url: str, slug: str) -> AsyncIterator[Finding]:
    """The site at `url`, by its widget `slug`. Raises nothing."""
    site = url.rstrip("/")
    parts = urlsplit(site)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield fault(f"{url!r} is no address of a site.", "Give it as https://chat.example.com.")
        return
    async with aiohttp.ClientSession(timeout=ANSWER) as client:
        try:
            loader = await _get(client, site + reverse("chatwidget:loader", args=[slug]))
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            yield _unreachable(site, error)
            return
        for finding in (*_loader(loader), *await _health(client, site)):
            yield finding
        if loader.status != 200:
            return
        try:
            async for finding in _examine_frame(client, site, slug):
                yield finding
        except (aiohttp.ClientError, TimeoutError) as error:
            yield fault(f"The connection broke off: {_said(error)}.", "Is the server still there?")


async def _get(client: aiohttp.ClientSession, url: str) -> Answer:
    headers = {"Accept-Encoding": "gzip"}
    async with client.get(url, allow_redirects=False, headers=headers) as response:
        return Answer(url, response.status, response.headers, await response.read())


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def _unreachable(site: str, error: Exception) -> Finding:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLError):
        return fault(
            f"{site}: its certificate is refused: {_said(error)}.",
            "Browsers refuse it too: renew it, and serve the whole chain.",
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return fault(f"{site}: the name is not known.", "Look for a typing error; set its DNS.")
    return fault(f"{site}: {_said(error)}.", "Does the server run, on this port, open to here?")


def _loader(loader: Answer) -> list[Finding]:
    if loader.status != 200:
        return [_refused("The loader", loader)]
    if not loader.body:
        return [fault("The loader is empty: the widget is off.", "Activate it in the admin.")]
    found = [well(f"Loader: {len(loader.body):,} bytes.")]
    if loader.header("Access-Control-Allow-Origin") != "*":
        advice = "Let the proxy leave this header as it is: tags with `crossorigin` need it."
        found.append(fault("Access-Control-Allow-Origin is missing on the loader.", advice))
    if loader.header("Set-Cookie"):
        advice = "Have it set none on /chatwidget/: the widget promises that there is none."
        found.append(fault("Something in front sets a cookie on the loader.", advice))
    if not loader.header("Content-Encoding"):
        advice = "Let the proxy pass Accept-Encoding on, and take no encoding off."
        found.append(note("The loader comes uncompressed.", advice))
    if (apart := _apart(loader)) > CLOCKS_APART:
        advice = "Keep the server's clock by NTP: tokens and certificates depend on it."
        found.append(fault(f"The server's clock is {apart:.0f} s from this machine's.", advice))
    return found


def _apart(answer: Answer) -> float:
    try:
        said = parsedate_to_datetime(answer.header("Date"))
    except ValueError:
        return 0.0
    return abs((datetime.now(UTC) - said).total_seconds())


def _refused(what: str, answer: Answer) -> Finding:
    """Why a page is not there, as its status says."""
    status, host = answer.status, urlsplit(answer.url).netloc
    advice = {
        400: f"Is {host} in ALLOWED_HOSTS, and does the proxy pass Host on?",
        401: "Something in front asks for a password: let /chatwidget/ through without.",
        403: "Something in front refuses it: let /chatwidget/ through.",
        404: "Is there a widget of this slug, and does the proxy send /chatwidget/ to this site?",
        429: "Too much was asked of late: wait a minute; behind a proxy set TRUSTED_PROXIES.",
        500: "The server's log says why; often migrate or collectstatic was forgotten.",
        502: "The proxy does not reach the server: does it run, on the port that the proxy asks?",
        503: "The proxy does not reach the server: does it run, on the port that the proxy asks?",
        504: "The proxy waits in vain for the server: is it overloaded, or its database away?",
    }.get(status, BEHIND)
    if location := answer.header("Location"):
        loop = urljoin(answer.url, location) == answer.url
        advice = (
            "HTTPS_ONLY is on, and X-Forwarded-Proto is missing or not believed: TRUSTED_PROXIES."
            if loop
            else f"It redirects to {location}: ask that address, and embed it."
        )
    return fault(f"{what} is answered {status} ({answer.url}).", advice)


async def _health(client: aiohttp.ClientSession, site: str) -> list[Finding]:
    """The site's own health check, where it has one at the usual name."""
    try:
        answer = await _get(client, site + reverse("health"))
        said = msgspec.json.decode(answer.body, type=dict[str, str])
    except (NoReverseMatch, aiohttp.ClientError, TimeoutError, ValueError):
        return []
    away = ", ".join(name for name, how in said.items() if how != "ok" and name != "status")
    if answer.status == 200:
        return [well("Health check: what the server needs answers.")]
    return [fault(f"Health check: {away} unavailable.", "Start it, or `manage.py migrate`.")]


async def _examine_frame(
    client: aiohttp.ClientSession, site: str, slug: str
) -> AsyncIterator[Finding]:
    frame = await _get(client, site + reverse("chatwidget:frame", args=[slug]))
    page = frame.body.decode(errors="replace")
    config = CONFIG.search(page)
    if frame.status != 200:
        yield _refused("The frame", frame)
        return
    if config is None:
        advice = "Include chatwidget.urls first, and send all of /chatwidget/ to this site."
        yield fault("Another page answers at the frame's address.", advice)
        return
    known = msgspec.json.decode(config[1], type=Config)
    for finding in _frame_headers(frame, site):
        yield finding
    yield _inline(page, frame.header("Content-Security-Policy"))
    for path in FILES.findall(page):
        yield _file(await _get(client, urljoin(frame.url, path)))
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(site))
    for examine_transport, path in ((examine_socket, known.socket), (examine_events, known.events)):
        async for finding in examine_transport(client, urljoin(site, path), origin, known.token):
            yield finding


def _frame_headers(frame: Answer, site: str) -> list[Finding]:
    """What a browser obeys: nothing may keep the frame out of pages, or its socket from opening."""
    found = [well("Frame: the page in the iframe is there.")]
    if framing := frame.header("X-Frame-Options"):
        advice = "No site can embed it: have the proxy or the middleware set none on /chatwidget/."
        found.append(fault(f"X-Frame-Options: {framing} is set on the frame.", advice))
    policies = [
        value for name, value in frame.headers.items() if name.lower() == "content-security-policy"
    ]
    if len(policies) > 1:
        advice = "The stricter of each holds: have the proxy add none on /chatwidget/."
        found.append(fault(f"{len(policies)} Content-Security-Policies are on the frame.", advice))
    parts = urlsplit(site)
    socket = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
    if policies and socket not in policies[0].replace(";", " ").split():
        seen = re.search(r"\bwss?://[^ ;]+", policies[0])
        advice = (
            "Have the proxy pass Host on and send X-Forwarded-Proto, and name it in "
            "TRUSTED_PROXIES (in a Django site of your own: SECURE_PROXY_SSL_HEADER)."
        )
        text = f"The server takes itself for {seen[0] if seen else 'another'}, and is {socket}."
        found.append(fault(text, advice))
    return found


def _inline(page: str, policy: str) -> Finding:
    """The style and the script in the page, which the policy names by their content."""
    if all(source(text) in policy for _, text in INLINE.findall(page)):
        return well("Frame: the page came as it was sent.")
    advice = "Nothing in front may minify or rewrite pages of /chatwidget/, or change their policy."
    return fault("The frame's policy refuses what is in its page: the chat is blank.", advice)


def _file(file: Answer) -> Finding:
    """A script or style of the frame."""
    name = urlsplit(file.url).path.rpartition("/")[2]
    collect = "`manage.py collectstatic --no-input`, restart, and have the proxy serve /static/."
    if file.status != 200:
        return fault(f"{name} is answered {file.status}: the chat is blank.", collect)
    kind = file.header("Content-Type")
    if not re.search("javascript|css", kind):
        return fault(f"{name} comes as {kind or 'nothing'}: the browser refuses it.", collect)
    plain = re.sub(r"\.[0-9a-f]{12}(?=\.\w+$)", "", name)
    source = finders.find(f"chatwidget/{plain}")
    if source and name.endswith(".js") and Path(source).read_bytes() != file.body:
        return fault(f"{name} is not the one that is installed here.", collect)
    return well(f"Static file: {plain}.")
