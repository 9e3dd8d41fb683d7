"""The site's pages: the demo shop, the admin, the health check, and the chat widget's own."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from chatwidget.health import health
from chatwidget.metrics import metrics
from project.gallery import gallery
from project.login import LoginForm
from project.shop import icon, shop

admin.site.login_form = LoginForm
urlpatterns = [
    path("", shop, name="shop"),
    path("favicon.ico", icon),
    path("admin/", admin.site.urls),
    path("healthz", health, name="health"),
    path("metrics", metrics),
    path("chatwidget/", include("chatwidget.urls")),
]

if settings.DEBUG:
    urlpatterns.append(path("gallery/", gallery, name="gallery"))
