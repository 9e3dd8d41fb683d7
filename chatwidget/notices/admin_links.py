"""Where in the admin what a mail tells of is looked into."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse

from chatwidget.models import Notice


def in_admin(notice: Notice, name: str, *args: Any) -> str:
    """The address of a page; empty where the receiver does not know where the admin is."""
    site = notice.webhook.site if notice.webhook else ""
    try:
        path = reverse(f"admin:chatwidget_{name}", args=args)
        return site and site + path.removeprefix(reverse("admin:index"))
    except NoReverseMatch:
        return ""
