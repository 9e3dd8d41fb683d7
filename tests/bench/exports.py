"""What an export costs beside a dump of the same rows by the database's own program.

`python -m tests.bench exports`. CPU time of both, since a machine that does something else as well
stretches the rest; and the exporting process's memory beside few messages and many.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.bench.targets import product_env

SIZES = (2_000, 20_000)
TABLES = "chatwidget_message chatwidget_conversation chatwidget_visitor"


async def _spent(env: dict[str, str], *command: str) -> tuple[float, float]:
    """Seconds of CPU of a command, and its peak of memory in MB."""
    return await asyncio.to_thread(_run, env, command)


def _run(env: dict[str, str], command: tuple[str, ...]) -> tuple[float, float]:
    process = subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0, command
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


async def measure(folder: Path, full: bool) -> str:
    """The table, as text."""
    lines = [
        "An export beside SQLite's own dump of the same rows",
        f"{'format':8} {'messages':>9} {'CPU s':>7} {'dump':>6} {'ratio':>6} {'MB':>5}",
    ]
    manage = (sys.executable, "manage.py")
    for size in (*SIZES, 200_000) if full else SIZES:
        file = folder / f"exports-{size}.sqlite3"
        env = product_env(f"sqlite:///{file}")
        await _spent(env, *manage, "migrate", "-v0")
        start, _ = await _spent(env, *manage, "export_transcripts")
        await _spent(env, *manage, "demo_data", "--messages", str(size), "-v0")
        dump, _ = await _spent(env, "sqlite3", str(file), f".dump {TABLES}")
        for kind in ("jsonl", "csv"):
            spent, most = await _spent(env, *manage, "export_transcripts", "--format", kind)
            spent -= start  # Django's own start
            lines.append(
                f"{kind:8} {size:9} {spent:7.2f} {dump:6.2f} {spent / dump:6.1f} {most:5.0f}"
            )
    return "\n".join(lines)
