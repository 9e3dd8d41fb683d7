"""A courier of this process, and receivers that answer, fail, hang, or never end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from django.utils import timezone
from pytest_django import Settings

from chatwidget.db import run_in_db_thread
from chatwidget.models import Event, Notice, Webhook
from chatwidget.notices import courier as courier_module
from chatwidget.notices import queue, webhooks
from chatwidget.notices.courier import Courier
from chatwidget.providers.transport import own_transport
from chatwidget.transcripts import notices
from tests.notices.conftest import Receiver

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("close_threads"),
]

Begin = Callable[[], Awaitable[Courier]]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """The next attempt follows at once, and private addresses are allowed."""
    monkeypatch.setattr(queue, "PAUSES", (0.0, 0.0))
    settings.CHATWIDGET = {"ALLOW_PRIVATE_PROVIDERS": True}


@pytest.fixture
async def begin() -> AsyncIterator[Begin]:
    """A factory of couriers that run."""
    tasks: list[asyncio.Task[None]] = []
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(own_transport())

        async def make() -> Courier:
            made = Courier()
            tasks.append(asyncio.create_task(made.run()))
            return made

        yield make
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def a_hook(url: str) -> Webhook:
    def make() -> Webhook:
        hook = Webhook(url=url)
        hook.make_secret()
        hook.save()
        return hook

    return await run_in_db_thread(make)


async def tell(*hooks: Webhook, **data: Any) -> None:
    await run_in_db_thread(notices.store, Event.TEST, list(hooks), data)


async def until(reached: Callable[[list[Notice]], bool]) -> list[Notice]:
    """The notices, oldest first, once they are as they should be."""

    def read() -> list[Notice]:
        return list(Notice.objects.order_by("id"))

    async with asyncio.timeout(60):
        while not reached(found := await run_in_db_thread(read)):
            await asyncio.sleep(0.02)  # another thread stores it
    return found


def delivered(found: list[Notice]) -> bool:
    return all(notice.delivered_at for notice in found)


def given_up(found: list[Notice]) -> bool:
    return all(notice.due_at is None and not notice.delivered_at for notice in found)


async def test_signed_as_the_standard_says(receiver: Receiver, begin: Begin) -> None:
    await begin()
    hook = await a_hook(receiver.url)
    await tell(hook, text="Grüße 👋")
    [one] = await receiver.until(1)
    told = one.verified(hook.secret.reveal())
    assert (told["type"], told["data"]) == ("webhook.test", {"text": "Grüße 👋"})
    assert one.headers["content-type"] == "application/json"
    [notice] = await until(delivered)
    assert one.id == f"msg_{notice.pk.hex}"
    assert notice.last["status"] == 204


async def test_tried_again_under_the_same_id(receiver: Receiver, begin: Begin) -> None:
    receiver.answers = [500, 503]
    await begin()
    hook = await a_hook(receiver.url)
    await tell(hook)
    received = await receiver.until(3)
    assert len({(one.id, one.body) for one in received}) == 1
    for one in received:
        one.verified(hook.secret.reveal())
    [notice] = await until(delivered)
    assert [entry["status"] for entry in notice.log] == [204, 503, 500]
    assert notice.log[1]["said"] == "as you wish"


async def test_given_up_at_last_and_sent_again(receiver: Receiver, begin: Begin) -> None:
    receiver.answers = [500, 500, 500]
    await begin()
    await tell(await a_hook(receiver.url))
    [notice] = await until(given_up)
    assert (notice.attempts, len(receiver.received)) == (3, 3)
    await run_in_db_thread(notices.send_again, notice)
    [again] = await until(delivered)
    assert again.pk == notice.pk
    assert len({one.id for one in receiver.received}) == 1


async def test_one_that_cannot_be_made_is_given_up_as_well(
    receiver: Receiver, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug of ours, say in a site's own template of a mail."""

    def broken(*_: Any) -> str:
        raise KeyError("a bug")

    monkeypatch.setattr(webhooks, "sign", broken)
    await begin()
    await tell(await a_hook(receiver.url))
    [notice] = await until(given_up)
    assert notice.attempts == 3 and "KeyError" in notice.last["said"]


async def test_one_that_hangs_keeps_no_other_waiting(
    receiver: Receiver, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More notices than may be under way at once, and behind them another receiver's."""
    let_go = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        await let_go.wait()
        return web.Response()

    receiver.answers = [hang] * queue.AT_ONCE
    await begin()
    hanging = await a_hook(receiver.url)
    for _ in range(queue.AT_ONCE + 1):
        await tell(hanging)
    await receiver.until(queue.AT_ONCE)
    other = await a_hook(receiver.url)
    await tell(other)
    last = (await receiver.until(queue.AT_ONCE + 1))[-1]
    last.verified(other.secret.reveal())
    assert len(receiver.received) == queue.AT_ONCE + 1
    let_go.set()
    await until(delivered)


async def test_one_that_never_answers(
    receiver: Receiver, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "SECONDS", 0.2)
    monkeypatch.setattr(queue, "PAUSES", ())

    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    receiver.answers = [hang]
    await begin()
    await tell(await a_hook(receiver.url))
    [notice] = await until(given_up)
    assert notice.last["said"] == "no answer in 0.2 s"


async def test_an_answer_without_an_end_is_not_read_to_it(receiver: Receiver, begin: Begin) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await response.write(b"x" * 65536)
            sent += 65536
            await asyncio.sleep(0)  # a write may come back at once, and would starve the loop
        return response

    receiver.answers = [endless]
    await begin()
    await tell(await a_hook(receiver.url))
    [notice] = await until(delivered)
    assert len(notice.last["said"]) <= 301
    assert sent < 50_000_000


async def test_a_redirect_is_not_followed(
    receiver: Receiver, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "PAUSES", ())

    async def elsewhere(_: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    receiver.answers = [elsewhere]
    await begin()
    await tell(await a_hook(receiver.url))
    [notice] = await until(given_up)
    assert notice.last["status"] == 307
    assert len(receiver.received) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_never_to_a_private_address(
    receiver: Receiver,
    begin: Begin,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
) -> None:
    monkeypatch.setattr(queue, "PAUSES", ())
    settings.CHATWIDGET = {"ALLOW_PRIVATE_PROVIDERS": False}
    await begin()
    await tell(await a_hook(receiver.url.replace("127.0.0.1", host)))
    [notice] = await until(given_up)
    assert "private address" in notice.last["said"]
    assert not receiver.received


async def test_nobody_at_home(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "PAUSES", ())
    await begin()
    await tell(await a_hook("http://127.0.0.1:9/"))
    [notice] = await until(given_up)
    assert notice.last["status"] is None and "Connect" in notice.last["said"]


async def test_a_receiver_that_is_gone_is_switched_off(receiver: Receiver, begin: Begin) -> None:
    receiver.answers = [410]
    await begin()
    hook = await a_hook(receiver.url)
    await tell(hook)
    await until(given_up)
    assert not (await run_in_db_thread(Webhook.objects.get, pk=hook.pk)).active
    # What it has to get waits, in case it comes back.
    await tell(hook)
    assert await run_in_db_thread(queue.take, {}) == ([], None)


async def test_a_receiver_that_asks_for_a_pause_has_it(receiver: Receiver, begin: Begin) -> None:
    async def later(_: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": "1000"})

    receiver.answers = [later]
    await begin()
    await tell(await a_hook(receiver.url))
    [notice] = await until(lambda found: bool(found[0].log))
    assert notice.due_at and notice.due_at > timezone.now() + timedelta(seconds=900)


async def test_pauses_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    pauses = [queue._pause(n, None) for n in range(1, len(queue.PAUSES) + 1)]
    assert pauses == sorted(pauses)
    assert pauses[0] < 10 and sum(pauses) > 2 * 86_400


async def test_two_couriers_deliver_each_once(receiver: Receiver, begin: Begin) -> None:
    await begin()
    await begin()
    hook = await a_hook(receiver.url)
    await asyncio.gather(*(tell(hook, number=number) for number in range(30)))
    found = await until(delivered)
    assert len(found) == 30
    assert len(receiver.received) == 30


@pytest.mark.parametrize("turns", range(4))
async def test_it_ends_also_when_it_is_woken_meanwhile(
    monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    looked = asyncio.Event()

    async def look(_: Courier) -> float:
        looked.set()
        return 60.0

    monkeypatch.setattr(Courier, "_look", look)
    courier = Courier()
    running = asyncio.create_task(courier.run())
    await looked.wait()
    for _ in range(5):
        await asyncio.sleep(0)
    courier._woken.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running], timeout=30)
    assert running.cancelled()


async def test_a_notice_is_taken_by_one(receiver: Receiver) -> None:
    """Both have seen it before either took it."""
    await tell(await a_hook(receiver.url))

    def race() -> tuple[int, int]:
        seen = Notice.objects.get()
        mine, _ = queue.take({})
        theirs = Notice.objects.filter(pk=seen.pk, due_at=seen.due_at)
        return len(mine), theirs.update(attempts=9)

    assert await run_in_db_thread(race) == (1, 0)


async def test_one_whose_process_died_is_due_again(receiver: Receiver, begin: Begin) -> None:
    await tell(await a_hook(receiver.url))
    [lost], again = await run_in_db_thread(queue.take, {})  # and is never heard of again
    assert lost.due_at == again
    await begin()
    await run_in_db_thread(
        Notice.objects.filter(pk=lost.pk).update, due_at=timezone.now()
    )  # a minute has passed
    await run_in_db_thread(notices.wake)
    await until(delivered)
    assert [one.id for one in receiver.received] == [f"msg_{lost.pk.hex}"]
    # What the dead one would say now is not heard.
    await run_in_db_thread(queue.settle, lost, webhooks.Attempt(False, 500))
    [notice] = await until(delivered)
    assert [entry["status"] for entry in notice.log] == [204]


async def test_what_is_under_way_is_finished_before_the_end(
    receiver: Receiver, begin: Begin
) -> None:
    asked, let_go = receiver.held()
    made = await begin()
    hook = await a_hook(receiver.url)
    await tell(hook)
    await asked.wait()
    draining = asyncio.create_task(made.drain())
    await asyncio.sleep(0)
    await tell(hook)  # for another process, or the next
    let_go.set()
    await draining
    _first, second = await until(lambda found: bool(found[0].delivered_at))
    assert (second.attempts, len(receiver.received)) == (0, 1)


async def test_an_idle_process_leaves_the_database_alone(
    receiver: Receiver, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = asyncio.Queue[float]()
    monkeypatch.setattr(courier_module, "LOOK_SECONDS", 7.0)
    look = Courier._look

    async def counted(self: Courier) -> float:
        pause = await look(self)
        looks.put_nowait(pause)
        return pause

    monkeypatch.setattr(Courier, "_look", counted)
    await begin()
    assert await looks.get() == 7.0
    assert looks.empty()


async def test_old_ones_are_forgotten() -> None:
    hook = await a_hook("https://hooks.example/")
    await tell(hook)
    await tell(hook)

    def age() -> int:
        first = Notice.objects.order_by("id")[0]
        long_ago = timezone.now() - queue.KEPT - timedelta(hours=1)
        Notice.objects.filter(pk=first.pk).update(created_at=long_ago)
        queue.forget_old()
        return Notice.objects.count()

    assert await run_in_db_thread(age) == 1
