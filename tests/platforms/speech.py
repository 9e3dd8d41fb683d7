"""What the fake agents say, and how a stream of it goes wrong on request."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator, Callable

from tests.platforms.state import state
from tests.platforms.wire import Dropped, Exchange

PACE = 0.002  # seconds between two words
# Two more than the default of MAX_REPLY_LENGTH, in pieces of 64 Ki.
HUGE = 17

# The exchanges that the documents show.
DOCUMENTED = {
    "Hello! I need help with my order.": (
        "I'd be happy to help you with your order! Could you please provide your order number?"
    ),
    "What is the capital of France?": "The capital of France is Paris.",
    "Hello": "Hello there! How can I help?",
}


def words(text: str) -> list[str]:
    """The text in pieces, as a model writes: a word and what is around it."""
    if text == DOCUMENTED["Hello"]:
        return ["Hello", " there!", " How", " can", " I", " help", "?"]
    return re.findall(r"\s*\S+\s*$|\s*\S+|\s+$", text)


def units(text: str) -> list[str]:
    """The text in units of UTF-16, as JavaScript counts it: some are half a character."""
    data = text.encode("utf-16-le")
    return [data[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(data), 2)]


def answer(message: str, turn: int) -> str:
    """The whole of what an agent says to a message. `say:…` is said as it stands."""
    if message.startswith("say:"):
        return message.removeprefix("say:")
    return DOCUMENTED.get(message) or f"Answer {turn} to “{message}” – ✓ naïve 日本語 🙂."


async def spoken(exchange: Exchange, message: str, turn: int, fault: str) -> AsyncIterator[str]:
    """An agent's words as they come; `hold:NAME` leaves them to the test."""
    if held := re.search(r"\bhold:([\w-]+)", message):
        async for piece in _held(exchange, held[1]):
            yield piece
        return
    if fault == "empty":
        return
    if fault == "huge":
        for _ in range(HUGE):
            yield "0123456789abcdef" * 4096
        return
    said = answer(message, turn)
    pieces = units(said) if fault == "halves" else words(said)
    middle = (len(pieces) + 1) // 2
    for number, piece in enumerate(pieces):
        if number == middle:
            if fault == "drop":
                raise Dropped
            if fault == "stall":
                await exchange.pause(3600)
        await exchange.pause(PACE)
        yield piece


async def _held(exchange: Exchange, name: str) -> AsyncIterator[str]:
    hold = state.hold(name)
    hold.requests += 1
    hold.arrived.set()
    try:
        while (piece := await exchange.unless_gone(hold.pieces.get())) is not None:
            if piece is False:
                raise Dropped
            yield piece
    finally:
        hold.over.set()


Words = AsyncIterator[str]
Frame = Callable[[str], bytes]


async def stream(
    exchange: Exchange, pieces: Words, frame: Frame, fault: str, last: bytes = b""
) -> str:
    """Sends the pieces, each in its frame, and `last`; the text that was sent.

    `drip` sends single bytes, `split` cuts every character that has several, `invalid` puts a
    byte into the midst that is not UTF-8, `cut` ends within a character.
    """
    said = ""
    carried = b""
    async for piece in pieces:
        said += piece
        data = carried + frame(piece)
        carried = b""
        if fault == "invalid":
            data += b"\xff"
        if fault == "drip":
            for byte in data:
                await exchange.send(bytes([byte]))
            continue
        if fault == "split" and (cut := _inside_character(data)):
            data, carried = data[:cut], data[cut:]
        await exchange.send(data)
    await exchange.send(carried + (b"\xe6\x97" if fault == "cut" else b"") + last)
    await exchange.end()
    return said


def _inside_character(data: bytes) -> int:
    """A place within the last character of several bytes; 0 when there is none."""
    return max((place for place, byte in enumerate(data) if 0x80 <= byte < 0xC0), default=0)


async def zipped(exchange: Exchange, text: str, content_type: str) -> None:
    """The whole answer compressed, although nobody asked for it."""
    headers = {"content-encoding": "gzip"}
    await exchange.whole(gzip.compress(text.encode()), 200, content_type, headers)
