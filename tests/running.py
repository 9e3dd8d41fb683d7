"""Real servers in processes of their own, and what tests do to them."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import ssl
import sys
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from project.servers import COMMANDS, ENVIRONMENT
from tests import leaks
from tests.environment import FOLDER, SERVER, VARIABLES
from tests.warm import Forked, Warm

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60  # a machine that is busy with everything else at once
TLS = ssl.create_default_context()  # reads all authorities' certificates: once

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
_ports = list(range(15_000 + _worker % 8, 32_000, 8))
random.Random(os.getpid()).shuffle(_ports)


def free_port() -> int:
    """One that no outgoing connection is given, and no other worker of this test run: while a
    server is restarted, nobody takes its place."""
    while True:
        port = _ports.pop()
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(frozen=True)
class Completed:
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str


Program = asyncio.subprocess.Process | Forked
_warm: Warm | None = None
warms = False  # whether commands of ours may be forks: in a run of tests


def close_warm() -> None:
    global _warm
    if _warm:
        _warm.close()
        _warm = None


async def _begin(
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    streams: Sequence[int],
    fork: bool = True,
) -> Program:
    """Begin `command` in a session of its own."""
    global _warm
    if warms and fork:
        _warm = _warm or Warm(FOLDER, {**ENVIRONMENT, **VARIABLES})
        if _warm.runs(command, env, cwd):
            return await _warm.start(command, env, streams)
    stdin, stdout, stderr = streams
    return await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=env,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def _kill(process: Program) -> None:
    """SIGKILL to it and its children, unless it has ended."""
    if process.returncode is None:
        with suppress(ProcessLookupError):  # it has just ended by itself
            os.killpg(process.pid, signal.SIGKILL)


async def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    input: str = "",
    check: bool = True,
    cwd: Path = ROOT,
) -> Completed:
    """Run `command` to its end; with `check`, a status other than 0 is an AssertionError."""
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        files[0].write(input.encode())
        files[0].seek(0)
        streams = [each.fileno() for each in files]
        process = await _begin(command, {**os.environ, **env}, cwd, streams)
        try:
            status = await process.wait()
        finally:
            _kill(process)
        for each in files:
            each.seek(0)
        _, out, err = (each.read().decode() for each in files)
    done = Completed(status, out, err)
    leaks.look(" ".join(command[:4]), out + err)
    assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done


# What releases started servers by that had no module of ours for it.
BEFORE_OURS = {"project.daphne": "daphne", "project.uvicorn_bounds:BoundedProtocol": "auto"}


def of_checkout(command: list[str], checkout: Path) -> list[str]:
    """How a server is started there."""

    def there(each: str) -> str:
        module = each.partition(":")[0].replace(".", "/")
        return each if (checkout / f"{module}.py").exists() else BEFORE_OURS[each]

    return [there(each) if each in BEFORE_OURS else each for each in command]


class Process:
    """A program that runs until it is ended; what it prints is in `log`."""

    fork = False  # whether it may be a fork of the warm process
    start_seconds: float = START_SECONDS

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], port: int, cwd: Path = ROOT
    ) -> None:
        self.command = list(command)
        self.env = {**os.environ, **env}
        self.port = port
        self.cwd = cwd
        self.url = f"http://127.0.0.1:{port}"
        self.path = FOLDER / f"{uuid.uuid4()}.log"
        self.process: Program | None = None

    @property
    def log(self) -> str:
        """Everything printed so far, to either stream."""
        return self.path.read_text(errors="replace") if self.path.exists() else ""

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def start(self, ready: str = "") -> None:
        """Start it and wait until it answers: with status 200 at `ready`, or at its port at all."""
        with self.path.open("ab") as log, open(os.devnull, "rb") as nothing:
            streams = [nothing.fileno(), log.fileno(), log.fileno()]
            self.process = await _begin(self.command, self.env, self.cwd, streams, self.fork)
        try:
            async with asyncio.timeout(self.start_seconds):
                while not await self.answers(ready):
                    assert self.running, f"{' '.join(self.command)} has ended:\n{self.log}"
                    await asyncio.sleep(0.05)  # there is no event: the other side opens a port
        except TimeoutError as error:
            error.add_note(self.log[-4000:])
            raise

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.kill()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    async def answers(self, ready: str) -> bool:
        try:
            if ready:
                async with httpx.AsyncClient(base_url=self.url, timeout=10, verify=TLS) as client:
                    return (await client.get(ready)).status_code == 200
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            await writer.wait_closed()
        except (OSError, httpx.HTTPError):
            return False
        return True

    def signal(self, number: int) -> None:
        """To the process itself; `kill` and teardown reach its children as well."""
        assert self.process is not None
        self.process.send_signal(number)

    async def wait(self) -> int:
        """Its exit status, once it has ended."""
        assert self.process is not None
        return await self.process.wait()

    async def terminate(self) -> int:
        """SIGTERM, and its exit status once it has ended by itself."""
        self.signal(signal.SIGTERM)
        return await self.wait()

    async def kill(self) -> None:
        """SIGKILL to it and its children."""
        if self.process:
            _kill(self.process)
            await self.wait()


class Server(Process):
    """Our own server: migrated, with an admin user admin/admin and the `demo` widget."""

    fork = True

    def __init__(self, env: Mapping[str, str], server: str, port: int) -> None:
        self.host = "127.0.0.1"
        self.variables = {**ENVIRONMENT, **VARIABLES, **env, "HOST": self.host, "PORT": str(port)}
        super().__init__(COMMANDS[server](self.host, port), self.variables, port)
        self.ws_url = f"ws://127.0.0.1:{port}"
        self._admins = httpx.Cookies()

    async def start(self, ready: str = "/healthz") -> None:
        await super().start(ready)

    async def restart(self, ready: str = "/healthz") -> None:
        """Start it again on the same port, after `kill` or `terminate`."""
        assert not self.running
        await self.start(ready)

    async def manage(
        self,
        *arguments: str,
        input: str = "",
        check: bool = True,
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        """`manage.py …` with this server's settings."""
        return await run(
            [sys.executable, "manage.py", *arguments],
            env={**self.variables, **(env or {})},
            input=input,
            check=check,
        )

    def client(self, **options: Any) -> httpx.AsyncClient:
        """An HTTP client of this server."""
        return httpx.AsyncClient(base_url=self.url, **{"timeout": 30, "verify": TLS, **options})

    async def admin(self) -> httpx.AsyncClient:
        """An HTTP client logged in as admin, in a session that all have; `aclose` it."""
        client = self.client(follow_redirects=True, cookies=self._admins)
        if self._admins:
            return client
        await client.get("/admin/login/")
        form = {
            "username": "admin",
            "password": "admin",
            "csrfmiddlewaretoken": client.cookies["csrftoken"],
        }
        answer = await client.post("/admin/login/?next=/admin/", data=form)
        assert answer.status_code == 200 and "logout" in answer.text, answer.text
        self._admins = client.cookies
        return client

    async def admin_cookies(self) -> list[dict[str, str]]:
        """The cookies of a logged-in admin, as a browser context's `add_cookies` takes them."""
        client = await self.admin()
        await client.aclose()
        return [
            {"name": cookie.name, "value": cookie.value or "", "url": self.url}
            for cookie in client.cookies.jar
        ]


async def prepare(env: Mapping[str, str]) -> None:
    """Migrate a database, and put an admin user and the `demo` widget into it."""
    await run([sys.executable, "-m", "tests.prepare"], env={**VARIABLES, **env})


async def new_database(port: int, content: str = "") -> str:
    """The URL of a new database of the MariaDB there, filled by these statements."""
    name = f"t{uuid.uuid4().hex}"
    client = ["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", str(port), "-u", "root"]
    await run(client, env={}, input=f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    if content:
        await run([*client, name], env={}, input=content)
    return f"mysql://root@127.0.0.1:{port}/{name}"


class Preparation:
    """What servers find ready when they start, made once for all of them."""

    def __init__(self) -> None:
        self.template = FOLDER / "template.sqlite3"
        self.dump = ""  # the same as statements, where TEST_DATABASE_SERVER is set
        self.lock = asyncio.Lock()
        self.collected = False

    async def database(self) -> str:
        """The URL of a fresh, prepared SQLite file: a copy of one that was prepared."""
        if SERVER:
            return await self._on_server(urlsplit(SERVER).port or 3306)
        async with self.lock:
            if not self.template.exists():
                await prepare({"DATABASE_URL": f"sqlite:///{self.template}"})
        copy = FOLDER / f"{uuid.uuid4()}.sqlite3"
        shutil.copy(self.template, copy)
        return f"sqlite:///{copy}"

    async def _on_server(self, port: int) -> str:
        async with self.lock:
            if not self.dump:
                url = await new_database(port)
                await prepare({"DATABASE_URL": url})
                command = ["mariadb-dump", "--no-defaults", "-h", "127.0.0.1", "-P", str(port)]
                name = url.rpartition("/")[2]
                self.dump = (await run([*command, "-u", "root", name], env={})).stdout
        return await new_database(port, self.dump)

    async def static_files(self) -> None:
        """Collect them, for servers that run with DEBUG off."""
        async with self.lock:
            if not self.collected:
                command = [sys.executable, "manage.py", "collectstatic", "--no-input", "-v", "0"]
                await run(command, env={**VARIABLES, "DEBUG": "false"})
                self.collected = True
