"""System checks: what is missing for the app to work, with an id and a hint."""

from __future__ import annotations

import warnings
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from asgiref.typing import ASGIApplication
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.core.management import get_commands
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.module_loading import import_string

from chatwidget.challenges import SERVICES
from chatwidget.conf import conf
from chatwidget.errors import PlatformMisconfigured
from chatwidget.providers.registry import providers
from chatwidget.sockets.consumer import ChatConsumer
from chatwidget.transcripts.hook import message_hook

DISTRIBUTION = "django-agent-chatwidget"
BUILT = Path(__file__).parent.parent / "static" / "chatwidget" / "loader.js"
FRAME_SCRIPT = "chatwidget/frame.js"
FRAME_TEMPLATE = "chatwidget/frame.html"
SHORTEST_SECRET = 20  # characters


@register
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    try:
        conf()
        providers()
        message_hook()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="See docs/settings.md.", id="chatwidget.E001")]
    except PlatformMisconfigured as error:
        hint = 'CHATWIDGET["PROVIDERS"] maps a name to the dotted path of a Provider.'
        return [Error(str(error), hint=hint, id="chatwidget.E002")]
    return []


@register
def check_secrets(**kwargs: Any) -> list[CheckMessage]:
    """Whoever has the database may try secrets for as long as they like."""
    with suppress(ImproperlyConfigured):  # check_settings says so
        if any(len(secret) < SHORTEST_SECRET for secret in conf().SECRET_KEYS):
            hint = "Make one: `python -c 'import secrets; print(secrets.token_urlsafe(48))'`."
            message = f"CHATWIDGET_SECRET_KEYS holds one shorter than {SHORTEST_SECRET} characters."
            return [Error(message, hint=hint, id="chatwidget.E008")]
    return []


@register
def check_challenge(**kwargs: Any) -> list[CheckMessage]:
    """Does what the settings say of challenges go together?"""
    try:
        kind, keys = conf().CHALLENGE, ("CHALLENGE_SITE_KEY", "CHALLENGE_SECRET")
        given = [name for name in keys if getattr(conf(), name)]
    except ImproperlyConfigured:
        return []
    hint = "Its owner gives out both; docs/settings.md says which."
    if kind in SERVICES and len(given) < len(keys):
        lacking = " and ".join(name for name in keys if name not in given)
        message = f"CHALLENGE is {kind}, without {lacking}: nobody is offered one."
        return [Error(message, hint=hint, id="chatwidget.E009")]
    if given and kind not in SERVICES:
        message = f"{' and '.join(given)}: of no use while CHALLENGE is {kind}."
        return [Warning(message, hint=hint, id="chatwidget.W010")]
    return []


@register
def check_urls(**kwargs: Any) -> list[CheckMessage]:
    """Are our pages there, and is it we who answer at their addresses?"""
    for name in ("loader", "frame", "token"):
        try:
            path = reverse(f"chatwidget:{name}", args=["slug"])
        except NoReverseMatch:
            hint = 'Add path("chatwidget/", include("chatwidget.urls")) to your urlpatterns.'
            message = "The chat widget's URLs are not included."
            return [Error(message, hint=hint, id="chatwidget.E003")]
        try:
            match = resolve(path)
        except Resolver404:  # below a prefix that this process does not know
            continue
        if match.url_name != name or "chatwidget" not in match.app_names:
            hint = "Include chatwidget.urls before patterns that match any address."
            message = f"{path} is answered by {match._func_path}, not by the chat widget."
            return [Error(message, hint=hint, id="chatwidget.E006")]
    return []


@register
def check_distribution(**kwargs: Any) -> list[CheckMessage]:
    """Another project's package of our name: pip mixes its files with ours without a word."""
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        ours = name == DISTRIBUTION
        if not ours and "chatwidget/__init__.py," in (distribution.read_text("RECORD") or ""):
            hint = f"pip uninstall {name} {DISTRIBUTION}, then install {DISTRIBUTION} again."
            message = f"{name} is installed too, and its package is named chatwidget as ours is."
            return [Error(message, hint=hint, id="chatwidget.E005")]
    return []


@register
def check_asgi(**kwargs: Any) -> list[CheckMessage]:
    """Do websockets reach us? Only an ASGI application can carry them, and only where it routes."""
    hint = (
        "Route websockets to chatwidget.routing.websocket_urlpatterns, set ASGI_APPLICATION, "
        "and serve it with Daphne or uvicorn."
    )
    path = getattr(settings, "ASGI_APPLICATION", None)
    if not path:
        return [Warning("No ASGI application is set.", hint=hint, id="chatwidget.W001")]
    try:
        with warnings.catch_warnings(action="ignore"):  # of middleware that is made by this
            application = import_string(path)
    except Exception as error:  # whatever somebody's module raises
        message = f"{path} cannot be imported: {type(error).__name__}: {error}"
        return [Warning(message, hint=hint, id="chatwidget.W006")]
    if _reaches_consumer(application):
        return []
    message = f"{path} routes no websocket to the chat widget: chats stay at “Reconnecting…”."
    return [Warning(message, hint=hint, id="chatwidget.W006")]


def _reaches_consumer(application: ASGIApplication) -> bool:
    """Is our consumer anywhere in what this application is made of: routers, middleware of any
    make, functions that hand on to others?"""
    seen: set[int] = set()
    found: list[Any] = [application]
    while found:
        each = found.pop()
        if id(each) in seen or isinstance(each, str | bytes | int | float | type(None) | type):
            continue
        seen.add(id(each))
        if getattr(each, "consumer_class", None) is ChatConsumer:
            return True
        if len(seen) > 10_000:
            return True  # it cannot be told
        if isinstance(each, dict):
            found.extend(each.values())
        elif isinstance(each, list | tuple | set):
            found.extend(each)
        elif code := getattr(each, "__code__", None):
            found.extend(cell.cell_contents for cell in each.__closure__ or () if _filled(cell))
            found.extend(each.__globals__.get(name) for name in code.co_names)
            found.extend(vars(each).values())
        elif type(each).__module__.split(".")[0] not in ("builtins", "django") or hasattr(
            each, "callback"
        ):
            found.extend(getattr(each, "__dict__", {}).values())
            found.append(getattr(each, "__func__", None))
    return False


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


@register
def check_runserver(**kwargs: Any) -> list[CheckMessage]:
    """Django's own runserver knows no websockets."""
    if not settings.DEBUG or get_commands().get("runserver") not in (
        "django.core",
        "django.contrib.staticfiles",
    ):
        return []
    hint = 'Put "daphne" first in INSTALLED_APPS, or serve with daphne or uvicorn and silence this.'
    message = "Under `manage.py runserver` chats stay at “Reconnecting…”: it has no websockets."
    return [Warning(message, hint=hint, id="chatwidget.W007")]


@register
def check_built(**kwargs: Any) -> list[CheckMessage]:
    if BUILT.exists():
        return []
    hint = "From a checkout: `make install`, which builds it."
    return [Warning("The widget's front end is not built.", hint=hint, id="chatwidget.W003")]


@register
def check_static(**kwargs: Any) -> list[CheckMessage]:
    if "django.contrib.staticfiles" not in settings.INSTALLED_APPS:
        hint = 'Add "django.contrib.staticfiles" to INSTALLED_APPS.'
        message = "The widget's static files are not served."
        return [Error(message, hint=hint, id="chatwidget.E004")]
    if settings.DEBUG or not BUILT.exists():
        return []
    try:
        collected = Path(staticfiles_storage.path(FRAME_SCRIPT))
    except NotImplementedError:  # not on this machine
        return []
    except ImproperlyConfigured:  # no STATIC_ROOT
        collected = Path()
    source = finders.find(FRAME_SCRIPT)
    if collected.is_file() and (not source or collected.read_bytes() == Path(source).read_bytes()):
        return []
    what = "are those of another version" if collected.is_file() else "have not been collected"
    hint = "With DEBUG off, run `manage.py collectstatic` after each install and upgrade."
    return [
        Warning(f"The static files {what}: the chat is blank.", hint=hint, id="chatwidget.W008")
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


@register
def check_limits(**kwargs: Any) -> list[CheckMessage]:
    """Several processes that each count by themselves let in as many times more."""
    with suppress(ImproperlyConfigured):  # check_settings says so
        alone = conf().LIMITS_STORAGE.startswith("memory:")
        layers = getattr(settings, "CHANNEL_LAYERS", None) or {}
        backend = layers.get("default", {}).get("BACKEND", "")
        if alone and conf().limits and "redis" in backend:
            hint = 'Set CHATWIDGET["LIMITS_STORAGE"] to the "redis://…" that CHANNEL_LAYERS has.'
            message = "Limits are counted in each process by itself, though there are several."
            return [Warning(message, hint=hint, id="chatwidget.W012")]
    return []


@register
def check_templates(**kwargs: Any) -> list[CheckMessage]:
    """Are our pages' templates found where the site looks for its own?"""
    try:
        get_template(FRAME_TEMPLATE)
    except (TemplateDoesNotExist, TemplateSyntaxError, ImproperlyConfigured) as error:
        hint = 'Set "APP_DIRS": True in TEMPLATES, or name the app directories\' loader there.'
        message = f"{FRAME_TEMPLATE} is not found: {type(error).__name__}: {error}"
        return [Error(message, hint=hint, id="chatwidget.E012")]
    return []


@register
def check_proxies(**kwargs: Any) -> list[CheckMessage]:
    """Settings that only a site behind a proxy has, and no word of that proxy's address."""
    told = [
        name
        for name in ("SECURE_PROXY_SSL_HEADER", "SECURE_SSL_REDIRECT", "USE_X_FORWARDED_HOST")
        if getattr(settings, name, None)
    ]
    try:
        if not told or conf().TRUSTED_PROXIES:
            return []
    except ImproperlyConfigured:
        return []
    hint = 'Name it in CHATWIDGET["TRUSTED_PROXIES"], as an address or a CIDR.'
    message = (
        f"{' and '.join(told)}: a proxy stands in front, and none is trusted. "
        "All visitors then have its one address, and share its limits."
    )
    return [Warning(message, hint=hint, id="chatwidget.W009")]
