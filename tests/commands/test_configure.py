"""configure_widget."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from chatwidget.models import Widget
from tests.environment import VARIABLES
from tests.running import Preparation, run
from tests.stored import a_widget

pytestmark = pytest.mark.django_db

KEY = "amgai_0123456789"


def configure(*arguments: str) -> str:
    out = io.StringIO()
    call_command("configure_widget", *arguments, stdout=out)
    return out.getvalue()


def refused(*arguments: str) -> str:
    """What the refusal says, in one line; nothing is stored."""
    before = list(Widget.objects.values())
    with pytest.raises(CommandError) as caught:
        configure(*arguments)
    assert caught.value.returncode == 1
    assert list(Widget.objects.values()) == before
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATFORM_KEY", KEY)


@pytest.mark.usefixtures("key")
def test_all_of_it() -> None:
    said = configure(
        *("my-shop", "--provider", "vindex", "--base-url", "https://vindex.example.com/"),
        *("--api-key-env", "PLATFORM_KEY", "--title", "Our shop", "--greeting", "Hello!"),
        *("--allow-origin", "https://Shop.example.com/", "--allow-origin", "http://localhost:80"),
        *("--image-host", "CDN.example.com"),
    )
    assert said == "Made widget 'my-shop': Our shop (vindex).\n"
    widget = Widget.objects.get()
    assert (widget.slug, widget.title, widget.greeting) == ("my-shop", "Our shop", "Hello!")
    assert widget.base_url == "https://vindex.example.com"
    assert widget.key.reveal() == KEY
    assert widget.allowed_origins == ["https://shop.example.com", "http://localhost"]
    assert widget.image_hosts == ["cdn.example.com"]


@pytest.mark.usefixtures("key")
def test_the_key_is_not_readable_in_the_database() -> None:
    assert KEY not in configure("a", "--provider", "vindex", "--api-key-env", "PLATFORM_KEY")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM chatwidget_widget")
        assert KEY not in repr(cursor.fetchall())


def test_the_key_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{KEY}\n"))
    configure("a", "--provider", "vindex", "--api-key-stdin")
    assert Widget.objects.get().key.reveal() == KEY


@pytest.mark.usefixtures("key")
def test_again_is_as_it_was() -> None:
    arguments = ("a", "--provider", "vindex", "--api-key-env", "PLATFORM_KEY", "--title", "A")
    configure(*arguments)
    before = Widget.objects.values().get()
    assert configure(*arguments) == "Widget 'a' is as it was.\n"
    assert Widget.objects.values().get() == before


@pytest.mark.usefixtures("key")
def test_what_is_not_given_stays() -> None:
    configure(
        *("a", "--provider", "openai", "--agent", "gpt", "--api-key-env", "PLATFORM_KEY"),
        *("--option", "temperature=1", "--option", "system_prompt=Be = kind"),
    )
    assert configure("a", "--title", "B") == "Changed widget 'a': B (openai).\n"
    widget = Widget.objects.get()
    assert widget.options == {"temperature": 1.0, "system_prompt": "Be = kind"}
    assert (widget.agent, widget.key.reveal()) == ("gpt", KEY)
    configure("a", "--option", "")
    assert Widget.objects.get().options == {}


@pytest.mark.usefixtures("key")
def test_another_provider_does_not_get_the_key() -> None:
    configure("a", "--provider", "vindex", "--api-key-env", "PLATFORM_KEY")
    assert "eigi needs an API key" in refused("a", "--provider", "eigi", "--agent", "x")
    configure("a", "--provider", "demo")
    widget = Widget.objects.get()
    assert (widget.key.reveal(), widget.agent, widget.base_url) == ("", "", "")


@pytest.mark.usefixtures("key")
def test_the_same_key_is_encrypted_with_the_newest_secret(settings: Settings) -> None:
    """Where `rotate_keys` has not been there before."""
    again = ("a", "--provider", "vindex", "--api-key-env", "PLATFORM_KEY")
    settings.CHATWIDGET = {"SECRET_KEYS": ("old",)}
    configure(*again)
    settings.CHATWIDGET = {"SECRET_KEYS": ("new", "old")}
    assert configure(*again).startswith("Changed widget 'a'")
    assert configure(*again) == "Widget 'a' is as it was.\n"
    settings.CHATWIDGET = {"SECRET_KEYS": ("new",)}
    assert Widget.objects.get().key.reveal() == KEY
    settings.CHATWIDGET = {"SECRET_KEYS": ("lost everything",)}
    assert configure(*again).startswith("Changed widget 'a'")
    assert Widget.objects.get().key.reveal() == KEY


@pytest.mark.parametrize("lack", ["a key", "a secret that reads it", "a platform"])
def test_what_its_platform_lacks_keeps_nobody_from_switching_it_off(lack: str) -> None:
    widget = a_widget("a", provider="nowhere" if lack == "a platform" else "vindex")
    if lack == "a secret that reads it":
        Widget.objects.filter(pk=widget.pk).update(encrypted_key="gAAAA-of-another")
    configure("a", "--inactive", "--keep-days", "30")
    widget.refresh_from_db()
    assert (widget.active, widget.keep_days) == (False, 30)
    assert refused("a", "--active") and refused("a", "--base-url", "https://a.example")


REFUSALS = {
    "no provider": (("a",), "give it a --provider"),
    "an unknown provider": (("a", "--provider", "chatty"), "there is no platform 'chatty'"),
    "a bad slug": (("A b", "--provider", "demo"), "slug: Use small letters"),
    "a slug with a line end": (("a\n", "--provider", "demo"), "slug: "),
    "a bad base URL": (("a", "--provider", "vindex", "--base-url", "nowhere"), "base url: "),
    "a base URL with a password": (
        ("a", "--provider", "vindex", "--base-url", "https://u:p@example.com"),
        "must not hold a user",
    ),
    "no base URL": (
        ("a", "--provider", "fifthelement", "--agent", "x", "--api-key-env", "PLATFORM_KEY"),
        "fifthelement has no default base URL",
    ),
    "no key": (("a", "--provider", "vindex"), "vindex needs an API key"),
    "no agent": (
        ("a", "--provider", "eigi", "--api-key-env", "PLATFORM_KEY"),
        "eigi needs an agent",
    ),
    "neither key nor agent": (
        ("a", "--provider", "eigi"),
        "eigi needs an API key; eigi needs an agent",
    ),
    "an agent that is a path": (("a", "--provider", "eigi", "--agent", ".."), "is no agent's id"),
    "no such variable": (
        ("a", "--provider", "vindex", "--api-key-env", "NOT_THERE"),
        "The environment variable NOT_THERE is not set",
    ),
    "two keys": (
        ("a", "--provider", "vindex", "--api-key-env", "PLATFORM_KEY", "--api-key-stdin"),
        "not both",
    ),
    "a bad key": (
        ("a", "--provider", "vindex", "--api-key-env", "BAD_KEY"),
        "The API key holds characters",
    ),
    "a bad origin": (("a", "--provider", "demo", "--allow-origin", "shop"), "is not an origin"),
    "an origin with a path": (
        ("a", "--provider", "demo", "--allow-origin", "https://a.example/b"),
        "has a path",
    ),
    "a bad image host": (("a", "--provider", "demo", "--image-host", "a/b"), "is not a host"),
    "no option": (("a", "--provider", "demo", "--option", "pace"), "is not KEY=VALUE"),
    "an unknown option": (
        ("a", "--provider", "demo", "--option", "speed=1"),
        "has no option 'speed' (it has: pace)",
    ),
    "an option of another type": (
        ("a", "--provider", "demo", "--option", "pace=quick"),
        "option pace must be of type float",
    ),
    "a long title": (("a", "--provider", "demo", "--title", "x" * 201), "title: "),
}


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(("arguments", "why"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(arguments: tuple[str, ...], why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAD_KEY", "two words")
    message = refused(*arguments)
    assert why in message
    assert "two words" not in message


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://vindex.example.com", "must be https"),
        ("https://127.0.0.1", "private address"),
        ("https://[::1]:8000", "private address"),
        ("https://localhost", "private address"),
    ],
)
@pytest.mark.usefixtures("key")
def test_private_base_urls(settings: Settings, url: str, why: str) -> None:
    arguments = ("a", "--provider", "vindex", "--base-url", url, "--api-key-env", "PLATFORM_KEY")
    settings.CHATWIDGET = {**settings.CHATWIDGET, "ALLOW_PRIVATE_PROVIDERS": False}
    assert why in refused(*arguments)
    settings.CHATWIDGET = {**settings.CHATWIDGET, "ALLOW_PRIVATE_PROVIDERS": True}
    configure(*arguments)


async def test_from_the_command_line(preparation: Preparation) -> None:
    env = {**VARIABLES, "DATABASE_URL": await preparation.database()}
    command = [sys.executable, "manage.py", "configure_widget", "a", "--provider", "vindex"]
    done = await run([*command, "--api-key-stdin"], env=env, input=f"{KEY}\n")
    assert done.stdout == "Made widget 'a': A (vindex).\n"
    assert KEY not in done.stdout + done.stderr
    done = await run([*command, "--base-url", "nowhere"], env=env, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: base url: ")
    assert done.stderr.count("\n") == 1
    missing = {**env, "DATABASE_URL": env["DATABASE_URL"] + ".not-there"}
    done = await run(command, env=missing, check=False)
    assert done.returncode == 1
    assert "run migrate" in done.stderr
    assert done.stderr.count("\n") == 1


# --- an agent by a description ---

GENERIC = ("agent", "--provider", "generic", "--base-url", "https://agent.example.com")
DESCRIPTION = {
    "request": {"url": "{base}/chat", "body": {"message": "{text}"}},
    "answer": {"framing": "json", "text": [{"path": "reply"}]},
}


def written(path: Path, text: str) -> str:
    (path / "agent.json").write_text(text)
    return str(path / "agent.json")


def test_a_preset_and_a_description_take_each_others_place(tmp_path: Path) -> None:
    configure(*GENERIC, "--preset", "flowise", "--agent", "f-1")
    assert Widget.objects.get().options == {"preset": "flowise"}
    assert "is as it was" in configure("agent", "--preset", "flowise")
    configure("agent", "--description", written(tmp_path, json.dumps(DESCRIPTION)))
    assert Widget.objects.get().options == {"description": DESCRIPTION}
    configure("agent", "--title", "Other")
    assert Widget.objects.get().options == {"description": DESCRIPTION}
    configure("agent", "--preset", "ag-ui")
    assert Widget.objects.get().options == {"preset": "ag-ui"}


def test_a_preset_needs_no_provider_to_be_named() -> None:
    configure("agent", "--preset", "ag-ui", "--base-url", "https://agent.example.com")
    assert Widget.objects.get().provider == "generic"


def test_a_description_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(DESCRIPTION)))
    configure(*GENERIC, "--description", "-")
    assert Widget.objects.get().options == {"description": DESCRIPTION}


def test_what_is_no_description(tmp_path: Path) -> None:
    def said(text: str) -> str:
        return refused(*GENERIC, "--description", written(tmp_path, text))

    assert "no JSON" in said('{"request": ')
    assert "nested too deeply" in said('{"a":' + "[" * 100_000)
    assert "must be an object" in said("[]")
    assert "'request' is missing" in said("{}")
    # As of a platform whose requests another description has.
    half = said('{"answer": {"framing": "sse", "text": [{"path": "content"}]}, "recorded": ["x"]}')
    assert 'add what is sent (a preset of the same platform has it), such as "request": {' in half
    wrong = {**DESCRIPTION, "request": {"url": "{base}/{flow}", "headers": {"a": "b\nc"}}}
    message = said(json.dumps(wrong))
    assert "request.url: there is no placeholder {flow}" in message
    assert "request.headers.a: a header holds" in message
    assert "names 'url' twice" in said('{"request": {"url": "{base}", "url": "{base}/a"}}')
    (tmp_path / "agent.json").write_bytes(b"\xff\xfe")
    assert "cannot be read" in refused(*GENERIC, "--description", str(tmp_path / "agent.json"))
    assert "cannot be read" in refused(*GENERIC, "--description", str(tmp_path / "none.json"))


def test_what_is_no_preset() -> None:
    assert "must be one of: a2a-0.3" in refused(*GENERIC, "--preset", "teapot")
    assert "not both" in refused(*GENERIC, "--preset", "ag-ui", "--description", "x")
    assert "a description, or a preset" in refused(*GENERIC)
    assert "takes no preset" in refused("agent", "--provider", "demo", "--preset", "ag-ui")
    assert "needs an agent" in refused(*GENERIC, "--preset", "flowise")
    assert "needs an API key" in refused("agent", "--preset", "anthropic", "--agent", "m")


def test_a_fallback() -> None:
    configure("spare", "--provider", "demo")
    configure("shop", "--provider", "demo", "--fallback", "spare")
    assert Widget.objects.get(slug="shop").fallback == Widget.objects.get(slug="spare")
    assert "is as it was" in configure("shop", "--fallback", "spare")
    configure("shop", "--title", "Shop")
    assert Widget.objects.get(slug="shop").fallback
    assert "no widget 'nobody'" in refused("shop", "--fallback", "nobody")
    assert "its own fallback" in refused("shop", "--fallback", "shop")
    configure("shop", "--fallback", "")
    assert Widget.objects.get(slug="shop").fallback is None
