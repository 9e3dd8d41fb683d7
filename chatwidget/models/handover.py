"""Conversations that a person has instead of the agent, or that wait for one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from chatwidget.models.conversation import Conversation


class Handover(models.Model):
    """Who answers a conversation, or since when its visitor waits for somebody who does.

    Gone again when the agent answers. `Conversation.with_person` says the same in the row that
    every message locks; written by `transcripts.handover` alone.
    """

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, primary_key=True, related_name="handover"
    )
    # The user's primary key as text, so that any user model will do; empty: nobody has it.
    staff = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=200, blank=True)  # as the visitor reads it
    active_at = models.DateTimeField(null=True)  # when they last wrote or typed
    asked_at = models.DateTimeField(null=True)  # since when the visitor waits for a person

    class Meta:
        # The admin's link to the page that lists them with all else that goes on.
        verbose_name = _("live conversation")
        verbose_name_plural = _("Live")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name or str(self.conversation_id)


class Glance(models.Model):
    """How far staff have read a conversation."""

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, primary_key=True, related_name="glance"
    )
    seq = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.seq}"
