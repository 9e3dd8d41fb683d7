"""Counts of what happened, kept apart from it; written by `transcripts.rollups` alone.

They hold no word that anybody wrote, and stay when conversations are erased.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chatwidget.models.conversation import Conversation
from chatwidget.models.widget import Widget


class Tally(models.Model):
    """What happened with a widget within a span of time: how often, and how quickly."""

    widget = models.ForeignKey(Widget, models.CASCADE, related_name="+", db_index=False)
    span = models.PositiveSmallIntegerField()  # minutes
    start = models.PositiveIntegerField()  # minutes since 1970 by UTC; a multiple of the span
    # Unsigned numbers of 32 bits, little-endian, in the order of `rollups.LANES`; zeros at the end
    # are left out.
    counts = models.BinaryField()

    class Meta:
        verbose_name = _("numbers")
        verbose_name_plural = _("numbers")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["span", "start", "widget"], name="cw_tally_start")
        ]

    def __str__(self) -> str:
        return f"{self.widget_id} {self.start}"


class DailyKeys(models.Model):
    """How often each page, language and failure occurred with a widget on a day by UTC."""

    widget = models.ForeignKey(Widget, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    totals = models.JSONField(default=dict)  # {"page /cart": 3}
    quarters = models.JSONField(
        default=dict
    )  # the same by quarters of an hour: {"37 page /cart": 1}

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["day", "widget"], name="cw_keys_day")]

    def __str__(self) -> str:
        return f"{self.widget_id} {self.day}"


class Counted(models.Model):
    """What a conversation has been counted as, to be taken back when it has changed."""

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, primary_key=True, related_name="+"
    )
    widget = models.ForeignKey(Widget, models.CASCADE, related_name="+", db_index=False)
    start = models.PositiveIntegerField()  # minutes since 1970 by UTC
    question = models.BigIntegerField(null=True)  # a digest of the words of its first one
    counts = models.JSONField()  # {"29384955 replies": 1}
    # Whether `no_answer` is among them.
    unanswered = models.BooleanField(db_default=False)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["start", "widget", "question"], name="cw_counted_start"),
            models.Index(
                fields=["conversation"], condition=Q(unanswered=True), name="cw_counted_unanswered"
            ),
        ]

    def __str__(self) -> str:
        return str(self.conversation_id)
