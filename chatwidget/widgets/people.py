"""How people answer a widget's visitors: checked, and set by `configure_widget`."""

from __future__ import annotations

from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any
from zoneinfo import available_timezones

import msgspec
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from chatwidget.conf import Desk
from chatwidget.models import Widget
from chatwidget.transcripts.office_hours import Hours


def parse_hours(line: str) -> str:
    """Office hours as `Hours` reads them. Raises ValidationError."""
    try:
        Hours(line)
    except ValueError:
        told = _("“%(line)s” is not like “Mon-Fri 09:00-17:30” or “Sat 10:00-14:00”.")
        raise ValidationError(told % {"line": line}) from None
    return line.strip()


def store_desk(given: dict[str, Any]) -> dict[str, Any]:
    """The settings as the widget keeps them, without those that are the default."""
    if (zone := given.get("zone")) and zone not in available_timezones():
        raise ValidationError(_("There is no time zone “%(zone)s”.") % {"zone": zone})
    for line in given.get("hours", ()):
        parse_hours(line)
    try:
        desk: dict[str, Any] = msgspec.to_builtins(msgspec.convert(given, Desk, strict=False))
    except msgspec.ValidationError as error:
        raise ValidationError(str(error)) from None
    return desk


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--offer-person",
        action=BooleanOptionalAction,
        help="whether the widget has a button that asks for a person",
    )
    parser.add_argument(
        "--own-data",
        action=BooleanOptionalAction,
        help="whether visitors may download and delete what is kept of them",
    )
    parser.add_argument(
        "--office-hours",
        metavar="LINE",
        action="append",
        help="when a person answers, e.g. 'Mon-Fri 09:00-17:30'; all given replace all there were, "
        "'' is at any time",
    )
    parser.add_argument("--time-zone", metavar="ZONE", help="of these hours, e.g. America/Santiago")
    parser.add_argument("--away-text", metavar="TEXT", help="what is said out of hours")
    parser.add_argument(
        "--resume-minutes",
        metavar="N",
        help="without a word of the person, until the agent has a conversation again",
    )


def staff(widget: Widget, options: dict[str, Any]) -> None:
    """Apply what was given of these to a widget. Raises ValidationError."""
    given = {
        "offer_person": options["offer_person"],
        "own_data": options["own_data"],
        "zone": options["time_zone"],
        "away": options["away_text"],
        "resume_minutes": options["resume_minutes"],
    }
    changed = {name: value for name, value in given.items() if value is not None}
    if options["office_hours"] is not None:
        changed["hours"] = [line for line in options["office_hours"] if line.strip()]
    if changed:
        widget.desk = store_desk({**widget.desk, **changed})
