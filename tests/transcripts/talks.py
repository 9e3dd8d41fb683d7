"""One visitor's conversation as it is stored, and the process that answers it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from chatwidget import transcripts
from chatwidget.models import Conversation, Message, Role, Status, Widget, new_id
from chatwidget.transcripts import (
    Change,
    Checkpoint,
    Entry,
    Job,
    NewConversation,
    NewMessage,
    Outcome,
    StoredMessage,
    VisitorDetails,
)

GREETING = Entry(new_id(), 1, Role.ASSISTANT, "Hello!", Status.COMPLETE, timezone.now())


class Talk:
    """One visitor's conversation, and the process that answers it."""

    def __init__(self, widget: Widget, owner: str = "here") -> None:
        self.widget, self.owner = widget, owner
        self.visitor, self.conversation = new_id(), new_id()

    def send(
        self,
        text: str = "hi",
        client_id: UUID | None = None,
        *,
        opening: bool = True,
        **details: Any,
    ) -> StoredMessage:
        message = self.message(text, client_id, opening=opening, **details)
        return transcripts.store_message(message, self.owner)

    def message(
        self,
        text: str = "",
        client_id: UUID | None = None,
        *,
        opening: bool = True,
        **details: Any,
    ) -> NewMessage:
        return NewMessage(
            self.widget,
            self.visitor,
            self.conversation,
            client_id or new_id(),
            text,
            VisitorDetails(**details),
            NewConversation(greeting=replace(GREETING, id=new_id())) if opening else None,
        )

    def change(self, text: str = "hi", **options: Any) -> Change:
        """What a message changes that was not sent before."""
        change = self.send(text, **options).change
        assert change
        return change

    def begun(self, text: str = "hi") -> Job:
        job = self.change(text).job
        assert job
        return job

    def waiting(self, text: str) -> Entry:
        """The reply to a message that waits its turn."""
        change = self.change(text)
        assert change.job is None
        return change.entries[1]

    def finish(self, job: Job, status: Status = Status.COMPLETE, **outcome: Any) -> Change:
        outcome.setdefault("text", "answer")
        ended = transcripts.finish(job, self.owner, Outcome(status, **outcome), self.owner)
        assert ended
        return ended

    @property
    def rows(self) -> list[Message]:
        return list(Message.objects.filter(conversation=self.conversation).order_by("seq"))

    @property
    def row(self) -> Conversation:
        return Conversation.objects.get(pk=self.conversation)

    def told(self) -> list[tuple[int, str, str, str]]:
        return [(row.seq, row.role, row.text, row.status) for row in self.rows]


def a_checkpoint(job: Job, text: str, **fields: Any) -> Checkpoint:
    return Checkpoint(
        job.entry.id,
        job.conversation,
        job.entry.attempt,
        text,
        **{"session": "", "session_config": "", **fields},
    )


def expire(talk: Talk) -> None:
    Message.objects.filter(status=Status.STREAMING).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
