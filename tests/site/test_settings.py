"""The settings: what each variable does, and how plainly a bad one is refused."""

from __future__ import annotations

import runpy
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import environ
import msgspec
import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction

from chatwidget.conf import Conf, Timeouts
from tests.environment import VARIABLES
from tests.running import ROOT, run

KEY = {"SECRET_KEY": "k" * 50}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The settings as they come out of the given variables and `.env`, and of nothing else."""

    def load(variables: dict[str, str], dotenv: str = "") -> dict[str, Any]:
        (tmp_path / "project").mkdir(exist_ok=True)
        source = (ROOT / "project" / "settings.py").read_text()
        (tmp_path / "project" / "settings.py").write_text(source)
        (tmp_path / ".env").write_text(dotenv)
        given = environ.fileaware_mapping.FileAwareMapping(env=dict(variables))
        monkeypatch.setattr(environ.FileAwareEnv, "ENVIRON", given)
        return runpy.run_path(str(tmp_path / "project" / "settings.py"))

    return load


def test_a_value_is_what_stands_there(load: Any) -> None:
    key = "$ab#c'd$e" * 6
    assert load({}, f"SECRET_KEY='{key}'\n")["SECRET_KEY"] == key
    assert load({**KEY, "DEFAULT_FROM_EMAIL": "$a@b.test"})["DEFAULT_FROM_EMAIL"] == "$a@b.test"


def conf_of(settings: dict[str, Any]) -> Conf:
    """What the app makes of the site's settings."""
    return msgspec.convert(settings["CHATWIDGET"], Conf)


def test_defaults(load: Any, tmp_path: Path) -> None:
    settings = load(KEY)
    assert settings["DEBUG"] is False
    assert settings["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert (settings["HOST"], settings["PORT"]) == ("127.0.0.1", 8000)
    assert settings["DATABASES"]["default"]["NAME"] == str(tmp_path / "db.sqlite3")
    assert "CHANNEL_LAYERS" not in settings
    site = {"ALLOW_PRIVATE_PROVIDERS": False, "LIMITS_STORAGE": "memory://", "TRUSTED_PROXIES": []}
    assert settings["CHATWIDGET"] == site  # the rest is left to the app, which has
    assert conf_of(settings) == Conf(
        SECRET_KEYS=(),
        ALLOW_PRIVATE_PROVIDERS=False,
        LIMITS=True,
        TIMEOUTS=Timeouts(5, 60, 30, 300),
        DRAIN_SECONDS=20,
        FALLBACK_SECONDS=30,
        TRUSTED_PROXIES=(),
        LIMITS_STORAGE="memory://",
        PROVIDERS={},
        MESSAGE_HOOK="",
        METRICS_TOKEN="",
        METRICS_ADDRESSES=(),
        CHALLENGE="altcha",
        CHALLENGE_SITE_KEY="",
        CHALLENGE_SECRET="",
        CHALLENGE_VERIFY_URL="",
    )
    assert "EMAIL_HOST" not in settings
    assert not settings.get("SECURE_SSL_REDIRECT")


def test_the_owners_time_zone(load: Any) -> None:
    assert load(KEY)["TIME_ZONE"] == "UTC"
    assert load({**KEY, "TIME_ZONE": "Europe/Berlin"})["TIME_ZONE"] == "Europe/Berlin"
    for wrong in ("Berlin", "/etc/passwd", "Europe"):
        with pytest.raises(SystemExit, match="TIME_ZONE cannot be used: give a time zone such as"):
            load({**KEY, "TIME_ZONE": wrong})


def test_everything_set(load: Any) -> None:
    settings = load(
        {
            **KEY,
            "DEBUG": "on",
            "ALLOWED_HOSTS": "chat.example.com, www.example.com",
            "CSRF_TRUSTED_ORIGINS": "https://www.example.com",
            "TRUSTED_PROXIES": "10.0.0.0/8,::1",
            "HTTPS_ONLY": "true",
            "DATABASE_URL": "postgres://me:secret@db/chat?sslmode=require",
            "REDIS_URL": "redis://cache/0",
            "SECRET_KEY_FALLBACKS": "older, oldest",
            "CHATWIDGET_SECRET_KEYS": "new,old",
            "CHATWIDGET_ALLOW_PRIVATE_PROVIDERS": "false",
            "CHATWIDGET_LIMITS": "off",
            "CHATWIDGET_TIMEOUTS": "1,2,3.5,4",
            "CHATWIDGET_DRAIN_SECONDS": "3",
            "CHATWIDGET_FALLBACK_SECONDS": "7",
            "CHATWIDGET_PROVIDERS": "parrot=parrot.Parrot",
            "CHATWIDGET_MESSAGE_HOOK": "shop.chat.check",
            "CHATWIDGET_CHALLENGE": "hcaptcha",
            "CHATWIDGET_CHALLENGE_SITE_KEY": "public",
            "CHATWIDGET_CHALLENGE_SECRET": "private",
            "CHATWIDGET_CHALLENGE_VERIFY_URL": "https://verify.example.com",
            "EMAIL_URL": "smtp+tls://me:pa%40ss@mail.example.com:587",
            "STATIC_ROOT": "/srv/static",
            "HOST": "0.0.0.0",
            "PORT": "9000",
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "DEBUG",
        }
    )
    assert settings["SECRET_KEY_FALLBACKS"] == ["older", "oldest"]
    assert settings["ALLOWED_HOSTS"] == ["chat.example.com", "www.example.com"]
    assert settings["CSRF_TRUSTED_ORIGINS"] == ["https://www.example.com"]
    database = settings["DATABASES"]["default"]
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert database["OPTIONS"]["sslmode"] == "require"
    assert database["OPTIONS"]["pool"]["max_size"] == 20
    [host] = settings["CHANNEL_LAYERS"]["default"]["CONFIG"]["hosts"]
    assert host["address"] == "redis://cache/0"
    assert settings["CACHES"]["default"]["LOCATION"] == "redis://cache/0"
    assert conf_of(settings) == Conf(
        SECRET_KEYS=("new", "old"),
        ALLOW_PRIVATE_PROVIDERS=False,
        LIMITS=False,
        TIMEOUTS=Timeouts(1, 2, 3.5, 4),
        DRAIN_SECONDS=3,
        FALLBACK_SECONDS=7,
        TRUSTED_PROXIES=("10.0.0.0/8", "::1/128"),
        LIMITS_STORAGE="redis://cache/0",
        PROVIDERS={"parrot": "parrot.Parrot"},
        MESSAGE_HOOK="shop.chat.check",
        METRICS_TOKEN="",
        METRICS_ADDRESSES=(),
        CHALLENGE="hcaptcha",
        CHALLENGE_SITE_KEY="public",
        CHALLENGE_SECRET="private",
        CHALLENGE_VERIFY_URL="https://verify.example.com",
    )
    assert (settings["EMAIL_HOST"], settings["EMAIL_PORT"]) == ("mail.example.com", 587)
    assert (settings["EMAIL_HOST_PASSWORD"], settings["EMAIL_USE_TLS"]) == ("pa@ss", True)
    assert settings["SECURE_SSL_REDIRECT"] and settings["SECURE_HSTS_SECONDS"] > 0
    assert settings["SESSION_COOKIE_SECURE"] and settings["CSRF_COOKIE_SECURE"]
    assert settings["STATIC_ROOT"] == Path("/srv/static")
    assert (settings["HOST"], settings["PORT"]) == ("0.0.0.0", 9000)
    assert settings["LOGGING"]["handlers"]["stderr"]["formatter"] == "json"
    assert settings["LOGGING"]["loggers"]["chatwidget"]["level"] == "DEBUG"


def test_private_providers_go_with_debug(load: Any) -> None:
    assert load({"DEBUG": "true"})["CHATWIDGET"]["ALLOW_PRIVATE_PROVIDERS"] is True
    assert load(KEY)["CHATWIDGET"]["ALLOW_PRIVATE_PROVIDERS"] is False


def test_a_dotenv_is_honoured_and_the_environment_wins(load: Any) -> None:
    settings = load({"PORT": "9001"}, "SECRET_KEY=from-the-file\nPORT=9002\nHOST=::1\n")
    assert settings["SECRET_KEY"] == "from-the-file"
    assert (settings["HOST"], settings["PORT"]) == ("::1", 9001)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("HTTPS_ONLY", "2"),
        ("PORT", "http"),
        ("PORT", "65536"),
        ("TRUSTED_PROXIES", "everyone"),
        ("DATABASE_URL", "chat.sqlite3"),
        ("DATABASE_URL", "nosql://me:secret@db/chat"),
        ("CHATWIDGET_LIMITS", "some"),
        ("CHATWIDGET_TIMEOUTS", "5,60,30"),
        ("CHATWIDGET_TIMEOUTS", "5,60,0,300"),
        ("CHATWIDGET_TIMEOUTS", "5,60,nan,300"),
        ("CHATWIDGET_DRAIN_SECONDS", "-1"),
        ("CHATWIDGET_DRAIN_SECONDS", "soon"),
        ("CHATWIDGET_PROVIDERS", "parrot"),
        ("CHATWIDGET_PROVIDERS", "parrot=parrot"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_value_is_refused_in_one_line_that_names_it(load: Any, name: str, value: str) -> None:
    with pytest.raises(SystemExit) as refusal:
        load({**KEY, name: value})
    text = str(refusal.value)
    assert text.startswith(name) and "\n" not in text
    assert "secret" not in text


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "check"],
        ["manage.py", "migrate"],
        ["manage.py", "serve"],
        ["manage.py", "help"],
        ["-m", "daphne", "project.asgi:application"],
        ["-m", "uvicorn", "project.asgi:application"],
    ],
    ids=" ".join,
)
async def test_no_secret_key(command: list[str], tmp_path: Path) -> None:
    """Every command refuses in one line; in a copy of the site, where no `.env` is."""
    (tmp_path / "chatwidget").symlink_to(ROOT / "chatwidget")
    (tmp_path / "project").mkdir()
    for source in [ROOT / "manage.py", *(ROOT / "project").glob("*.py")]:
        (tmp_path / source.relative_to(ROOT)).write_text(source.read_text())
    (tmp_path / "project" / "management").symlink_to(ROOT / "project" / "management")
    python = [sys.executable, "-P", *command]
    env = {**VARIABLES, "SECRET_KEY": "", "DEBUG": "", "PYTHONPATH": str(tmp_path)}
    done = await run(python, env=env, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert "SECRET_KEY" in done.stderr
    assert len((done.stdout + done.stderr).splitlines()) == 1


@pytest.mark.django_db(transaction=True)
def test_sqlite_takes_concurrent_writers() -> None:
    """Transactions that read and then write, from many threads: none fails, none is lost."""
    users = get_user_model()
    users.objects.create(username="counter", first_name="0")

    def count(_: int) -> None:
        with transaction.atomic():
            user = users.objects.get(username="counter")
            user.first_name = str(int(user.first_name) + 1)
            user.save()
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(200)))
    assert users.objects.get(username="counter").first_name == "200"
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert cursor.execute("PRAGMA synchronous").fetchone() == (1,)
