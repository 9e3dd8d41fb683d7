"""The spans of a message's trip, and the one id that it has from the visitor's frame on."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_django import Settings

from chatwidget import db
from chatwidget.conf import Secret
from chatwidget.models import Widget, new_id
from chatwidget.protocol import Retry, Send
from chatwidget.providers.transport import own_transport
from chatwidget.telemetry import traces
from tests.client import Chat
from tests.conftest import Serve
from tests.platforms.control import Control, as_new
from tests.replaying import Process as InLoop
from tests.replaying import Tab
from tests.running import Process, run
from tests.stored import a_widget

KEY = "sk-0123456789abcdef"


@dataclass
class Trip:
    """A visitor's tab in this process, and the spans that end in it."""

    tab: Tab
    exporter: InMemorySpanExporter
    agents: Control

    async def say(self, text: str) -> str:
        """The id of a message that is accepted."""
        id = str(uuid.uuid4())
        await self.tab.do(Send(id=id, text=text))
        return id

    async def answered(self) -> None:
        """All that runs has ended."""
        running = self.tab.process.relay.running
        while running:
            task = next(iter(running.values())).task
            assert task
            await task

    def of(self, request: str) -> dict[str, ReadableSpan]:
        """A message's spans, by their names."""
        found: dict[str, ReadableSpan] = {}
        for span in self.exporter.get_finished_spans():
            assert span.attributes
            if span.attributes["chatwidget.request_id"] == request:
                found[span.name.removeprefix("chatwidget.")] = span
        return found


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(traces, "_tracer", provider.get_tracer("chatwidget"))
    monkeypatch.setattr(traces, "_is_on", lambda: True)
    yield kept
    provider.shutdown()


@pytest.fixture
async def trip(
    transactional_db: None,
    close_threads: None,
    settings: Settings,
    platforms: Process,
    exporter: InMemorySpanExporter,
) -> AsyncIterator[Trip]:
    settings.CHATWIDGET = {"LIMITS": False, "ALLOW_PRIVATE_PROVIDERS": True}

    def make() -> Widget:
        fields = {"provider": "openai", "agent": "gpt", "key": Secret(KEY)}
        return a_widget("traced", base_url=f"{platforms.url}/v1", greeting="Hello!", **fields)

    widget = await db.run_in_db_thread(make)
    process = InLoop()
    async with as_new(Control(platforms.url)) as agents, own_transport():
        tab = Tab(process, widget, new_id())
        await tab.open(None)
        yield Trip(tab, exporter, agents)
        await tab.close()
        await process.kill()


async def test_a_trip_is_one_trace(trip: Trip) -> None:
    id = await trip.say("Do you sell a zeppelin?")
    await trip.answered()
    spans = trip.of(id)
    assert spans.keys() == {"accept", "queue", "reply", "request"}
    accept, queue, reply, request = (
        spans[name] for name in ("accept", "queue", "reply", "request")
    )
    assert accept.parent is None and accept.kind.name == "SERVER"
    for child, parent in ((queue, accept), (reply, accept), (request, reply)):
        assert child.parent and child.parent.span_id == parent.context.span_id
        assert child.context.trace_id == accept.context.trace_id
    assert queue.end_time and reply.start_time and queue.end_time <= reply.start_time
    [first] = reply.events
    assert first.name == "first words" and first.timestamp >= reply.start_time
    assert reply.attributes and request.attributes
    assert reply.attributes["chatwidget.status"] == "complete"
    assert request.attributes["http.response.status_code"] == 200
    # The platform has the same id, and goes on in the trace.
    [asked] = await trip.agents.log()
    assert asked["headers"]["x-request-id"] == id
    _, trace_id, span_id, _ = asked["headers"]["traceparent"].split("-")
    assert trace_id == trace.format_trace_id(request.context.trace_id)
    assert span_id == trace.format_span_id(request.context.span_id)


async def test_who_waits_is_in_the_trace_of_their_own_message(trip: Trip) -> None:
    first = await trip.say("hold:first")
    await trip.agents.waiting("first")
    second = await trip.say("And kettles?")
    await trip.agents.end("first")
    await trip.answered()
    one, two = trip.of(first), trip.of(second)
    assert one["accept"].context.trace_id != two["accept"].context.trace_id
    for name in ("queue", "reply", "request"):
        assert two[name].context.trace_id == two["accept"].context.trace_id
    held, queue = one["reply"], two["queue"]
    assert held.end_time and queue.start_time and queue.end_time
    assert queue.start_time < held.end_time <= queue.end_time  # it waited until the first had ended
    assert [each["headers"]["x-request-id"] for each in await trip.agents.log()] == [first, second]


async def test_a_failure_is_its_code_and_tells_nothing(trip: Trip) -> None:
    id = await trip.say("fault:echo-key zeppelin")  # an error, with the key and the text in it
    await trip.answered()
    spans = trip.of(id)
    assert spans["reply"].status.description == "provider_rejected"
    assert not spans["reply"].status.is_ok and not spans["request"].status.is_ok
    # What is tried again has the same id, in a trace of its own.
    [reply] = [frame for frame in trip.tab.unread if frame["type"] == "accepted"]
    conversation = reply["conversation"]
    await trip.tab.read(len(trip.tab.unread))
    failed = trip.tab.shown.transcript[-1]
    await trip.tab.do(Retry(id=failed["id"]))
    await trip.answered()
    again = trip.of(id)
    assert again["reply"].context.trace_id != spans["reply"].context.trace_id
    told = "".join(span.to_json() for span in trip.exporter.get_finished_spans())
    assert conversation in told
    for secret in (KEY, KEY[3:], "zeppelin", "Bearer", "Traceback"):
        assert secret not in told


async def test_nothing_of_it_where_the_extra_is_not_installed(serve: Serve, tmp_path: Path) -> None:
    absent = tmp_path / "opentelemetry"
    absent.mkdir()
    (absent / "__init__.py").write_text("raise ImportError('as where there is none')")
    server = await serve({"PYTHONPATH": str(tmp_path), "LOG_FORMAT": "json"})
    id = str(uuid.uuid4())
    async with Chat(server.url) as chat:
        await chat.hello()
        await chat.say("Hello", id)
        assert (await chat.until("done"))["status"] == "complete"
    await server.terminate()
    lines = [json.loads(line) for line in server.log.splitlines()]
    assert [line["request_id"] for line in lines if line["message"] == "reply"] == [id]


async def test_an_import_costs_the_api_at_most() -> None:
    """Whoever has the extra does not get an SDK, exporters or their threads with it."""
    code = (
        "import sys, django; django.setup(); import chatwidget.relay.relay;"
        "print(*sorted(name for name in sys.modules if name.startswith('opentelemetry.sdk')))"
    )
    done = await run(
        [sys.executable, "-c", code], env={"DJANGO_SETTINGS_MODULE": "project.settings"}
    )
    assert done.stdout.strip() == ""
