"""Keeps a process and the transcript in step, once a second.

Checkpoint the running replies and renew their leases, obey stops that were given elsewhere, read
what runs elsewhere and is shown here, and take over what a process that died left behind.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from chatwidget import transcripts
from chatwidget.db import run_in_db_thread, run_urgently_in_db_thread
from chatwidget.errors import ChatError
from chatwidget.relay.events import ConversationClosed, MessagesChanged
from chatwidget.relay.relay import Relay
from chatwidget.relay.reply import Reply
from chatwidget.relay.room import Room
from chatwidget.transcripts import LEASE, Checkpoint, fingerprint, retention, rollups, search_index

logger = logging.getLogger("chatwidget")

TICK_SECONDS = 1.0
# How often, in ticks, conversations are compared with the transcript, and orphans are looked for
# when nothing points to one.
COMPARE_TICKS = 3
REAP_TICKS = 3
# How often what is too old is looked for.
ERASE_TICKS = 600
# A conversation is indexed and counted again when it has changed: seldom, so that few are twice,
# and a process with nothing to do asks the database little; some milliseconds of them at once.
FOLLOW_TICKS = 5
FOLLOW_BATCH = 20
# A database that takes longer is one that others may have waited for as well.
SLOW_SECONDS = 1.0


class Housekeeping:
    """What one process does each second, and what it remembers from one second to the next."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        # Of our replies: length and session as of the last checkpoint.
        self._stored: dict[UUID, tuple[int, str]] = {}
        # Of other processes' replies: when their leases had run out, at the last look.
        self._suspects: dict[UUID, object] = {}
        self._more_to_erase = False

    async def run(self) -> None:
        """Tick until cancelled. Leases are renewed beside all else, which may have to wait for the
        database behind what the visitors ask of it."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._every_second(self.renew_leases))
            tasks.create_task(self._every_second(self.run_checks))
            tasks.create_task(self._every_second(self.check_admission))
            tasks.create_task(self._every_second(self.erase_old))
            tasks.create_task(self._every_second(self.follow))

    async def _every_second(self, work: Callable[[int], Awaitable[None]]) -> None:
        ticks = 0
        while True:
            try:
                await work(ticks)
            except ChatError as error:
                self._relay.database_lost(error)
            except Exception:  # a bug here must not end checkpoints
                logger.exception("housekeeping")
            ticks += 1
            await asyncio.sleep(TICK_SECONDS)

    async def renew_leases(self, _ticks: int) -> None:
        if self._relay.running:
            await self._checkpoint()

    async def check_admission(self, _ticks: int) -> None:
        await self._relay.admission.check()

    async def erase_old(self, ticks: int) -> None:
        """Erase what is older than its widget keeps it, by small batches."""
        if (self._more_to_erase or ticks % ERASE_TICKS == 0) and not self._relay.draining:
            self._more_to_erase = await run_in_db_thread(retention.erase_overdue)

    async def follow(self, ticks: int) -> None:
        """Index and count the conversations that have paused. What visitors wait for goes between
        two batches, and so does what others write: on SQLite they only try now and then, and have
        as long for it as the batch took."""
        if ticks % FOLLOW_TICKS == 0:
            for catch_up in (search_index.catch_up, rollups.catch_up):
                done = FOLLOW_BATCH
                while done == FOLLOW_BATCH:
                    began = time.monotonic()
                    done = await run_in_db_thread(
                        catch_up, FOLLOW_BATCH, size=FOLLOW_BATCH, settled=True
                    )
                    await asyncio.sleep(time.monotonic() - began)

    async def run_checks(self, ticks: int) -> None:
        hub = self._relay.hub
        replicas = [(room, each) for room in hub.by_id.values() for each in room.replicas.values()]
        if replicas:
            await self._read_replicas(replicas)
        if hub.pubsub.broken:
            hub.rejoin()
        hub.renew()
        if ticks % COMPARE_TICKS == 0:
            await self._compare()
        if replicas or self._suspects or ticks % REAP_TICKS == 0:
            await self._reap()
        if ticks % REAP_TICKS == 0:
            await self._resume_forsaken()

    async def _checkpoint(self) -> None:
        """Store what has changed of our replies, renew their leases, and obey what was asked."""
        before, stored = dict(self._relay.running), self._stored
        changed = []
        for running in before.values():
            reply, session = running.reply, running.session
            length, known = stored.get(reply.entry.id, (0, ""))
            if (length, known) != (reply.length, session):
                stored[reply.entry.id] = reply.length, session
                session = "" if session == known else session  # the conversation has it already
                config = fingerprint(running.job.widget) if session else ""
                entry, conversation = reply.entry, reply.conversation
                changed.append(
                    Checkpoint(entry.id, conversation, entry.attempt, reply.text, session, config)
                )
        self._stored = {id: stored[id] for id in before if id in stored}
        try:
            alive = await run_urgently_in_db_thread(
                transcripts.checkpoint, self._relay.worker, list(before), changed
            )
        except ChatError:
            self._stored.clear()  # nothing was stored: all of it next time
            raise
        for reply_id, running in before.items():
            if self._relay.running.get(reply_id) is running:
                attempt, stop_asked = alive.get(reply_id, (0, False))
                if attempt != running.job.entry.attempt:
                    running.lose()
                elif stop_asked:
                    self._relay.stop(reply_id)

    async def _read_replicas(self, replicas: list[tuple[Room, Reply]]) -> None:
        """Read what other processes have checkpointed of the replies that our sockets follow."""
        found = await run_in_db_thread(
            transcripts.entries, [replica.entry.id for _, replica in replicas]
        )
        for room, replica in replicas:
            if room.replicas.get(replica.entry.id) is not replica:
                continue  # it has ended meanwhile
            if entry := found.get(replica.entry.id):
                if replica.entry.is_same_attempt(entry):
                    replica.append_from(0, entry.text)
                room.apply(MessagesChanged((entry,)))
            else:
                room.apply(ConversationClosed())

    async def _compare(self) -> None:
        """Find what happened elsewhere without an event, by a command that erases for example."""
        rooms = {id: room for id, room in self._relay.hub.by_id.items() if room.members}
        if not rooms:
            return
        stored = {id for id, room in rooms.items() if room.revision}
        revisions = await run_in_db_thread(transcripts.revisions, rooms)
        for conversation, room in rooms.items():
            if conversation in revisions:
                room.note(revisions[conversation])
            elif conversation in stored:
                room.apply(ConversationClosed())

    async def _resume_forsaken(self) -> None:
        """The agent has again what a person has, and says nothing in."""
        for change in await run_in_db_thread(transcripts.resume_forsaken, self._relay.claimant):
            self._relay.announce(change)

    async def _reap(self) -> None:
        """Give up the replies of processes that died, and begin those that nobody runs."""
        relay = self._relay
        if relay.draining:
            return
        if time.monotonic() - relay.database_lost_at < 2 * LEASE.total_seconds():
            # While it was unavailable nobody could renew a lease: let the others do it first.
            return
        # A lease may also run out because its owner, like everybody, could not reach the database
        # for a while. So a reply is given up at the second look, and a look that took long is none.
        before, began = self._suspects, time.monotonic()
        self._suspects = await run_in_db_thread(transcripts.expired)
        if time.monotonic() - began > SLOW_SECONDS:
            self._suspects = {}
        orphans = [reply for reply, lease in before.items() if self._suspects.get(reply) == lease]
        changes = await run_in_db_thread(
            transcripts.reap, relay.worker, set(relay.running), orphans
        )
        for change in changes:
            if change.job is None:
                logger.warning("reply %s: its process is gone", change.entries[0].id)
            relay.announce(change)
