"""System checks: an id and a hint for each thing that is missing."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from django.core.checks import CheckMessage, run_checks
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from chatwidget import checks
from chatwidget.conf import Conf, conf


def found(name: str) -> CheckMessage:
    """The one message with this id; each has a hint."""
    messages = [message for message in run_checks() if message.id == f"chatwidget.{name}"]
    assert len(messages) == 1, messages
    assert messages[0].hint
    return messages[0]


def test_the_project_passes(settings: Settings) -> None:
    assert [message for message in run_checks() if str(message.id).startswith("chatwidget")] == []


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"TIMOUTS": (1, 1, 1, 1)}, "TIMOUTS"),
        ({"TIMEOUTS": ("soon", 1, 1, 1)}, "TIMEOUTS"),
        ({"TIMEOUTS": (0, 1, 1, 1)}, "TIMEOUTS"),
        ({"TRUSTED_PROXIES": ("nonsense",)}, "nonsense"),
        ({"LIMITS": {"mesages_per_visitor": "1/second"}}, "mesages_per_visitor"),
        ({"LIMITS": {"messages_per_visitor": "often"}}, "often"),
        ({"DRAIN_SECONDS": "long"}, "DRAIN_SECONDS"),
        ("nonsense", "CHATWIDGET"),
    ],
)
def test_e001_bad_settings_are_named(settings: Settings, setting: object, named: str) -> None:
    settings.CHATWIDGET = setting
    assert named in found("E001").msg
    with pytest.raises(ImproperlyConfigured, match=named):
        conf()


def test_e002_an_adapter_that_cannot_be_imported(settings: Settings) -> None:
    settings.CHATWIDGET = {"PROVIDERS": {"mine": "nowhere.Mine"}}
    assert "nowhere.Mine" in found("E002").msg


def test_e003_the_urls_are_not_included(settings: Settings) -> None:
    empty = ModuleType("empty_urls")
    empty.urlpatterns = []  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = empty
    assert "include" in str(found("E003").hint)


def test_e004_no_static_files(settings: Settings) -> None:
    settings.INSTALLED_APPS = [
        app for app in settings.INSTALLED_APPS if app != "django.contrib.staticfiles"
    ]
    found("E004")


def test_w001_no_asgi_application(settings: Settings) -> None:
    settings.ASGI_APPLICATION = None
    assert "websocket_urlpatterns" in str(found("W001").hint)


def test_w002_greetings_are_not_shared(settings: Settings) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    found("W002")
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}
    with pytest.raises(AssertionError):
        found("W002")


def test_w003_the_front_end_is_not_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(checks, "BUILT", tmp_path / "loader.js")
    assert "make install" in str(found("W003").hint)


def test_no_setting_is_needed(settings: Settings) -> None:
    settings.CHATWIDGET = {}
    assert conf() == Conf()
    assert [message for message in run_checks() if message.id == "chatwidget.E001"] == []


def test_settings_are_read_again_when_they_change(settings: Settings) -> None:
    settings.CHATWIDGET = {"MAX_MESSAGE_LENGTH": 10}
    assert conf().MAX_MESSAGE_LENGTH == 10
    settings.CHATWIDGET = {"MAX_MESSAGE_LENGTH": 20}
    assert conf().MAX_MESSAGE_LENGTH == 20
