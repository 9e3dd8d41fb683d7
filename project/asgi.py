"""The ASGI application: Django's pages, and the widget's websockets."""

from __future__ import annotations

import ipaddress
import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
# Django must be set up before anything that imports models.
django_application = get_asgi_application()

from chatwidget.asgi import fast  # noqa: E402
from chatwidget.relay.lifecycle import begin_in_daphne, lifespan  # noqa: E402
from chatwidget.routing import websocket_urlpatterns  # noqa: E402
from project.daphne_bounds import bound_daphne, plain_logs  # noqa: E402
from project.protection import Bounds  # noqa: E402

SECURE = {"http": "https", "ws": "wss"}


class ForwardedScheme:
    """Believes `X-Forwarded-Proto: https` from TRUSTED_PROXIES, and from nobody else.

    Django's own SECURE_PROXY_SSL_HEADER believes everybody, and knows nothing of websockets.
    """

    def __init__(self, application: Any) -> None:
        self.application = application
        self.proxies = [ipaddress.ip_network(cidr) for cidr in settings.TRUSTED_PROXIES]

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        scheme = scope.get("scheme", "http" if scope["type"] == "http" else "ws")
        if self.proxies and scheme in SECURE and self.says_https(scope):
            scope = {**scope, "scheme": SECURE[scheme]}
        await self.application(scope, receive, send)

    def says_https(self, scope: dict[str, Any]) -> bool:
        headers = [tuple(pair) for pair in scope.get("headers", ())]  # a lifespan has none
        if (b"x-forwarded-proto", b"https") not in headers:
            return False
        try:
            address = ipaddress.ip_address((scope.get("client") or [""])[0])
        except ValueError:  # a unix socket has no address
            return False
        return any(address in network for network in self.proxies)


async def refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """A websocket at a path that is nobody's: the handshake ends in 403."""
    await receive()
    await send({"type": "websocket.close"})


nobodys: Any = refuse
websockets: list[Any] = [*websocket_urlpatterns, re_path(r"", nobodys)]
router: Any = URLRouter(websockets)


def routed(scope: dict[str, Any], receive: Any, send: Any) -> Any:
    """Where a proxy strips the prefix that the server was started with, Channels finds no route.

    No coroutine, which each socket would keep for as long as it is open.
    """
    prefix = scope.get("root_path", "")
    if prefix and not scope["path"].startswith(f"{prefix}/"):
        scope = {**scope, "root_path": ""}
    return router(scope, receive, send)


application: Any = ProtocolTypeRouter(
    {"http": Bounds(fast(django_application)), "websocket": routed, "lifespan": lifespan}
)
begin_in_daphne()
bound_daphne()
plain_logs()
if settings.TRUSTED_PROXIES:
    application = ForwardedScheme(application)
