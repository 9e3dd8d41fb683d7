"""`python -m tests.bench.flooding PORT SLUG TOKEN SECONDS`: who floods a widget, as a process.

Sockets from `ADDRESSES` addresses of the loopback network send `RATE` frames a second between them,
of those that cost a server something. One that is closed comes back at once.
"""

import asyncio
import os
import random
import sys

import msgspec
import uvloop

from tests.bench.generator import Ours, Tally
from tests.bench.servers import LOAD_CORE

ADDRESSES, SOCKETS, RATE = 100, 150, 10_000
TICK_SECONDS = 0.02
BURST = 4
"""Frames of one write, so that the flood itself costs little of its core."""
WRITES = round(RATE * TICK_SECONDS / BURST)
UNKNOWN = "0190a3c4-0000-7000-8000-000000000000"
FRAMES = [
    msgspec.json.encode(frame)
    for frame in (
        {"type": "history", "before": UNKNOWN},
        {"type": "rate", "id": UNKNOWN, "value": 1},
        {"type": "page", "url": "https://a.example/", "title": "A page"},
        {"type": "profile", "name": "Ada", "email": ""},
        {"type": "stop", "id": UNKNOWN},
    )
]
BURSTS = [
    b"".join(bytes((0x81, 0x80 | len(each))) + bytes(4) + each for each in frames)
    for frames in (random.choices(FRAMES, k=BURST) for _ in range(50))
]


async def flood(port: int, slug: str, token: str, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    tally = Tally()
    open_now: list[Ours] = []
    ends = loop.time() + seconds
    counts = {"frames": 0, "connections": 0}

    async def socket(number: int) -> None:
        address = f"127.0.1.{number % ADDRESSES + 1}"
        while loop.time() < ends:
            counts["connections"] += 1
            try:
                _, visitor = await loop.create_connection(
                    lambda: Ours(tally, port, f"/chatwidget/{slug}/ws/", token),
                    *("127.0.0.1", port),
                    local_addr=(address, 0),
                )
                async with asyncio.timeout(10):
                    await visitor.opened
                open_now.append(visitor)
                await visitor.closed
            except (OSError, TimeoutError):
                await asyncio.sleep(TICK_SECONDS)
            if visitor in open_now:
                open_now.remove(visitor)
            visitor.transport.abort()

    tasks = [loop.create_task(socket(number)) for number in range(SOCKETS)]
    due = loop.time()
    while loop.time() < ends:
        due += TICK_SECONDS
        await asyncio.sleep(max(0, due - loop.time()))
        for visitor in random.sample(open_now, min(len(open_now), WRITES)):
            visitor.transport.write(random.choice(BURSTS))
            counts["frames"] += BURST
    for task in tasks:
        task.cancel()
    print(msgspec.json.encode(counts).decode())


if __name__ == "__main__":
    os.sched_setaffinity(0, {LOAD_CORE})
    uvloop.run(flood(int(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4])))
