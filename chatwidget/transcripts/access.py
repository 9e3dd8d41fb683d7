"""Which widgets a member of staff sees. Permissions say what they do there; see docs/desk.md."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from chatwidget.models import WidgetAccess


def widgets_of(user: Any) -> list[int] | None:
    """The ids of the widgets that a user is limited to; None where they see all there are.

    One small query, asked each time: a limit that is set holds from the next page on, and whoever
    keeps a socket open asks again.
    """
    if not user.is_active:
        return []
    if user.is_superuser:
        return None
    rows = WidgetAccess.objects.filter(user=user.pk).values_list("pk", "widgets").order_by()
    found = list(rows)
    return [widget for _, widget in found if widget is not None] if found else None


def visible_to(user: Any, widget: str = "widget") -> Q:
    """The rows that this user may see, as a condition; `widget` is the way from them to a widget.

    `Conversation.objects.filter(visible_to(user))`,
    `Widget.objects.filter(visible_to(user, "pk"))`,
    `Message.objects.filter(visible_to(user, "conversation__widget"))`.
    """
    limited = widgets_of(user)
    return Q() if limited is None else Q(**{f"{widget}__in": limited})
