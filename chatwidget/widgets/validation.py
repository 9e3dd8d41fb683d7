"""What an owner may configure, checked in one place for the admin's form and the commands.

Each `parse_…` takes what a person typed and returns it normalised, or raises ValidationError with
a message for that person. `clean_widget` checks a whole widget, before it is saved.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from msgspec import ValidationError as LookError
from msgspec import convert, to_builtins

from chatwidget.appearance import read_appearance
from chatwidget.conf import Budgets, Secret, conf
from chatwidget.errors import PlatformMisconfigured
from chatwidget.models import Widget
from chatwidget.providers.base import Provider
from chatwidget.providers.registry import base_url_problems, config_problems, providers
from chatwidget.providers.transport import is_public
from chatwidget.tokens import check_identity_secret

_LABELS = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?", re.ASCII)
GREETING_LENGTH = 4000
_DEFAULT_PORTS = {"http": 80, "https": 443}


def parse_origin(text: str) -> str:
    """An origin as browsers write it: `https://host` or `https://host:port`."""
    example = _("%(given)s is not an origin: write it like https://www.example.com") % {
        "given": repr(text)
    }
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise ValidationError(example) from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        raise ValidationError(example)
    if parts.path not in ("", "/") or "?" in text or "#" in text:
        raise ValidationError(
            _("%(given)s has a path: an origin is only https:// and the host") % {"given": text}
        )
    host = _parse_host(parts.hostname, example)
    suffix = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def parse_image_host(text: str) -> str:
    """A host, with a port where it is not the usual one, from which images may be shown."""
    example = _("%(given)s is not a host: write it like cdn.example.com") % {"given": repr(text)}
    try:
        parts = urlsplit(f"//{text.strip()}")
        port = parts.port
    except ValueError:
        raise ValidationError(example) from None
    if not parts.hostname or parts.username is not None or parts.path or "?" in text or "#" in text:
        raise ValidationError(example)
    return _parse_host(parts.hostname, example) + (f":{port}" if port is not None else "")


def _parse_host(host: str, example: str) -> str:
    """A host name in small ASCII letters, or an IP address (v6 in brackets)."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return f"[{address}]" if address.version == 6 else str(address)
    try:
        name = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        raise ValidationError(example) from None
    if len(name) > 253 or not _LABELS.fullmatch(name):
        raise ValidationError(example)
    return name


def parse_base_url(text: str) -> str:
    """A platform's base URL without trailing slash; empty stays empty: the default."""
    url = text.strip().rstrip("/")
    if url and (problems := base_url_problems(url)):
        raise ValidationError(problems)
    if not conf().allow_private_providers and is_private(urlsplit(url).hostname or ""):
        # Other names are resolved, and refused, when connecting.
        raise ValidationError(_("the base URL names a private address, which is not allowed here"))
    return url


def is_private(host: str) -> bool:
    """Does this host name, as it is written, an address that outsiders cannot reach?"""
    try:
        return not is_public(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@sensitive_variables()
def parse_key(given: Secret) -> Secret:
    """A platform's key, as it goes into a header. No message of this function quotes it."""
    key = given.reveal().strip()
    if not key:
        raise ValidationError(_("The API key is empty."))
    if not (key.isascii() and key.isprintable()) or " " in key or len(key) > 4000:
        raise ValidationError(_("The API key holds characters that no key has: copy it again."))
    return Secret(key)


@sensitive_variables()
def parse_identity_secret(given: Secret) -> Secret:
    """What proofs of identity are checked with: a secret, or a public key."""
    secret = Secret(given.reveal().strip())
    try:
        check_identity_secret(secret)
    except ValueError as error:
        raise ValidationError(_("identity secret: %(error)s") % {"error": error}) from None
    return secret


def store_budgets(given: dict[str, Any]) -> dict[str, int]:
    """Budgets as the widget keeps them: whole numbers, without those that bound nothing."""
    try:
        budgets: dict[str, int] = to_builtins(convert(given, Budgets, strict=False))
    except LookError as error:
        raise ValidationError(_("budgets: %(error)s") % {"error": error}) from None
    return budgets


def parse_agent(text: str) -> str:
    """An agent's id, slug or model: it may become one segment of a URL's path."""
    agent = text.strip()
    if agent in (".", "..") or not agent.isprintable():
        raise ValidationError(_("%(given)s is no agent's id") % {"given": repr(text)})
    return agent


def parse_greeting(text: str) -> str:
    """The first message, of at most GREETING_LENGTH characters."""
    greeting = text.strip()
    if len(greeting) > GREETING_LENGTH:
        raise ValidationError(
            _("the greeting is longer than %(limit)s characters") % {"limit": GREETING_LENGTH}
        )
    return greeting


def parse_description(text: str) -> dict[str, Any]:
    """A description as JSON text; what it says is checked with the widget."""
    try:
        given = json.loads(text, object_pairs_hook=_once)
    except ValueError as error:
        raise ValidationError(
            _("the description is no JSON: %(error)s") % {"error": error}
        ) from None
    except RecursionError:
        raise ValidationError(_("the description is nested too deeply")) from None
    if not isinstance(given, dict):
        raise ValidationError(_("the description must be an object"))
    return given


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which each name stands once: of two JSON would drop the first without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValidationError(_("the description names %(name)s twice") % {"name": repr(twice)})
    return found


def parse_option(cls: type[Provider], text: str) -> tuple[str, Any]:
    """`NAME=VALUE` as the option's name and its value, typed as the adapter declares it."""
    name, equals, value = text.partition("=")
    name = name.strip()
    kind = cls.options.get(name)
    if not equals:
        raise ValidationError(_("%(given)s is not KEY=VALUE") % {"given": repr(text)})
    if kind is None:
        known = ", ".join(sorted(cls.options)) or _("none")
        raise ValidationError(
            _("%(platform)s has no option %(name)s (it has: %(known)s)")
            % {"platform": cls.label, "name": repr(name), "known": known}
        )
    try:
        return name, _parse_bool(value) if kind is bool else kind(value)
    except ValueError:
        raise ValidationError(
            _("option %(name)s must be of type %(kind)s") % {"name": name, "kind": kind.__name__}
        ) from None


def _parse_bool(text: str) -> bool:
    try:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[
            text.strip().lower()
        ]
    except KeyError:
        raise ValueError(text) from None


def provider_class(name: str) -> type[Provider]:
    """The adapter of that name, or a ValidationError that lists all there are."""
    known = providers()
    if name not in known:
        raise ValidationError(
            _("there is no platform %(name)s (there are: %(known)s)")
            % {"name": repr(name), "known": ", ".join(sorted(known))}
        )
    return known[name]


def clean_widget(widget: Widget, *, platform: bool = True) -> None:
    """Normalises a widget in place and checks all of it, with `platform` its platform's needs, too.

    Raises ValidationError with the messages of each field; `__all__` holds what concerns several.
    """
    errors: dict[str, list[str]] = {}

    def check(name: str, parse: Callable[[Any], Any]) -> None:
        try:
            setattr(widget, name, parse(getattr(widget, name)))
        except ValidationError as error:
            errors.setdefault(name, []).extend(error.messages)

    check("agent", parse_agent)
    check("greeting", parse_greeting)
    check("base_url", parse_base_url)
    check("allowed_origins", lambda given: _parse_list(given, parse_origin))
    check("image_hosts", lambda given: _parse_list(given, parse_image_host))
    check("options", _parse_dict)
    try:
        read_appearance(widget.appearance)
    except LookError as error:
        errors["appearance"] = [str(error)]
    try:
        widget.full_clean()
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            errors.setdefault(name, []).extend(messages)
    if widget.pk and widget.fallback_id == widget.pk:
        errors["fallback"] = [_("a widget cannot be its own fallback")]
    if platform and not errors:
        errors = _platform_problems(widget)
    if errors:
        raise ValidationError(errors)


def _platform_problems(widget: Widget) -> dict[str, list[str]]:
    try:
        problems = config_problems(provider_class(widget.provider), widget.provider_config)
    except ValidationError as error:
        return {"provider": error.messages}
    except PlatformMisconfigured as error:
        return {"__all__": [str(error)]}
    return {"__all__": problems} if problems else {}


def _parse_list(given: Any, parse: Callable[[str], str]) -> list[str]:
    """A list of strings, each parsed, doubles left out, in their order."""
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise ValidationError(_("must be a list of texts"))
    return list(dict.fromkeys(parse(item) for item in given))


def _parse_dict(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ValidationError(_("must be an object"))
    return given
