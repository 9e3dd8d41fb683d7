"""What a message may be, and the ids that all have."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh id that sorts by time."""
    return uuid7()


class Role(models.TextChoices):
    USER = "user", _("visitor")
    ASSISTANT = "assistant", _("agent")
    OPERATOR = "operator", _("staff")  # a person who has taken the conversation over
    EVENT = "event", _("event")  # somebody came, or went


class Status(models.TextChoices):
    PENDING = "pending", _("waiting")
    STREAMING = "streaming", _("being written")
    COMPLETE = "complete", _("complete")
    STOPPED = "stopped", _("stopped")
    FAILED = "failed", _("failed")
    INTERRUPTED = "interrupted", _("interrupted")


class EventKind(StrEnum):
    """What a message of the role `event` tells."""

    JOINED = "joined"  # a person came
    LEFT = "left"  # and went
    ASKED = "asked"  # the visitor wants one
    AWAY = "away"  # and nobody is there


UNFINISHED = (Status.PENDING, Status.STREAMING)
