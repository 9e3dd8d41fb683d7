"""PgBouncer in transaction mode between us and PostgreSQL."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatwidget.transcripts import chats
from tests.client import Chat
from tests.conftest import Serve
from tests.environment import VARIABLES
from tests.running import Process, free_port, run
from tests.services import Postgres

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not on this machine")
# Two connections to the server for all of ours, so that what keeps to a session breaks at once.
CONFIG = """
[databases]
* = host=127.0.0.1 port={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
"""
FILL = f"""
from tests.stored import *
widget = a_widget("many")
for n in range({chats.CHUNK * 2 + 1}): a_conversation(widget, "hi", "hello")
"""


@pytest.fixture
async def pooled(postgres: Postgres) -> AsyncIterator[str]:
    """The URL of a prepared database, through PgBouncer."""
    assert PROGRAM
    direct = await postgres.prepared()
    port = free_port()
    # Not below pytest's own folder, which is root's alone.
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    config = folder / "pgbouncer.ini"
    config.write_text(CONFIG.format(server=postgres.port, port=port))
    command = [PROGRAM, str(config)]
    if os.geteuid() == 0:  # which it refuses to run as
        other = {entry.pw_name: entry for entry in pwd.getpwall()}["nobody"]
        folder.chmod(0o755)
        user = ["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups"]
        command = [*user, "--", *command]
    try:
        async with Process(command, {}, port):
            name = direct.rpartition("/")[2]
            yield f"postgres://postgres@127.0.0.1:{port}/{name}?pooler=transaction"
    finally:
        shutil.rmtree(folder)


async def test_chats_and_exports_go_through_it(serve: Serve, pooled: str) -> None:
    server = await serve(db=pooled)
    async with Chat(server.url) as chat, Chat(server.url) as other:
        for each in (chat, other):
            await each.hello()
            assert (await each.ask("help"))[1]["status"] == "complete"
    manage = [sys.executable, "manage.py"]
    env = {**VARIABLES, "DATABASE_URL": pooled}
    await run([*manage, "shell", "-v0", "-c", FILL], env=env)
    exported = await run([*manage, "export_transcripts", "many"], env=env)
    lines = [json.loads(line) for line in exported.stdout.splitlines()]
    assert len({line["id"] for line in lines}) == chats.CHUNK * 2 + 1
    purged = await run([*manage, "purge_transcripts", "--older-than", "0"], env=env)
    assert purged.stdout.startswith(f"Erased {chats.CHUNK * 2 + 3} conversations")
    assert "Traceback" not in server.log
