"""What staff add to a conversation: notes, tags, that they are done with it, and judgements."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.utils import timezone

from chatwidget.models import Conversation, Judgement, Message, Note, Role, Tag, Widget
from chatwidget.text import storable
from chatwidget.transcripts import search_index
from chatwidget.transcripts.folding import fold

MOST_TAGS = 20  # of one conversation
_BETWEEN_TAGS = re.compile(r"[,;\n،、，；]")


def name_of(user: Any) -> str:
    """As colleagues know them."""
    return str(user.get_full_name() or user.get_username())[:200]


def _typed(text: str) -> str:
    """What was typed into a form, whose line breaks browsers send as two characters."""
    return storable(text).replace("\r\n", "\n").strip()


def set_done(conversations: Collection[UUID], done: bool) -> None:
    """Staff are done with conversations as they are, or are not: a later message reopens one."""
    seq = F("last_seq") if done else 0
    Conversation.objects.filter(pk__in=conversations).update(done_seq=seq)


def add_note(conversation: Conversation, user: Any, text: str) -> Note | None:
    """None where the text is blank."""
    if not (text := _typed(text)):
        return None
    note = Note.objects.create(
        conversation=conversation, author=user, author_name=name_of(user), text=text
    )
    search_index.forget_about(conversation.pk)
    return note


def remove_note(conversation: Conversation, user: Any, note: str) -> bool:
    """Take one's own note back; False where it is none."""
    own = Note.objects.filter(conversation=conversation, author=user)
    if not note.isascii() or not note.isdigit() or not own.filter(pk=note[:18]).delete()[0]:
        return False
    search_index.forget_about(conversation.pk)
    return True


def split_tags(typed: str) -> list[str]:
    """What was typed, by commas: each tag once, in whatever case it was written first."""
    names: dict[str, str] = {}
    for part in _BETWEEN_TAGS.split(storable(typed)):
        name = " ".join(part.split())[:50].strip()
        if name:
            names.setdefault(fold(name), name)
    return list(names.values())[:MOST_TAGS]


@transaction.atomic
def set_tags(conversation: Conversation, names: Iterable[str]) -> bool:
    """Give a conversation these tags and no others; False where it has them already.

    A tag that the widget knows in another case is that one; one that nothing has is gone.
    """
    _lock_tags([conversation.widget_id])
    known = {fold(tag.name): tag for tag in Tag.objects.filter(widget=conversation.widget_id)}
    before = set(conversation.tags.all())
    wanted = {
        known.get(fold(name)) or Tag.objects.create(widget_id=conversation.widget_id, name=name)
        for name in names
    }
    if wanted == before:
        return False
    conversation.tags.set(wanted)
    drop_unused(tag.pk for tag in before - wanted)
    search_index.forget_about(conversation.pk)
    return True


def _lock_tags(widgets: Collection[int]) -> None:
    """One at a time: who takes the last conversation from a tag, and who gives it one."""
    # Not MariaDB's or SQLite's; elsewhere visitors' new rows need not wait for it.
    no_key = connection.features.has_select_for_no_key_update
    rows = Widget.objects.filter(pk__in=widgets).order_by("pk")
    list(rows.select_for_update(no_key=no_key).values_list("pk"))


@transaction.atomic
def add_tag(conversations: Collection[UUID], name: str) -> None:
    """Give conversations a tag; those that have as many as they may stay as they are."""
    by_widget: dict[int, list[UUID]] = {}
    rows = Conversation.objects.filter(pk__in=conversations).order_by()
    room = rows.annotate(count=Count("tags")).filter(count__lt=MOST_TAGS)
    for pk, widget in room.values_list("pk", "widget_id"):
        by_widget.setdefault(widget, []).append(pk)
    _lock_tags(by_widget)
    known = {tag.widget_id: tag for tag in tags_named(name).filter(widget__in=by_widget)}
    given = Tag.conversations.through
    for widget, pks in by_widget.items():
        tag = known.get(widget) or Tag.objects.create(widget_id=widget, name=name)
        made = (given(tag_id=tag.pk, conversation_id=pk) for pk in pks)
        given._default_manager.bulk_create(made, ignore_conflicts=True)
        search_index.forget_about(*pks)


@transaction.atomic
def remove_tag(conversations: Collection[UUID], name: str) -> None:
    """Take a tag from conversations; one that nothing has any more is gone."""
    tags = tags_named(name)
    _lock_tags(list(tags.values_list("widget", flat=True)))
    given = Tag.conversations.through._default_manager.filter(tag__in=tags)
    given.filter(conversation__in=conversations).delete()
    drop_unused(tags.values_list("pk", flat=True))
    search_index.forget_about(*conversations)


def tags_named(name: str) -> QuerySet[Tag]:
    """Every widget's tag of this name, in whatever case."""
    named, wanted = Tag.objects.values_list("pk", "name"), fold(name)
    return Tag.objects.filter(pk__in=[pk for pk, each in named if fold(each) == wanted])


def drop_unused(tags: Iterable[int]) -> None:
    """Delete those of the tags that no conversation has."""
    Tag.objects.filter(pk__in=list(tags), conversations=None).delete()


def tags_in_use() -> QuerySet[Tag]:
    """To be filtered by the widgets that somebody may see."""
    has = Tag.conversations.through.objects.filter(tag=OuterRef("pk"))
    return Tag.objects.filter(Exists(has))


def judge(message: Message, user: Any, verdict: str, reason: str, expected: str) -> None:
    """Say what to think of a reply; an empty verdict takes the judgement back."""
    if not verdict:
        Judgement.objects.filter(message=message).delete()
        return
    Judgement.objects.update_or_create(
        message=message,
        defaults={
            "verdict": verdict,
            "reason": _typed(reason),
            "expected": _typed(expected),
            "author": user,
            "author_name": name_of(user),
            "created_at": timezone.now(),
        },
    )


def judgeable(conversation: Conversation, message: str) -> Message | None:
    """The agent's reply of this seq in the conversation."""
    if not (message.isascii() and message.isdigit() and len(message) < 10):
        return None
    rows = Message.objects.filter(conversation=conversation, role=Role.ASSISTANT)
    return rows.filter(seq=int(message)).first()
