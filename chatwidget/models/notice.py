"""Who is told of what happens, and the notices that wait until they are delivered."""

from __future__ import annotations

import secrets
from base64 import b64encode
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from chatwidget import encryption
from chatwidget.conf import Secret
from chatwidget.models.choices import new_id
from chatwidget.models.conversation import Conversation, Visitor
from chatwidget.models.widget import Widget


class Event(models.TextChoices):
    """What a notice may be about."""

    CONVERSATION_STARTED = "conversation.started", _("a conversation began")
    CONVERSATION_ENDED = "conversation.ended", _("a conversation was ended")
    PERSON_REQUESTED = "person.requested", _("a visitor asked for a person")
    EMAIL_GIVEN = "visitor.email_given", _("a visitor gave an e-mail address")
    REPLY_FAILED = "reply.failed", _("a reply failed")
    REPLY_RATED = "reply.rated", _("a reply was rated")
    BUDGET_WARNING = "budget.warning", _("a budget is nearly, or wholly, used up")
    DIGEST = "digest", _("a digest of the numbers")
    CONVERSATION_MAILED = "conversation.mailed", _("a conversation, sent by mail")
    OWN_COPY = "visitor.copy", _("a visitor's copy of their conversations")
    TEST = "webhook.test", _("a test")


class Webhook(models.Model):
    """A receiver: another program that is told by HTTP, or a mailbox (`mailto:…`)."""

    url = models.CharField(_("address"), max_length=1000)
    widget = models.ForeignKey(
        Widget,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="webhooks",
        verbose_name=_("widget"),
        help_text=_("Of which it is told; none: of all."),
    )
    events = models.JSONField(_("events"), default=list, blank=True)  # empty: all
    language = models.CharField(_("language of mails"), max_length=10, blank=True, db_default="")
    digest = models.CharField(
        _("digest"),
        max_length=4,
        blank=True,
        db_default="",
        choices=[("day", _("every day")), ("week", _("every Monday"))],
    )
    digested_until = models.DateField(null=True, editable=False)  # the day before which all is told
    site = models.CharField(max_length=300, blank=True, db_default="", editable=False)  # its admin
    active = models.BooleanField(_("active"), default=True)
    encrypted_secret = models.TextField(editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.url

    @property
    def is_mail(self) -> bool:
        return self.url.startswith("mailto:")

    @property
    def secret(self) -> Secret:
        """What its notices are signed with. Raises PlatformMisconfigured: it cannot be read."""
        return encryption.decrypt(self.encrypted_secret)

    @secret.setter
    def secret(self, value: Secret) -> None:
        self.encrypted_secret = encryption.encrypt(value)

    def make_secret(self) -> Secret:
        """A new secret, which the receiver has to know as well."""
        self.secret = Secret("whsec_" + b64encode(secrets.token_bytes(32)).decode())
        return self.secret

    def wants(self, event: str) -> bool:
        return not self.events or event in self.events


class Notice(models.Model):
    """One event for one receiver, stored by the transaction that it is about.

    It is due until it was delivered or given up. Who takes it moves `due_at` to when a process that
    died with it must be over, so nothing else says whose it is.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    event = models.CharField(_("event"), max_length=40, choices=Event.choices)
    widget = models.ForeignKey(Widget, models.CASCADE, null=True, related_name="+")
    # What is erased takes its notices with it.
    conversation = models.ForeignKey(Conversation, models.CASCADE, null=True, related_name="+")
    visitor = models.ForeignKey(Visitor, models.CASCADE, null=True, related_name="+")
    webhook = models.ForeignKey(
        Webhook, models.CASCADE, null=True, related_name="notices", verbose_name=_("receiver")
    )
    # Without a receiver it is a mail that somebody asked for, to this address.
    mailbox = models.CharField(max_length=320, blank=True, db_default="")
    language = models.CharField(max_length=10, blank=True, db_default="")
    body = models.TextField(_("content"))  # the same in every attempt, and so is its id
    created_at = models.DateTimeField(_("time"), auto_now_add=True)
    due_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    log = models.JSONField(default=list, blank=True)  # an object for each attempt, the last first

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-id"]
        indexes = [models.Index(fields=["due_at", "webhook"], name="cw_notice_due")]

    def __str__(self) -> str:
        return f"{self.event} {self.id}"

    @property
    def is_mail(self) -> bool:
        return self.webhook is None or self.webhook.is_mail

    @property
    def last(self) -> dict[str, Any]:
        """The last attempt: `at`, `status`, `said`, `ms`; empty where there was none."""
        return self.log[0] if self.log else {}
