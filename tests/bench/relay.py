"""The relay's part of the bench: which cell, how often, in which order."""

from collections.abc import Iterable
from pathlib import Path

from tests.bench import cells, golang
from tests.bench.generator import median
from tests.bench.provider import Provider
from tests.bench.table import OURS, REFERENCE, Goal, Results
from tests.bench.targets import GO, Target, start

CPU_60 = "CPU µs a chunk, 60 streams of 30/s"
CPU_30 = "CPU µs a chunk, 30 streams of 100/s"
FIRST_1 = "first delta ms, 1 stream"
FIRST_200 = "first delta p95 ms, 200 streams of 30/s"
KNEE = "streams of 30/s, 95 % of the chunks within 250 ms"
CPU_200 = "CPU µs a chunk, 200 streams of 30/s"
IDLE = "KiB an idle socket"
DEAF = "MiB for a reader that never reads"

STARLETTE = "starlette-aiohttp"
GOALS = [
    Goal(CPU_60, "ratio", (0.55, 0.35)),
    Goal(CPU_30, "ratio", (0.30, 0.20)),
    Goal(FIRST_1, "ratio", (1.5, 1.2)),
    Goal(FIRST_200, "ratio", (1.0, 0.6)),
    Goal(CPU_60, "ratio", (2, 1.2), (GO, GO), "… 60 of them, against Go + gorilla"),
    Goal(CPU_200, "ratio", (2, 1.2), (GO, GO), "… 200 of them, against Go + gorilla"),
    Goal(
        CPU_60, "ratio", (1.1, 0.7), (STARLETTE,) * 2, "… 60 of them, against Starlette + aiohttp"
    ),
    Goal(
        CPU_30, "ratio", (0.5, 0.35), (STARLETTE,) * 2, "… 30 of them, against Starlette + aiohttp"
    ),
    Goal(
        CPU_200, "ratio", (0.9, 0.6), (STARLETTE,) * 2, "… 200 of them, against Starlette + aiohttp"
    ),
    Goal(KNEE, "at least", (2, 3.5)),
    Goal(KNEE, "at least", (0, 1), (STARLETTE, STARLETTE), "… against Starlette + aiohttp"),
    Goal(IDLE, "more", (0, 0), (REFERENCE, "channels-uvicorn")),
    Goal(DEAF, "most", (4, 4)),
]

# Visitors, chunks a second, chunks a reply, turns, begun over how many seconds.
STREAMS = [
    (60, 30, 200, 1, 1.0),
    (30, 100, 400, 1, 0.5),
    (200, 30, 90, 2, 3.0),
]
ALONE = (1, 30, 60, 1, 0.0)


async def measure(provider: Provider, folder: Path, results: Results, full: bool) -> None:
    """Every cell for every target, in turn, so that what disturbs one disturbs its pair."""
    names = ["direct", REFERENCE, STARLETTE, *OURS]
    if full:
        names[2:2] = ["channels-uvicorn", "starlette-httpx"]
    if await golang.build(folder):
        names.insert(names.index(STARLETTE) + 1, GO)
    targets = [await start(name, provider, folder) for name in names]
    try:
        for _ in range(6 if full else 3):
            for target in targets:
                results.add(FIRST_1, target.name, median(await cells.first_delta(target, 25)))
        for plan in [ALONE, *STREAMS] if full else STREAMS:
            # The first plan decides; the others tell whether it is alike elsewhere.
            for repetition in range(3 if full else 2 if plan is STREAMS[0] else 1):
                for target in targets:
                    # Not compared with: measured once, and the direct stream where it tells more.
                    once = target.name in {"direct", STARLETTE, GO}
                    known = target.name == "direct" and plan is not ALONE
                    if full or not (known or (once and repetition)):
                        await _streams(results, target, *plan)
        for _ in range(2 if full else 0):
            for target in targets[1:]:
                expected = 0.95e6 / 30 / results.value(CPU_60, target.name)
                carried = await cells.knee(target, provider, max(20, round(expected * 0.7)))
                results.add(KNEE, target.name, carried)
    finally:
        stop(targets)
    beside = [GO] if full and GO in names else []
    for name in [REFERENCE, "channels-uvicorn", *beside, *OURS]:
        await _memory(results, name, provider, folder, 2000 if full else 1000)
    for name in [*([REFERENCE] if full else []), *beside, *OURS]:
        await _deaf(results, name, provider, folder, 200 if full else 24)


async def postgres(
    provider: Provider, folder: Path, results: Results, database: str, full: bool
) -> None:
    """The product on PostgreSQL, a server and a database after the other."""
    for name in OURS[1:] if not full else OURS:
        target = await start(name, provider, folder, database)
        target.name = f"{name}, PostgreSQL"
        try:
            results.add(FIRST_1, target.name, median(await cells.first_delta(target, 50)))
            for plan in [ALONE, *STREAMS] if full else STREAMS[:1]:
                await _streams(results, target, *plan)
        finally:
            target.stop()


async def _streams(
    results: Results,
    target: Target,
    visitors: int,
    rate: int,
    chunks: int,
    turns: int,
    spread: float,
) -> None:
    cell = await cells.streams(target, visitors, rate, chunks, turns=turns, spread=spread)
    which = f"{visitors} stream{'s' if visitors > 1 else ''} of {rate}/s"
    if target.server and visitors > 1:
        results.add(f"CPU µs a chunk, {which}", target.name, cell.cpu)
    if visitors > 1:
        results.add(f"first delta p50 ms, {which}", target.name, cell.first_p50)
        results.add(f"first delta p95 ms, {which}", target.name, cell.first_p95)
    results.add(f"added latency p50 ms, {which}", target.name, cell.lag_p50)
    results.add(f"added latency p95 ms, {which}", target.name, cell.lag_p95)
    if cell.lost:
        results.add(f"replies or chunks lost, {which}", target.name, cell.lost)


async def _memory(
    results: Results, name: str, provider: Provider, folder: Path, sockets: int
) -> None:
    target = await start(name, provider, folder)
    try:
        idle, streaming = await cells.memory(target, sockets, sockets // 10)
    finally:
        target.stop()
    results.add(IDLE, name, idle)
    results.add("KiB more while it streams", name, streaming)


async def _deaf(
    results: Results, name: str, provider: Provider, folder: Path, replies: int
) -> None:
    """`replies`: of 1 MB each."""
    target = await start(name, provider, folder)
    try:
        growth, sent = await cells.deaf(target, provider, replies)
    finally:
        target.stop()
    results.add(DEAF, name, growth)
    results.add("MB that it was sent", name, sent)


def stop(targets: Iterable[Target]) -> None:
    for target in targets:
        target.stop()
