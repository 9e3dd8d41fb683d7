"""Does a flood of one widget delay the visitors of another? Both are on one server.

The flood is a process of its own. It shares a core with provider and visitors, so their own wait is
in the figures: they are for comparing one server with itself.
"""

import asyncio
import subprocess
import sys
from functools import partial
from pathlib import Path
from time import perf_counter

import msgspec

from tests.bench import flooding
from tests.bench.cells import cpu
from tests.bench.generator import Ours, Tally, percentile
from tests.bench.provider import Provider
from tests.bench.servers import LOAD_CORE, SERVER_CORE
from tests.bench.table import OURS, printed, verdict
from tests.bench.targets import SLUG, Target, configure, frame_token, product_env, start
from tests.running import ROOT

FLOODED = "flooded"
SECONDS = 6.0
"""Of each of the two measurements."""
GOAL = 2.0
STEPS = ("open", "accepted", "first delta")


class Timed(Ours):
    """A visitor who notes when their message was accepted."""

    accepted = 0.0

    def _text(self, payload: bytes) -> None:
        if payload.startswith(b'{"type":"accepted"'):
            self.accepted = perf_counter()
        super()._text(payload)


async def measure(provider: Provider, folder: Path, full: bool) -> str:
    """The table: p95 of each step of one message, without and with a flood beside it."""
    lines = []
    for name in OURS if full else OURS[1:]:
        variables = {"CHATWIDGET_LIMITS": "on"}
        database = f"sqlite:///{folder}/{name}-flood.sqlite3"
        target = await start(name, provider, folder, database, variables)
        try:
            await configure(product_env(database), provider, slug=FLOODED)
            lines += await _beside(name, target)
        finally:
            target.stop()
    if SERVER_CORE == LOAD_CORE:
        print("  one core for all: the flood itself takes a part of it", flush=True)
    what = f"beside {flooding.RATE:,} frames/s from {flooding.ADDRESSES} addresses"
    return printed([what, "step", "p95 ms without", "with", "ratio", "goal", ""], lines)


async def _beside(name: str, target: Target) -> list[list[str]]:
    token = await asyncio.to_thread(frame_token, target.port)
    await _visits(target.port, token, 1.0, 0)
    without = await _visits(target.port, token, SECONDS, 1)
    flood = _begin(target.port, await asyncio.to_thread(frame_token, target.port, FLOODED))
    try:
        await asyncio.sleep(1.5)
        used = cpu(target)
        beside = await _visits(target.port, token, SECONDS, 2)
        used = cpu(target) - used
        said, _ = await asyncio.to_thread(flood.communicate, timeout=20)
    finally:
        flood.kill()
    counts = msgspec.json.decode(said)
    print(
        f"  flood of {name}: {counts}, {len(beside[0])} visits beside it, "
        f"{used / SECONDS:.0%} of a core",
        flush=True,
    )
    lines = []
    for step, before, during in zip(STEPS, without, beside, strict=True):
        alone, among = percentile(before, 0.95), percentile(during, 0.95)
        ratio = among / alone
        figures = [f"{alone:.1f}", f"{among:.1f}", f"{ratio:.1f}", f"≤ {GOAL:g}"]
        lines.append([name, step, *figures, verdict(ratio <= GOAL)])
    return lines


def _begin(port: int, token: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.bench.flooding", str(port), FLOODED, token]
    return subprocess.Popen([*command, str(SECONDS + 2)], cwd=ROOT, stdout=subprocess.PIPE)


async def _visits(port: int, token: str, seconds: float, network: int) -> tuple[list[float], ...]:
    """Visitors, one after another and each from an address of their own, say one thing each.

    Times in ms of each step.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    found: tuple[list[float], ...] = ([], [], [])
    number = 0
    while loop.time() < ends:
        number += 1
        tally = Tally()
        began = perf_counter()
        _, visitor = await loop.create_connection(
            partial(Timed, tally, port, f"/chatwidget/{SLUG}/ws/", token),
            *("127.0.0.1", port),
            local_addr=(f"127.0.{2 + network}.{number % 250 + 1}", 0),
        )
        async with asyncio.timeout(20):
            await visitor.opened
            opened = perf_counter()
            await visitor.say("100 1")
        visitor.close()
        found[0].append((opened - began) * 1e3)
        found[1].append((visitor.accepted - opened) * 1e3)
        found[2].append(tally.first[0])
        await asyncio.sleep(0.03)
    return found
