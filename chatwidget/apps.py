"""The app's place in Django."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.signals import request_started
from django.utils.translation import gettext_lazy as _


class ChatWidgetConfig(AppConfig):
    name = "chatwidget"
    verbose_name = _("Chat widget")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import chatwidget.checks.database  # noqa: F401  # which registers itself, and its package
        from chatwidget.relay.lifecycle import begin

        request_started.connect(begin)
