"""The site's settings, from environment variables and a `.env` file beside manage.py.

The only file that reads the environment. A value that cannot be used ends any command in one line
that names its variable; docs/settings.md lists them all.
"""

from __future__ import annotations

import ipaddress
import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
T = TypeVar("T")

env = environ.Env()
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")


def read(name: str, cast: Callable[[str], T], default: T) -> T:
    """The variable `name` as `cast` makes it; unset or empty: the default; bad: SystemExit."""
    text = env.str(name, default="").strip()
    if not text:
        return default
    try:
        return cast(text)
    except (ValueError, ImproperlyConfigured) as error:
        raise SystemExit(f"{name} cannot be used: {error}") from None


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


DEBUG = read("DEBUG", boolean, False)
HTTPS_ONLY = read("HTTPS_ONLY", boolean, False)
REDIS_URL = read("REDIS_URL", str, "")
HOST = read("HOST", str, "127.0.0.1")
PORT = read("PORT", port, 8000)

SECRET_KEY = read("SECRET_KEY", str, "insecure, for development only" if DEBUG else "")
if not SECRET_KEY:
    raise SystemExit(
        "SECRET_KEY is not set: run `make install`, which writes one to .env, or set it."
    )

SECRET_KEY_FALLBACKS = read("SECRET_KEY_FALLBACKS", words, words(""))

ALLOWED_HOSTS = read("ALLOWED_HOSTS", words, ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = read("CSRF_TRUSTED_ORIGINS", words, words(""))
TRUSTED_PROXIES = read("TRUSTED_PROXIES", networks, networks(""))

CHATWIDGET = {
    "SECRET_KEYS": tuple(read("CHATWIDGET_SECRET_KEYS", words, words(""))),
    "ALLOW_PRIVATE_PROVIDERS": read("CHATWIDGET_ALLOW_PRIVATE_PROVIDERS", boolean, DEBUG),
    "LIMITS": read("CHATWIDGET_LIMITS", boolean, True),
    "LIMITS_STORAGE": REDIS_URL or "memory://",
    "TIMEOUTS": read("CHATWIDGET_TIMEOUTS", timeouts, (5.0, 60.0, 30.0, 300.0)),
    "PROVIDERS": read("CHATWIDGET_PROVIDERS", paths, paths("")),
    "DRAIN_SECONDS": read("CHATWIDGET_DRAIN_SECONDS", seconds, 20.0),
    "FALLBACK_SECONDS": read("CHATWIDGET_FALLBACK_SECONDS", seconds, 30.0),
    "TRUSTED_PROXIES": tuple(TRUSTED_PROXIES),
}

INSTALLED_APPS = [
    "chatwidget",
    "project",
    "channels",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "project.protection.Headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "project.language.AdminLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": read(
        "DATABASE_URL", database, database(f"sqlite:///{(BASE_DIR / 'db.sqlite3').as_posix()}")
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if REDIS_URL:
    # Seconds: a Redis that hangs must not hang a visitor's page.
    PATIENCE = {"socket_connect_timeout": 2, "socket_timeout": 2}
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [{"address": REDIS_URL, **PATIENCE}], "prefix": "chatwidget"},
        }
    }
    CACHES: dict[str, dict[str, Any]] = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "chatwidget",
            "OPTIONS": PATIENCE,
        }
    }
else:
    # Greetings wait here for a visitor's first message; Django's own 300 entries are too few.
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 20_000},
        }
    }

STATIC_URL = "/static/"
STATIC_ROOT = read("STATIC_ROOT", Path, BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        # While debugging, files are served from where they are, under their own names.
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG  # as it is here; tests turn settings.DEBUG off
# WhiteNoise streams files synchronously; Django under ASGI says so for each. They are small.
warnings.filterwarnings(
    "ignore", message="StreamingHttpResponse must consume synchronous iterators", category=Warning
)

if HTTPS_ONLY:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # asked by load balancers, over plain http
    SECURE_HSTS_SECONDS = 31_536_000
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    # Subdomains, and the browsers' own lists, are the owner of the domain's to decide on.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LANGUAGE_CODE = "en"
# Those that all of the admin is translated into; visitors are spoken to in more.
LANGUAGES = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("es", "español"),
    ("fr", "français"),
    ("pt-br", "português (Brasil)"),
]
TIME_ZONE = read("TIME_ZONE", zone, "UTC")
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "console": {"()": "project.logs.ConsoleFormatter"},
        "json": {"()": "project.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": read("LOG_FORMAT", one_of("console", "json"), "console"),
        }
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # Django's own handlers would write the same line a second time, in another form.
    "loggers": {
        "chatwidget": {"level": read("LOG_LEVEL", one_of("INFO", "DEBUG"), "INFO")},
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        # uvicorn's own write a client's text as it comes.
        "uvicorn": {"handlers": [], "propagate": True},
        "uvicorn.error": {"handlers": [], "propagate": True},
        "uvicorn.access": {"handlers": [], "propagate": True},
        # One line for each request to a platform is the relay's to write, with what it knows.
        "httpx": {"level": "WARNING"},
        # Four lines at each start, of which none is news, would hide what `make run` has to say.
        "daphne": {"level": "WARNING"},
    },
}
