"""What goes wrong at OpenAI-compatible servers, asked of the real ones: a function for each.

Each says in a few words what was seen, and raises AssertionError where a visitor, or the widget's
owner, would have been told something else than what happened.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.agents.agent import Agent
from tests.client import Chat
from tests.running import Completed, Server

END = " é世😀 end"
SECONDS = 70.0  # for an answer


@dataclass
class Setup:
    """A widget of our server's, and the program that it is set to."""

    server: Server
    agent: Agent
    values: dict[str, Any]  # what is filled into the agent's arguments
    mark: Path  # the file STOPPED of its program

    async def configure(self, *more: str, key: str | None = None, slug: str = "agent") -> None:
        key = self.values.get("key", self.agent.key) if key is None else key
        arguments = [text.format(**self.values) for text in (*self.agent.widget, *more)]
        if "--option" not in arguments:
            arguments += ["--option", ""]
        keyed = ["--api-key-env", "AGENT"] if key else []
        await self.server.manage("configure_widget", slug, *arguments, *keyed, env={"AGENT": key})

    async def check(self, slug: str = "agent") -> Completed:
        return await self.server.manage("check_widget", slug, check=False)

    async def cause(self) -> str:
        """What the owner reads of the newest conversation's last failed reply."""
        done = await self.server.manage("export_transcripts", "--failed")
        newest = json.loads(done.stdout.splitlines()[-1])
        errors = [each["error"] for each in newest["messages"] if each["error"]]
        return str(errors[-1]["cause"])

    def noted(self, what: str) -> int:
        """How often the program has noted it."""
        file = Path(f"{self.mark}.{what}")
        return len(file.read_text().splitlines()) if file.exists() else 0

    async def post(self, *messages: dict[str, str], model: str = "") -> httpx.Response:
        """To the program itself, past the widget."""
        body = {"model": model or self.model, "messages": messages, "stream": True, "max_tokens": 8}
        headers = {"Authorization": f"Bearer {self.agent.key}"} if self.agent.key else {}
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            return await client.post(f"{self.base}/chat/completions", json=body, headers=headers)

    @property
    def model(self) -> str:
        return self._last("--agent")

    @property
    def base(self) -> str:
        return self._last("--base-url")

    def _last(self, name: str) -> str:
        at = len(self.agent.widget) - self.agent.widget[::-1].index(name)
        return self.agent.widget[at].format(**self.values)


async def asked(setup: Setup, *texts: str) -> list[tuple[str, str]]:
    """In one conversation: each reply's text and code, "" where it is complete."""
    said = []
    async with Chat(setup.server.url, "agent") as chat:
        await chat.greeting(await chat.hello())
        for text in texts:
            await chat.say(text)
            begun = await chat.reply_begun()
            done = await chat.until("done", SECONDS, id=begun["id"])
            code = done.get("error", {}).get("code", "")
            assert bool(code) == (done["status"] != "complete"), done
            said.append((chat.texts[begun["id"]], code))
    return said


async def failed(setup: Setup, word: str, code: str, *words: str) -> str:
    """A message with this word fails so, and the cause holds one of the words."""
    [(text, seen)] = await asked(setup, f"please {word}")
    cause = await setup.cause()
    assert (text, seen) == ("", code), (word, text, seen, cause)
    assert any(each in cause for each in words), (word, cause)
    return f"{word}: {code} ({cause})"


async def roles(setup: Setup) -> str:
    """A reply that failed leaves two messages of the visitor's in a row, which a strict chat
    template refuses."""
    refused = await setup.post(*({"role": "user", "content": text} for text in ("one", "two")))
    assert refused.status_code >= 400 or not refused.content.strip(), refused.text
    async with Chat(setup.server.url, "agent") as chat:
        await chat.greeting(await chat.hello())
        await setup.configure("--base-url", "http://127.0.0.1:{spare}/v1")
        _, away = await chat.ask("one")
        await setup.configure()
        text, end = await chat.ask("two")
    assert away["error"]["code"] == "provider_unavailable", away
    assert text and end["status"] == "complete", end
    return f"itself {refused.status_code}, {len(refused.content)} bytes; ours answered"


async def system(setup: Setup) -> str:
    """A template that takes no system prompt: the check names it."""
    await setup.configure("--option", "system_prompt=Be kind.", "--option", "max_tokens=12")
    done = await setup.check()
    await setup.configure()
    assert done.returncode, done.stdout
    assert "does not take system_prompt" in done.stdout, done.stdout
    return done.stdout.replace("\n", " ")


async def cut_off(setup: Setup) -> str:
    """A running answer that the server ends when another request comes is not passed off as whole,
    and may be answered again."""
    await setup.configure("--option", "max_tokens=1500")
    async with Chat(setup.server.url, "agent") as one, Chat(setup.server.url, "agent") as two:
        for chat in (one, two):
            await chat.greeting(await chat.hello())
        await one.say("one")
        reply = await one.reply_begun()
        await one.until("delta", id=reply["id"])
        await two.say("two")
        cut = await one.until("done", id=reply["id"])
        cause = await setup.cause()
        other = await two.reply_begun()
        await two.until("done", SECONDS, id=other["id"])
        await one.send({"type": "retry", "id": reply["id"]})
        again = await one.until("done", SECONDS, id=reply["id"])
    await setup.configure()
    assert cut["status"] == "failed" and cut["length"] > 0 and cut["error"]["retryable"], cut
    assert "without a finish_reason" in cause, cause
    assert again["status"] == "complete", again
    return f"{cut['error']['code']} after {cut['length']} characters, then whole"


async def full_context(setup: Setup) -> str:
    """Where the conversation outgrows the context it goes on with its newest half, and once that is
    too much as well, the visitor is told; a message that alone is too long is refused as such."""
    part = "So much is told here of what nobody needs to know. " * 15
    async with Chat(setup.server.url, "agent") as chat:
        await chat.greeting(await chat.hello())
        said = 0
        end: dict[str, Any] = {"status": "complete"}
        while said < 9 and end["status"] == "complete":
            text, end = await chat.ask(f"{said}. {part}")
            said += 1
    assert said * len(part) > setup.agent.context, (said, end)
    if end["status"] != "complete":
        assert end["error"].get("reason") == "conversation_too_long", (end, await setup.cause())
    [(text, code)] = await asked(setup, "far too long " * 300)
    cause = await setup.cause()
    assert (text, code) == ("", "provider_rejected"), (text, code, cause)
    told = end.get("error", {}).get("reason", "answered")
    return f"{said} messages of {len(part)}, the last one {told}; 3900 at once: {code} ({cause})"


async def retries(setup: Setup) -> str:
    """A proxy that waits and asks again itself, before it says 429: what it waits counts."""
    before, began = setup.noted("refused"), time.monotonic()
    await setup.post({"role": "user", "content": "BUSY"}, model="patient")
    alone, itself = setup.noted("refused") - before, time.monotonic() - began
    assert alone > 1, alone
    await setup.configure("--agent", "patient")
    before, began = setup.noted("refused"), time.monotonic()
    said = await failed(setup, "BUSY", "provider_rate_limited", "429")
    seconds, requests = time.monotonic() - began, setup.noted("refused") - before
    await setup.configure()
    assert seconds < 30 and requests <= 2 * alone, (alone, itself, seconds, requests)
    return f"itself {alone} requests in {itself:.0f} s; ours {requests} in {seconds:.0f} s; {said}"


async def thoughts(setup: Setup) -> str:
    """Between <think> and </think>: hidden or folded, and never sent back."""
    seen = {}
    for mode in ("hide", "fold"):
        await setup.configure("--option", f"reasoning={mode}")
        words = ("please THINK", "please RECALL") if setup.agent.recalls else ("please THINK",)
        said = await asked(setup, *words)
        seen[mode] = said[0][0]
        assert all(not code for _, code in said), said
        assert "an echo" not in said[-1][0] or len(words) == 1, said
    await setup.configure()
    answer = f"Echo 1: please THINK{END}"
    assert seen["hide"] == answer, seen
    assert seen["fold"].startswith("<think>") and seen["fold"].endswith(answer), seen
    assert "They want an echo." in seen["fold"], seen
    return f"folded: {seen['fold']!r}" + (", not sent back" if setup.agent.recalls else "")


async def empty(setup: Setup) -> str:
    found = [await failed(setup, word, *told) for word, told in setup.agent.empty.items()]
    return "; ".join(found)


async def decoration(setup: Setup) -> str:
    """What stands beside the text costs none of it."""
    for word in setup.agent.odd:
        [(text, code)] = await asked(setup, f"please {word}")
        assert not code, (word, text, code, await setup.cause())
        assert text.removesuffix(END) == f"Echo 1: please {word}", text
    return ", ".join(setup.agent.odd)


async def unknown_model(setup: Setup) -> str:
    """Refused, or answered all the same: the check tells the owner."""
    await setup.configure("--agent", "nobody")
    done = await setup.check()
    [(text, code)] = await asked(setup, "one")
    await setup.configure()
    assert done.returncode, done.stdout
    assert "Unknown agent" in done.stdout or "does not list a model" in done.stdout, done.stdout
    assert code in ("misconfigured", ""), code
    return f"{'answered' if text else code}; {done.stdout.strip()}".replace("\n", " ")


async def no_key(setup: Setup) -> str:
    await setup.configure(key="", slug="keyless")
    done = await setup.check("keyless")
    assert done.returncode, done.stdout
    assert "Wrong key" in done.stdout or "no API key is set" in done.stdout, done.stdout
    return done.stdout.strip().replace("\n", " ")


async def quota(setup: Setup) -> str:
    return await failed(setup, "QUOTA", "misconfigured", "QUOTA", "quota")


async def tool(setup: Setup) -> str:
    """A tool that the platform runs ends nothing: it is told, and the answer goes on after it."""
    await setup.configure("--agent", "worker")
    async with Chat(setup.server.url, "agent") as chat:
        await chat.greeting(await chat.hello())
        text, end = await chat.ask("Where is my order?")
        told = [frame["text"] for frame in chat.frames if frame["type"] == "activity"]
    await setup.configure()
    assert (text, end["status"]) == ("I have looked it up.", "complete"), (text, end)
    assert told[:1] == ["Working…"], told
    return f"“{told[0]}”, then {text!r}"


async def silence(setup: Setup) -> str:
    """After the finish_reason nothing is waited for."""
    began = time.monotonic()
    [(text, code)] = await asked(setup, "please HANG")
    seconds = time.monotonic() - began
    assert (text, code) == (f"Echo 1: please HANG{END}", "") and seconds < 30, (text, code, seconds)
    return f"whole after {seconds:.0f} s"


FAULTS: dict[str, Callable[[Setup], Awaitable[str]]] = {
    each.__name__: each
    for each in (
        roles, system, cut_off, full_context, retries, thoughts, empty, decoration,
        unknown_model, no_key, quota, tool, silence,
    )
}  # fmt: skip
