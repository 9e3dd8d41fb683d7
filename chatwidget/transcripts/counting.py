"""What a conversation counts as in the numbers, which `rollups` keeps."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from chatwidget.models import UNFINISHED, Conversation, Role, Status
from chatwidget.transcripts.folding import words

QUARTER = 15  # minutes
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Milliseconds at which the bins of times begin: each is a quarter longer than the one before.
BINS = tuple(10 * 1.25**number for number in range(47))
# Of a text, what is looked at to tell a question from another.
QUESTION = 500
# Of a reply, what is looked at for the phrases by which it is no answer.
ANSWER = 2000
# What is read of a message.
FIELDS = (
    *("conversation_id", "role", "status", "created_at", "first_chunk_ms", "total_ms"),
    *("error_code", "rating", "length", "beginning", "seq"),
)


@dataclass(frozen=True, slots=True)
class Counting:
    """What has to be known of a widget to count its conversations."""

    platform: str
    phrases: list[str]  # by which a reply is no answer; as `spaced` writes them

    def is_no_answer(self, text: str) -> bool:
        said = spaced(text) if self.phrases else ""
        return any(phrase in said for phrase in self.phrases)


def spaced(text: str) -> str:
    """The words of a text as search sees them, each between blanks; empty where it has none."""
    return f" {' '.join(found)} " if (found := words(text)) else ""


def counts_of(
    conversation: Conversation, widget: Counting, messages: Iterable[dict[str, Any]]
) -> Counter[str]:
    """By the quarter of an hour and what happened: {"29384955 replies": 1}."""
    found: Counter[str] = Counter()

    def count(at: datetime, what: str, amount: int = 1) -> None:
        found[f"{minute(at) // QUARTER * QUARTER} {what}"] += amount

    began = conversation.started_at
    count(began, "conversations")
    count(began, f"page {page_of(conversation.page_url)}")
    count(began, f"language {conversation.locale.partition('-')[0].lower()}")
    for message in messages:
        at, role, status = message["created_at"], message["role"], message["status"]
        if role == Role.USER:
            count(at, "questions")
            count(at, "characters", message["length"])
        elif role == "operator":
            count(at, "operator")
        elif role == Role.ASSISTANT and message["seq"] > 1 and status not in UNFINISHED:
            count(at, "replies")
            count(at, status)
            count(at, "reply_characters", message["length"])
            if message["rating"]:
                count(at, "good" if message["rating"] > 0 else "bad")
            is_lost = status in (Status.FAILED, Status.INTERRUPTED) or not message["length"]
            if is_lost or widget.is_no_answer(message["beginning"]):
                count(at, "no_answer")
            if message["error_code"]:
                count(at, f"error {widget.platform} {message['error_code']}")
            if message["first_chunk_ms"] is not None:
                count(at, f"first {bin_of(message['first_chunk_ms'])}")
            if message["total_ms"] is not None:
                count(at, "seconds", math.ceil(message["total_ms"] / 1000))
                if status == Status.COMPLETE:
                    count(at, f"whole {bin_of(message['total_ms'])}")
    return +found


def page_of(url: str) -> str:
    """A page without what differs from visitor to visitor."""
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path or '/'}"[:200] if url else ""


def question_of(text: str) -> int | None:
    """The same number for questions of the same words, however they are written and ordered."""
    found = " ".join(sorted(set(words(text))))
    if not found:
        return None
    digest = hashlib.blake2b(found.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def minute(moment: datetime) -> int:
    """Whole minutes since 1970, by UTC."""
    aware = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
    return (aware - EPOCH) // timedelta(minutes=1)


def bin_of(milliseconds: int) -> int:
    return min(max(int(math.log(max(milliseconds, 1) / BINS[0], 1.25)), 0), len(BINS) - 1)
