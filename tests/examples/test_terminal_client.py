"""examples/terminal_client.py, as somebody runs it who reads docs/protocol.md."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from tests.client import SECONDS
from tests.running import ROOT, Server

CLIENT = ROOT / "examples" / "terminal_client.py"


async def chat(server: Server, token_file: Path, typed: str) -> str:
    """What the client prints until all that was typed is answered."""
    command = [str(CLIENT), server.url, "demo", "--token-file", str(token_file)]
    client = await asyncio.create_subprocess_exec(sys.executable, *command, stdin=PIPE, stdout=PIPE)
    try:
        async with asyncio.timeout(SECONDS):
            printed, _ = await client.communicate(typed.encode())
    except TimeoutError:
        client.kill()
        raise
    assert client.returncode == 0
    return printed.decode()


async def test_a_chat_and_its_history_in_the_next_run(server: Server, tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    first = await chat(server, token_file, "Good morning\n")
    assert first.count("You wrote: *Good morning*") == 1
    assert first.rstrip().endswith("Write **help** to see what else there is.")
    assert token_file.stat().st_mode & 0o077 == 0

    second = await chat(server, token_file, "Good night\n")
    assert second.startswith(first.split("assistant: You")[0])  # the greeting
    assert second.count("user: Good morning\n\nassistant: You wrote: *Good morning*") == 1
    assert second.count("You wrote: *Good night*") == 1
