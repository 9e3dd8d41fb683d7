"""Judged replies as JSON lines, for who trains or tests the agent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from chatwidget.models import Conversation, Judgement, Role
from chatwidget.text import json_line

CONTEXT = 40  # messages before the question, at most


def with_judgements(conversations: QuerySet[Conversation]) -> QuerySet[Conversation]:
    judged = Judgement.objects.values("message__conversation")
    return conversations.filter(pk__in=judged)


def as_dataset(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """One judged reply a line: what was asked, what was said before, the answer, the judgement."""
    for row in rows:
        for line in judged(row):
            yield json_line(line)


def judged(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The judged replies of one conversation, as `export.read` gives it."""
    said: list[dict[str, Any]] = []
    for message in row["messages"]:
        if message["judgement"]:
            asked = max((at for at, one in enumerate(said) if one["role"] == Role.USER), default=-1)
            yield {
                "conversation": row["id"],
                "message": message["id"],
                "widget": row["widget"],
                "locale": row["locale"],
                "page_url": row["page_url"],
                "question": said[asked]["text"] if asked >= 0 else "",
                "context": said[max(asked - CONTEXT, 0) : max(asked, 0)],
                "answer": message["text"],
                "judgement": message["judgement"],
            }
        if message["text"]:
            said.append({"role": message["role"], "text": message["text"]})
