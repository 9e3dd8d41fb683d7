"""The transcript: the only writer of visitors, conversations and messages.

Every function is one transaction, synchronous, and called through `storage.stored`. A change of a
conversation happens under its row's lock and adds to its `revision`: one for each message that is
new or changes, one when it is ended.

A reply is `pending` until a process claims it; a claimed one is `streaming`, has an owner and a
lease, and has (as far as anybody can know) gone to the platform. So an orphan whose lease ran out
becomes `interrupted`, and a pending one may be claimed by anybody once no other reply of its
conversation is under way.
"""

from chatwidget.transcripts.entries import (
    Accepted,
    Checkpoint,
    ConversationGone,
    Details,
    Ended,
    Entry,
    Job,
    Opening,
    Outcome,
    Snapshot,
)
from chatwidget.transcripts.reading import (
    accepted_before,
    entries,
    entry,
    history,
    latest,
    older,
    revisions,
    snapshot,
)
from chatwidget.transcripts.rows import LEASE, fingerprint
from chatwidget.transcripts.running import checkpoint, expired, finish, reap
from chatwidget.transcripts.sending import (
    accept,
    ask_stop,
    describe,
    end,
    rate,
    retry,
    visit,
)

__all__ = [
    "LEASE",
    "Accepted",
    "Checkpoint",
    "ConversationGone",
    "Details",
    "Ended",
    "Entry",
    "Job",
    "Opening",
    "Outcome",
    "Snapshot",
    "accept",
    "accepted_before",
    "ask_stop",
    "checkpoint",
    "describe",
    "end",
    "entries",
    "entry",
    "expired",
    "fingerprint",
    "finish",
    "history",
    "latest",
    "older",
    "rate",
    "reap",
    "retry",
    "revisions",
    "snapshot",
    "visit",
]
