"""The app's websocket: below the frame's page, wherever the app's urls are included."""

from __future__ import annotations

from django.urls import re_path

from chatwidget.sockets.consumer import ChatConsumer

websocket_urlpatterns = [
    # Django types a route's target as a view; for Channels it is an ASGI application.
    re_path(r"^(?:.*/)?(?P<slug>[^/]+)/ws/$", ChatConsumer.as_asgi()),  # type: ignore[arg-type]
]
