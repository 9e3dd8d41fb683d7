"""`python -m tests.mariadb COMMAND …`: run it with a MariaDB that tests use in SQLite's place."""

from __future__ import annotations

import asyncio
import os
import sys

from tests.services import MariaDB


async def main() -> int:
    server = MariaDB()
    try:
        await server.create()
        await server.start()
        url = f"mysql://root@127.0.0.1:{server.port}/"
        environment = {**os.environ, "TEST_DATABASE_SERVER": url}
        command = await asyncio.create_subprocess_exec(*sys.argv[1:], env=environment)
        return await command.wait()
    finally:
        await server.stop()
        server.remove()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
