"""A digest as a mail, in its receiver's language."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.template.loader import render_to_string
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from chatwidget.models import Notice
from chatwidget.notices.admin_links import in_admin


def content(notice: Notice) -> tuple[str, str, str]:
    """Subject, text and HTML, in the language that is active."""
    told = json.loads(notice.body)["data"]
    first, last = date.fromisoformat(told["from"]), date.fromisoformat(told["to"])
    days = " – ".join(dict.fromkeys(date_format(day, "DATE_FORMAT") for day in (first, last)))
    title = notice.widget.title if notice.widget else _("All widgets")
    context = {
        "title": title,
        "days": days,
        "rows": _rows(told, _links(notice, told)),
        "before": _("In brackets: as many days before."),
    }
    return (
        f"{title}: {days}",
        render_to_string("chatwidget/digest.txt", context),
        render_to_string("chatwidget/digest.html", context),
    )


def _rows(told: dict[str, Any], links: dict[str, str]) -> list[tuple[str, str, str, str]]:
    """Label, number, the one before, link."""
    labels = {
        "conversations": _("Conversations"),
        "messages": _("Messages of visitors"),
        "failed": _("Failed replies"),
        "unanswered": _("Without an answer"),
        "rated_good": _("Rated good"),
        "rated_bad": _("Rated bad"),
    }
    rows = [
        (label, number_format(now), number_format(before), links.get(name, ""))
        for name, label in labels.items()
        for now, before in [told[name]]
    ]
    waiting = number_format(told["waiting"])
    return [*rows, (_("Waiting for a person now"), waiting, "", links.get("waiting", ""))]


def _links(notice: Notice, told: dict[str, Any]) -> dict[str, str]:
    """Where in the admin each is looked into; none where it is not known where the admin is."""
    numbers, rows, live = (
        in_admin(notice, f"{name}_changelist") for name in ("tally", "conversation", "handover")
    )
    if not live:
        return {}
    days = {"since": told["from"], "until": told["to"]}
    if notice.widget_id:
        days["widget__id__exact"] = str(notice.widget_id)
    whole = {"from": told["from"], "to": told["to"]}
    if told["widget"]:
        whole["widget"] = told["widget"]
    listed = f"{rows}?{urlencode(days)}"
    return {
        "conversations": listed,
        "messages": f"{numbers}?{urlencode(whole)}",
        "failed": f"{listed}&failed=yes",
        "unanswered": f"{listed}&unanswered=1",
        "rated_good": f"{listed}&rated=good",
        "rated_bad": f"{listed}&rated=bad",
        "waiting": live,
    }
