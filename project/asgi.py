"""The ASGI application: Django's pages, and the widget's websockets."""

from __future__ import annotations

import ipaddress
import os
from typing import Any

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

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


def routed(scope: dict[str, Any], receive: Any, send: Any) -> Any:
    """To the widget's websockets, under whatever prefix: a proxy may strip that which the server
    was started with, and then Channels' router finds no route.

    Neither a coroutine nor another scope, which each socket would keep for as long as it is open.
    """
    for route in websocket_urlpatterns:
        if found := route.pattern.match(scope["path"].lstrip("/")):
            scope["url_route"] = {"args": found[1], "kwargs": found[2]}
            application: Any = route.callback
            return application(scope, receive, send)
    return refuse(scope, receive, send)


application: Any = ProtocolTypeRouter(
    {"http": Bounds(fast(django_application)), "websocket": routed, "lifespan": lifespan}
)
begin_in_daphne()
bound_daphne()
plain_logs()
if settings.TRUSTED_PROXIES:
    application = ForwardedScheme(application)
