"""The measurements: each takes one target and returns plain numbers. `relay` pairs them.

CPU is the server process's own (user and system), so it holds on a busy machine; times do not.
"""

import asyncio
import random
from dataclasses import dataclass

from tests.bench.generator import Tally, Visitor, median, percentile
from tests.bench.provider import BLOCK, Provider
from tests.bench.targets import Target

REPLY = 1_000_000 // len(BLOCK)
"""Blocks of one unpaced reply: just below the product's cap of 1 Mi code points."""
DEAF_SECONDS, PATIENCE_SECONDS = 45, 5
KNEE_MS = 250
"""Within this a chunk is in time: it is what a reader does not notice."""
DELIVERED = 0.97
"""Of the chunks that were written meanwhile: all but those that are on their way."""
OFFERED = 0.9
"""Of what a level asks for: below it the provider is full, and the level tells nothing more."""
SETTLE_SECONDS, LEVEL_SECONDS = 1.0, 1.5
"""Of the knee: after streams were added, and measured."""
CHANCES = 2
"""For a level, before it counts as not kept up with: something else may have been at work."""
THINKING_SECONDS = 0.5
"""Before another turn, at the most: nobody asks in the millisecond in which a reply ends."""


@dataclass
class Streams:
    """One cell of streams. CPU in µs a chunk, times in ms; `lost`: replies that went wrong."""

    cpu: float
    first_p50: float
    first_p95: float
    lag_p50: float
    lag_p95: float
    frames: float
    lost: int


async def first_delta(target: Target, count: int) -> list[float]:
    """Times to the first delta, ms: one visitor, one question after another."""
    tally = Tally()
    [visitor] = await target.open(1, tally)
    await visitor.say("100 2")
    tally.first.clear()
    for _ in range(count):
        await visitor.say("100 2")
    visitor.close()
    expect_whole(target, tally)
    return tally.first


async def streams(
    target: Target, visitors: int, rate: int, chunks: int, *, turns: int = 1, spread: float = 1.0
) -> Streams:
    """`visitors` replies of `chunks` chunks at `rate` a second, begun over `spread` seconds.

    With more than one turn, first deltas count once all have begun; visitors think in between.
    """
    tally = Tally()
    thinking = random.Random(visitors)
    crowd = await target.open(visitors, tally)
    await asyncio.sleep(0.5)
    before = cpu(target)

    async def ask(place: int, visitor: Visitor) -> None:
        await asyncio.sleep(spread * place / visitors)
        for turn in range(turns):
            if turn:
                await asyncio.sleep(thinking.uniform(0, THINKING_SECONDS))
            await visitor.say(f"{rate} {chunks}")

    asking = asyncio.gather(*(ask(place, visitor) for place, visitor in enumerate(crowd)))
    if turns > 1:
        await asyncio.sleep(spread)
        tally.first.clear()
    await asking
    await asyncio.sleep(0.3)
    used = cpu(target) - before
    for visitor in crowd:
        visitor.close()
    return Streams(
        cpu=used * 1e6 / max(1, tally.chunks),
        first_p50=median(tally.first),
        first_p95=percentile(tally.first, 0.95),
        lag_p50=median(tally.lag),
        lag_p95=percentile(tally.lag, 0.95),
        frames=tally.frames / max(1, tally.chunks),
        lost=len(tally.wrong) + abs(visitors * turns * chunks - tally.chunks),
    )


async def knee(target: Target, provider: Provider, begin: int) -> float:
    """How many streams of 30 chunks/s the server carries in time: up from `begin`, or from less.

    In time: every chunk is delivered, and 95 % of them within KNEE_MS. Between the last level that
    is and the first that is not, by the latencies of both. Where provider and generator are full
    before, it is the last level.
    """
    tally = Tally()
    crowd: list[Visitor] = []
    wanted = begin
    last = (0, 0.0)  # streams, and their p95
    try:
        while True:
            for visitor in await target.open(wanted - len(crowd), tally):
                crowd.append(visitor)
                visitor.say("30 100000")
                if len(crowd) % 8 == 0:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(SETTLE_SECONDS)
            for _ in range(CHANCES):
                lag, delivered, offered = await _level(provider, tally)
                in_time = lag <= KNEE_MS and delivered >= DELIVERED
                if in_time or offered < OFFERED * wanted:
                    break
            if not in_time:
                share = (KNEE_MS - last[1]) / (lag - last[1]) if lag > KNEE_MS else 0.0
                if last[0]:
                    return last[0] + share * (wanted - last[0])
                break
            last = (wanted, lag)
            if offered < OFFERED * wanted:
                return wanted
            wanted += max(4, wanted // 4)
    finally:
        provider.finish_all()
        ending = [visitor.turn for visitor in crowd if visitor.turn is not None]
        await asyncio.wait(ending, timeout=15)
        for visitor in crowd:
            visitor.close()
    return await knee(target, provider, begin // 2) if begin >= 10 else 0.0


async def _level(provider: Provider, tally: Tally) -> tuple[float, float, float]:
    """(p95 of the added latency, share of the chunks delivered, streams that were offered)."""
    loop = asyncio.get_running_loop()
    began, sent, seen = loop.time(), provider.chunks, tally.chunks
    tally.lag.clear()
    await asyncio.sleep(LEVEL_SECONDS)
    seconds, offered = loop.time() - began, provider.chunks - sent
    delivered = (tally.chunks - seen) / max(1, offered)
    return percentile(tally.lag, 0.95), delivered, offered / seconds / 30


async def memory(target: Target, sockets: int, streaming: int) -> tuple[float, float]:
    """(KiB an idle socket, KiB more a streaming one), on a fresh server that has met a few."""
    tally = Tally()
    for visitor in await target.open(20, tally):
        await visitor.say("100 5")
        visitor.close()
    await asyncio.sleep(0.5)
    before = rss(target)
    crowd = await target.open(sockets, tally)
    await asyncio.sleep(1)
    idle = rss(target)
    turns = [visitor.say("10 50") for visitor in crowd[:streaming]]
    await asyncio.sleep(2)
    busy = rss(target)
    await asyncio.gather(*turns)
    for visitor in crowd:
        visitor.close()
    expect_whole(target, tally)
    return (idle - before) / 1024 / sockets, (busy - idle) / 1024 / streaming


async def deaf(target: Target, provider: Provider, replies: int) -> tuple[float, float]:
    """A visitor never reads `replies` of 1 MB each: MiB by which the server grows, MB it was sent.

    A server may keep such a visitor's next question waiting, or cut it off: then it comes again.
    """
    tally = Tally()
    loop = asyncio.get_running_loop()
    [visitor] = await target.open(1, tally)
    await visitor.say(f"0 {REPLY}")
    await asyncio.sleep(0.5)
    peak = before = rss(target)
    sent = provider.bytes
    visitor.transport.pause_reading()
    end = loop.time() + DEAF_SECONDS
    while replies and loop.time() < end:
        ended = provider.ended
        visitor.say(f"0 {REPLY}")
        for _ in range(round(PATIENCE_SECONDS / 0.02)):
            await asyncio.sleep(0.02)
            peak = max(peak, rss(target))
            if provider.ended > ended:
                replies -= 1
                break
        else:
            visitor.transport.abort()
            [visitor] = await target.open(1, tally)
            visitor.transport.pause_reading()
    await asyncio.sleep(1)
    visitor.transport.abort()
    return (max(peak, rss(target)) - before) / 1024**2, (provider.bytes - sent) / 1e6


def cpu(target: Target) -> float:
    return target.server.cpu() if target.server else 0.0


def rss(target: Target) -> int:
    return target.server.rss() if target.server else 0


def expect_whole(target: Target, tally: Tally) -> None:
    """Raises when a reply went wrong: a number measured on a broken run is worth nothing."""
    if tally.wrong:
        raise RuntimeError(
            f"{target.name}: {len(tally.wrong)} replies went wrong: {tally.wrong[:3]}"
        )
