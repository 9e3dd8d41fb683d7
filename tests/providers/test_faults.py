"""Each platform's faults, over real HTTP: the right code, the cause kept, what came kept."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import brotli
import pytest
from pytest_django import Settings

from chatwidget.conf import ProviderConfig, Secret
from chatwidget.errors import PlatformMisconfigured, PlatformUnavailable, ReplyError
from chatwidget.providers.base import Provider, Turn
from chatwidget.providers.registry import make_provider
from tests.providers.conftest import (
    KEYS,
    NAMES,
    PERSON,
    STREAMING,
    Chat,
    Outcome,
    Platforms,
    be_patient,
)

REJECTED = "provider_rejected"
UNAVAILABLE = "provider_unavailable"
LIMITED = "provider_rate_limited"
TIMEOUT = "provider_timeout"

CODES = {
    "400": REJECTED,
    "401": "misconfigured",
    "403": "misconfigured",
    "404": "misconfigured",
    "413": REJECTED,
    "422": REJECTED,
    "500": UNAVAILABLE,
    "502": UNAVAILABLE,
    "504": UNAVAILABLE,
    "429-long": LIMITED,
    "429-date": LIMITED,
    "429-reset": LIMITED,
    "503-long": UNAVAILABLE,
    "redirect": "misconfigured",
    "html": REJECTED,
    "malformed": REJECTED,
    "shape": REJECTED,
    "nothing": REJECTED,
    "empty": REJECTED,
}
# Statuses by which no platform says that its agent has not got the message.
ONCE = {"400", "401", "403", "404", "413", "422", "502", "504", "redirect", "html", "shape"}


@pytest.mark.parametrize("fault", CODES)
@pytest.mark.parametrize("name", NAMES)
async def test_faults(fakes: Platforms, name: str, fault: str, no_pauses: None) -> None:
    found = await fakes.chat(name).say(f"fault:{fault}")
    assert found.code == CODES[fault]
    assert found.error is not None
    assert found.text == ""
    if fault[:3].isdigit():
        assert f"HTTP {fault[:3]}" in found.error.cause
    if fault in ONCE:
        assert len(await fakes.log()) == 1


@pytest.mark.parametrize(
    ("fault", "least", "most"),
    [("429-long", 119, 120), ("429-date", 30, 60), ("429-reset", 30, 90)],
)
@pytest.mark.parametrize("name", NAMES)
async def test_a_long_pause_is_told_and_not_waited_for(
    fakes: Platforms, name: str, fault: str, least: float, most: float
) -> None:
    began = time.monotonic()
    found = await fakes.chat(name).say(f"fault:{fault}")
    assert time.monotonic() - began < 50
    assert found.error is not None
    assert found.error.retry_after is not None
    assert least <= found.error.retry_after <= most
    assert len(await fakes.log()) == 1


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again at once, however long it should rest."""
    monkeypatch.setattr("chatwidget.providers.http._pause", lambda attempt, after: 0)


@pytest.mark.parametrize("fault", ["429-once", "429-twice", "503-once"])
@pytest.mark.parametrize("name", NAMES)
async def test_what_was_refused_is_tried_again(
    fakes: Platforms, name: str, fault: str, no_pauses: None
) -> None:
    found = await fakes.chat(name).say(f"fault:{fault}")
    assert found.text.startswith("Answer 1")
    assert len(await fakes.log()) == (3 if fault == "429-twice" else 2)


@pytest.mark.parametrize("name", NAMES)
async def test_attempts_are_bounded(fakes: Platforms, name: str, no_pauses: None) -> None:
    found = await fakes.chat(name).say("fault:503")
    assert found.code == UNAVAILABLE
    assert len(await fakes.log()) == 3


async def test_only_fifthelement_is_asked_again_after_500(
    fakes: Platforms, no_pauses: None
) -> None:
    for name in NAMES:
        await fakes.reset()
        found = await fakes.chat(name).say("fault:500-once")
        assert found.code == ("" if name == "fifthelement" else UNAVAILABLE)
        assert len(await fakes.log()) == (2 if name == "fifthelement" else 1)


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it would have rested: it does not."""
    found: list[float] = []

    async def rest(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr("chatwidget.providers.http._rest", rest)
    return found


async def test_a_short_pause_is_waited_for(fakes: Platforms, rests: list[float]) -> None:
    found = await fakes.chat("eigi").say("fault:429-short")
    assert found.code == LIMITED
    assert found.error is not None
    assert found.error.retry_after == 1
    assert len(await fakes.log()) == 3
    assert len(rests) == 2
    assert all(1 <= seconds <= 4 for seconds in rests)


async def test_pauses_are_bounded_together(fakes: Platforms, rests: list[float]) -> None:
    """A first pause of 10 s is waited for, a second one is told."""
    found = await fakes.chat("eigi").say("fault:429-ten")
    assert found.code == LIMITED
    assert rests == [10]


@pytest.mark.parametrize("name", STREAMING)
async def test_a_stream_that_breaks_off_keeps_what_came(fakes: Platforms, name: str) -> None:
    chat = await fakes.streaming_chat(name)
    requests = len(await fakes.log())
    found = await chat.say("one two three fault:drop")
    assert found.code == UNAVAILABLE
    assert found.text.startswith("Answer")
    assert not found.text.endswith("🙂.")
    assert len(await fakes.log()) == requests + 1


@pytest.mark.parametrize("name", ["vindex", "fifthelement"])
async def test_a_whole_answer_that_breaks_off(fakes: Platforms, name: str) -> None:
    found = await fakes.chat(name).say("one two three fault:drop")
    assert (found.code, found.text) == (UNAVAILABLE, "")
    assert len(await fakes.log()) == 1


@pytest.mark.parametrize("name", ["fifthelement", "openai"])
async def test_an_error_in_the_stream_keeps_what_came(fakes: Platforms, name: str) -> None:
    chat = await fakes.streaming_chat(name)
    found = await chat.say("fault:error")
    assert found.code == (REJECTED if name == "fifthelement" else UNAVAILABLE)
    assert found.text.endswith("🙂.")
    assert found.error is not None
    assert "the model broke" in found.error.cause


@pytest.mark.parametrize("name", NAMES)
async def test_silence(fakes: Platforms, name: str, settings: Settings) -> None:
    be_patient(settings, first=0.8)
    found = await fakes.chat(name).say("fault:silent")
    assert found.code == TIMEOUT
    assert found.error is not None
    assert found.error.cause == "no answer within 0.8 s"
    assert len(await fakes.log()) <= 1  # or it was given up before the platform had read it


@pytest.mark.parametrize("name", STREAMING)
async def test_a_stall_keeps_what_came(fakes: Platforms, name: str, settings: Settings) -> None:
    chat = await fakes.streaming_chat(name)
    be_patient(settings, between=0.3)
    await fakes.push(f"stall-{name}", "Answer")
    found = await chat.say(f"hold:stall-{name}")
    assert found.code == TIMEOUT
    assert found.text == "Answer"
    assert found.error is not None
    assert found.error.cause == "the answer paused for more than 0.3 s"


@pytest.mark.parametrize("name", STREAMING)
async def test_a_reply_that_never_ends(fakes: Platforms, name: str, settings: Settings) -> None:
    chat = await fakes.streaming_chat(name)
    be_patient(settings, total=1.5)
    saying = asyncio.create_task(chat.say(f"hold:endless-{name}"))
    while not saying.done():
        await fakes.push(f"endless-{name}", "x ")
    found = await saying
    assert found.code == TIMEOUT
    assert found.text.startswith("x ")
    assert found.error is not None
    assert found.error.cause == "the answer was not complete within 1.5 s"
    await fakes.over(f"endless-{name}")


@pytest.mark.parametrize("name", NAMES)
async def test_a_reply_beyond_the_cap_is_cut_there(
    fakes: Platforms, name: str, settings: Settings
) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "MAX_REPLY_LENGTH": 100_000}
    found = await fakes.chat(name).say("fault:huge")
    assert found.code == REJECTED
    assert len(found.text) == 100_000


async def test_a_reply_of_the_longest_length(fakes: Platforms, settings: Settings) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "MAX_REPLY_LENGTH": 17 * 65536}
    for name in NAMES:
        found = await fakes.chat(name).say("fault:huge")
        assert (found.code, len(found.text)) == ("", 17 * 65536)


async def test_a_header_beyond_every_bound(fakes: Platforms) -> None:
    found = await fakes.chat("agentix").say("fault:ui-400k")
    assert found.code == REJECTED


@pytest.mark.parametrize("name", NAMES)
async def test_a_wrong_key_and_an_unknown_agent(fakes: Platforms, name: str) -> None:
    wrong = KEYS[name].replace("0123456789", "wrong")
    found = await fakes.chat(name, key=wrong).say("Hello")
    assert found.code == "misconfigured"
    if name != "vindex":
        found = await fakes.chat(name, "missing").say("Hello")
        assert found.code == "misconfigured"


@pytest.mark.parametrize("name", ["eigi", "agentix"])
@pytest.mark.parametrize("fault", ["401", "404", "500", "html", "shape", "malformed", "429-long"])
async def test_a_profile_that_fails(fakes: Platforms, name: str, fault: str) -> None:
    with pytest.raises(ReplyError) as caught:
        await fakes.chat(name, f"fault:{fault}").provider.profile(PERSON)
    assert caught.value.code == CODES[fault]


@pytest.mark.parametrize("name", NAMES)
async def test_the_key_is_told_to_nobody(
    fakes: Platforms, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    chat = fakes.chat(name)
    found = await chat.say("fault:echo-key")
    assert found.code == REJECTED
    assert found.error is not None
    told = [found.error.cause, str(found.error), repr(found.error), repr(chat.provider.config)]
    assert all(KEYS[name] not in text for text in [*told, caplog.text])
    assert "[key]" in found.error.cause


Serving = Callable[[bytes], Awaitable[int]]


@pytest.fixture
async def serving() -> AsyncIterator[Serving]:
    """A factory of servers that say the given bytes to whoever asks, and hang up; their ports."""
    servers: list[asyncio.Server] = []

    async def make(said: bytes) -> int:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(said)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    yield make
    for server in servers:
        server.close()


def eigi_at(host: str) -> Provider:
    return make_provider(ProviderConfig("eigi", f"http://{host}", "agent", Secret("vk_1")))


async def ask(provider: Provider) -> Outcome:
    return await Chat(provider).say("Hello")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Session-ID: s\r\n"


def packed(encoding: bytes, body: bytes) -> bytes:
    length = str(len(body)).encode()
    return b"%bContent-Encoding: %b\r\nContent-Length: %b\r\n\r\n%b" % (
        HEAD, encoding, length, body,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "code", "text"),
    [
        (b"", UNAVAILABLE, ""),
        (b"SSH-2.0-OpenSSH\r\n\r\n", REJECTED, ""),
        (HEAD + b"Content-Length: 9\r\n\r\nHello", UNAVAILABLE, "Hello"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n", UNAVAILABLE, "Hello"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nHello\r\n", REJECTED, ""),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nHello", REJECTED, ""),
        (packed(b"br", brotli.compress(b"Hello")), "", "Hello"),
        (packed(b"gzip", gzip.compress(b"Hello")[:-9]), UNAVAILABLE, "Hello"),
        (packed(b"gzip, gzip", gzip.compress(gzip.compress(b"Hello"))), REJECTED, ""),
        (packed(b"gzip\r\nContent-Encoding: br", b"Hello"), REJECTED, ""),
        (HEAD + b"\r\nHello", "", "Hello"),  # no framing: the end of the connection is the end
    ],
    ids=[
        *("nothing", "no HTTP", "short", "no last chunk", "bad chunk", "no gzip", "brotli"),
        *("short gzip", "gzip in gzip", "gzip in brotli", "no framing"),
    ],
)
async def test_broken_answers(serving: Serving, said: bytes, code: str, text: str) -> None:
    found = await ask(eigi_at(f"127.0.0.1:{await serving(said)}"))
    assert (found.code, found.text) == (code, text)


async def test_an_error_that_is_encoded_twice(serving: Serving) -> None:
    twice = gzip.compress(gzip.compress(b"a cause"))
    for encoding, body, cause in (
        (b"gzip", gzip.compress(b"a cause"), "HTTP 400 Bad Request: a cause"),
        (b"gzip, gzip", twice, "HTTP 400 Bad Request"),
    ):
        said = packed(encoding, body).replace(b"200 OK", b"400 Bad Request")
        found = await ask(eigi_at(f"127.0.0.1:{await serving(said)}"))
        assert found.error and found.error.cause == cause


async def test_nobody_listens(no_pauses: None) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        found = await ask(eigi_at(f"127.0.0.1:{taken.getsockname()[1]}"))
    assert isinstance(found.error, PlatformUnavailable)
    assert "ClientConnectorError" in found.error.cause


async def test_a_name_that_does_not_exist(no_pauses: None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # A machine without a resolver would say so only after a while.
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    found = await ask(eigi_at("nobody.invalid"))
    assert isinstance(found.error, PlatformUnavailable)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]"],
)
async def test_private_addresses_are_refused(
    serving: Serving, settings: Settings, host: str
) -> None:
    said = HEAD + b"Content-Length: 5\r\n\r\nHello"
    provider = eigi_at(f"{host}:{await serving(said)}")
    settings.CHATWIDGET = {**settings.CHATWIDGET, "ALLOW_PRIVATE_PROVIDERS": False}
    found = await ask(provider)
    assert isinstance(found.error, PlatformMisconfigured)


async def test_a_visitor_who_leaves_is_no_timeout(fakes: Platforms) -> None:
    saying = asyncio.create_task(fakes.chat("eigi").say("hold:left"))
    await fakes.waiting("left")
    saying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saying
    await fakes.over("left")


async def test_time_spent_elsewhere_is_no_pause_of_the_platform(
    fakes: Platforms, settings: Settings
) -> None:
    """A slow consumer gets what came meanwhile."""
    be_patient(settings, between=0.3)
    chat = fakes.chat("eigi")
    for piece in ("one ", "two"):
        await fakes.push("elsewhere", piece)
    await fakes.end("elsewhere")
    text = ""
    async for event in chat.provider.reply(Turn("hold:elsewhere", PERSON, chat.conversation)):
        await fakes.over("elsewhere")
        await asyncio.sleep(0.45)
        text += getattr(event, "text", "")
    assert text == "one two"
