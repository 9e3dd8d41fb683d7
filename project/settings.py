"""The site's settings, from the environment or a `.env` file; docs/settings.md lists them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from project.environment import (
    boolean,
    database,
    env,
    mail,
    networks,
    one_of,
    paths,
    port,
    read,
    read_set,
    seconds,
    timeouts,
    words,
    zone,
)

BASE_DIR = Path(__file__).resolve().parent.parent
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")

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

# What each of the app's does, and its default, is in chatwidget/conf.py: what is not set is left
# to that.
CHATWIDGET: dict[str, Any] = {
    "ALLOW_PRIVATE_PROVIDERS": DEBUG,
    "LIMITS_STORAGE": REDIS_URL or "memory://",
    "TRUSTED_PROXIES": TRUSTED_PROXIES,
    **read_set(
        CHATWIDGET_SECRET_KEYS=words,
        CHATWIDGET_ALLOW_PRIVATE_PROVIDERS=boolean,
        CHATWIDGET_LIMITS=boolean,
        CHATWIDGET_CHALLENGE=one_of("altcha", "turnstile", "hcaptcha", "off"),
        CHATWIDGET_CHALLENGE_SITE_KEY=str,
        CHATWIDGET_CHALLENGE_SECRET=str,
        CHATWIDGET_CHALLENGE_VERIFY_URL=str,
        CHATWIDGET_TIMEOUTS=timeouts,
        CHATWIDGET_PROVIDERS=paths,
        CHATWIDGET_MESSAGE_HOOK=str,
        CHATWIDGET_DRAIN_SECONDS=seconds,
        CHATWIDGET_FALLBACK_SECONDS=seconds,
        CHATWIDGET_METRICS_TOKEN=str,
        CHATWIDGET_METRICS_ADDRESSES=networks,
    ),
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
# On the console as long as DEBUG is on; else Django's own default, the mail server of this machine.
globals().update(read("EMAIL_URL", mail, mail("consolemail://") if DEBUG else {}))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = read("DEFAULT_FROM_EMAIL", str, "webmaster@localhost")
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
    "filters": {"request_id": {"()": "chatwidget.telemetry.request_id.AddRequestId"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "filters": ["request_id"],
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
