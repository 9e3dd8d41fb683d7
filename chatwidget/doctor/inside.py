"""What this process sees with its settings, from the system checks to the widgets' platforms."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from channels.layers import get_channel_layer
from django.conf import settings
from django.core.cache import cache
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from chatwidget.challenges import SERVICES
from chatwidget.challenges.siteverify import ask
from chatwidget.conf import conf
from chatwidget.doctor.finding import Finding, Kind, fault, note, well
from chatwidget.errors import PlatformMisconfigured
from chatwidget.models import Notice, Webhook, Widget
from chatwidget.notices.mail import mailer
from chatwidget.widgets.diagnostics import diagnose

# Seconds. Workers agree on who answers by the database's clock, and on tokens by their own.
CLOCKS_APART = 5.0
ANSWER_SECONDS = 5.0
LATE = 600.0  # for a notice that is due
MOST_RECEIVERS = 20


def examine() -> Iterator[Finding]:
    """Everything but the channel layer and the platforms, which are asked on an event loop."""
    yield from _checks()
    if settings.DEBUG:
        yield note("DEBUG is on.", "Right on your own machine; elsewhere set DEBUG=false.")
    if (found := _database()).kind is Kind.FAULT:
        yield found
        return  # nothing of what follows could be known
    yield found
    yield _cache()
    yield from _mail()
    yield from _webhooks()
    yield from _widgets()


def _checks() -> Iterator[Finding]:
    """The app's system checks, and what Django's own call an error."""
    found = [
        message
        for message in run_checks()
        if message.is_serious() or str(message.id).startswith("chatwidget.")
    ]
    for message in found:
        yield fault(f"{message.msg} ({message.id})", message.hint or "See `manage.py check`.")
    if not found:
        yield well("System checks: nothing is missing.")


def _database() -> Finding:
    try:
        with connection.cursor() as cursor:
            seconds = _clock(cursor)
        Widget.objects.exists()
    except (DatabaseError, InterfaceError) as error:
        reason = str(error).strip().partition("\n")[0]
        return fault(
            f"Database: {reason}.", "Is it running, is DATABASE_URL right, and `manage.py migrate`?"
        )
    if abs(seconds) > CLOCKS_APART:
        return fault(
            f"The database's clock is {seconds:+.0f} s from this machine's.",
            "Keep both by NTP: a running reply looks abandoned to the other workers.",
        )
    return well(f"Database: {connection.display_name} answers, and its clock is this machine's.")


def _clock(cursor: object) -> float:
    """How far the database's clock is ahead, in seconds; SQLite has none of its own."""
    now = {
        "postgresql": "SELECT extract(epoch FROM clock_timestamp())",
        "mysql": "SELECT unix_timestamp(now(6))",
    }.get(connection.vendor)
    if now is None:
        return 0.0
    cursor.execute(now)  # type: ignore[attr-defined]
    return float(cursor.fetchone()[0]) - datetime.now(UTC).timestamp()  # type: ignore[attr-defined]


def _cache() -> Finding:
    name = settings.CACHES["default"]["BACKEND"].rpartition(".")[2]
    key, value = "chatwidget.doctor", uuid4().hex
    try:
        cache.set(key, value, 10)
        kept = cache.get(key) == value
    except Exception as error:  # whatever the cache's driver raises
        return fault(f"Cache: {type(error).__name__}: {error}.", "Is it running, at REDIS_URL?")
    if not kept:
        return fault(f"Cache: {name} keeps nothing.", "Greetings are lost: set CACHES to another.")
    return well(f"Cache: {name} keeps what it is given.")


def _mail() -> Iterator[Finding]:
    """Budgets that run out are mailed to MANAGERS, notices to mailboxes: would it leave?"""
    mailboxes = Webhook.objects.filter(active=True, url__startswith="mailto:").count()
    if not settings.MANAGERS and not mailboxes:
        return
    try:
        mail = mailer()
        mail.open()
        mail.close()
    except OSError as error:  # smtplib's are too
        yield fault(f"Mail: {error}.", "Set EMAIL_URL (EMAIL_HOST and what belongs to it).")
    else:
        yield well(f"Mail: {type(mail).__module__} takes it.")


def _webhooks() -> Iterator[Finding]:
    """Receivers whose last notice did not arrive, and notices that nobody delivers."""
    late = Notice.objects.filter(due_at__lt=timezone.now() - timedelta(seconds=LATE))
    if count := late.count():
        advice = "Does a server run? It delivers them; its log says what keeps it."
        yield fault(f"Notices: {count} should have been delivered long since.", advice)
    receivers = Webhook.objects.filter(active=True)[:MOST_RECEIVERS]
    for webhook in receivers:
        last = Notice.objects.filter(webhook=webhook, attempts__gt=0).first()
        try:
            webhook.is_mail or webhook.secret  # noqa: B018
        except (PlatformMisconfigured, ImproperlyConfigured):
            advice = f"`manage.py configure_webhook {webhook.url} --new-secret`."
            yield fault(f"Webhook {webhook.url}: its secret cannot be read.", advice)
            continue
        if last and last.delivered_at is None:
            advice = "Its log in the admin says what was answered; *Send again* tries it."
            yield fault(f"Webhook {webhook.url}: its last notice did not arrive.", advice)
        else:
            yield well(f"Webhook {webhook.url}: {'delivered' if last else 'nothing sent yet'}.")


def _widgets() -> Iterator[Finding]:
    widgets = list(Widget.objects.filter(active=True).order_by("slug"))
    if not widgets:
        yield fault(
            "No widget is active.", "`manage.py configure_widget help --provider demo` makes one."
        )
    for widget in widgets:
        if not widget.allowed_origins and widget.provider != "demo":
            yield note(
                f"{widget.slug}: any site may embed it, at your cost.",
                f"`manage.py configure_widget {widget.slug} --allow-origin https://YOUR-SITE`.",
            )


async def examine_layer() -> Finding:
    """Does what one worker sends reach another?"""
    layer = get_channel_layer()
    if layer is None:
        return note(
            "Channel layer: none.",
            "Right for one worker; for several set REDIS_URL (CHANNEL_LAYERS).",
        )
    name = type(layer).__name__
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            channel = await layer.new_channel()
            receiving = asyncio.ensure_future(layer.receive(channel))
            await asyncio.sleep(0)  # it listens before anything is sent
            sent = {"type": "chatwidget.doctor", "id": uuid4().hex}
            await layer.send(channel, sent)
            received = await receiving
    except Exception as error:  # whatever the layer's driver raises
        reason = str(error) or f"nothing comes back in {ANSWER_SECONDS:g} s"
        return fault(f"Channel layer: {name}: {reason}.", "Is Redis running, at REDIS_URL?")
    assert received == sent
    return well(f"Channel layer: {name} carries events.")


async def examine_challenge() -> Finding:
    """Can a visitor be believed who solves one?"""
    kind = conf().challenge
    if not kind:
        return note(
            "Challenges: none. Who meets an address's limit has to wait.",
            "Set CHATWIDGET_CHALLENGE=altcha, or the keys of the one that it names.",
        )
    if kind not in SERVICES:
        return well(f"Challenges: {kind}, which asks nobody else.")
    try:
        verdict = await ask("of the doctor's, and no good one")
    except OSError as error:
        return fault(f"Challenges: {error}.", "Nobody can go on who meets an address's limit.")
    if wrong := [each for each in verdict.errors if "secret" in each]:
        return fault(f"Challenges: {kind}: {', '.join(wrong)}.", "Is CHALLENGE_SECRET right?")
    return well(f"Challenges: {kind} answers, and knows our secret.")


async def examine_platform(widget: Widget) -> list[Finding]:
    """Talk to the widget's platform as a first visitor would; it costs a message there."""
    found = await diagnose(widget)
    advice = f"`manage.py check_widget {widget.slug}` says it again; its form in the admin sets it."
    return [
        well(f"{widget.slug}: {each.text}")
        if each.ok
        else fault(f"{widget.slug}: {each.text}", advice)
        for each in found.findings
    ]
