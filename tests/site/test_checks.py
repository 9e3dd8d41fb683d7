"""System checks: an id and a hint for each thing that is missing."""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.core.checks import CheckMessage, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from pytest_django import Settings

from chatwidget import checks
from chatwidget.checks import database as database_checks
from chatwidget.conf import Conf, Secret, conf
from chatwidget.routing import websocket_urlpatterns
from tests.stored import a_widget

pytestmark = pytest.mark.django_db  # some look into the database


def found(name: str) -> CheckMessage:
    """The one message with this id; each has a hint."""
    messages = [message for message in run_checks() if message.id == f"chatwidget.{name}"]
    assert len(messages) == 1, messages
    assert messages[0].hint
    return messages[0]


def silent(name: str) -> bool:
    return not [message for message in run_checks() if message.id == f"chatwidget.{name}"]


def module(**names: Any) -> ModuleType:
    made = ModuleType("made_here")
    vars(made).update(names)
    return made


def test_the_project_passes(settings: Settings) -> None:
    settings.DEBUG = True
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
    settings.ROOT_URLCONF = module(urlpatterns=[])
    assert "include" in str(found("E003").hint)


def test_e006_another_pattern_answers_first(settings: Settings) -> None:
    def catch_all(request: HttpRequest, path: str) -> HttpResponse:
        raise NotImplementedError

    ours = path("chatwidget/", include("chatwidget.urls"))
    theirs = re_path(r"^((?:[\w-]+/)*)$", catch_all)  # as a content management system has it
    settings.ROOT_URLCONF = module(urlpatterns=[theirs, ours])
    assert "catch_all" in found("E006").msg
    settings.ROOT_URLCONF = module(urlpatterns=[ours, theirs])
    assert silent("E006") and silent("E003")


def test_e005_another_project_of_our_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert silent("E005")
    info = tmp_path / "django_chatwidget-0.1.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: django-chatwidget\n")
    (info / "RECORD").write_text("chatwidget/__init__.py,,0\nchatwidget/views.py,,597\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "django-chatwidget is installed too" in found("E005").msg


def test_e004_no_static_files(settings: Settings) -> None:
    settings.INSTALLED_APPS = [
        app for app in settings.INSTALLED_APPS if app != "django.contrib.staticfiles"
    ]
    found("E004")


def test_w001_no_asgi_application(settings: Settings) -> None:
    settings.ASGI_APPLICATION = None
    assert "websocket_urlpatterns" in str(found("W001").hint)


ours: Any = websocket_urlpatterns
ROUTED: Any = URLRouter(ours)


some: Any = [path("", ROUTED)]
NESTED = URLRouter(some)


async def by_hand(scope: Any, receive: Any, send: Any) -> None:
    await ROUTED(scope, receive, send)


def wrapped(application: Any) -> Callable[..., Awaitable[None]]:
    async def outer(scope: Any, receive: Any, send: Any) -> None:
        await application(scope, receive, send)

    return outer


class Middleware:
    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.application(scope, receive, send)


@pytest.mark.parametrize(
    "websocket",
    [
        ROUTED,
        AllowedHostsOriginValidator(AuthMiddlewareStack(ROUTED)),
        by_hand,
        wrapped(ROUTED),
        Middleware(wrapped(ROUTED)),
        NESTED,
    ],
)
def test_w006_websockets_are_routed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, websocket: Any
) -> None:
    application: Any = {"http": get_asgi_application(), "websocket": websocket}
    monkeypatch.setitem(
        sys.modules, "made_here", module(application=ProtocolTypeRouter(application))
    )
    settings.ASGI_APPLICATION = "made_here.application"
    assert silent("W006")


@pytest.mark.parametrize(
    "application",
    [
        get_asgi_application(),
        ProtocolTypeRouter({"http": get_asgi_application()}),
        Middleware(ProtocolTypeRouter({"websocket": URLRouter([])})),
    ],
)
def test_w006_websockets_are_not_routed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, application: Any
) -> None:
    monkeypatch.setitem(sys.modules, "made_here", module(application=application))
    settings.ASGI_APPLICATION = "made_here.application"
    assert "Reconnecting" in found("W006").msg
    settings.ASGI_APPLICATION = "made_here.misspelt"
    assert "cannot be imported" in found("W006").msg


def test_w007_runserver_without_websockets(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for app in ("django.core", "django.contrib.staticfiles"):
        monkeypatch.setattr(checks, "get_commands", lambda app=app: {"runserver": app})
        settings.DEBUG = True
        assert "daphne" in str(found("W007").hint)
        settings.DEBUG = False  # nobody runs that server there
        assert silent("W007")
    settings.DEBUG = True
    monkeypatch.setattr(checks, "get_commands", lambda: {"runserver": "daphne"})
    assert silent("W007")


def test_w008_static_files_are_collected_and_of_this_version(
    settings: Settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.DEBUG = False
    assert "not been collected" in found("W008").msg
    call_command("collectstatic", interactive=False, verbosity=0)
    assert silent("W008")
    (tmp_path / checks.FRAME_SCRIPT).write_text("of last year")
    assert "another version" in found("W008").msg
    settings.DEBUG = True
    assert silent("W008")


def test_w004_a_forgotten_migration() -> None:
    last = MigrationRecorder.Migration.objects.filter(app="chatwidget").latest("id")
    last.delete()
    assert last.name in found("W004").msg


def test_w005_keys_that_cannot_be_read(settings: Settings) -> None:
    settings.CHATWIDGET = {"SECRET_KEYS": ("old",)}
    for slug in ("one", "two"):
        widget = a_widget(slug)
        widget.key = Secret("a-key")
        widget.save()
    a_widget("none")
    settings.CHATWIDGET = {"SECRET_KEYS": ("new", "old")}
    assert silent("W005")
    settings.CHATWIDGET = {"SECRET_KEYS": ("new",)}
    assert found("W005").msg == "Keys that cannot be read, of the widgets one, two."


def test_e008_a_short_secret(settings: Settings) -> None:
    settings.CHATWIDGET = {"SECRET_KEYS": ("a long one, 0123456789", "a short one")}
    assert found("E008").msg.endswith("holds one shorter than 20 characters.")
    settings.CHATWIDGET = {"SECRET_KEYS": ("a long one, 0123456789",)}
    assert silent("E008")


def test_e009_and_w010_challenges(settings: Settings) -> None:
    settings.CHATWIDGET = {"CHALLENGE": "turnstile", "CHALLENGE_SITE_KEY": "key"}
    assert "is turnstile, without CHALLENGE_SECRET" in found("E009").msg
    settings.CHATWIDGET = {"CHALLENGE_SITE_KEY": "key", "CHALLENGE_SECRET": "secret"}
    assert "of no use while CHALLENGE is altcha" in found("W010").msg
    settings.CHATWIDGET = {**settings.CHATWIDGET, "CHALLENGE": "hcaptcha"}
    assert silent("E009") and silent("W010")


def test_e007_a_database_that_we_cannot_use(monkeypatch: pytest.MonkeyPatch) -> None:
    other = SimpleNamespace(vendor="oracle", display_name="Oracle")
    monkeypatch.setattr(database_checks, "connection", other)
    assert "Oracle" in found("E007").msg


@pytest.mark.parametrize(
    "told",
    [
        {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
        {"SECURE_SSL_REDIRECT": True},
        {"USE_X_FORWARDED_HOST": True},
    ],
)
def test_w009_a_proxy_that_is_not_trusted(settings: Settings, told: dict[str, Any]) -> None:
    for name, value in told.items():
        setattr(settings, name, value)
    assert next(iter(told)) in found("W009").msg
    settings.CHATWIDGET = {"TRUSTED_PROXIES": ("127.0.0.1",)}
    assert silent("W009")


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


def test_w012_limits_that_each_process_counts_by_itself(settings: Settings) -> None:
    assert silent("W012")
    redis = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer"}
    settings.CHANNEL_LAYERS = {"default": redis}
    settings.CHATWIDGET = {}
    assert "LIMITS_STORAGE" in str(found("W012").hint)
    settings.CHATWIDGET = {"LIMITS_STORAGE": "redis://127.0.0.1:6379/0"}
    assert silent("W012")
    settings.CHATWIDGET = {"LIMITS": False}
    assert silent("W012")


def test_e012_templates_that_are_not_looked_for_in_apps(settings: Settings) -> None:
    assert silent("E012")
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
    assert "APP_DIRS" in str(found("E012").hint)


class Elsewhere:
    """A router that has a database of its own for the chats."""

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "chats" if model._meta.app_label == "chatwidget" else None


def test_e011_a_router_that_sends_the_chats_elsewhere(settings: Settings) -> None:
    assert silent("E011")
    settings.DATABASE_ROUTERS = [Elsewhere()]
    assert "'chats'" in found("E011").msg


def test_w011_sqlite_that_refuses_who_writes_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("of SQLite")
    settings.DEBUG = False
    assert silent("W011")
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {})
    assert "IMMEDIATE" in str(found("W011").hint)
    settings.DEBUG = True
    assert silent("W011")


def test_ids_are_one_things_each() -> None:
    """Who silences one silences no other."""
    source = Path(checks.__file__).read_text() + Path(database_checks.__file__).read_text()
    by_function = re.findall(r"^def (\w+)|id=\"(chatwidget\.\w+)\"", source, re.M)
    owners: dict[str, set[str]] = {}
    for name, id in by_function:
        if name:
            function = name
        else:
            owners.setdefault(id, set()).add(function)
    assert len(owners) > 18
    assert {id: names for id, names in owners.items() if len(names) > 1} == {}
