"""What this process counts, for `chatwidget.metrics`: a microsecond or two each, never per chunk.

Labels are few: a platform's name, an outcome or error code, a close code. Never a visitor's word.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

registry = CollectorRegistry()
ProcessCollector(registry=registry)
GCCollector(registry=registry)

QUICK = (0.001, 0.005, 0.025, 0.1, 0.5, 1, 5)
SPOKEN = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)

replies = Counter(
    "chatwidget_replies",
    "Replies that have ended, by platform and by status or error code.",
    ["provider", "outcome"],
    registry=registry,
)
first_words = Histogram(
    "chatwidget_first_words_seconds",
    "From a reply's start to its first words.",
    ["provider"],
    buckets=SPOKEN,
    registry=registry,
)
reply_seconds = Histogram(
    "chatwidget_reply_seconds",
    "From a reply's start to its end.",
    ["provider"],
    buckets=(*SPOKEN, 120, 300),
    registry=registry,
)
chunks = Counter(
    "chatwidget_chunks",
    "Pieces of replies, as platforms sent them.",
    ["provider"],
    registry=registry,
)
closed = Counter(
    "chatwidget_sockets_closed", "Sockets that the server closed.", ["code"], registry=registry
)
database_wait = Histogram(
    "chatwidget_database_wait_seconds",
    "How long an operation waited for a thread, and so for a connection.",
    buckets=QUICK,
    registry=registry,
)
database_seconds = Histogram(
    "chatwidget_database_seconds",
    "How long an operation of the database took.",
    buckets=QUICK,
    registry=registry,
)
database_failures = Counter(
    "chatwidget_database_failures",
    "Operations for which the database was unavailable.",
    registry=registry,
)

# As of the moment when they are asked for.
sockets = Gauge("chatwidget_sockets", "Chats that are open.", registry=registry)
rooms = Gauge("chatwidget_rooms", "Conversations that are shown or answered.", registry=registry)
running = Gauge("chatwidget_replies_running", "Replies in flight.", registry=registry)
draining = Gauge("chatwidget_draining", "1 while the process ends.", registry=registry)
database_up = Gauge("chatwidget_database_up", "1 while the database answers.", registry=registry)
queue = Gauge(
    "chatwidget_replies_queued",
    "Replies that wait for their turn, in the whole database.",
    registry=registry,
)
notices = Gauge(
    "chatwidget_notices_waiting", "Webhooks and mails that are to be delivered.", registry=registry
)
budget_used = Gauge(
    "chatwidget_budget_used_ratio",
    "How much of a day's budget is used up, of the first widgets that have one.",
    ["widget", "budget"],
    registry=registry,
)
