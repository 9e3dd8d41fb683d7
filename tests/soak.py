"""`make soak`: chats come and go for minutes while workers, Redis and the database are restarted.

    python -m tests.soak --minutes 60 --chats 1000

At the end every message that was accepted is stored once and has an answer that ended, and the
worker that was never restarted has about the memory that it had after the first third.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
import uuid
from collections import Counter
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import httpx
import psutil
from websockets.exceptions import WebSocketException

from tests.client import Chat, frame_token
from tests.running import Server, free_port, prepare
from tests.services import Postgres, Redis

LOST = (AssertionError, OSError, TimeoutError, WebSocketException, httpx.HTTPError)
BETWEEN = 20.0  # seconds from one restart to the next
MOST_GROWTH = 1.25  # of memory, and some MiB that a busy minute takes
SPARE = 24 * 2**20
START_SECONDS = 300  # of a worker to whom a thousand chats come back at once
LONGEST_PAUSE = 10.0  # seconds, between two attempts to be there again; it grows as the widget's


@dataclass
class Soak:
    """What runs, and what has been accepted."""

    servers: list[Server]
    until: float
    between: float  # seconds from one message of a visitor's to the next
    token: str  # the frame's, good for an hour
    accepted: set[str] = field(default_factory=set)  # ids that clients gave
    seen: Counter[str] = field(default_factory=Counter)

    async def visit(self) -> None:
        """One visitor after the other, each of a few messages, until the time is over."""
        await self.pause()  # they do not all come at once
        while time.monotonic() < self.until:
            await self.chat(
                {str(uuid.uuid4()): f"Message {n}" for n in range(random.randint(1, 4))}
            )
            self.seen["visitors"] += 1

    async def chat(self, left: dict[str, str]) -> None:
        """Say all that is left, by id, with pauses, whatever is restarted meanwhile."""
        visitor: str | None = None
        pause = 0.5
        while left and time.monotonic() < self.until + 60:
            id = ""
            try:
                async with Chat(random.choice(self.servers).url) as chat:
                    await chat.hello(token=self.token, **({"visitor": visitor} if visitor else {}))
                    visitor = chat.visitor
                    for id, text in list(left.items()):
                        async with asyncio.timeout(30):
                            await chat.say(text, id)
                            self.accepted.add(id)
                            del left[id]
                            await chat.until("done")
                        self.seen["answers watched to their end"] += 1
                        pause = 0.5
                        await self.pause()
            except LOST as error:
                behind = id in self.accepted
                why = f"tried again after {type(error).__name__}"
                self.seen["answers left behind" if behind else why] += 1
                await asyncio.sleep(random.uniform(0, pause))
                pause = min(2 * pause, LONGEST_PAUSE)

    async def renew(self) -> None:
        """Fetch the frame's token every ten minutes, as a page that stays open does."""
        while (left := self.until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 600))
            with suppress(*LOST):
                self.token = await frame_token(self.servers[0].url, "demo")

    async def pause(self) -> None:
        """Between two messages; the socket stays open."""
        left = self.until - time.monotonic()
        await asyncio.sleep(max(0, min(left, random.uniform(0, 2 * self.between))))

    async def restart(self, postgres: Postgres, redis: Redis) -> None:
        """One after the other, again and again; the first worker is left alone."""
        second = self.servers[1]
        while time.monotonic() + BETWEEN < self.until:
            for name, work in (
                ("worker ended", second.terminate),
                ("worker killed", second.kill),
                ("redis", redis.stop),
                ("database", postgres.stop),
            ):
                await asyncio.sleep(BETWEEN)
                if time.monotonic() > self.until:
                    return
                await work()
                for service in (redis, postgres, second):
                    if not service.running:
                        await service.start()
                self.seen[f"restarts: {name}"] += 1


def memory(server: Server) -> int:
    assert server.process
    return int(psutil.Process(server.process.pid).memory_info().rss)


async def soak(minutes: float, chats: int, between: float) -> list[str]:
    """What is not as it should be."""
    async with AsyncExitStack() as stack:
        postgres, redis = Postgres(), Redis()
        stack.callback(postgres.remove)
        for service in (postgres, redis):
            stack.push_async_callback(service.stop)
        await postgres.create()
        await postgres.start()
        await redis.start()
        url = await postgres.database()
        await prepare({"DATABASE_URL": url})
        variables = {"DATABASE_URL": url, "REDIS_URL": redis.database(), "CHATWIDGET_LIMITS": "off"}
        servers = [Server(variables, "uvicorn", free_port()) for _ in range(2)]
        for server in servers:
            server.start_seconds = START_SECONDS
            await stack.enter_async_context(server)
        token = await frame_token(servers[0].url, "demo")
        run = Soak(servers, time.monotonic() + minutes * 60, between, token)
        work = [asyncio.create_task(run.visit()) for _ in range(chats)]
        work.append(asyncio.create_task(run.renew()))
        work.append(asyncio.create_task(run.restart(postgres, redis)))
        await asyncio.sleep(minutes * 20)
        early = memory(servers[0])
        await asyncio.gather(*work)
        faults = await unanswered(run)
        late = memory(servers[0])
        print(f"memory: {early / 2**20:.0f} MiB after a third, {late / 2**20:.0f} MiB at the end")
        print(f"accepted: {len(run.accepted)}")
        for what, count in sorted(run.seen.items()):
            print(f"{what}: {count}")
        if late > early * MOST_GROWTH + SPARE:
            faults.append("memory grows")
        return faults


async def unanswered(run: Soak) -> list[str]:
    """Accepted messages that are not stored once, and answers that do not end, after a while."""
    faults: list[str] = []
    for _ in range(60):
        done = await run.servers[0].manage("shell", "-v0", "-c", STORED, check=False)
        if done.returncode == 0:
            stored, unfinished = json.loads(done.stdout)
            counts = Counter(stored)
            faults = [f"{id}: stored {counts[id]} times" for id in run.accepted if counts[id] != 1]
            faults += [f"{unfinished} answers have not ended"] if unfinished else []
            if not faults:
                return []
        await asyncio.sleep(1)
    return faults


STORED = """
import json
from chatwidget.models import Message
ids = Message.objects.filter(client_id__isnull=False).values_list("client_id", flat=True)
unfinished = Message.objects.filter(status__in=["pending", "streaming"]).count()
print(json.dumps([[str(each) for each in ids], unfinished]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--chats", type=int, default=1000)
    parser.add_argument("--between", type=float, default=20, help="seconds between two messages")
    options = parser.parse_args()
    faults: list[str] = []
    with suppress(KeyboardInterrupt):
        faults = asyncio.run(soak(options.minutes, options.chats, options.between))
    for fault in faults[:20]:
        print(fault)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
