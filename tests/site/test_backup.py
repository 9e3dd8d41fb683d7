"""The lines of docs/backup.md, run while a server is at work, and what they bring back."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.client import Chat
from tests.conftest import Serve
from tests.environment import SERVER
from tests.needs import mariadb
from tests.readme import docs
from tests.running import Preparation, Server, new_database, prepare, run
from tests.services import MariaDB, Postgres

LINES = re.findall(r"```sh\n(.*?)```", docs("backup"), re.S)
BEFORE, AFTER = "Said before the backup", "Said after it"


def lines(word: str) -> str:
    """The block that has this word."""
    [found] = [block for block in LINES if word in block]
    return str(found)


async def say(server: Server, text: str) -> None:
    async with Chat(server.url) as chat:
        await chat.hello()
        await chat.say(text)
        await chat.until("done")


async def exported(server: Server, url: str) -> str:
    """What a server on this database has."""
    done = await server.manage("export_transcripts", "demo", env={"DATABASE_URL": url})
    return done.stdout


@pytest.mark.skipif(bool(SERVER), reason="this test's own database is a file")
@pytest.mark.parametrize("word", [".backup", "VACUUM INTO"])
async def test_sqlite(serve: Serve, preparation: Preparation, tmp_path: Path, word: str) -> None:
    if word == ".backup" and shutil.which("sqlite3") is None:
        pytest.skip("sqlite3 is not on this machine; the other line needs none")
    prepared = (await preparation.database()).removeprefix("sqlite:///")
    shutil.copy(prepared, tmp_path / "db.sqlite3")
    server = await serve(db=f"sqlite:///{tmp_path}/db.sqlite3")
    await say(server, BEFORE)
    await run(["sh", "-euc", lines(word)], env={}, cwd=tmp_path)
    await say(server, AFTER)
    await server.kill()  # its log is left behind
    await run(["sh", "-euc", lines("rm -f")], env={}, cwd=tmp_path)
    text = await exported(server, f"sqlite:///{tmp_path}/db.sqlite3")
    assert BEFORE in text and AFTER not in text


async def test_postgresql(serve: Serve, postgres: Postgres, tmp_path: Path) -> None:
    url = await postgres.prepared()
    server = await serve(db=url)
    await say(server, BEFORE)
    path = {"PATH": f"{postgres.programs}:{os.environ['PATH']}"}
    await run(["sh", "-euc", lines("pg_dump")], env={**path, "DATABASE_URL": url}, cwd=tmp_path)
    await say(server, AFTER)
    empty = await postgres.database()
    await run(
        ["sh", "-euc", lines("pg_restore")], env={**path, "DATABASE_URL": empty}, cwd=tmp_path
    )
    text = await exported(server, empty)
    assert BEFORE in text and AFTER not in text
    checked = await server.manage("check_widget", "demo", env={"DATABASE_URL": empty})
    assert checked.returncode == 0


@pytest.mark.skipif(mariadb() is None, reason="MariaDB is not on this machine")
async def test_mariadb(serve: Serve, tmp_path: Path) -> None:
    pytest.importorskip("MySQLdb", reason="the extra `mysql` is not installed")
    database = MariaDB()
    await database.create()
    try:
        await database.start()
        url = await database.database()
        await prepare({"DATABASE_URL": url})
        server = await serve(db=url)
        await say(server, BEFORE)
        # As whoever types these lines has it in their own.
        options = f"[client]\nhost=127.0.0.1\nport={database.port}\nuser=root\n"
        (tmp_path / ".my.cnf").write_text(options)

        async def type_in(word: str, url: str) -> None:
            line = re.sub(r"\bchat\b", url.rpartition("/")[2], lines(word))
            await run(["sh", "-euc", line], env={"HOME": str(tmp_path)}, cwd=tmp_path)

        await type_in("mariadb-dump", url)
        await say(server, AFTER)
        empty = await new_database(database.port)
        await type_in("mariadb chat <", empty)
        text = await exported(server, empty)
        assert BEFORE in text and AFTER not in text
        await server.kill()
    finally:
        await database.kill()
        database.remove()
