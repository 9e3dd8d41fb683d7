"""What the owner sees: the widgets they set up, and the conversations visitors had with them."""

from chatwidget.admin.access import WidgetAccessAdmin
from chatwidget.admin.conversations import ConversationAdmin
from chatwidget.admin.live import LiveAdmin
from chatwidget.admin.numbers import NumbersAdmin
from chatwidget.admin.webhooks import NoticeAdmin, WebhookAdmin
from chatwidget.admin.widgets import WidgetAdmin

__all__ = [
    "ConversationAdmin",
    "LiveAdmin",
    "NoticeAdmin",
    "NumbersAdmin",
    "WebhookAdmin",
    "WidgetAccessAdmin",
    "WidgetAdmin",
]
