"""Reads environment variables, for settings.py.

A value that cannot be used ends any command in one line that names its variable.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import django
import environ
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")
D = TypeVar("D")

env = environ.FileAwareEnv()  # NAME_FILE: the path of a file that holds NAME


def read(name: str, cast: Callable[[str], T], default: D) -> T | D:
    """The variable `name` as `cast` makes it; unset or empty: the default; bad: SystemExit."""
    # Not `env.str`, which takes "$name…" for another variable: a random key may begin like that.
    text = env.ENVIRON.get(name, "").strip()
    if not text:
        return default
    try:
        return cast(text)
    except (ValueError, ImproperlyConfigured) as error:
        raise SystemExit(f"{name} cannot be used: {error}") from None


def read_set(**casts: Callable[[str], object]) -> dict[str, Any]:
    """Those of the app's variables that are set, by their names in `settings.CHATWIDGET`."""
    values = {name: read(name, cast, None) for name, cast in casts.items()}
    return {
        name.removeprefix("CHATWIDGET_"): value
        for name, value in values.items()
        if value is not None
    }


def boolean(text: str) -> bool:
    if text.lower() in {"true", "on", "yes", "1"}:
        return True
    if text.lower() in {"false", "off", "no", "0"}:
        return False
    raise ValueError("give true or false")


def words(text: str) -> list[str]:
    """The parts between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def networks(text: str) -> list[str]:
    return [str(ipaddress.ip_network(word, strict=False)) for word in words(text)]


def seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError("give seconds, 0 or more")
    return value


def timeouts(text: str) -> tuple[float, float, float, float]:
    """connect, first byte, between two pieces, total."""
    values = [float(word) for word in words(text)]
    if len(values) != 4 or not all(0 < value < float("inf") for value in values):
        raise ValueError("give four times in seconds: connect,first,between,total")
    connect, first, between, total = values
    return connect, first, between, total


def paths(text: str) -> dict[str, str]:
    """name=dotted.path,…"""
    pairs = [word.partition("=") for word in words(text)]
    if not all(name.isidentifier() and "." in path for name, _, path in pairs):
        raise ValueError("give name=package.module.Class, several joined by commas")
    return {name: path for name, _, path in pairs}


def port(text: str) -> int:
    value = int(text)
    if not 0 < value < 65536:
        raise ValueError("give a port from 1 to 65535")
    return value


def zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, OSError, ValueError):  # unknown, a folder, or no name at all
        raise ValueError("give a time zone such as Europe/Berlin") from None


def one_of(*choices: str) -> Callable[[str], str]:
    def cast(text: str) -> str:
        if text not in choices:
            raise ValueError("give " + " or ".join(choices))
        return text

    return cast


def make_private(name: str) -> None:
    """Make a database file that only its owner reads; SQLite gives its log the same mode."""
    if name and not name.startswith((":", "file:")):
        with suppress(OSError):  # it is there, or cannot be: then SQLite says so
            os.close(os.open(name, os.O_CREAT | os.O_EXCL, 0o600))


# Django's settings before 6.1, and what they are called as a mailer's options.
MAIL_OPTIONS = {
    "EMAIL_HOST": "host",
    "EMAIL_PORT": "port",
    "EMAIL_HOST_USER": "username",
    "EMAIL_HOST_PASSWORD": "password",
    "EMAIL_USE_TLS": "use_tls",
    "EMAIL_USE_SSL": "use_ssl",
    "EMAIL_FILE_PATH": "file_path",
}


def mail(url: str) -> dict[str, Any]:
    """Django's settings of mail: `smtp+tls://user:password@host:587`, `smtp+ssl://…`.

    From 6.1 on, Django has them in one, and warns of the many.
    """
    config = environ.Env.email_url_config(url)
    found = {name: value for name, value in config.items() if value not in (None, "")}
    if django.VERSION < (6, 1):
        return found
    options = {option: found[name] for name, option in MAIL_OPTIONS.items() if name in found}
    return {"MAILERS": {"default": {"BACKEND": found["EMAIL_BACKEND"], "OPTIONS": options}}}


def database(url: str) -> dict[str, Any]:
    """Django's dict for a URL: SQLite for concurrent writers, PostgreSQL with a pool, MySQL."""
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in env.DB_SCHEMES:
        raise ValueError("give a URL such as sqlite:////srv/chat.sqlite3 or postgres://…")
    config: dict[str, Any] = env.db_url_config(url)
    options = config.setdefault("OPTIONS", {})
    if config["ENGINE"] == "django.db.backends.sqlite3":
        make_private(config["NAME"])
        # WAL lets readers read while one writes. IMMEDIATE takes the write lock when a transaction
        # begins: one that reads first and then finds the lock taken fails at once, no matter how
        # long it would wait. NORMAL: a power cut may lose the last commits, never the database.
        options["transaction_mode"] = "IMMEDIATE"
        options.setdefault("timeout", 5)  # seconds to wait for another writer
        options["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    elif config["ENGINE"] == "django.db.backends.postgresql":
        # Persistent connections and ASGI's threads do not go together; the pool is shared by all of
        # them. timeout: seconds to wait for a free connection before an error. reconnect_timeout:
        # attempts grow rarer up to here, then begin anew when a connection is asked for, so that
        # the end of a long outage is noticed at once.
        options["pool"] = {"min_size": 2, "max_size": 20, "timeout": 5, "reconnect_timeout": 5}
        options.setdefault("connect_timeout", 5)
        # A server that is gone without a word: milliseconds until what was sent to it is given up,
        # seconds of silence until it is looked for.
        for option, value in {
            "tcp_user_timeout": 10_000,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        }.items():
            options.setdefault(option, value)
        if options.pop("pooler", "") == "transaction":
            # What belongs to a session would be another's: no cursor that outlives a transaction,
            # and nothing to set at the start, which PgBouncer refuses.
            config["DISABLE_SERVER_SIDE_CURSORS"] = True
        else:
            # Nobody waits longer for a row or table that somebody has locked.
            options.setdefault("options", "-c lock_timeout=5s")
        config["CONN_HEALTH_CHECKS"] = True  # one that the server has dropped is never handed out
    elif config["ENGINE"] == "django.db.backends.mysql":
        seconds = {"connect_timeout": 5, "read_timeout": 15, "write_timeout": 15}
        config["OPTIONS"] = options = {**seconds, **options}
        # Nobody waits longer for a row that somebody has locked.
        options.setdefault("init_command", "SET SESSION innodb_lock_wait_timeout = 5")
        config["CONN_MAX_AGE"] = 300  # seconds: it has no pool
        config["CONN_HEALTH_CHECKS"] = True
    return config
