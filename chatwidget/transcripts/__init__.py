"""The transcript: the only writer of visitors, conversations and messages.

Every function is one transaction, synchronous, and called through `db.run_in_db_thread`. A
conversation changes under its row's lock, and each change adds one to its `revision`: that of a
message, which has this revision from then on, and that of the conversation's end. So a reader who
knows all up to some revision gets the rest by `changes_since`.

A reply is `pending` until a process claims it; a claimed one is `streaming`, has an owner and a
lease, and has (as far as anybody can know) gone to the platform. So an orphan whose lease ran out
becomes `interrupted`, and a pending one may be claimed by anybody once no other reply of its
conversation is under way.
"""

from chatwidget.transcripts.admission import (
    Rules,
    admitted,
    check_admission,
    check_known,
    is_blocked,
    read_doors,
    switched_off,
)
from chatwidget.transcripts.allowances import give_allowance, use_allowance
from chatwidget.transcripts.budgets import consume_greeting
from chatwidget.transcripts.fallback import find_fallback
from chatwidget.transcripts.handover import (
    Holder,
    ask_for_person,
    hand_back,
    holder,
    keep_active,
    record_glance,
    resume_forsaken,
    store_answer,
    take_over,
)
from chatwidget.transcripts.locking import LEASE, fingerprint
from chatwidget.transcripts.people import join_visitors, update_visitor
from chatwidget.transcripts.queries import (
    accepted_before,
    changes_since,
    entries,
    entry,
    history,
    older,
    revisions,
    snapshot,
)
from chatwidget.transcripts.reply_requests import rate, request_stop, retry
from chatwidget.transcripts.reply_writes import checkpoint, expired, finish, reap
from chatwidget.transcripts.types import (
    Change,
    Checkpoint,
    ConversationGone,
    Entry,
    Job,
    NewConversation,
    NewMessage,
    Outcome,
    Snapshot,
    Staff,
    StoredMessage,
    VisitorDetails,
)
from chatwidget.transcripts.visitor_writes import (
    end_conversation,
    record_page,
    store_message,
)

__all__ = [
    "LEASE",
    "Change",
    "Checkpoint",
    "ConversationGone",
    "Entry",
    "Holder",
    "Job",
    "NewConversation",
    "NewMessage",
    "Outcome",
    "Rules",
    "Snapshot",
    "Staff",
    "StoredMessage",
    "VisitorDetails",
    "accepted_before",
    "admitted",
    "ask_for_person",
    "changes_since",
    "check_admission",
    "check_known",
    "checkpoint",
    "consume_greeting",
    "end_conversation",
    "entries",
    "entry",
    "expired",
    "find_fallback",
    "fingerprint",
    "finish",
    "give_allowance",
    "hand_back",
    "history",
    "holder",
    "is_blocked",
    "join_visitors",
    "keep_active",
    "older",
    "rate",
    "read_doors",
    "reap",
    "record_glance",
    "record_page",
    "request_stop",
    "resume_forsaken",
    "retry",
    "revisions",
    "snapshot",
    "store_answer",
    "store_message",
    "switched_off",
    "take_over",
    "update_visitor",
    "use_allowance",
]
