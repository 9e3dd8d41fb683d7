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
DELIVERED = 0.9
"""Of the chunks that are due: below it a server does not keep up, however busy."""
FULL = 0.95
"""Of a core: a server this busy has no room left."""
SETTLE_SECONDS, LEVEL_SECONDS = 1.0, 1.5
"""Of the ramp: after streams were added, and measured."""
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


async def ramp(target: Target, provider: Provider, begin: int) -> float:
    """How many streams of 30 chunks/s fill 95 % of the core: up from `begin`, or from less.

    Where chunks pile up before the core is full, it is the most that were delivered in time. Where
    provider and generator are full before, it is what fills the core if more cost as much each.
    """
    tally = Tally()
    crowd: list[Visitor] = []
    wanted = begin
    last = (0.0, 0.0)
    try:
        while True:
            for visitor in await target.open(wanted - len(crowd), tally):
                crowd.append(visitor)
                visitor.say("30 100000")
                if len(crowd) % 8 == 0:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(SETTLE_SECONDS)
            for _ in range(CHANCES):
                busy, delivered, count = await _level(target, provider, tally)
                if delivered >= DELIVERED:
                    break
            else:
                break
            if busy >= FULL:
                share = (FULL - last[0]) / max(0.01, busy - last[0])
                return last[1] + share * (count - last[1])
            if count < DELIVERED * wanted:
                return count * FULL / busy
            last = (busy, count)
            wanted += max(4, round(wanted * min(0.4, 0.6 * (FULL - busy) + 0.04)))
    finally:
        provider.finish_all()
        ending = [visitor.turn for visitor in crowd if visitor.turn is not None]
        await asyncio.wait(ending, timeout=15)
        for visitor in crowd:
            visitor.close()
    if last[1] or begin < 10:
        return last[1]
    return await ramp(target, provider, begin // 2)


async def _level(target: Target, provider: Provider, tally: Tally) -> tuple[float, float, float]:
    """(share of the core, share of the chunks delivered, how many streams they are)."""
    loop = asyncio.get_running_loop()
    began, before, sent, seen = loop.time(), cpu(target), provider.chunks, tally.chunks
    await asyncio.sleep(LEVEL_SECONDS)
    seconds = loop.time() - began
    delivered = tally.chunks - seen
    return (
        (cpu(target) - before) / seconds,
        delivered / max(1, provider.chunks - sent),
        delivered / seconds / 30,
    )


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
