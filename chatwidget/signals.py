"""What Django code may listen to. Each is sent once its transaction is committed, by the process in
which it happens, with `sender=Widget`.

Receivers run in the thread that stored it, and visitors wait for that: what takes time belongs in a
task or a webhook. A receiver that fails is logged and stops nobody. A process that dies at that
very moment loses the signal, but no webhook.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.dispatch import Signal

# `widget` (its slug), `conversation`, `visitor` and `message` (ids), `text`.
message_accepted = Signal()
# `widget`, `conversation`, `visitor`, `message`, `status`, `error` (a code, or empty).
reply_finished = Signal()
# `widget`, `conversation`, `visitor`.
conversation_started = Signal()
# `widget`, `visitor`, `name`, `email`, `email_verified`, `external_id`: an address became known, or
# the embedding site vouches for somebody who was not known.
visitor_identified = Signal()
# `widget`, `conversation`, `visitor`, `to` ("person" or "agent"), `by` (a user's name, or empty).
handover = Signal()
# `widget` (the model), `budget`, `used`, `limit`: so much of one is used up.
budget_warning = Signal()


def send_on_commit(signal: Signal, sender: Any, **values: Any) -> None:
    """Send it once the transaction is committed; costs nothing where nobody listens."""
    if signal.has_listeners(sender):
        transaction.on_commit(lambda: signal.send_robust(sender, **values))
