"""The frames between the admin's live pages and the server; docs/desk.md says what each is for.

The server's other frames are those that visitors get.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from chatwidget.protocol import SendId, SentFrame


class StaffFrame(Struct, frozen=True, tag_field="type"):
    """Any frame that a page of the admin sends."""


class StaffHello(StaffFrame, frozen=True, tag="hello"):
    conversation: str | None = None  # null: the list
    locale: str = ""


class Take(StaffFrame, frozen=True, tag="take"):
    holder: str = ""  # who had it, as the page shows it; empty: the agent


class HandBack(StaffFrame, frozen=True, tag="hand_back"):
    pass


class Answer(StaffFrame, frozen=True, tag="send"):
    id: SendId
    text: str


class StaffTyping(StaffFrame, frozen=True, tag="typing"):
    pass


class Seen(StaffFrame, frozen=True, tag="seen"):
    seq: Annotated[int, Meta(ge=0, le=2**31 - 1)]


class StaffAck(StaffFrame, frozen=True, tag="ack"):
    id: str
    offset: Annotated[int, Meta(ge=0)]


class StaffPing(StaffFrame, frozen=True, tag="ping"):
    pass


AnyStaffFrame = StaffHello | Take | HandBack | Answer | StaffTyping | Seen | StaffAck | StaffPing


class Held(SentFrame, frozen=True, tag="held"):
    """Who has the conversation."""

    holder: str  # a user's primary key; empty: the agent
    name: str
    mine: bool
    asked: bool  # the visitor waits for a person


class LiveConversation(Struct, frozen=True):
    """One line of the list."""

    id: str
    widget: str
    who: str  # a name or an address; empty: nothing is known
    visitor: str  # the end of the visitor's id
    words: str  # the visitor's last
    at: str
    page: str
    unread: int
    staff: str  # the name of who has it; empty: the agent
    mine: bool
    asked_at: str  # since when a person is waited for; empty: none is
    here: bool  # the visitor has the chat open


class Live(SentFrame, frozen=True, tag="live"):
    """What goes on."""

    conversations: list[LiveConversation]


class Writing(SentFrame, frozen=True, tag="writing"):
    """Somebody writes."""

    name: str  # empty: the visitor


class Over(SentFrame, frozen=True, tag="over"):
    """The visitor talks in another conversation now, or this one was erased (null)."""

    conversation: str | None
