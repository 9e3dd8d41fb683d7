"""The entries that are searched for words: what was said, who said it, and what staff noted.

The index follows `Conversation.revision`: what has changed since `indexed_revision` is read once
more, by the housekeeping every few seconds and before every search, so that a message is found as
soon as it is stored, and to store it costs nothing more.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Substr

from chatwidget.models import UNFINISHED, Conversation, Message, Note, Role, SearchEntry, Tag
from chatwidget.transcripts import batches, search_sql
from chatwidget.transcripts.folding import MAX_TEXT, indexed
from chatwidget.transcripts.search_query import ORIGINS
from chatwidget.transcripts.sql import Row
from chatwidget.transcripts.standing import THESE, id_of, rows_of

# Entries that are stored by one statement.
AT_ONCE = 1_000
# Ids that are read at once where one is taken: many messages may be of one moment.
AHEAD = 1_000
_OF_ROLE: dict[str, str] = {Role.USER: "r0", Role.ASSISTANT: "r1", Role.OPERATOR: "r2"}


def outdated() -> QuerySet[Conversation]:
    """The conversations that have changed since they were indexed; as the partial index says it."""
    return Conversation.objects.filter(revision__gt=F("indexed_revision"))


def catch_up(most: int = 1_000_000, **how: Any) -> int:
    """Index what has changed; the number of conversations. `how`: as `batches` says."""
    return batches.catch_up(outdated, _index_batch, most, **how)


def _index_batch(found: list[UUID]) -> None:
    about = rows_of(_about, these=found)
    noted: dict[Any, list[str]] = defaultdict(list)
    for question in (_tags, _notes):
        for conversation, text in rows_of(question, these=found):
            noted[conversation].append(text)
    widgets = {conversation: widget for conversation, widget, *_ in about}
    entries = [
        *(_about_entry(of, widget, [*known, *noted[of]]) for of, widget, *known in about),
        *(_said_entry(widgets[of], of, *row) for of, *row in rows_of(_said, these=found)),
    ]
    for start in range(0, len(entries), AT_ONCE):
        some = entries[start : start + AT_ONCE]
        search_sql.forget(some)
        _insert(some)
    search_sql.mark_indexed(found)


def _about() -> QuerySet[Conversation, Any]:
    """What is known beside the messages: visitor, page, platform's ids."""
    visitor = ("visitor__name", "visitor__email", "visitor__external_id")
    ours = ("provider_session", "fallback_session", "page_url", "page_title")
    rows = Conversation.objects.filter(pk__in=THESE).order_by("pk")
    return rows.values_list("pk", "widget_id", *visitor, *ours)


def _tags() -> QuerySet[Any, Any]:
    tags = Tag.conversations.through.objects.filter(conversation__in=THESE)
    return tags.values_list("conversation_id", "tag__name")


def _notes() -> QuerySet[Note, Any]:
    notes = Note.objects.filter(conversation__in=THESE).order_by("-id")
    return notes.values_list("conversation_id", "text")


def _said() -> QuerySet[Message, Any]:
    """The messages that have changed."""
    new = Q(revision__gt=F("conversation__indexed_revision")) | Q(conversation__indexed_revision=0)
    rows = Message.objects.filter(new, conversation__in=THESE).exclude(status__in=UNFINISHED)
    # No more of a text than is indexed: a reply may have a megabyte.
    beginning = Substr("text", 1, MAX_TEXT)
    return rows.values_list("conversation_id", "id", "role", beginning, "rating_comment")


def _about_entry(conversation: Any, widget: int, known: list[str]) -> Row:
    words = f"{indexed(chr(10).join(known))} w{widget} {ORIGINS['about']}"
    return _entry(conversation, conversation, None, words)


def _said_entry(
    widget: int, conversation: Any, message: Any, role: str, text: str, comment: str
) -> Row:
    words = f"{indexed(text)} {indexed(comment)} w{widget} {_OF_ROLE.get(role, 'r9')}"
    return _entry(message, conversation, id_of(message), words)


def _entry(of: Any, conversation: Any, message: UUID | None, words: str) -> Row:
    return {
        "id": id_of(of).int >> 65,  # 48 bits of time, and some that tell two of one moment apart
        "conversation_id": id_of(conversation),
        "message_id": message,
        "words": words,
    }


def _insert(entries: list[Row]) -> None:
    """Store entries; one whose id is taken gets the next free one."""
    taken = search_sql.taken([entry["id"] for entry in entries])
    low = high = 0  # between these, what is stored is in `taken`
    for entry in entries:
        while entry["id"] in taken:
            entry["id"] += 1
            if not low <= entry["id"] <= high:
                behind = SearchEntry.objects.filter(pk__gte=entry["id"]).order_by("pk")
                stored = list(behind.values_list("pk", flat=True)[:AHEAD])
                taken.update(stored)
                low, high = entry["id"], stored[-1] if len(stored) == AHEAD else 1 << 63
        taken.add(entry["id"])
    search_sql.store(entries)


def forget_about(*conversations: UUID) -> None:
    """Have what is known about conversations indexed again, and no more of them than their end."""
    _forget(Conversation.objects.filter(pk__in=conversations))


def forget_about_visitor(visitor: UUID) -> None:
    """The same of all conversations of a visitor."""
    _forget(Conversation.objects.filter(visitor=visitor))


def _forget(conversations: QuerySet[Conversation]) -> None:
    rows = conversations.filter(indexed_revision__gte=F("revision"), revision__gt=0)
    rows.update(indexed_revision=F("revision") - 1)
