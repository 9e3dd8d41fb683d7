"""The owner's desk: search beside reading all messages, filters beside none, Numbers of a year.

`python -m tests.bench desk`, beside invented conversations (`demo_data`); with `--full` 1,000,000
messages, on SQLite and PostgreSQL. Pages are the admin's own, whole, in a process that is at work
already; a search's ratio is of what it adds to the page, beside what reading adds: to an empty list
or a full one, which cost the same however they are found. What the search index adds to a send is
CPU time, of the database too.
"""

import asyncio
from pathlib import Path
from time import perf_counter

import psutil

from tests.bench.generator import Tally, median
from tests.bench.provider import Provider
from tests.bench.servers import spent_by
from tests.bench.table import printed, verdict
from tests.bench.targets import manage, product_env, start
from tests.bench.years import Worker
from tests.services import Postgres

MANY, USUAL = 1_000_000, 20_000  # messages: reading few of them is quick
ROUNDS = 4
VISITORS, TURNS = 100, 3  # who send, and how often each
READING = "search by reading: absent"
LIST, EMPTY = "list: first page", "filter: tag=absent"
FULL = "search: frequent"  # a page as long as the list's
INDEX, COUNT = "index", "count"
# A step, beside which other, and how many times as long it may take; else how many ms.
GOALS = {"search": (READING, 0.05), "filter": (LIST, 3.0), "numbers": ("", 300.0)}
SEND_GOAL = 1.1

# For a worker: `search by reading` is how the admin searched before there was an index.
STEPS = """
from django.db.models import Exists, OuterRef, Q
from chatwidget.admin.conversations import ConversationAdmin
from tests.stored import a_conversation

def read_all(admin, request, rows, typed):
    said = Message.objects.filter(conversation=OuterRef("pk"), text__icontains=typed)
    person = Q(visitor__name__icontains=typed) | Q(visitor__email__icontains=typed)
    return rows.filter(person | Exists(said)), False

def by_reading(address):
    ours = ConversationAdmin.get_search_results
    ConversationAdmin.get_search_results = read_all
    try:
        page(address)
    finally:
        ConversationAdmin.get_search_results = ours

some = Conversation.objects.order_by("-last_message_at")[0]
a_conversation(some.widget, "Have you seen a quagga?", "No.")
search_index.catch_up()
rollups.catch_up()
FILTERS = [
    "state=open", "state=done", "live=1", "mine=1", "unanswered=1", "email=1", "note=1",
    f"widget__id__exact={some.widget_id}", f"since={DAY}&until={DAY}", "failed=yes", "failed=no",
    "failed=provider_timeout", "rated=any", "rated=good", "rated=bad", "tag=absent", "language=de",
    "page=cart", "page=absent",
]
steps = {
    "search by reading: absent": lambda: by_reading(LIST + "?q=zyzzyva"),
    "search: absent": lambda: page(LIST + "?q=zyzzyva"),
    "search: rare": lambda: page(LIST + "?q=quagga"),
    "search: frequent": lambda: page(LIST + "?q=the"),
    "list: first page": lambda: page(LIST),
    **{f"filter: {each}": lambda each=each: page(f"{LIST}?{each}") for each in FILTERS},
    "numbers: a year": lambda: page(YEAR),
    "index": lambda: search_index.catch_up(size=20),
    "count": rollups.catch_up,
}
"""


async def measure(provider: Provider, folder: Path, full: bool) -> str:
    """The table: what each step takes on both databases, and the ratios."""
    server, messages = Postgres(), MANY if full else USUAL
    databases = {"SQLite": f"sqlite:///{folder}/desk.sqlite3"}
    try:
        if full:
            await server.create()
            await server.start()
            databases["PostgreSQL"] = await server.database()
        for kind, database in databases.items():
            await _fill(kind, database, messages)
        postgres = [psutil.Process(server.process.pid)] if server.process else []
        return await compare(provider, folder, databases, messages, *postgres)
    finally:
        await server.stop()
        server.remove()


async def _fill(kind: str, database: str, messages: int) -> None:
    env, began = product_env(database), perf_counter()
    await manage(env, "migrate", "-v0")
    await manage(env, "collectstatic", "--no-input", "-v0")
    await manage(env, "demo_data", "--messages", str(messages), "-v0")
    print(f"  {kind}: {messages:,} messages in {perf_counter() - began:.0f} s", flush=True)


async def compare(
    provider: Provider,
    folder: Path,
    databases: dict[str, str],
    messages: int,
    *postgres: psutil.Process,
) -> str:
    """The same, of databases that are filled."""
    found: dict[str, dict[str, list[float]]] = {}
    sends = {}
    for kind, database in databases.items():
        worker = await Worker.on(database, STEPS)
        steps = [step for step in await worker.said() if step not in (INDEX, COUNT)]
        try:
            rounds = [{step: await worker.ms(step) for step in steps} for _ in range(ROUNDS + 1)]
            sends[kind] = await _sends(provider, folder, database, worker, *postgres)
        finally:
            await worker.end()
        # The first round fills caches.
        found[kind] = {step: [each[step] for each in rounds[1:]] for step in steps}
    lines = []
    for step in steps:
        base, goal = GOALS.get(step.partition(":")[0], ("", 0.0))
        if base == READING and messages < MANY:
            goal = 0.0
        line, reached = [step], True
        for of in found.values():
            value = median(of[step])
            if base:
                beside = zip(of[step], of[base], of[LIST], of[EMPTY], strict=True)
                value = median([_ratio(step, *each) for each in beside])
            line += [f"{median(of[step]):.1f}", f"{value:.3f}" if base else ""]
            reached = reached and value <= goal
        lines.append([*line, *([f"≤ {goal:g}", verdict(reached)] if goal else ["", ""])])
    ratios = [with_index / without for without, with_index in sends.values()]
    line = ["a send's CPU with its words indexed"]
    for (_, with_index), ratio in zip(sends.values(), ratios, strict=True):
        line += [f"{with_index:.1f}", f"{ratio:.3f}"]
    lines.append([*line, f"≤ {SEND_GOAL:g}", verdict(max(ratios) <= SEND_GOAL)])
    head = [f"ms, medians, {messages:,} messages"]
    for kind in databases:
        head += [kind, "ratio"]
    return printed([*head, "goal", ""], lines)


def _ratio(step: str, of: float, base: float, full: float, empty: float) -> float:
    """What a step takes beside its base; of searches, what either adds to the list."""
    if GOALS[step.partition(":")[0]][0] != READING:
        return of / base
    return max(of - (full if step == FULL else empty), 0) / (base - empty)


async def _sends(
    provider: Provider, folder: Path, database: str, worker: Worker, *postgres: psutil.Process
) -> tuple[float, float]:
    """CPU ms of a send with its reply, and the same with what it costs to index both.

    Means of several rounds: now and then PostgreSQL's index does what it has put off in others. No
    process ends meanwhile, whose time would be nobody's for a moment.
    """
    target = await start("ours-daphne", provider, folder, database)
    assert target.server
    indexing = psutil.Process(worker.pid)
    spent = indexed = 0.0
    try:
        for _ in range(ROUNDS):
            visitors = await target.open(VISITORS, Tally())
            before = spent_by(target.server.watched, *postgres)
            for _ in range(TURNS):
                await asyncio.gather(*(visitor.say("100 40") for visitor in visitors))
            spent += spent_by(target.server.watched, *postgres) - before
            for visitor in visitors:
                visitor.close()
            before = spent_by(indexing, *postgres)
            await worker.ms(INDEX)
            indexed += spent_by(indexing, *postgres) - before
            await worker.ms(COUNT)
    finally:
        target.stop()
    sent = ROUNDS * VISITORS * TURNS / 1000
    return spent / sent, (spent + indexed) / sent
