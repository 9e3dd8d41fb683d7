"""Do workers scale? What a chunk costs while one, two and four share PostgreSQL and Redis.

Each has as many streams as the first alone, and all are on one core: where a chunk costs the same,
each worker on a core of its own carries as much as the first.
"""

import asyncio
from pathlib import Path

from tests.bench import cells
from tests.bench.generator import median
from tests.bench.provider import Provider
from tests.bench.table import OURS, printed
from tests.bench.targets import Target, start
from tests.services import Postgres, Redis

STREAMS, RATE, CHUNKS = 20, 30, 240
"""Of each worker, chunks a second, and of a reply."""


async def measure(provider: Provider, folder: Path, full: bool) -> str:
    """The table: CPU µs a chunk of all workers together, and its ratio to that of one."""
    counts = (1, 2, 4) if full else (1, 2)
    database, redis = Postgres(), Redis()
    lines = []
    try:
        await database.create()
        await asyncio.gather(database.start(), redis.start())
        for name in OURS if full else OURS[1:]:
            where = await database.database()
            shared = {"REDIS_URL": redis.database()}
            workers = [
                await start(name, provider, folder, where, shared) for _ in range(max(counts))
            ]
            try:
                costs = await _costs(workers, counts, 4 if full else 2)
            finally:
                for worker in workers:
                    worker.stop()
            await redis.flush()
            base = costs[counts[0]]
            for count, found in costs.items():
                ratio = median([cost / one for cost, one in zip(found, base, strict=True)])
                streams = f"{count * STREAMS} of {RATE}/s"
                lines.append([name, str(count), streams, f"{median(found):.1f}", f"{ratio:.2f}"])
    finally:
        await asyncio.gather(database.stop(), redis.stop())
        database.remove()
    return printed(["scaling", "workers", "streams", "CPU µs a chunk", "ratio to one"], lines)


async def _costs(
    workers: list[Target], counts: tuple[int, ...], repetitions: int
) -> dict[int, list[float]]:
    """CPU µs a chunk by the number of workers, which take turns."""
    costs: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(repetitions):
        for count in counts:
            found = await asyncio.gather(
                *(cells.streams(worker, STREAMS, RATE, CHUNKS) for worker in workers[:count])
            )
            if lost := sum(cell.lost for cell in found):
                raise RuntimeError(f"{lost} replies or chunks were lost with {count} workers")
            costs[count].append(sum(cell.cpu for cell in found) / count)
    return costs
