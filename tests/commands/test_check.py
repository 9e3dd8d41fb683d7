"""check_widget, against every fault of the fake platforms."""

from __future__ import annotations

import asyncio
import io
import json
import re
import socket

import httpx
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from chatwidget.conf import Secret
from chatwidget.models import Widget
from tests.platforms import agentix, eigi
from tests.providers.conftest import KEYS, NAMES, be_patient
from tests.running import Process

pytestmark = pytest.mark.django_db

WRONG_KEY = "Wrong key"
UNKNOWN_AGENT = "Unknown agent"
WRONG_ADDRESS = "Wrong address"
REJECTED = "refused the message, or answered not as documented"
FAILING = "The platform is failing"
UNREACHABLE = "Unreachable"
LIMITED = "asks for a pause"
SLOW = "Slow"


def widget(platforms: Process, name: str, agent: str = "agent-1", key: str = "") -> Widget:
    made = Widget(slug="shop", title="Shop", provider=name)
    made.base_url = platforms.url + ("/v1" if name == "openai" else "")
    made.agent = "" if name == "vindex" else agent
    made.key = Secret(key or KEYS[name])
    made.save()
    return made


def check() -> tuple[bool, str]:
    """Does it work, and what was printed; never the key."""
    out = io.StringIO()
    works = True
    try:
        call_command("check_widget", "shop", stdout=out)
    except CommandError as error:
        assert error.returncode == 1
        out.write(str(error))
        works = False
    said = out.getvalue()
    key = Widget.objects.get(slug="shop").key
    assert not key or key.reveal() not in said
    return works, said


@pytest.fixture(autouse=True)
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is, nothing is slow but what is made so."""
    for limit in ("SLOW_GREETING", "SLOW_ANSWER"):
        monkeypatch.setattr(f"chatwidget.widgets.diagnostics.{limit}", 60.0)


@pytest.mark.parametrize("name", NAMES)
def test_all_is_well(platforms: Process, name: str) -> None:
    httpx.delete(f"{platforms.url}/_log", timeout=30)
    widget(platforms, name)
    works, said = check()
    assert works, said
    assert re.search(r"Answer in \d+\.\d s", said)
    if name == "eigi":
        assert eigi.FIRST_MESSAGE[:60] in said
    elif name == "agentix":
        assert agentix.WELCOME in said
    else:
        assert "No greeting" in said
    told = httpx.get(f"{platforms.url}/_violations", timeout=30)
    assert told.json() == {"violations": []}


def test_the_demo_works() -> None:
    Widget.objects.create(slug="shop", title="Shop", provider="demo", options={"pace": 0.0})
    assert check()[0]


@pytest.mark.parametrize(
    ("fault", "why"),
    {
        "400": REJECTED,
        "401": WRONG_KEY,
        "403": "Forbidden",
        "404": UNKNOWN_AGENT,
        "422": REJECTED,
        "429-long": LIMITED,
        "500": FAILING,
        "502": FAILING,
        "503-long": FAILING,
        "504": FAILING,
        "redirect": "the platform redirects",
        "html": REJECTED,
        "malformed": REJECTED,
        "shape": REJECTED,
        "nothing": REJECTED,
        "silent": SLOW,
        "echo-key": REJECTED,
    }.items(),
)
@pytest.mark.parametrize("name", NAMES)
def test_faults(
    platforms: Process,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    fault: str,
    why: str,
) -> None:
    monkeypatch.setattr("chatwidget.providers.http._pause", lambda attempt, after: 0)
    be_patient(settings, **({"first": 0.4} if fault == "silent" else {}))
    key = f"{KEYS[name]}-fault:{fault}" if name == "vindex" else ""
    widget(platforms, name, f"fault:{fault}", key)
    works, said = check()
    assert not works
    # Where no agent is asked for, none can be unknown.
    assert (WRONG_ADDRESS if name == "vindex" and why == UNKNOWN_AGENT else why) in said


@pytest.mark.parametrize(
    ("fault", "why"),
    {
        "drop": UNREACHABLE,
        "stall": SLOW,
        "empty": REJECTED,
        "huge": REJECTED,
        "ui-400k": REJECTED,
    }.items(),
)
def test_faults_of_a_stream(platforms: Process, settings: Settings, fault: str, why: str) -> None:
    be_patient(settings, **({"between": 0.4} if fault == "stall" else {}))
    settings.CHATWIDGET = {**settings.CHATWIDGET, "MAX_REPLY_LENGTH": 100_000}
    widget(platforms, "agentix", f"fault:{fault}")
    works, said = check()
    assert not works
    assert why in said
    assert "Greeting in" in said


def test_slow(platforms: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatwidget.widgets.diagnostics.SLOW_GREETING", 0.0)
    monkeypatch.setattr("chatwidget.widgets.diagnostics.SLOW_ANSWER", 0.0)
    widget(platforms, "eigi")
    works, said = check()
    assert not works
    assert "The greeting is slow" in said
    assert "The answer is slow" in said


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_key(platforms: Process, name: str) -> None:
    widget(platforms, name, key=KEYS[name].replace("0123456789", "wrong"))
    works, said = check()
    assert not works
    assert WRONG_KEY in said


def test_what_a_server_does_not_take_is_named(platforms: Process) -> None:
    """The first turn goes as a visitor's does, greeting and system prompt included."""
    httpx.delete(f"{platforms.url}/_log", timeout=30)
    made = widget(platforms, "openai", "fault:strict")
    made.options = {"system_prompt": "Be kind.", "temperature": 0.5}
    made.save()
    works, said = check()
    assert not works
    assert "does not take system_prompt." in said
    log = httpx.get(f"{platforms.url}/_log", timeout=30).json()["log"]
    first = json.loads(log[0]["body"])["messages"]
    assert [message["role"] for message in first] == ["system", "user"]
    assert "How can I help you?" in first[0]["content"]


def test_a_model_that_the_server_does_not_list(platforms: Process) -> None:
    """It may answer whatever model it is asked for."""
    widget(platforms, "openai", "gpt-5o")
    works, said = check()
    assert not works
    assert re.search(r"Answer in \d", said)
    assert "does not list a model 'gpt-5o'" in said


def test_a_session_that_is_lost(platforms: Process) -> None:
    made = widget(platforms, "fifthelement")
    made.options = {"stream_first_turn": True}
    made.save()
    works, said = check()
    assert not works
    assert "will not remember" in said


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # A machine without a resolver would say so only after a while.
    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", unknown)
    monkeypatch.setattr("chatwidget.providers.http._pause", lambda attempt, after: 0)
    made = Widget(slug="shop", title="Shop", provider="vindex", base_url="http://nobody.invalid")
    made.key = Secret(KEYS["vindex"])
    made.save()
    works, said = check()
    assert not works
    assert UNREACHABLE in said


def test_its_fallback_is_a_section_of_its_own(platforms: Process) -> None:
    """Which is needed when the first is away: too late to find out that its key is wrong."""
    shop = widget(platforms, "eigi")
    spare = Widget(slug="spare", title="Spare", provider="openai", agent="gpt-4o", active=False)
    spare.base_url, spare.key = f"{platforms.url}/v1", Secret("wrong-0123456789")
    spare.save()
    shop.fallback = spare
    shop.save()
    works, said = check()
    assert not works
    first, _, second = said.partition("Its fallback, spare:\n")
    assert "Answer in" in first and WRONG_KEY not in first
    assert WRONG_KEY in second and "wrong-0123456789" not in said
    spare.key = Secret(KEYS["openai"])
    spare.save()
    works, said = check()
    assert works, said
    assert said.count("Answer in") == 2


def test_a_key_that_cannot_be_decrypted(settings: Settings) -> None:
    Widget.objects.create(slug="shop", title="Shop", provider="vindex", encrypted_key="?")
    with pytest.raises(CommandError):
        call_command("check_widget", "shop", stdout=io.StringIO())


def test_no_such_widget() -> None:
    with pytest.raises(CommandError, match="There is no widget 'nowhere'"):
        call_command("check_widget", "nowhere")
