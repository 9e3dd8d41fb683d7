"""Real PostgreSQL, MariaDB and Redis servers, on ports of their own, to be stopped and started."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil

from tests.needs import initdb, mariadb, redis_server
from tests.running import Process, free_port, new_database, prepare, run


class Postgres(Process):
    """A cluster of its own. Nobody waits for its disk: what is lost with the machine is a test."""

    def __init__(self) -> None:
        found = initdb()
        assert found, "PostgreSQL is not there; `make test` installs it"
        self.programs = found.parent
        self.folder = Path(tempfile.mkdtemp(prefix="chatwidget-postgres-"))
        self.template = ""
        self.lock = asyncio.Lock()
        self.user: list[str] = []
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            names = {entry.pw_name: entry for entry in pwd.getpwall()}
            other = names.get("postgres") or names["nobody"]
            shutil.chown(self.folder, other.pw_uid, other.pw_gid)
            ids = [f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}"]
            self.user = ["setpriv", *ids, "--clear-groups", "--"]
        port = free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        super().__init__(
            [
                *self.user,
                str(self.programs / "postgres"),
                *("-D", str(self.folder / "data"), "-p", str(port)),
                *(part for key, value in settings.items() for part in ("-c", f"{key}={value}")),
            ],
            {"LC_ALL": "C"},
            port,
        )

    async def create(self) -> None:
        """Make the cluster's files."""
        command = [str(self.programs / "initdb"), "-D", str(self.folder / "data")]
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        await run([*self.user, *command, *options], env={}, cwd=self.folder)

    async def start(self, ready: str = "") -> None:
        await super().start(ready)
        await self.sql("SELECT 1", until_it_answers=True)

    async def sql(self, statement: str, *, until_it_answers: bool = False) -> None:
        """Run one statement as the superuser."""
        psql = [str(self.programs / "psql"), "-h", "127.0.0.1", "-p", str(self.port)]
        options = ["-U", "postgres", "-d", "postgres", "-q", "-c", statement]
        async with asyncio.timeout(60):
            while (await run([*psql, *options], env={}, check=not until_it_answers)).returncode:
                await asyncio.sleep(0.05)  # it opens its port before it takes connections

    async def database(self, template: str = "template1") -> str:
        """The URL of a new database: empty, or a copy."""
        name = f"t{uuid.uuid4().hex}"
        await self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"

    async def prepared(self) -> str:
        """The URL of a new database that is prepared for servers: a copy of one."""
        async with self.lock:
            if not self.template:
                url = await self.database()
                await prepare({"DATABASE_URL": url})
                self.template = url.rpartition("/")[2]
            return await self.database(self.template)

    async def stop(self) -> None:
        """End it at once; what was committed is still there after `start`."""
        if self.running:
            self.signal(signal.SIGINT)  # its "fast" shutdown: connections are cut
            await self.wait()

    @asynccontextmanager
    async def hung(self) -> AsyncIterator[None]:
        """Holding its connections, and taking new ones, in silence."""
        assert self.process
        server = psutil.Process(self.process.pid)
        stopped = [server]
        server.suspend()
        try:
            for each in server.children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    each.suspend()
                    stopped.append(each)
            yield
        finally:
            for each in stopped:
                with suppress(psutil.NoSuchProcess):
                    each.resume()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class MariaDB(Process):
    """A server of its own, with a database for each test; nobody waits for its disk."""

    def __init__(self) -> None:
        program = mariadb()
        assert program, "MariaDB is not there: apt-get install mariadb-server"
        self.folder = Path(tempfile.mkdtemp(prefix="chatwidget-mariadb-"))
        self.user: list[str] = []
        if os.geteuid() == 0:
            names = {entry.pw_name: entry for entry in pwd.getpwall()}
            other = names.get("mysql") or names["nobody"]
            shutil.chown(self.folder, other.pw_uid, other.pw_gid)
            self.user = [f"--user={other.pw_name}"]
        port = free_port()
        self.files = [
            "--no-defaults",
            f"--datadir={self.folder}/data",
            f"--socket={self.folder}/socket",
            f"--pid-file={self.folder}/pid",
            *self.user,
        ]
        options = [
            *("--bind-address=127.0.0.1", f"--port={port}", "--skip-grant-tables"),
            *("--skip-networking=0", "--character-set-server=utf8mb4", "--max-connections=200"),
            *("--skip-log-bin", "--innodb-flush-log-at-trx-commit=0", "--innodb-fast-shutdown=2"),
            # No waiting for the disk: only a machine that fails would lose something.
            *("--innodb-flush-method=nosync", "--innodb-doublewrite=0"),
            # Not UTC, to find what takes it for that.
            "--default-time-zone=-05:00",
        ]
        super().__init__([program, *self.files, *options], {}, port)

    async def create(self) -> None:
        """Make the server's files."""
        (self.folder / "data").mkdir()
        if self.user:
            shutil.chown(self.folder / "data", self.user[0].removeprefix("--user="))
        options = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        await run(["mariadb-install-db", *self.files, *options], env={})

    async def database(self) -> str:
        """The URL of a new, empty database."""
        return await new_database(self.port)

    async def stop(self) -> None:
        if self.running:
            await self.kill()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(Process):
    """A server that keeps nothing on disk."""

    def __init__(self) -> None:
        program = redis_server()
        assert program, "Redis is not there; `make test` installs it"
        port = free_port()
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        super().__init__([program, "--port", str(port), *options], {}, port)

    def database(self, number: int = 0) -> str:
        """The URL of one of its 16 databases."""
        return f"redis://127.0.0.1:{self.port}/{number}"

    async def stop(self) -> None:
        """End it; everything in it is gone."""
        if self.running:
            await self.terminate()

    async def flush(self) -> None:
        """Throw away everything in it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"FLUSHALL\r\n")
        assert await reader.readline() == b"+OK\r\n"
        writer.close()
        await writer.wait_closed()

    @asynccontextmanager
    async def away(self, *, hung: bool = False) -> AsyncIterator[None]:
        """Stopped for a while, and started anew; or, `hung`, holding connections in silence."""
        if hung:
            self.signal(signal.SIGSTOP)
        else:
            await self.stop()
        try:
            yield
        finally:
            if hung:
                self.signal(signal.SIGCONT)
            else:
                await self.start()
