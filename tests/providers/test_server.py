"""Adapters in a running server: a widget made by command answers, and the server ends quietly."""

from __future__ import annotations

import pytest

from tests.client import Chat
from tests.conftest import Serve
from tests.providers.conftest import KEYS, NAMES, Platforms


@pytest.mark.parametrize(("kind", "names"), [("daphne", NAMES), ("uvicorn", ["eigi"])])
async def test_platforms_in_a_server(
    serve: Serve, fakes: Platforms, kind: str, names: list[str]
) -> None:
    server = await serve(server=kind)
    for name in names:
        base_url = fakes.url + ("/v1" if name == "openai" else "")
        agent = [] if name == "vindex" else ["--agent", "agent-1"]
        made = await server.manage(
            *("configure_widget", name, "--provider", name, "--base-url", base_url, *agent),
            *("--api-key-env", "PLATFORM_KEY", "--greeting", "Hi."),
            env={"PLATFORM_KEY": KEYS[name]},
        )
        async with Chat(server.url, name) as chat:
            await chat.greeting(await chat.hello())
            for turn in (1, 2):
                text, done = await chat.ask(f"question {turn}")
                assert done["status"] == "complete"
                assert text.startswith(f"Answer {turn} to “question {turn}”")
        assert KEYS[name] not in made.stdout + made.stderr
    await server.terminate()
    assert "Unclosed" not in server.log
    assert all(key not in server.log for key in KEYS.values())
