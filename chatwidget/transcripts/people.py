"""Stores what visitors, their pages and the sites that vouch for them say of them."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from chatwidget.models import Conversation, Event, Message, Visitor, Widget
from chatwidget.signals import send_on_commit, visitor_identified
from chatwidget.transcripts import search_index
from chatwidget.transcripts.notices import record
from chatwidget.transcripts.sql import insert_unless_there
from chatwidget.transcripts.types import VisitorDetails

# Addresses that a visitor gave before the last one, so that each of them finds the person.
MAX_EARLIER_EMAILS = 12


def called(name: str, email: str, visitor: UUID | str) -> str:
    """What a person can be told from others by; of an id that sorts by time, the end."""
    return name or email or _("Visitor …%s") % str(visitor)[-6:]


@transaction.atomic
def update_visitor(visitor: UUID, details: VisitorDetails) -> None:
    """Keep what a known visitor says of themselves; of one who never wrote nothing is kept."""
    person = Visitor.objects.select_for_update().filter(pk=visitor).first()
    if person is not None:
        describe(person, details)


def describe(person: Visitor, details: VisitorDetails) -> bool:
    """Store what has changed. An address that is vouched for gives way to no other.

    Was it who they are that has changed?
    """
    changes: dict[str, Any] = {}
    if details.name not in ("", person.name):
        changes["name"] = details.name
    email, verified = best_email(details, person.email, person.email_verified)
    if email != person.email:
        changes |= {"email": email, "email_verified": verified, "earlier_emails": _earlier(person)}
    elif verified and not person.email_verified:
        changes["email_verified"] = True
    if details.consent and details.consent != person.consent.get("version"):
        changes["consent"] = {
            "version": details.consent,
            "at": timezone.now().isoformat(timespec="seconds"),
        }
    if changes:
        for name, value in changes.items():
            setattr(person, name, value)
        person.save(update_fields=list(changes))
    if changes.keys() & {"name", "email"}:
        # Not before: a message locks its conversation first, and the visitor then.
        transaction.on_commit(partial(search_index.forget_about_visitor, person.pk))
    if "email" in changes:
        record(Event.EMAIL_GIVEN, person.widget_id, visitor=person.pk)
    known = "email" in changes or "email_verified" in changes
    if known:
        announce(person)
    return known


def announce(person: Visitor) -> None:
    """Tell Django code who somebody is."""
    if visitor_identified.has_listeners(Widget):
        send_on_commit(
            visitor_identified,
            Widget,
            widget=person.widget.slug,
            visitor=person.pk,
            name=person.name,
            email=person.email,
            email_verified=person.email_verified,
            external_id=person.external_id,
        )


def best_email(details: VisitorDetails, email: str, verified: bool) -> tuple[str, bool]:
    """The visitor's address, and whether it is vouched for: what they say, unless they were known
    by one that is."""
    if details.email and details.email_verified >= verified:
        return details.email, details.email_verified
    return email, verified


def _earlier(person: Visitor) -> str:
    """One a line, the last first, and no line end missing: so that each is found as a line."""
    emails = dict.fromkeys([person.email, *person.earlier_emails.split("\n")])
    kept = [email for email in emails if email][:MAX_EARLIER_EMAILS]
    return "".join(f"\n{email}\n" for email in kept)


def had_email(email: str) -> Q:
    """Who has, or had, this address."""
    return Q(email__iexact=email) | Q(earlier_emails__icontains=f"\n{email}\n")


def join_visitors(widget: Widget, anonymous: UUID, visitor: UUID, details: VisitorDetails) -> bool:
    """What somebody wrote before they signed in becomes theirs; False where they wrote nothing."""
    before = Visitor.objects.filter(pk=anonymous, widget=widget).first()
    if before is None:
        return False
    try:
        with transaction.atomic():
            row = {"id": visitor, "widget_id": widget.pk, "created_at": before.created_at}
            insert_unless_there(Visitor, {**row, "external_id": details.external_id})
            Message.objects.filter(visitor=anonymous).update(visitor=visitor)
            search_index.forget_about_visitor(anonymous)
            Conversation.objects.filter(visitor=anonymous).update(visitor=visitor)
            joined = Visitor.objects.select_for_update().get(pk=visitor)
            if not describe(joined, _said_by(before, joined)):
                announce(joined)
            before.delete()
    except IntegrityError:
        return False  # both hold a message of one id, which nobody comes to by chance
    return True


def _said_by(before: Visitor, now: Visitor) -> VisitorDetails:
    """What the anonymous visitor said of themselves, where nothing is known yet."""
    return VisitorDetails(
        name="" if now.name else before.name,
        email="" if now.email else before.email,
        consent="" if now.consent else before.consent.get("version", ""),
    )
