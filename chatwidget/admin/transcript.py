"""What the page of one conversation shows: some of its messages, and the way to the others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from django.http import QueryDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from chatwidget.admin.hits import marked, page_with
from chatwidget.admin.times import local, whole
from chatwidget.admin.words import CAUSES
from chatwidget.errors import REPLY_ERRORS
from chatwidget.models import (
    UNFINISHED,
    Conversation,
    Judgement,
    Message,
    Role,
    Status,
    Visitor,
)
from chatwidget.transcripts import search, search_query
from chatwidget.transcripts.marking import first_excerpt

PAGE = 100  # messages at once
MATCHES = 20  # of a search, at most

STATUS_LABELS: dict[str, Any] = {
    Status.PENDING: _("waiting for its turn"),
    Status.STREAMING: _("being written right now"),
    Status.STOPPED: _("stopped by the visitor"),
    Status.FAILED: _("failed"),
    Status.INTERRUPTED: _("interrupted"),
}

KINDS: dict[str, str] = {
    Role.USER: "cw-visitor",
    Role.OPERATOR: "cw-person",
    Role.EVENT: "cw-event",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One message as the template draws it."""

    message: Message
    day: date | None  # set where another day begins

    @property
    def at(self) -> datetime:
        """When it was stored, in the owner's time zone."""
        return local(self.message.created_at)

    @property
    def page(self) -> int:
        """The `after` that shows it with a few messages before it."""
        return page_with(self.message.seq)

    @property
    def is_visitor(self) -> bool:
        return self.message.role == Role.USER

    @property
    def is_agent(self) -> bool:
        return self.message.role == Role.ASSISTANT

    @property
    def is_person(self) -> bool:
        return self.message.role == Role.OPERATOR

    @property
    def kind(self) -> str:
        """The class that draws it."""
        return KINDS.get(self.message.role, "cw-agent")

    @property
    def is_unfinished(self) -> bool:
        return self.message.status in UNFINISHED

    @property
    def status(self) -> Any:
        """Empty for what is complete, which needs no word."""
        status = self.message.status
        return "" if status == Status.COMPLETE else STATUS_LABELS.get(status, status)

    @property
    def is_failed(self) -> bool:
        return self.message.status in (Status.FAILED, Status.INTERRUPTED)

    @property
    def cause(self) -> Any:
        """Why it failed, in plain words."""
        return CAUSES.get(self.message.error_code, "")

    @property
    def platform_id(self) -> str:
        return self.message.provider_message_id

    @property
    def shown_to_visitor(self) -> Any:
        """The words in which the visitor was told of the failure."""
        error = REPLY_ERRORS.get(self.message.error_code)
        return error.detail if error else ""

    @property
    def took(self) -> list[tuple[Any, str]]:
        """Seconds until the first words and until the end, where they were measured."""
        times = (
            (_("first words after"), self.message.first_chunk_ms),
            (_("whole after"), self.message.total_ms),
        )
        return [(label, f"{ms / 1000:.2f} s") for label, ms in times if ms is not None]

    @property
    def judgement(self) -> Judgement | None:
        """What staff think of it; read with the message."""
        found: Judgement | None = getattr(self.message, "judgement", None)
        return found

    @property
    def answered_by(self) -> str:
        """The fallback that answered; empty: the widget's own platform did."""
        return str(self.message.metadata.get("answered_by", "")) if self.is_agent else ""

    @property
    def retries(self) -> int:
        return self.message.attempt - 1

    @property
    def ui_kind(self) -> str:
        return str((self.message.ui or {}).get("type", _("element")))

    @property
    def ui_json(self) -> str:
        return json.dumps(self.message.ui, ensure_ascii=False, indent=2)

    @property
    def metadata_json(self) -> str:
        return json.dumps(self.message.metadata, ensure_ascii=False, indent=2)


def transcript(conversation: Conversation, query: Mapping[str, str]) -> dict[str, Any]:
    """A page of messages, the last one unless `before` or `after` (a seq) says which.

    Each page is one range of the index, however long the conversation is. What was searched for, in
    the list or here (`q`), comes with the way to where it was said.
    """
    messages = Message.objects.filter(conversation=conversation).select_related("judgement")
    listed = query.get("_changelist_filters", "")
    typed = query.get("q") or QueryDict(listed).get("q", "")
    before, after = number(query.get("before")), number(query.get("after"))
    if after is not None:
        rows = list(messages.filter(seq__gt=after).order_by("seq")[:PAGE])
    else:
        if before is not None:
            messages = messages.filter(seq__lt=before)
        rows = list(messages.order_by("-seq")[:PAGE])[::-1]
    first, last = (rows[0].seq, rows[-1].seq) if rows else (0, 0)
    return {
        "lines": lines(rows),
        "first": first,
        "last": last,
        "older": first if first > 1 else None,
        "newer": last if rows and last < conversation.last_seq else None,
        "search": typed,
        "marks": json.dumps(marked_words(typed)),
        "listed": listed,
        "matches": matches(conversation, typed),
        "image_hosts": json.dumps(conversation.widget.image_hosts),
        "base": base(conversation),
        "facts": facts(conversation),
    }


def base(conversation: Conversation) -> str:
    """What relative links in replies are relative to: the visitor's page, where the owner knows its
    site. Any other could be a page that the visitor made up."""
    parts = urlsplit(conversation.page_url)
    known = f"{parts.scheme}://{parts.netloc}" in conversation.widget.allowed_origins
    return conversation.page_url if known else ""


@dataclass(frozen=True, slots=True)
class Match:
    """A place in the conversation where something searched for was said."""

    seq: int
    excerpt: SafeString

    @property
    def page(self) -> int:
        """The `after` that shows it with a few messages before it."""
        return page_with(self.seq)


def marked_words(typed: str) -> list[list[str]]:
    """The folded words that are marked where they are: each as they follow one another."""
    return [list(term.words) for term in search_query.parse(typed).wanted]


def matches(conversation: Conversation, typed: str) -> list[Match]:
    """The first messages of the conversation that hold what is searched for."""
    query = search_query.parse(typed)
    if not query:
        return []
    hits = search.find_messages(query, [conversation.pk]).get(conversation.pk, [])
    rows = Message.objects.filter(pk__in=hits).order_by("seq")
    texts = rows.values_list("seq", "text", "rating_comment")
    return [Match(seq, marked(first_excerpt(said, query))) for seq, *said in texts[:MATCHES]]


def number(given: str | None) -> int | None:
    """A seq from the query; anything else counts as none."""
    return int(given) if given and given.isascii() and given.isdigit() and len(given) < 10 else None


def lines(rows: list[Message]) -> list[Line]:
    found, day = [], None
    for message in rows:
        its_day = local(message.created_at).date()
        found.append(Line(message, its_day if its_day != day else None))
        day = its_day
    return found


def email_of(visitor: Visitor) -> str:
    """Anybody can give any address, unless the embedding site vouches for it."""
    if visitor.email_verified or not visitor.email:
        return visitor.email
    return _("%(email)s (not verified)") % {"email": visitor.email}


def facts(conversation: Conversation) -> list[tuple[Any, Any]]:
    """What is known beside the words; what is not known is left out."""
    visitor = conversation.visitor
    consent = visitor.consent.get("version", "") if isinstance(visitor.consent, dict) else ""
    known = [
        (_("Name"), visitor.name),
        (_("E-mail"), email_of(visitor)),
        (_("Vouched for as"), visitor.external_id),
        (_("Consent given to version"), consent),
        (_("Visitor"), visitor.pk),
        (_("First seen"), whole(visitor.created_at)),
        (_("Page"), conversation.page_url),
        (_("Page title"), conversation.page_title),
        (_("Came from"), conversation.referrer),
        (_("Language"), conversation.locale),
        (_("Browser"), conversation.user_agent),
        (_("Started"), whole(conversation.started_at)),
        (_("Last message"), whole(conversation.last_message_at)),
        (_("Ended"), conversation.ended_at and whole(conversation.ended_at)),
        (_("Platform's session"), conversation.provider_session),
        (_("Conversation"), conversation.pk),
    ]
    return [(label, value) for label, value in known if value]
