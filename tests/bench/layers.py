"""Which layer of channels_redis carries deltas to another process: `python -m tests.bench.layers`.

As the product uses them: one channel for a whole process, a group for each conversation, an event
for each reply on every beat. The sender is one process and the receiver another.
"""

import asyncio
import contextlib
import json
import sys
import time
from typing import Any

from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

from tests.services import Redis

LAYERS = {"pub/sub": RedisPubSubChannelLayer, "core": RedisChannelLayer}
BEAT_SECONDS = 0.05
TEXT = "a few words of a reply, as many as come in one beat of it "
QUIET_SECONDS = 2.0  # nothing more comes after this


def layer(kind: str, url: str) -> Any:
    return LAYERS[kind](hosts=[url], prefix=kind[:4])


async def receive(kind: str, url: str, replies: int) -> None:
    """Print what arrived, and what it cost, once nothing more comes."""
    here = layer(kind, url)
    channel = await here.new_channel()
    for number in range(replies):
        await here.group_add(f"reply{number}", channel)
    print("ready", flush=True)
    delays: list[float] = []
    began = time.process_time()
    with contextlib.suppress(TimeoutError):
        while True:
            async with asyncio.timeout(QUIET_SECONDS if delays else 60):
                message = await here.receive(channel)
            delays.append(time.monotonic() - message["at"])
    spent = time.process_time() - began
    delays.sort()
    result = {
        "arrived": len(delays),
        "cpu": spent,
        "p50": delays[len(delays) // 2],
        "p95": delays[len(delays) * 95 // 100],
    }
    print(json.dumps(result), flush=True)


async def send(kind: str, url: str, replies: int, seconds: float) -> dict[str, float]:
    """Events for so many replies at once; what was sent and what became of it."""
    receiver = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.layers", "receive", kind, url, str(replies),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert receiver.stdout
    assert await receiver.stdout.readline() == b"ready\n"
    here = layer(kind, url)
    loop = asyncio.get_running_loop()
    sent = 0
    spent = 0.0
    beat = began = loop.time()
    while loop.time() < began + seconds:
        before = time.process_time()
        for number in range(replies):
            event = {"type": "delta", "text": TEXT, "at": time.monotonic()}
            await here.group_send(f"reply{number}", event)
            sent += 1
        spent += time.process_time() - before
        beat += BEAT_SECONDS
        await asyncio.sleep(beat - loop.time())
    result: dict[str, float] = json.loads(await receiver.stdout.readline())
    await receiver.wait()
    return {**result, "sent": sent, "sending": spent, "rate": sent / (loop.time() - began)}


async def measure(full: bool) -> str:
    """The table, as text."""
    lines = [
        "Deltas to another process, one event a reply and beat of 50 ms",
        f"{'layer':8} {'replies':>7} {'sent/s':>7} {'lost':>6} {'CPU µs sending':>15}"
        f" {'receiving':>10} {'delay p50 ms':>13} {'p95':>7}",
    ]
    redis = Redis()
    await redis.start()
    try:
        for kind in LAYERS:
            for replies in (1, 30, 60, 200) if full else (60,):
                found = await send(kind, redis.database(), replies, 10.0 if full else 4.0)
                await redis.flush()
                arrived = max(found["arrived"], 1)
                lines.append(
                    f"{kind:8} {replies:7} {found['rate']:7.0f}"
                    f" {1 - found['arrived'] / found['sent']:6.1%}"
                    f" {found['sending'] / found['sent'] * 1e6:15.0f}"
                    f" {found['cpu'] / arrived * 1e6:10.0f}"
                    f" {found['p50'] * 1e3:13.1f} {found['p95'] * 1e3:7.1f}"
                )
    finally:
        await redis.stop()
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["receive"]:
        asyncio.run(receive(sys.argv[2], sys.argv[3], int(sys.argv[4])))
    else:
        print(asyncio.run(measure("--full" in sys.argv)))
