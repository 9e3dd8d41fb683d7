"""`configure_widget`: whether a widget is on, and for whom it is."""

from __future__ import annotations

import pytest

from chatwidget.models import Widget
from tests.commands.test_configure import configure, refused

pytestmark = pytest.mark.django_db

SECRET = "the shop's own secret, 0123456789"


@pytest.fixture(autouse=True)
def widget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_SECRET", f"{SECRET}\n")
    configure("shop", "--provider", "demo", "--title", "Shop")


def test_a_widget_is_switched_off_and_on() -> None:
    """Without --provider; what is not named stays as it was."""
    for option, active in (("--inactive", False), ("--active", True), ("--no-active", False)):
        assert configure("shop", option) == "Changed widget 'shop': Shop (demo).\n"
        widget = Widget.objects.get()
        assert (widget.active, widget.title) == (active, "Shop")
        assert configure("shop", option) == "Widget 'shop' is as it was.\n"
    configure("shop", "--title", "Our shop")
    assert not Widget.objects.get().active


def test_an_identity_secret_is_stored_encrypted() -> None:
    configure("shop", "--identity-secret-env", "IDENTITY_SECRET", "--require-identity")
    widget = Widget.objects.get()
    assert widget.identity_secret.reveal() == SECRET
    assert SECRET not in str(Widget.objects.values())
    assert widget.require_identity
    again = ("shop", "--identity-secret-env", "IDENTITY_SECRET")
    assert configure(*again) == "Widget 'shop' is as it was.\n"
    configure("shop", "--no-require-identity")
    widget = Widget.objects.get()
    assert (widget.require_identity, widget.identity_secret.reveal()) == (False, SECRET)
    configure("shop", "--identity-secret-env", "")
    assert not Widget.objects.get().identity_secret


def test_another_platform_keeps_it() -> None:
    configure("shop", "--identity-secret-env", "IDENTITY_SECRET", "--require-identity")
    configure("shop", "--provider", "openai", "--base-url", "https://llm.example", "--agent", "m")
    widget = Widget.objects.get()
    assert (widget.identity_secret.reveal(), widget.require_identity) == (SECRET, True)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "The environment variable MINE is not set, or empty."),
        ("  ", "The environment variable MINE is not set, or empty."),
        ("too short", "identity secret: a secret has at least 16 characters"),
        ("-----BEGIN PRIVATE KEY-----", "identity secret: "),
    ],
)
def test_secrets_that_are_refused(
    monkeypatch: pytest.MonkeyPatch, value: str | None, why: str
) -> None:
    if value is not None:
        monkeypatch.setenv("MINE", value)
    said = refused("shop", "--identity-secret-env", "MINE")
    assert said.startswith(why)
    assert not value or not value.strip() or value not in said


def test_budgets() -> None:
    configure("shop", "--daily-messages", "100", "--max-running", "3")
    assert Widget.objects.get().budgets == {"daily_messages": 100, "max_running": 3}
    configure("shop", "--daily-characters", "5000", "--max-running", "0")
    assert Widget.objects.get().budgets == {"daily_messages": 100, "daily_characters": 5000}
    assert configure("shop", "--daily-messages", "100") == "Widget 'shop' is as it was.\n"
    for given in ("-1", "many", "1.5", ""):
        assert refused("shop", "--daily-messages", given).startswith("budgets: ")
