"""Our own commands, begun within milliseconds: forks of one process that has imported everything.

An import of Django, Daphne and the rest costs each command more than a second of a processor. The
warm process of a test run has paid it once: it has imported what a server imports, as far as that
needs no settings, and forks for each command. The fork has an environment, a folder, streams and a
session of its own, and runs the module that the command names as Python would. Whatever an
interpreter reads when it starts or imports is as it was for the warm process, so that a command
which wants that otherwise (`COLD`) has to start cold.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Variables that are read before any settings are.
COLD = (
    *("LANG", "LC_", "LD_", "MALLOC_", "OPENSSL_", "PYTHON", "SSL_"),
    *("ASGI_", "OTEL_", "UVICORN_", "WEBSOCKETS_"),
)
MODULES = ("project.daphne", "uvicorn", "tests.prepare")
# They make Twisted's reactor, whose descriptors no two processes may share.
REACTORS = ("daphne.cli", "daphne.server")
REACTOR = "twisted.internet.reactor"


class Forked:
    """A running fork, to be used as asyncio's own `Process`."""

    def __init__(
        self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._writer = writer
        self._ended = asyncio.create_task(self._until_it_ends(reader))

    async def _until_it_ends(self, reader: asyncio.StreamReader) -> int:
        self.returncode = int(await reader.readline())
        self._writer.close()
        return self.returncode

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Warm:
    """The warm process, from the side of the tests; `close` ends it and all its forks."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.env = {**os.environ, **env}
        self.path = str(folder / "warm.socket")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm", self.path],
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == b"warm\n", "the warm process has ended"

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def runs(self, command: Sequence[str], env: Mapping[str, str], cwd: Path) -> bool:
        """Whether this command, with this whole environment, may be a fork."""
        return (
            cwd == ROOT
            and command[0] == sys.executable
            and (command[1] == "manage.py" or (command[1] == "-m" and command[2] in MODULES))
            and all(
                env.get(name) == self.env.get(name)
                for name in env.keys() | self.env.keys()
                if name.startswith(COLD)
            )
        )

    async def start(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        streams: Sequence[int],
    ) -> Forked:
        """Begin it, with these as its standard input, output and error."""
        request = json.dumps({"arguments": command[1:], "env": dict(env)}).encode()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(self.path)
        socket.send_fds(connection, [len(request).to_bytes(4, "big")], streams)
        connection.sendall(request)
        reader, writer = await asyncio.open_unix_connection(sock=connection)
        return Forked(int(await reader.readline()), reader, writer)


def loaded() -> dict[str, str]:
    """The modules that a server loads, and their files, found out by a fork that begins as one."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        importlib.import_module("project.asgi")
        for name in (*REACTORS, "uvicorn.main", "django.core.management.commands.migrate"):
            importlib.import_module(name)
        importlib.import_module("project.urls")
        files = {name: vars(made).get("__file__") for name, made in list(sys.modules.items())}
        with os.fdopen(writing, "w") as pipe:
            json.dump(files, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        found: dict[str, str] = json.load(pipe)
    os.wait()
    return found


def import_all() -> None:
    """Import what needs no settings; of our own modules, which do, keep the compiled code."""
    from django.core.exceptions import ImproperlyConfigured

    compiled: dict[str, CodeType | None] = {}
    compile_file = SourceFileLoader.get_code

    def get_code(self: Any, fullname: str) -> CodeType | None:
        if self.path not in compiled:
            compiled[self.path] = compile_file(self, fullname)
        return compiled[self.path]

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
    modules = loaded()
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # nothing shall find settings
    for name, file in modules.items():
        if name.startswith(("__", "tests", REACTOR)) or name in REACTORS:
            continue
        if name.partition(".")[0] in ("chatwidget", "project"):
            SourceFileLoader(name, file).get_code(name)
            continue
        with suppress(ImportError, ImproperlyConfigured):
            importlib.import_module(name)
    assert not sys.modules.keys() & {REACTOR, "project.settings"} and threading.active_count() == 1


class Forks:
    """The warm process itself: one thread, which forks when it is asked to."""

    def __init__(self, path: str) -> None:
        self.running: dict[int, socket.socket] = {}
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(64)
        self.ended, wake = socket.socketpair()
        wake.setblocking(False)
        self.ended.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno())
        self.wake = wake

    def serve(self) -> dict[str, Any] | None:
        """In a fork: what it is asked to run. In the warm process: None, when the tests end."""
        with selectors.DefaultSelector() as selector:
            for each in (self.listener, self.ended, sys.stdin):
                selector.register(each, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self.ended in ready:
                    self.ended.recv(4096)
                    self.tell()
                if self.listener in ready and (request := self.fork()):
                    return request
                if sys.stdin in ready:
                    return None

    def fork(self) -> dict[str, Any] | None:
        connection, _ = self.listener.accept()
        with connection.makefile("rb") as incoming:
            length, streams, _, _ = socket.recv_fds(connection, 4, 3)
            request: dict[str, Any] = json.loads(incoming.read(int.from_bytes(length, "big")))
        if pid := os.fork():
            for each in streams:
                os.close(each)
            self.running[pid] = connection
            return None
        os.setsid()
        connection.sendall(b"%d\n" % os.getpid())
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, each in enumerate(streams):
            os.dup2(each, number)
            os.close(each)
        for own in (connection, self.listener, self.ended, self.wake, *self.running.values()):
            own.close()
        return request

    def tell(self) -> None:
        """Say with which status forks have ended."""
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                with self.running.pop(pid) as connection, suppress(OSError):
                    connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))

    def kill(self) -> None:
        for pid in self.running:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def main() -> None:
    import_all()
    gc.collect()
    gc.freeze()  # no fork copies what only the collector would touch
    forks = Forks(sys.argv[1])
    print("warm", flush=True)
    request = forks.serve()
    if request is None:
        forks.kill()
        return
    os.environ.clear()
    os.environ.update(request["env"])
    first, *rest = request["arguments"]
    if first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [first, *rest]
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    main()
