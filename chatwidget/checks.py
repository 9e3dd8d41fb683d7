"""System checks: what is missing for the app to work, with an id and a hint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse

from chatwidget.conf import conf
from chatwidget.errors import PlatformMisconfigured
from chatwidget.providers.base import providers

BUILT = Path(__file__).parent / "static" / "chatwidget" / "loader.js"


@register
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    try:
        conf()
        providers()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="See the settings in the README.", id="chatwidget.E001")]
    except PlatformMisconfigured as error:
        hint = 'CHATWIDGET["PROVIDERS"] maps a name to the dotted path of a Provider.'
        return [Error(str(error), hint=hint, id="chatwidget.E002")]
    return []


@register
def check_urls(**kwargs: Any) -> list[CheckMessage]:
    try:
        reverse("chatwidget:frame", args=["slug"])
    except NoReverseMatch:
        hint = 'Add path("chatwidget/", include("chatwidget.urls")) to your urlpatterns.'
        return [Error("The chat widget's URLs are not included.", hint=hint, id="chatwidget.E003")]
    return []


@register
def check_asgi(**kwargs: Any) -> list[CheckMessage]:
    if getattr(settings, "ASGI_APPLICATION", None):
        return []
    hint = (
        "Route websockets to chatwidget.routing.websocket_urlpatterns, set ASGI_APPLICATION, "
        "and serve it with Daphne or uvicorn."
    )
    return [Warning("No ASGI application is set.", hint=hint, id="chatwidget.W001")]


@register
def check_built(**kwargs: Any) -> list[CheckMessage]:
    if BUILT.exists():
        return []
    hint = "From a checkout: `make install`, which builds it."
    return [Warning("The widget's front end is not built.", hint=hint, id="chatwidget.W003")]


@register
def check_static(**kwargs: Any) -> list[CheckMessage]:
    if "django.contrib.staticfiles" in settings.INSTALLED_APPS:
        return []
    hint = 'Add "django.contrib.staticfiles" to INSTALLED_APPS.'
    return [
        Error("The widget's static files are not served.", hint=hint, id="chatwidget.E004"),
    ]


@register
def check_cache(**kwargs: Any) -> list[CheckMessage]:
    backend = settings.CACHES.get("default", {}).get("BACKEND", "")
    if getattr(settings, "CHANNEL_LAYERS", None) and backend.endswith("LocMemCache"):
        hint = "Set CACHES to Redis (or another shared cache) where several processes serve."
        return [
            Warning(
                "Greetings are kept in each process's own cache.", hint=hint, id="chatwidget.W002"
            )
        ]
    return []
