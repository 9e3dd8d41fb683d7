"""The steps that operations share: lock a conversation, change it, claim its next reply."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, DateTimeField, ExpressionWrapper, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from chatwidget.conf import ProviderConfig
from chatwidget.models import Conversation, Message, Role, Status, Widget
from chatwidget.transcripts.types import ConversationGone, Job, entry_of

# Renewed every second; so a killed process's replies are given up after this, and a pause of the
# process or of the database that is shorter costs nothing.
LEASE = timedelta(seconds=4)


# Literal, as in the partial index `cw_message_unfinished`: SQLite uses it only for a query that
# says the same, word for word and without parameters.
UNFINISHED_SQL = "status IN ('pending', 'streaming')"


def unfinished_replies() -> QuerySet[Message]:
    """All replies that wait or run: few, and found without reading the others."""
    found = Message.objects.filter(RawSQL(UNFINISHED_SQL, (), output_field=BooleanField()))
    return found.order_by()


class DatabaseNow(Now):
    """The database's clock. MySQL's is that of its session's zone, which summer time puts back."""

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="UTC_TIMESTAMP(6)", **context)


def lease() -> Any:
    return ExpressionWrapper(DatabaseNow() + LEASE, output_field=DateTimeField())


def ago(time: timedelta) -> Any:
    """So long ago, by the database's clock."""
    return ExpressionWrapper(DatabaseNow() - time, output_field=DateTimeField())


def row_lock(
    rows: QuerySet[Conversation], *related: str, skip_locked: bool = False
) -> QuerySet[Conversation]:
    """Lock these rows and no others, and read what is `related` with them where both can be."""
    features = connection.features
    if not features.has_select_for_update:  # SQLite has one writer at a time
        return rows.select_related(*related) if related else rows
    lock: dict[str, Any] = {"skip_locked": skip_locked}
    if features.has_select_for_no_key_update:
        # Whoever changes a message need not wait for it, as a checkpoint or a foreign key does.
        lock["no_key"] = True
    if features.has_select_for_update_of:
        lock["of"] = ("self",)
        # Without a name it would be all of them.
        rows = rows.select_related(*related) if related else rows
    return rows.select_for_update(**lock)


def locked(conversation: UUID, visitor: UUID | None = None) -> Conversation:
    """The conversation, its row locked until the transaction ends. Raises ConversationGone."""
    rows = row_lock(Conversation.objects.all(), "widget", "visitor")
    found = rows.filter(pk=conversation, **({"visitor": visitor} if visitor else {})).first()
    if found is None:
        raise ConversationGone
    return found


def changed(row: Conversation, **values: Any) -> int:
    """Count a change of a locked conversation, and store these values of it; the new revision."""
    row.revision += 1
    for name, value in values.items():
        setattr(row, name, value)
    Conversation.objects.filter(pk=row.pk).update(revision=row.revision, **values)
    return row.revision


# Messages that are looked at for what a reply answers; a visitor seldom says more to nobody.
UNANSWERED = 50


class Unanswered(NamedTuple):
    """What a reply is to answer."""

    text: str = ""
    seq: int = 0  # of its first message; 0: there is none
    client_id: UUID | None = None  # of its last


def unanswered(row: Conversation, before_seq: int) -> Unanswered:
    """What the visitor has said last: the message right before; after an event, all since somebody
    answered."""
    earlier = Message.objects.filter(conversation=row, seq__lt=before_seq).order_by("-seq")
    rows = earlier.values_list("role", "text", "seq", "client_id")
    # Mostly it is the last alone, and replies are long.
    found = [(role, Unanswered(text, seq, id)) for role, text, seq, id in rows[:1]]
    if found and found[0][0] == Role.USER:
        return found[0][1]
    found += [(role, Unanswered(text, seq, id)) for role, text, seq, id in rows[1:UNANSWERED]]
    said: list[Unanswered] = []
    for role, message in found:
        if role == Role.USER:
            said.append(message)
        elif role != Role.EVENT and message.text:
            break  # an agent that was stopped before its first word has not answered
    if not said:
        return Unanswered()
    text = "\n\n".join(message.text for message in reversed(said))
    return Unanswered(text, said[-1].seq, said[0].client_id)


def make_job(row: Conversation, reply: Message) -> Job:
    text, asked_seq, client_id = unanswered(row, reply.seq)
    config = fingerprint(row.widget)
    return Job(
        entry=entry_of(reply),
        widget=row.widget,
        conversation=row.pk,
        text=text,
        session=row.provider_session if row.session_config == config else "",
        page_url=row.page_url,
        page_title=row.page_title,
        referrer=row.referrer,
        locale=row.locale,
        visitor=row.visitor_id,
        name=row.visitor.name,
        email=row.visitor.email,
        email_verified=row.visitor.email_verified,
        asked_seq=asked_seq,
        request_id=str(client_id or reply.pk),
    )


def fingerprint(widget: Widget) -> str:
    """What a platform's session belongs to; needs no key."""
    return ProviderConfig(
        widget.provider, widget.base_url, widget.agent, options=widget.options
    ).fingerprint


def claim_next(row: Conversation, owner: str) -> Job | None:
    """The next pending reply of a locked conversation, claimed; None while one is under way."""
    if not owner:
        return None
    waiting = unfinished_replies().filter(conversation=row).order_by("seq")
    following = None
    for reply in waiting:
        if reply.status == Status.STREAMING:
            return None
        following = following or reply
    if following is None:
        return None
    following.status, following.owner, following.lease_until = Status.STREAMING, owner, lease()
    following.revision = changed(row)
    following.save(update_fields=["status", "owner", "lease_until", "revision"])
    return make_job(row, following)
