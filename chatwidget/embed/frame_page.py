"""The frame's page: its public configuration, and the policy its browser has to keep."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from msgspec import ValidationError, convert, to_builtins

from chatwidget import challenges
from chatwidget.appearance import FROM_PAGE, OPTIONS, Appearance
from chatwidget.embed.first_look import first_look
from chatwidget.embed.strings import OWN_DATA, SCRIPT, STRINGS
from chatwidget.embed.theme import properties
from chatwidget.languages import choose_language, direction
from chatwidget.models import Widget
from chatwidget.protocol import VERSION
from chatwidget.providers.registry import longest_message, providers
from chatwidget.relay.drafts import Greetings
from chatwidget.relay.lifecycle import begun_relay
from chatwidget.tokens import frame_token

# What leads to the server, in a page that only shows what the chat looks like.
NOWHERE = {"token": "", "tokenUrl": "", "socket": "", "events": ""}
_IN_SCRIPT = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def frame_context(request: HttpRequest, widget: Widget) -> dict[str, Any]:
    """The template's context; called with `frame_language` active."""
    appearance = frame_appearance(request, widget)
    language = frame_language(request, widget)
    config = frame_config(widget, appearance, language)
    context = page_context(config, appearance, language)
    return {"widget": widget, "look": first_look(), **context}


def page_context(config: dict[str, Any], appearance: Appearance, language: str) -> dict[str, Any]:
    """What the template makes of a configuration, for visitors and for the admin's preview."""
    return {
        "config": config,
        "config_json": script_json(config),
        "strings": STRINGS,
        "appearance": appearance,
        "locale": language,
        "dir": direction(language),
    }


def script_json(value: object) -> SafeString:
    """JSON for a <script>, which nothing in it can end. Django's json_script writes six bytes for
    each letter that is not ASCII: in Hindi that is a tenth of all that a visitor loads."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return mark_safe(text.translate(_IN_SCRIPT))


def frame_appearance(request: HttpRequest, widget: Widget) -> Appearance:
    """The widget's appearance, with what the embedding page's script tag changes of it."""
    appearance = widget.typed_appearance
    for name in filter(request.GET.__contains__, FROM_PAGE):
        changed = {**to_builtins(appearance), name: request.GET[name]}
        # The page's mistake is not the visitor's: what cannot be used changes nothing.
        with suppress(ValidationError):
            appearance = convert(changed, Appearance, strict=False)
    return appearance


def frame_language(request: HttpRequest, widget: Widget) -> str:
    """The widget's setting, else the embedding page's (`?lang=`), else the browser's."""
    return choose_language(
        widget.appearance.get("language", ""),
        request.GET.get("lang", "")[:35],
        request.headers.get("Accept-Language", "")[:200],
    )


def frame_config(widget: Widget, appearance: Appearance, language: str) -> dict[str, Any]:
    """`chatwidget-config`: all of it public."""
    platform = providers().get(widget.provider)
    page = reverse("chatwidget:frame", args=[widget.slug])
    relay = begun_relay()
    greeting = (relay.greetings if relay else Greetings()).foreseen(widget, language)
    return {
        "protocol": VERSION,
        "slug": widget.slug,
        "apart": not widget.allowed_origins,
        "socket": f"{page}ws/",
        "events": f"{page}events/",
        "token": frame_token(widget.slug, greeting),
        "greeting": greeting,
        "tokenUrl": reverse("chatwidget:token", args=[widget.slug]),
        "title": widget.title,
        "agent": widget.title,
        "locale": language,
        "look": properties(appearance),
        "strings": {key: str(text) for key, text in SCRIPT.items()},
        "imageHosts": widget.image_hosts,
        "markdown": static("chatwidget/markdown.js"),
        "math": static("chatwidget/math.js"),
        "rich": static("chatwidget/rich.js"),
        "challenge": static("chatwidget/challenge.js"),
        "prechat": _prechat(appearance),
        "person": widget.typed_desk.offer_person,
        "ownData": own_data_config(widget.slug) if widget.typed_desk.own_data else None,
        "regenerate": bool(platform and platform.rewinds(widget.options)),
        "maxLength": longest_message(platform),
        **{o.frame: getattr(appearance, name) for name, o in OPTIONS.items() if o.frame},
    }


def own_data_config(slug: str) -> dict[str, Any]:
    """What the frame needs to let visitors have their own data."""
    return {
        "url": reverse("chatwidget:own_data", args=[slug]),
        "script": static("chatwidget/own-data.js"),
        "strings": {key: str(text) for key, text in OWN_DATA.items()},
    }


def _prechat(appearance: Appearance) -> dict[str, Any] | None:
    if appearance.ask_name == "no" and appearance.ask_email == "no" and not appearance.consent:
        return None
    return {
        "name": None if appearance.ask_name == "no" else appearance.ask_name,
        "email": None if appearance.ask_email == "no" else appearance.ask_email,
        "consent": appearance.consent or None,
        "version": appearance.consent_version,
    }


def _host(url: str) -> str:
    """The origin of an absolute URL, for a policy; empty for a path on our own."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def content_security_policy(request: HttpRequest, widget: Widget) -> str:
    """Nothing but our own scripts and style, our own socket, and images from the owner's hosts.

    Where the owner has chosen somebody else's challenge, theirs as well; and no Trusted Types then,
    which their script does not keep.
    """
    appearance = widget.typed_appearance
    files = " ".join(filter(None, ("'self'", _host(static("chatwidget/frame.js")))))
    look = first_look()
    images = " ".join(
        dict.fromkeys(
            ["'self'", *(f"https://{host}" for host in widget.image_hosts)]
            + [host for host in (_host(appearance.logo), _host(appearance.icon)) if host]
        )
    )
    socket = f"{'wss' if request.is_secure() else 'ws'}://{request.get_host()}"
    sources = {
        "default-src": "'none'",
        "script-src": f"{files} {look.script_source}",
        "style-src": look.style_source,
        "img-src": images,
        "connect-src": f"'self' {socket}",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    if service := challenges.service():
        for directive, theirs in service.policy.items():
            sources[directive] = f"{sources.get(directive, '')} {theirs}".strip()
    else:
        sources["require-trusted-types-for"] = "'script'"
    policy = [f"{directive} {values}" for directive, values in sources.items()]
    if widget.allowed_origins:
        policy.append("frame-ancestors 'self' " + " ".join(widget.allowed_origins))
    return "; ".join(policy)
