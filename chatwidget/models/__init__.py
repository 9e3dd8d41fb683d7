"""What is kept: the widgets an owner sets up, and the conversations visitors have with them.

Ids are UUIDs of version 7: they sort by the time they were made.
"""

from chatwidget.models.allowance import Allowance
from chatwidget.models.choices import UNFINISHED, EventKind, Role, Status, new_id
from chatwidget.models.conversation import Conversation, Message, SearchEntry, Visitor
from chatwidget.models.desk import Judgement, Note, SavedView, Tag, Verdict, WidgetAccess
from chatwidget.models.handover import Glance, Handover
from chatwidget.models.notice import Event, Notice, Webhook
from chatwidget.models.numbers import Counted, DailyKeys, Tally
from chatwidget.models.widget import Usage, Widget

__all__ = [
    "UNFINISHED",
    "Allowance",
    "Conversation",
    "Counted",
    "DailyKeys",
    "Event",
    "EventKind",
    "Glance",
    "Handover",
    "Judgement",
    "Message",
    "Note",
    "Notice",
    "Role",
    "SavedView",
    "SearchEntry",
    "Status",
    "Tag",
    "Tally",
    "Usage",
    "Verdict",
    "Visitor",
    "Webhook",
    "Widget",
    "WidgetAccess",
    "new_id",
]
