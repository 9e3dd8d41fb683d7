"""What every page of a customer's site asks for: loader and frame, beside a bare application; and
what an opening and an exchange cost, beside the release before (`BEFORE`).
"""

import asyncio
import io
import subprocess
import sys
import tarfile
from pathlib import Path
from time import perf_counter

from tests.bench.generator import Ours, Tally, median
from tests.bench.provider import Provider
from tests.bench.servers import Server, command
from tests.bench.table import printed, verdict
from tests.bench.targets import SLUG, configure, frame_token, manage, product_env
from tests.running import ROOT, free_port, of_checkout

# The last commit before loader and frame were answered from memory.
BEFORE = "689db0b"
CONNECTIONS = 8
SECONDS = 1.5
OPENINGS = 100
PATHS = {"loader": f"/chatwidget/{SLUG}.js", "frame": f"/chatwidget/{SLUG}/"}
# Shares of the bare application's requests a second: Daphne, uvicorn.
GOALS = {"loader": (0.5, 0.4), "frame": (0.2, 0.15)}
OPENING_GOAL, EXCHANGE_GOAL = 0.3, 0.6


async def measure(provider: Provider, folder: Path, full: bool) -> str:
    lines = []
    for number, kind in enumerate(["daphne", "uvicorn"]):
        lines += await _requests(kind, number, provider, folder, 3 if full else 2)
    head = ["requests a second", "bare", "ours", "ratio", "goal", ""]
    table = printed(head, lines)
    earlier = await _before(folder)
    if earlier is None:
        print(f"  no {BEFORE} in this clone's history: openings are not compared", flush=True)
        return table
    lines = []
    for kind in ["daphne", "uvicorn"]:
        lines += await _costs(kind, earlier, provider, folder, 3 if full else 1)
    head = ["ms of the processor", f"at {BEFORE}", "ours", "ratio", "goal", ""]
    return "\n\n".join([table, printed(head, lines)])


async def _requests(
    kind: str, number: int, provider: Provider, folder: Path, repetitions: int
) -> list[list[str]]:
    bare = await _bare(kind)
    ours = await _product(kind, ROOT, provider, folder)
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in PATHS}
    try:
        for _ in range(repetitions):
            for name, path in PATHS.items():
                theirs = await requests_per_second(bare.port, path)
                rates[name].append((theirs, await requests_per_second(ours.port, path)))
    finally:
        bare.stop()
        ours.stop()
    lines = []
    for name, pairs in rates.items():
        ratio, goal = median([ours / bare for bare, ours in pairs]), GOALS[name][number]
        shown = [f"{median([pair[side] for pair in pairs]):,.0f}" for side in (0, 1)]
        lines.append(
            [f"{name}, {kind}", *shown, f"{ratio:.2f}", f"≥ {goal}", verdict(ratio >= goal)]
        )
    return lines


async def requests_per_second(port: int, path: str) -> float:
    """Of CONNECTIONS that each ask again as soon as they are answered."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: br\r\n\r\n"
    ).encode()
    count, began = 0, perf_counter()

    async def ask() -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while perf_counter() - began < SECONDS:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if not head.startswith(b"http/1.1 200"):
                raise RuntimeError(f"{path}: {head!r}")
            await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r")[0]))
            count += 1
        writer.close()

    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    return count / (perf_counter() - began)


async def _costs(
    kind: str, earlier: Path, provider: Provider, folder: Path, repetitions: int
) -> list[list[str]]:
    """By turns, so that what disturbs the one disturbs the other."""
    names = ["an opening: page, socket, hello", "a first exchange", "a later exchange"]
    values: dict[Path, list[tuple[float, ...]]] = {earlier: [], ROOT: []}
    for _ in range(repetitions):
        for checkout, found in values.items():
            server = await _product(kind, checkout, provider, folder)
            try:
                found.append(await costs(server))
            finally:
                server.stop()
    lines = []
    for place, name in enumerate(names):
        before, ours = ([each[place] for each in values[key]] for key in (earlier, ROOT))
        ratio = median([b / a for a, b in zip(before, ours, strict=True)])
        goal = OPENING_GOAL if place == 0 else EXCHANGE_GOAL
        shown = [f"{median(before):.2f}", f"{median(ours):.2f}", f"{ratio:.2f}", f"≤ {goal}"]
        lines.append([f"{name}, {kind}", *shown, verdict(ratio <= goal)])
    return lines


async def costs(server: Server) -> tuple[float, float, float]:
    """Milliseconds of the server's processor: an opening, a first and a later exchange."""
    tally = Tally()
    token = await asyncio.to_thread(frame_token, server.port)
    loop = asyncio.get_running_loop()
    socket = f"/chatwidget/{SLUG}/ws/"

    async def opened() -> Ours:
        await fetch(server.port, PATHS["frame"])
        _, visitor = await loop.create_connection(
            lambda: Ours(tally, server.port, socket, token), "127.0.0.1", server.port
        )
        await visitor.opened
        return visitor

    for visitor in [await opened() for _ in range(10)]:
        await visitor.say("0 3")
        visitor.close()
    spent = []
    before = server.cpu()
    crowd = [await opened() for _ in range(OPENINGS)]
    for _ in range(3):
        spent.append((server.cpu() - before) * 1000 / OPENINGS)
        before = server.cpu()
        for visitor in crowd:
            await visitor.say("0 3")
    for visitor in crowd:
        visitor.close()
    return spent[0], spent[1], spent[2]


async def fetch(port: int, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: br\r\n"
        "Connection: close\r\n\r\n".encode()
    )
    answer = await reader.read()
    writer.close()
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"{path}: {answer[:200]!r}")


async def _bare(kind: str) -> Server:
    port = free_port()
    server = Server(command(kind, port, "tests.bench.baselines.bare:application"), {}, port)
    await server.ready()
    return server


async def _product(kind: str, checkout: Path, provider: Provider, folder: Path) -> Server:
    port = free_port()
    env = product_env(f"sqlite:///{folder}/pages-{port}.sqlite3")
    env |= {"PYTHONPATH": str(checkout), "STATIC_ROOT": f"{folder}/static-{checkout.name}"}
    await manage(env, "migrate", "--verbosity", "0", cwd=checkout)
    await manage(env, "collectstatic", "--noinput", "--verbosity", "0", cwd=checkout)
    await configure(env, provider, cwd=checkout)
    server = Server(of_checkout(command(kind, port), checkout), env, port, cwd=checkout)
    await server.ready()
    return server


async def _before(folder: Path) -> Path | None:
    """A copy of BEFORE, its front end built; None where the history does not reach so far."""
    archive = ["git", "archive", "--format=tar", BEFORE]
    made = await asyncio.to_thread(subprocess.run, archive, cwd=ROOT, capture_output=True)
    if made.returncode:
        return None
    path = folder / "before"
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as tar:
        tar.extractall(path, filter="data")
    modules = "chatwidget/frontend/node_modules"
    if (ROOT / modules).exists():
        (path / modules).symlink_to(ROOT / modules)
    await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "hatch_build.py"],
        cwd=path,
        check=True,
        capture_output=True,
    )
    return path
