"""Times as the owner reads them: in the site's time zone, which is named beside each.

A site with `USE_TZ = False` stores times that know no zone; they are in its own already.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _


def local(moment: datetime) -> datetime:
    """The moment in the time zone of the admin; one that knows its zone in any case."""
    return timezone.localtime(moment) if timezone.is_aware(moment) else timezone.make_aware(moment)


def storable(moment: datetime) -> datetime:
    """An aware moment as this site's database takes it."""
    return moment if settings.USE_TZ else timezone.make_naive(moment)


def today() -> date:
    return local(timezone.now()).date()


def midnight(day: str, days: int = 0) -> datetime:
    """When a day, or the one so many days later, begins."""
    begins = datetime.combine(date.fromisoformat(day) + timedelta(days=days), time.min)
    return timezone.make_aware(begins) if settings.USE_TZ else begins


def whole(moment: datetime) -> str:
    """Day, time and zone."""
    moment = local(moment)
    return f"{formats.date_format(moment, 'DATETIME_FORMAT')} {moment.tzname()}"


def ago(moment: datetime) -> str:
    """How long ago, in one unit; the whole time is its title."""
    moment = local(moment)
    now = timezone.localtime(local(timezone.now()))
    recent = now - moment < timedelta(minutes=1)
    text = _("just now") if recent else _("%s ago") % timesince(moment, now, depth=1)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(), whole(moment), text
    )
