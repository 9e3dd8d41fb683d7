"""The conversations that visitors have with a widget; written by `transcripts` alone."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from chatwidget.models.choices import EventKind, Role, Status, new_id
from chatwidget.models.widget import Widget


class Visitor(models.Model):
    """Somebody who has sent at least one message to a widget, known by a token only they hold."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    widget = models.ForeignKey(Widget, models.CASCADE, related_name="visitors")
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.CharField(_("email"), max_length=320, blank=True, db_index=True)
    # Vouched for, as `external_id` is. (A default of the database's: while a new version takes
    # the place of an old one, that goes on storing visitors.)
    email_verified = models.BooleanField(default=False, db_default=False)
    earlier_emails = models.CharField(
        max_length=4000, blank=True, default="", db_default="", editable=False
    )
    # Set where the embedding site vouches for the person, and only then.
    external_id = models.CharField(_("external id"), max_length=200, blank=True, db_index=True)
    consent = models.JSONField(_("consent"), default=dict, blank=True)  # {"version", "at"}
    blocked_at = models.DateTimeField(_("blocked"), null=True, blank=True, db_index=True)
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")

    def __str__(self) -> str:
        return self.name or self.email or str(self.id)


class Conversation(models.Model):
    """What one visitor and one widget's agent said to each other."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    widget = models.ForeignKey(Widget, models.CASCADE, related_name="conversations")
    visitor = models.ForeignKey(Visitor, models.CASCADE, related_name="conversations")
    # The platform's session, and the configuration (ProviderConfig.fingerprint) it belongs to.
    provider_session = models.CharField(_("platform's session"), max_length=500, blank=True)
    session_config = models.CharField(max_length=800, blank=True, editable=False)
    # The same of the widget's fallback, in one: the configuration, a line break, the session.
    fallback_session = models.CharField(max_length=1400, blank=True, db_default="", editable=False)
    page_url = models.CharField(_("page"), max_length=2000, blank=True)
    page_title = models.CharField(_("page title"), max_length=500, blank=True)
    referrer = models.CharField(_("referrer"), max_length=2000, blank=True)
    locale = models.CharField(_("language"), max_length=35, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=500, blank=True)
    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    last_message_at = models.DateTimeField(_("last message"), auto_now_add=True)
    last_seq = models.PositiveIntegerField(default=0, editable=False)
    # A person has it: the visitor's messages are stored, and the agent is not asked.
    with_person = models.BooleanField(default=False, db_default=False, editable=False)
    # Counts the changes of its messages, and of its end.
    revision = models.PositiveIntegerField(default=0, editable=False)
    # Up to which revision its words are in the search index; 0: not at all.
    indexed_revision = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    # Staff were done with it up to this message: one that comes later opens it again.
    done_seq = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    # Up to which revision it is counted in the numbers; 0: not, or its page has changed.
    counted_revision = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = [
            models.Index(fields=["-last_message_at", "-id"], name="cw_conv_recent"),
            models.Index(fields=["widget", "-last_message_at", "-id"], name="cw_conv_widget"),
            models.Index(fields=["visitor", "-id"], name="cw_conv_visitor"),
            models.Index(fields=["-started_at"], name="cw_conv_started"),
            models.Index(
                fields=["id"],
                condition=Q(revision__gt=F("indexed_revision")),
                name="cw_conv_unindexed",
            ),
            models.Index(
                fields=["-last_message_at", "-id"],
                condition=Q(done_seq__gte=F("last_seq")),
                name="cw_conv_done",
            ),
            models.Index(
                fields=["id"],
                condition=Q(revision__gt=F("counted_revision")),
                name="cw_conv_uncounted",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_done(self) -> bool:
        """Staff are done with it, and nothing was said since."""
        return 0 < self.last_seq <= self.done_seq


class Message(models.Model):
    """One message of a visitor, or one reply of the agent to it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # No index of its own: the unique (conversation, seq) serves.
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="messages", db_index=False
    )
    visitor = models.ForeignKey(Visitor, models.CASCADE, related_name="+")
    seq = models.PositiveIntegerField()
    role = models.CharField(max_length=16, choices=Role.choices)
    text = models.TextField(blank=True)
    # Of a person's message, and of an event: who; of an event: which.
    author = models.CharField(max_length=200, blank=True, default="", db_default="")
    event = models.CharField(max_length=16, blank=True, default="", db_default="")
    status = models.CharField(max_length=16, choices=Status.choices)
    attempt = models.PositiveIntegerField(default=1)
    client_id = models.UUIDField(null=True, blank=True)  # the visitor's id of a send
    provider_message_id = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    first_chunk_ms = models.PositiveIntegerField(null=True, blank=True)
    total_ms = models.PositiveIntegerField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_cause = models.TextField(blank=True)
    retry_after = models.FloatField(null=True, blank=True)  # seconds
    rating = models.SmallIntegerField(default=0)
    rating_comment = models.TextField(blank=True)
    ui = models.JSONField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    # While a process relays this reply: which one, until when it is surely alive, and whether the
    # visitor asked it to stop. No owner: nothing has gone to the platform yet.
    owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    stop_requested = models.BooleanField(default=False)
    # The conversation's as of this message's last change, which a text that grows is not. 0: it has
    # not changed since there is this column.
    revision = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["conversation", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="cw_message_seq"),
            models.UniqueConstraint(
                fields=["visitor", "client_id"],
                condition=Q(client_id__isnull=False),
                name="cw_message_client_id",
            ),
        ]
        indexes = [
            # The replies under way: few, whatever the size of the table.
            models.Index(
                fields=["conversation", "lease_until"],
                condition=Q(status__in=["pending", "streaming"]),
                name="cw_message_unfinished",
            ),
            models.Index(
                fields=["conversation"],
                condition=Q(status__in=["failed", "interrupted"]),
                name="cw_message_failed",
            ),
            models.Index(
                fields=["conversation", "rating"],
                condition=~Q(rating=0),
                name="cw_message_rated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.seq}"

    @property
    def text_for_staff(self) -> str:
        """As staff read it: what a visitor reads of some events is put to the visitor."""
        asked = self.event == EventKind.ASKED
        return str(_("The visitor asks for a person.")) if asked else self.text


class SearchEntry(models.Model):
    """The folded words of one message, or of what is known about a conversation beside them.

    Written by `transcripts.search` alone, which also says what its id is.
    """

    id = models.BigIntegerField(primary_key=True)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, models.CASCADE, related_name="+", null=True)
    words = models.TextField()

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.message_id or 'about it'}"
