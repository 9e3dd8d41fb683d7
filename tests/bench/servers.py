"""The servers under measurement: each a process of its own, pinned to one core."""

import asyncio
import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

import psutil

from project.servers import APPLICATION, COMMANDS
from tests.running import ROOT

START_SECONDS = 30
SERVER_CORE, LOAD_CORE = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))
"""Servers run on the first, provider and generator on the last; the same where there is one."""


def command(kind: str, port: int, application: str = APPLICATION) -> list[str]:
    """How the product starts `kind`, daphne or uvicorn, for any application."""
    mine = COMMANDS[kind]("127.0.0.1", port)
    return [*mine[:-1], application]


class Server:
    """A running server: its CPU seconds and its resident bytes."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], port: int, cwd: Path = ROOT
    ) -> None:
        self.port = port
        self.log = TemporaryFile()  # noqa: SIM115  # closed by stop
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **env},
            stdout=self.log,
            stderr=self.log,
            preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}),
        )
        self.watched = psutil.Process(self.process.pid)

    async def ready(self) -> None:
        """Returns once it accepts connections; raises with its log if it does not."""
        for _ in range(START_SECONDS * 20):
            if self.process.poll() is not None:
                break
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
        raise RuntimeError(f"{self.process.args!r} did not start:\n{self.output()}")

    def output(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def cpu(self) -> float:
        times = self.watched.cpu_times()
        return times.user + times.system

    def rss(self) -> int:
        return self.watched.memory_info().rss

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


def spent_by(*processes: psutil.Process) -> float:
    """Their seconds of CPU, with those of the processes that they have started."""
    return sum(map(_spent_by, processes))


def _spent_by(process: psutil.Process) -> float:
    own = process.cpu_times()[:4]  # with those of children that have ended
    spent = sum(own)
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            spent += sum(child.cpu_times()[:2])
    # One that ended meanwhile, as a connection's does after its client, is in neither.
    return spent if process.cpu_times()[2:4] == own[2:4] else _spent_by(process)
