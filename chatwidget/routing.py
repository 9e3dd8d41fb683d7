"""The websockets: a visitor's below the frame's page, staff's beside them, wherever that is."""

from __future__ import annotations

from django.urls import re_path

from chatwidget.sockets.consumer import ChatConsumer, StaffConsumer

websocket_urlpatterns = [
    # No widget's slug has an underscore.
    re_path(r"^(?:.*/)?_staff/ws/$", StaffConsumer.as_asgi()),  # type: ignore[arg-type]
    # Django types a route's target as a view; for Channels it is an ASGI application.
    re_path(r"^(?:.*/)?(?P<slug>[^/]+)/ws/$", ChatConsumer.as_asgi()),  # type: ignore[arg-type]
]
