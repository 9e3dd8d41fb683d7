"""What an export costs beside a dump of the same rows by the database's own program.

`python -m tests.bench exports`. CPU time of both, and of PostgreSQL itself, since a machine that
does something else as well stretches the rest; and the exporting process's memory beside few
messages and many.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psutil

from tests.bench.servers import spent_by
from tests.bench.table import printed, verdict
from tests.bench.targets import manage, product_env
from tests.running import run
from tests.services import Postgres

USUAL = 20_000
MANY = (200_000, 1_000_000)  # as well, with `--full`
TABLES = ("chatwidget_message", "chatwidget_conversation", "chatwidget_visitor")
GOAL = 3.0
RUNS = 3
MANAGE = (sys.executable, "manage.py")


async def measure(folder: Path, full: bool) -> str:
    """The table, as text."""
    lines: list[list[str]] = []
    sizes = (USUAL, *MANY) if full else (USUAL,)
    for size in sizes:
        file = folder / f"exports-{size}.sqlite3"
        dump = ["sqlite3", str(file), f".dump {' '.join(TABLES)}"]
        lines += await _compared("SQLite", f"sqlite:///{file}", size, dump)
    server = Postgres()
    try:
        await server.create()
        await server.start()
        assert server.process
        for size in sizes:
            url = await server.database()
            dump = [str(server.programs / "psql"), url]
            dump += [f"--command=COPY {table} TO STDOUT" for table in TABLES]
            process = psutil.Process(server.process.pid)
            lines += await _compared("PostgreSQL", url, size, dump, process)
    finally:
        await server.stop()
        server.remove()
    head = [
        "beside .dump or COPY",
        "format",
        "messages",
        "CPU s",
        "dump",
        "ratio",
        "goal",
        "",
        "MB",
    ]
    return printed(head, lines)


async def _compared(
    kind: str, database: str, size: int, dump: list[str], *server: psutil.Process
) -> list[list[str]]:
    env = product_env(database)
    await manage(env, "migrate", "-v0")
    await manage(env, "demo_data", "--messages", str(size), "-v0")
    if server:  # which else does this by itself, while it is measured
        await run([*dump[:2], "--command=VACUUM ANALYZE"], env=env)
    nothing = [*MANAGE, "export_transcripts", "--since", "9999-01-01"]
    start, _ = await _spent(env, nothing, *server)
    dumped, _ = await _spent(env, dump, *server)
    lines = []
    for form in ("jsonl", "csv"):
        command = [*MANAGE, "export_transcripts", "--format", form]
        spent, most = await _spent(env, command, *server)
        spent -= start  # of Django, and the connection
        ratio = spent / dumped
        shown = [f"{size:,}", f"{spent:.2f}", f"{dumped:.2f}", f"{ratio:.1f}"]
        # Of few messages the rest is less than what Django's start varies by.
        goal = [f"≤ {GOAL:g}", verdict(ratio <= GOAL)] if size in MANY else ["", ""]
        lines.append([kind, form, *shown, *goal, f"{most:.0f}"])
    return lines


async def _spent(
    env: dict[str, str], command: list[str], *beside: psutil.Process
) -> tuple[float, float]:
    """Seconds of CPU of a command and of the server beside it, and the command's peak in MB.

    The least of some runs: Django's start, which is taken off, varies by more than a small export.
    """
    runs = []
    for _ in range(RUNS):
        before = spent_by(*beside)
        spent, peak = await asyncio.to_thread(_run, env, command)
        runs.append((spent + spent_by(*beside) - before, peak))
    return min(runs)


def _run(env: dict[str, str], command: list[str]) -> tuple[float, float]:
    process = subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0, command
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
