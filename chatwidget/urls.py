"""The app's pages; include them where you like: path("chatwidget/", include("chatwidget.urls"))."""

from __future__ import annotations

from django.urls import path

from chatwidget.embed import views
from chatwidget.sockets import event_stream, own_data

app_name = "chatwidget"

urlpatterns = [
    path("<str:slug>.js", views.loader_script, name="loader"),
    path("<str:slug>/", views.frame, name="frame"),
    path("<str:slug>/token/", views.token, name="token"),
    path("<str:slug>/ws/", views.upgrade_required, name="socket"),
    path("<str:slug>/events/", event_stream.open_stream, name="events"),
    path("<str:slug>/events/<uuid:stream>/", event_stream.post_frames),
    path("<str:slug>/own-data/", own_data.answer, name="own_data"),
]
