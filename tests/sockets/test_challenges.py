"""What a visitor solves whose address has used up its share, and what they may do then."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import aiohttp
import pytest
from altcha import Challenge, Payload, create_challenge, solve_challenge
from pytest_django import Settings

from chatwidget import challenges, transcripts
from chatwidget.challenges import siteverify
from chatwidget.conf import conf
from chatwidget.errors import ChallengeFailed
from chatwidget.models import Allowance
from chatwidget.sockets.share import LASTS
from chatwidget.testing.transport import SILENCE, Answer, FakePlatform
from tests.client import Chat, Frame
from tests.running import Preparation, Server, free_port

VISITOR = UUID("0192f5c1-7b1e-7c3a-9d10-3f5f6a7b8c9d")
SECRET = "do-not-tell-0123456789"


def solved(challenge: dict[str, Any]) -> str:
    """What a client makes of an ALTCHA."""
    assert challenge["kind"] == "altcha"
    asked = Challenge.from_dict(challenge)
    solution = solve_challenge(asked)
    assert solution
    return Payload(asked, solution).to_base64()


def changed(solution: str, change: Callable[[dict[str, Any]], object]) -> str:
    payload = json.loads(b64decode(solution))
    change(payload)
    return b64encode(json.dumps(payload).encode()).decode()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are made in this process."""
    monkeypatch.setattr(challenges, "MOST", 40)


# --- a proof of work ------------------------------------------------------------------------------


def a_challenge(who: str) -> dict[str, Any]:
    made = challenges.make(who)
    assert made
    return made


def test_what_solves_it() -> None:
    who = challenges.who(VISITOR, "192.0.2.1")
    challenge = a_challenge(who)
    assert "192.0.2.1" not in json.dumps(challenge) and str(VISITOR) not in json.dumps(challenge)
    solution = solved(challenge)
    assert challenges.check(solution, who) == challenges.check(solution, who)
    # Written otherwise it is the same one.
    assert challenges.check(changed(solution, lambda it: it["solution"].pop("time")), who) == (
        challenges.check(solution, who)
    )
    assert challenges.check(solved(a_challenge(who)), who) != challenges.check(solution, who)


@pytest.mark.parametrize(
    "other",
    [challenges.who(uuid4(), "192.0.2.1"), challenges.who(VISITOR, "192.0.2.2"), ""],
    ids=["another visitor", "another address", "nobody"],
)
def test_it_is_solved_for_nobody_else(other: str) -> None:
    solution = solved(a_challenge(challenges.who(VISITOR, "192.0.2.1")))
    with pytest.raises(ChallengeFailed, match="somebody else's"):
        challenges.check(solution, other)


FORGERIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another key": lambda it: it["solution"].update(derivedKey="00" * 32),
    "an easier one": lambda it: it["challenge"]["parameters"].update(keyPrefix="", cost=1),
    "a later one": lambda it: it["challenge"]["parameters"].update(expiresAt=2_000_000_000),
    "for somebody else": lambda it: it["challenge"]["parameters"].update(data={"who": "me"}),
    "no signature": lambda it: it["challenge"].pop("signature"),
    "a signature that is none": lambda it: it["challenge"].update(signature=["00"]),
    "no solution": lambda it: it.pop("solution"),
    "no key": lambda it: it["solution"].pop("derivedKey"),
    "a key that is none": lambda it: it["solution"].update(derivedKey={"a": 1}),
    "parameters that are none": lambda it: it["challenge"].update(parameters="none"),
    "a challenge that is none": lambda it: it.update(challenge=["parameters"]),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forgeries(forgery: str) -> None:
    who = challenges.who(VISITOR, "192.0.2.1")
    solution = solved(a_challenge(who))
    with pytest.raises(ChallengeFailed):
        challenges.check(changed(solution, FORGERIES[forgery]), who)


@pytest.mark.parametrize("text", ["", "e30=", "bnVsbA==", "W10=", "MQ==", "///", "ü", "[" * 8000])
def test_what_is_no_solution(text: str) -> None:
    with pytest.raises(ChallengeFailed):
        challenges.check(text, "somebody")


def test_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    who = challenges.who(VISITOR, "192.0.2.1")
    challenge = a_challenge(who)
    solution, end = solved(challenge), challenge["parameters"]["expiresAt"]
    monkeypatch.setattr(time, "time", lambda: end - 1)
    challenges.check(solution, who)
    monkeypatch.setattr(time, "time", lambda: end + 1)
    with pytest.raises(ChallengeFailed, match="expired"):
        challenges.check(solution, who)


def test_one_of_another_sites_is_none(settings: Settings) -> None:
    own = create_challenge("SHA-256", 1, data={"who": "me"}, hmac_secret="a secret of one's own")
    with pytest.raises(ChallengeFailed):
        challenges.check(solved({"kind": "altcha", **own.to_dict()}), "me")
    solution = solved(a_challenge("me"))
    settings.SECRET_KEY = "another key, and as long as the one before: 0123456789"
    with pytest.raises(ChallengeFailed):
        challenges.check(solution, "me")


# --- what it allows -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_allowance_is_given_once_and_used_up() -> None:
    assert transcripts.give_allowance("a", "me", 2, LASTS)
    assert not transcripts.give_allowance("a", "me", 2, LASTS)
    assert not transcripts.give_allowance("a", "somebody else", 2, LASTS)
    assert not transcripts.use_allowance("somebody else")
    assert transcripts.give_allowance("b", "me", 1, LASTS)
    assert [transcripts.use_allowance("me") for _ in range(4)] == [True, True, True, False]


@pytest.mark.django_db
def test_an_allowance_ends() -> None:
    assert transcripts.give_allowance("a", "me", 2, -LASTS)
    assert not transcripts.use_allowance("me")
    transcripts.give_allowance("b", "me", 1, LASTS)
    assert [each.pk for each in Allowance.objects.all()] == ["b"], (
        "what has ended is kept by nobody"
    )


# --- somebody else's ------------------------------------------------------------------------------


@pytest.fixture(params=["turnstile", "hcaptcha"])
def kind(request: pytest.FixtureRequest, settings: Settings) -> str:
    found = str(request.param)
    settings.CHATWIDGET = {
        **settings.CHATWIDGET,
        "CHALLENGE": found,
        "CHALLENGE_SITE_KEY": "site-key",
        "CHALLENGE_SECRET": SECRET,
    }
    return found


def answers(body: str, **more: Any) -> FakePlatform:
    return FakePlatform(lambda request: Answer([body.encode()], **more))


def test_what_is_offered_of_somebody_elses(kind: str) -> None:
    assert challenges.make("me") == {"kind": kind, "site_key": "site-key"}


async def test_a_good_token(kind: str) -> None:
    with answers('{"success": true, "hostname": "shop.example"}').installed() as server:
        await siteverify.verify("a token & more")
    [asked] = server.requests
    assert str(asked.url) == challenges.SERVICES[kind].verify
    form = parse_qs((await asked.aread()).decode())
    known = {"secret": [SECRET], "response": ["a token & more"]}
    assert form == (known | {"sitekey": ["site-key"]} if kind == "hcaptcha" else known)
    assert server.open == 0


REFUSALS = {
    "refused": '{"success": false, "error-codes": ["invalid-input-response"]}',
    "used before": '{"success": false, "error-codes": ["timeout-or-duplicate"]}',
    "a word for true": '{"success": "true"}',
    "a number for true": '{"success": 1}',
    "nothing": "",
    "no object": "[true]",
    "another object": '{"ok": true}',
    "a page": "<!doctype html><title>Sorry</title>",
    "too much": '{"success": true, "x": "' + "x" * siteverify.MAX_ANSWER + '"}',
}


@pytest.mark.parametrize("answer", REFUSALS)
async def test_what_is_not_a_yes_is_a_no(
    kind: str, answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    with answers(REFUSALS[answer]).installed() as server, pytest.raises(ChallengeFailed) as failed:
        await siteverify.verify("token")
    assert server.open == 0
    assert SECRET not in caplog.text + str(failed.value)


async def test_who_does_not_answer_says_no(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(siteverify, "SECONDS", 0.1)
    silent = FakePlatform(lambda request: Answer([SILENCE]))
    broken = FakePlatform(lambda request: aiohttp.ServerDisconnectedError())
    for server in (silent, broken):
        with server.installed(), pytest.raises(ChallengeFailed):
            await siteverify.verify("token")
        assert server.open == 0


async def test_another_address_may_be_asked(kind: str, settings: Settings) -> None:
    url = "https://proxy.example/siteverify"
    settings.CHATWIDGET = {**settings.CHATWIDGET, "CHALLENGE_VERIFY_URL": url}
    with answers('{"success": true}').installed() as server:
        await siteverify.verify("token")
    assert [str(each.url) for each in server.requests] == [url]


@pytest.mark.parametrize("change", [{"CHALLENGE_SECRET": ""}, {"CHALLENGE": "off"}])
def test_off_and_half_configured_are_none(
    kind: str, change: dict[str, str], settings: Settings
) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, **change}
    assert challenges.make("me") is None
    assert challenges.service() is None
    assert conf().challenge == ""


# --- on the wire ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def workers(preparation: Preparation) -> AsyncIterator[list[Server]]:
    """Two processes on one database, without Redis, whose limits are reached quickly."""
    variables = {
        "DATABASE_URL": await preparation.database(),
        "DJANGO_SETTINGS_MODULE": "tests.strict_settings",
        "TRUSTED_PROXIES": "127.0.0.0/8",
    }
    made = [Server(variables, "daphne", free_port()) for _ in range(2)]
    try:
        await asyncio.gather(*(each.start() for each in made))
        yield made
        for each in made:
            assert "Traceback" not in each.log, each.log
    finally:
        for each in made:
            await each.kill()


class Crowd:
    """Visitors of one address, on either worker; each has said hello."""

    def __init__(self, workers: list[Server], address: str, stack: AsyncExitStack) -> None:
        self.workers, self.address, self.stack = workers, address, stack

    async def come(self, worker: int = 0, visitor: str | None = None) -> Chat:
        headers = {"X-Forwarded-For": self.address}
        chat = Chat(self.workers[worker].url, headers=headers)
        await self.stack.enter_async_context(chat)
        chat.acks = False
        await chat.hello(visitor=visitor)
        return chat

    async def use_up(self, worker: int = 0) -> None:
        """What the address may: eight messages, of which a visitor has three."""
        for count in (3, 3, 2):
            chat = await self.come(worker)
            for _ in range(count):
                assert (await chat.answer("help"))["type"] == "accepted"


@pytest.fixture
async def crowd(workers: list[Server], request: pytest.FixtureRequest) -> AsyncIterator[Crowd]:
    async with AsyncExitStack() as stack:
        number = 1 + sum(request.node.name.encode()) % 250
        yield Crowd(workers, f"203.0.113.{number}", stack)


async def brought(chat: Chat, solution: str) -> Frame:
    """What comes of it."""
    await chat.send({"type": "solve", "solution": solution})
    while True:
        frame = await chat.receive()
        if frame["type"] in ("solved", "error"):
            return frame


async def test_a_solved_challenge_allows_so_many_more(crowd: Crowd) -> None:
    await crowd.use_up()
    chat, other = await crowd.come(), await crowd.come()
    refused = await chat.answer("help")
    assert refused["code"] == "rate_limited" and refused["retryable"]
    solution = await asyncio.to_thread(solved, refused["challenge"])
    # Another one of this address solves their own.
    assert (await brought(other, solution))["code"] == "challenge_failed"
    assert (await brought(chat, solution))["type"] == "solved"
    theirs = await other.answer("help")
    assert theirs["code"] == "rate_limited"
    assert (await other.answer("help"))["challenge"] == theirs["challenge"], "it is still open"
    assert (await chat.answer("help"))["type"] == "accepted"
    again = await chat.answer("help")
    assert again["challenge"]["signature"] != refused["challenge"]["signature"]
    # What a visitor may do is no more for a challenge.
    more = await chat.answer("help")
    assert more["code"] == "rate_limited" and "challenge" not in more


async def test_what_solves_nothing(crowd: Crowd) -> None:
    await crowd.use_up()
    chat = await crowd.come()
    assert (await brought(chat, "x" * 9000))["code"] == "bad_frame"
    failed = await brought(chat, "e30=")
    assert (failed["code"], failed["retryable"]) == ("challenge_failed", False)
    refused = await chat.answer("help")
    solution = await asyncio.to_thread(solved, refused["challenge"])
    assert (await brought(chat, solution))["type"] == "solved"
    assert (await brought(chat, solution))["code"] == "challenge_failed", "once"
    # So many tries has an address, and then not even a right one counts.
    assert (await brought(chat, "e30="))["code"] == "challenge_failed"
    assert (await brought(chat, solution))["code"] == "rate_limited"
    assert (await chat.answer("help"))["type"] == "accepted"


async def test_whichever_worker_is_asked(crowd: Crowd) -> None:
    """Each counts messages by itself here; what is solved counts for both, and once."""
    await asyncio.gather(crowd.use_up(0), crowd.use_up(1))
    first = await crowd.come(0)
    solution = await asyncio.to_thread(solved, (await first.answer("help"))["challenge"])
    second = await crowd.come(1, first.visitor)
    assert (await brought(second, solution))["type"] == "solved"
    assert (await brought(first, solution))["code"] == "challenge_failed"
    found = await asyncio.gather(first.answer("help"), second.answer("help"))
    assert sorted(frame["type"] for frame in found) == ["accepted", "error"]
