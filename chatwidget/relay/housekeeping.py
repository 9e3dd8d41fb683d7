"""Once a second, what keeps a process and the transcript in step.

Checkpoint the running replies and renew their leases, obey stops that were given elsewhere, read
what runs elsewhere and is shown here, and take over what a process that died left behind.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from chatwidget import transcripts
from chatwidget.db import run_in_db_thread, run_urgently_in_db_thread
from chatwidget.errors import ChatError
from chatwidget.relay.events import ConversationClosed, MessagesChanged
from chatwidget.relay.relay import Relay
from chatwidget.relay.reply import Reply
from chatwidget.relay.room import Room
from chatwidget.transcripts import LEASE, Checkpoint, fingerprint, search

logger = logging.getLogger("chatwidget")

TICK_SECONDS = 1.0
# How often, in ticks, conversations are compared with the transcript, and orphans are looked for
# when nothing points to one.
COMPARE_TICKS = 3
REAP_TICKS = 3
# A database that takes longer is one that others may have waited for as well.
SLOW_SECONDS = 1.0


async def run_housekeeping(relay: Relay) -> None:
    """Tick until cancelled. Leases are renewed beside all else, which may have to wait for the
    database behind what the visitors ask of it."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_every_second(relay, renew_leases))
        tasks.create_task(_every_second(relay, run_checks))
        tasks.create_task(_every_second(relay, check_admission))


async def _every_second(relay: Relay, work: Callable[[Relay, int], Awaitable[None]]) -> None:
    ticks = 0
    while True:
        try:
            await work(relay, ticks)
        except ChatError as error:
            relay.storage_lost(error)
        except Exception:  # a bug here must not end checkpoints
            logger.exception("housekeeping")
        ticks += 1
        await asyncio.sleep(TICK_SECONDS)


async def renew_leases(relay: Relay, _ticks: int) -> None:
    if relay.running:
        await checkpoint(relay)


async def check_admission(relay: Relay, _ticks: int) -> None:
    await relay.admission.check()


async def run_checks(relay: Relay, ticks: int) -> None:
    rooms = relay.hub
    replicas = [
        (room, replica) for room in rooms.by_id.values() for replica in room.replicas.values()
    ]
    if replicas:
        await read_replicas(replicas)
    if rooms.pubsub.broken:
        rooms.rejoin()
    rooms.renew()
    if ticks % COMPARE_TICKS == 0:
        await compare(relay)
    if replicas or relay.suspects or ticks % REAP_TICKS == 0:
        await reap(relay)
    await run_in_db_thread(search.catch_up, search.BATCH)


async def checkpoint(relay: Relay) -> None:
    """Store what has changed of our replies, renew their leases, and see what became of them."""
    changed = []
    before = dict(relay.running)
    for running in before.values():
        reply, session = running.reply, running.reading.session
        if running.stored != (reply.length, session):
            if session == running.stored[1]:
                session = ""  # the conversation has it already
            running.stored = (reply.length, running.reading.session)
            config = fingerprint(running.job.widget) if session else ""
            entry = reply.entry
            changed.append(
                Checkpoint(entry.id, reply.conversation, entry.attempt, reply.text, session, config)
            )
    try:
        alive = await run_urgently_in_db_thread(
            transcripts.checkpoint, relay.worker, list(before), changed
        )
    except ChatError:
        for running in before.values():
            running.stored = (-1, "")  # nothing was stored: all of it next time
        raise
    for reply_id, running in before.items():
        if relay.running.get(reply_id) is not running or running.finishing:
            continue
        attempt, stop_asked = alive.get(reply_id, (0, False))
        if attempt != running.job.entry.attempt:
            running.erased = True
            relay.stop(reply_id)
        elif stop_asked:
            relay.stop(reply_id)


async def read_replicas(replicas: list[tuple[Room, Reply]]) -> None:
    """Read what other processes have checkpointed of the replies that our sockets follow."""
    found = await run_in_db_thread(
        transcripts.entries, [replica.entry.id for _, replica in replicas]
    )
    for room, replica in replicas:
        if room.replicas.get(replica.entry.id) is not replica:
            continue  # it has ended meanwhile
        if entry := found.get(replica.entry.id):
            room.append_remote(entry.id, entry.attempt, 0, entry.text)
            room.apply(MessagesChanged((entry,)))
        else:
            room.apply(ConversationClosed())


async def compare(relay: Relay) -> None:
    """Find what happened elsewhere without an event that came here, as a command that erases."""
    rooms = {id: room for id, room in relay.hub.by_id.items() if room.members}
    if not rooms:
        return
    stored = {id for id, room in rooms.items() if room.revision}
    revisions = await run_in_db_thread(transcripts.revisions, rooms)
    for conversation, room in rooms.items():
        if conversation in revisions:
            room.note(revisions[conversation])
        elif conversation in stored:
            room.apply(ConversationClosed())


async def reap(relay: Relay) -> None:
    """Give up the replies of processes that died, and begin those that nobody runs."""
    if relay.draining:
        return
    if time.monotonic() - relay.storage_lost_at < 2 * LEASE.total_seconds():
        # While the database was unavailable nobody could renew a lease: let the others do it first.
        return
    # A lease may also run out because its owner, like everybody, could not reach the database for
    # a while. So a reply is given up at the second look, and a look that took long is none.
    before, began = relay.suspects, time.monotonic()
    relay.suspects = await run_in_db_thread(transcripts.expired)
    if time.monotonic() - began > SLOW_SECONDS:
        relay.suspects = {}
    orphans = [reply for reply, lease in before.items() if relay.suspects.get(reply) == lease]
    changes = await run_in_db_thread(transcripts.reap, relay.worker, set(relay.running), orphans)
    for change in changes:
        if change.job is None:
            logger.warning("reply %s: its process is gone", change.entries[0].id)
        relay.announce(change)
