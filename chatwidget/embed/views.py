"""What the browser fetches before there is a socket: loader, frame, token."""

from __future__ import annotations

import gzip
import logging
import re
from functools import lru_cache

import brotli
from django.contrib.auth.decorators import login_not_required
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from chatwidget import challenges
from chatwidget.embed.frame_page import content_security_policy, frame_context, frame_language
from chatwidget.embed.loader_script import etag, loader
from chatwidget.models import Widget
from chatwidget.tokens import frame_token

logger = logging.getLogger("chatwidget")

# Nothing in the frame uses any of these, and no script that got into it may ask for them.
PERMISSIONS = (
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), serial=(), usb=()"
)
# For this long a loader is not asked for again; for a day more, the old one serves meanwhile.
LOADER_CACHE = "public, max-age=300, stale-while-revalidate=86400"


def _active(slug: str) -> Widget:
    try:
        return Widget.objects.get(slug=slug, active=True)
    except Widget.DoesNotExist:
        raise Http404(f"no active widget {slug!r}") from None


@lru_cache(maxsize=128)
def _brotli(content: bytes) -> bytes:
    return bytes(brotli.compress(content))


def _compressed(request: HttpRequest, response: HttpResponse, *, cached: bool) -> HttpResponse:
    """The response in the best encoding that the browser accepts.

    `cached`: the same content is sent to many, so it is worth brotli's slowest and is kept.
    """
    names = _accepted(request.headers.get("Accept-Encoding", "").lower())
    content = response.content
    if "br" in names:
        # A wider window would make 9 thirty times as slow, and pages are smaller than this one.
        response.content = (
            _brotli(content) if cached else brotli.compress(content, quality=9, lgwin=16)
        )
        response["Content-Encoding"] = "br"
    elif "gzip" in names:
        response.content = gzip.compress(content, 6)
        response["Content-Encoding"] = "gzip"
    response["Content-Length"] = str(len(response.content))
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _accepted(header: str) -> set[str]:
    """The encodings an Accept-Encoding names, without those it refuses by `q=0`."""
    parts = [part.replace(" ", "").partition(";") for part in header.split(",")]
    return {name for name, _, weight in parts if not re.fullmatch(r"q=0(\.0*)?", weight)}


@login_not_required
@require_safe
def loader_script(request: HttpRequest, slug: str) -> HttpResponse:
    """`<slug>.js`: the one file that a site embeds; an inactive widget's is empty."""
    try:
        widget = Widget.objects.get(slug=slug)
    except Widget.DoesNotExist:
        raise Http404(f"no widget {slug!r}") from None
    text = loader(widget) if widget.active else ""
    tag = etag(text)
    response: HttpResponse
    if tag in request.headers.get("If-None-Match", ""):
        response = HttpResponseNotModified()
        patch_vary_headers(response, ["Accept-Encoding"])
    else:
        response = HttpResponse(text, content_type="text/javascript; charset=utf-8")
        response = _compressed(request, response, cached=True)
    response["ETag"] = tag
    response["Cache-Control"] = LOADER_CACHE
    # Pages may ask for it in any mode: by a tag with `crossorigin`, as a module, when isolated.
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@login_not_required
@require_safe
@xframe_options_exempt
def frame(request: HttpRequest, slug: str) -> HttpResponse:
    """`<slug>/`: the page in the iframe, and a full page of its own."""
    widget = _active(slug)
    language = frame_language(request, widget)
    with translation.override(language):
        response = render(request, "chatwidget/frame.html", frame_context(request, widget))
    response["Content-Security-Policy"] = content_security_policy(request, widget)
    response["Permissions-Policy"] = PERMISSIONS
    # So that pages which isolate themselves may show it; it isolates nothing of its own, but for
    # somebody else's challenge, whose frame need not say the same.
    if not challenges.service():
        response["Cross-Origin-Embedder-Policy"] = "credentialless"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    # The token in it is fresh; "no-store" would keep the embedding page out of the bfcache.
    response["Cache-Control"] = "private, no-cache"
    response["Content-Language"] = language
    patch_vary_headers(response, ["Accept-Language"])
    return _compressed(request, response, cached=False)


@login_not_required
@require_safe
@never_cache
def token(request: HttpRequest, slug: str) -> HttpResponse:
    """A fresh frame token, for a page that has been open for long."""
    return JsonResponse({"token": frame_token(_active(slug).slug)})


@login_not_required
@never_cache
def upgrade_required(request: HttpRequest, slug: str) -> HttpResponse:
    """The socket's address without a websocket: a proxy in front hands on no upgrade."""
    text = (
        "This address speaks WebSocket only. A browser's chat that ends here comes through a proxy "
        "that does not pass the Upgrade header on.\n"
    )
    response = HttpResponse(text, status=426, content_type="text/plain; charset=utf-8")
    if isinstance(request, ASGIRequest):  # WSGI leaves such headers to its server
        response["Upgrade"] = "websocket"
    return response
