"""A widget's fallback, as it is when it is needed, and its platform's session in a conversation.

A conversation keeps both platforms' sessions, so that each knows what it was told itself.
"""

from __future__ import annotations

from uuid import UUID

from chatwidget.models import Conversation, Widget
from chatwidget.transcripts.locking import fingerprint
from chatwidget.transcripts.types import Job


def find_fallback(job: Job) -> tuple[Widget, str] | None:
    """The widget whose platform answers instead, and its session; None: there is none."""
    name = job.widget.fallback_id
    widget = Widget.objects.filter(pk=name).first() if name else None
    if widget is None:
        return None
    kept = Conversation.objects.filter(pk=job.conversation).values_list("fallback_session")
    config, _, session = next(iter(kept), ("",))[0].partition("\n")
    return widget, session if config == fingerprint(widget) else ""


def keep_fallback_session(conversation: UUID, widget: Widget, session: str) -> None:
    """Store the fallback's session, under the configuration that it belongs to."""
    kept = f"{fingerprint(widget)}\n{session}"
    Conversation.objects.filter(pk=conversation).update(fallback_session=kept)
