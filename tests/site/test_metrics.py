"""`/metrics`: who may read it, and that what happens is what it counts."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404
from django.test import AsyncRequestFactory
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from chatwidget import metrics
from chatwidget.conf import conf
from chatwidget.telemetry import meters
from tests.client import Chat
from tests.conftest import Serve
from tests.running import ROOT, Server

TOKEN = {"Authorization": "Bearer the-scraper's-own-token"}
VARIABLES = {"CHATWIDGET_METRICS_TOKEN": "the-scraper's-own-token"}


async def read(server: Server) -> dict[tuple[str, ...], float]:
    """Samples by name and values of their labels, these by their names."""
    async with server.client(headers=TOKEN) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200 and answer.headers["Cache-Control"].startswith("max-age=0")
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, *dict(sorted(sample.labels.items())).values()): sample.value
        for family in families
        for sample in family.samples
    }


async def test_what_happens_is_counted(serve: Serve) -> None:
    server = await serve(VARIABLES)
    await server.manage("configure_widget", "demo", "--daily-messages", "4")
    before = await read(server)
    assert before["chatwidget_sockets",] == 0 and before["chatwidget_database_up",] == 1
    async with Chat(server.url) as chat:
        await chat.hello()
        await chat.say("Hello")
        await chat.until("done")
        during = await read(server)
    assert during["chatwidget_sockets",] == during["chatwidget_rooms",] == 1
    assert during["chatwidget_replies_total", "complete", "demo"] == 1
    assert during["chatwidget_chunks_total", "demo"] > 5
    assert during["chatwidget_first_words_seconds_count", "demo"] == 1
    assert during["chatwidget_reply_seconds_count", "demo"] == 1
    assert during["chatwidget_budget_used_ratio", "daily_messages", "demo"] == 0.25
    assert during["chatwidget_replies_queued",] == during["chatwidget_replies_running",] == 0
    counted = "chatwidget_database_wait_seconds_count"
    assert during[counted,] > before[counted,]
    async with Chat(server.url, origin="https://elsewhere.example") as chat:
        await chat.socket.wait_closed()
    assert (await read(server))["chatwidget_sockets_closed_total", "4403"] == 1


async def test_a_database_that_is_away_is_a_metric_not_a_failure(serve: Serve) -> None:
    server = await serve(VARIABLES)
    database = server.variables["DATABASE_URL"].removeprefix("sqlite:///")
    if "://" in database:
        pytest.skip("a file can be broken; a server is the other tests'")
    with sqlite3.connect(database) as broken:
        broken.execute("ALTER TABLE chatwidget_message RENAME TO elsewhere")
    after = await read(server)
    assert after["chatwidget_database_up",] == 0
    assert after["chatwidget_database_failures_total",] >= 1


@pytest.mark.parametrize(
    ("allowed", "headers", "may"),
    [
        ({}, TOKEN, False),
        ({"METRICS_TOKEN": "the-scraper's-own-token"}, TOKEN, True),
        ({"METRICS_TOKEN": "the-scraper's-own-token"}, {}, False),
        ({"METRICS_TOKEN": "another"}, TOKEN, False),
        ({"METRICS_ADDRESSES": ("127.0.0.0/8",)}, {}, True),
        ({"METRICS_ADDRESSES": ("10.0.0.0/8", "::1")}, {}, False),
        # A proxy that nobody trusts has its own address: it must not open this to the world.
        ({"METRICS_ADDRESSES": ("127.0.0.0/8",)}, {"X-Forwarded-For": "203.0.113.7"}, False),
        (
            {"METRICS_ADDRESSES": ("203.0.113.0/24",), "TRUSTED_PROXIES": ("127.0.0.1",)},
            {"X-Forwarded-For": "203.0.113.7"},
            True,
        ),
    ],
)
async def test_who_may_read(
    settings: Settings, allowed: dict[str, Any], headers: dict[str, str], may: bool
) -> None:
    settings.CHATWIDGET = allowed
    seen = AsyncRequestFactory().get("/metrics", headers=headers)
    assert isinstance(seen, ASGIRequest)
    assert metrics._may_read(seen) is may
    if not may:
        with pytest.raises(Http404):
            await metrics.metrics(seen)


def test_a_bad_network_is_refused(settings: Settings) -> None:
    settings.CHATWIDGET = {"METRICS_ADDRESSES": ("nonsense",)}
    with pytest.raises(ImproperlyConfigured, match="nonsense"):
        conf()


@pytest.mark.parametrize("name", ["deployment.md", "grafana.json"])
def test_docs_and_dashboard_name_what_there_is(name: str) -> None:
    text = generate_latest(meters.registry).decode()
    there = set(re.findall(r"^# TYPE (chatwidget_\w+) ", text, re.M))
    there = {metric for metric in there if not metric.endswith("_created")}
    told = set(re.findall(r"\bchatwidget_[a-z_]+[a-z]", (ROOT / "docs" / name).read_text()))
    plain = {re.sub("_(bucket|count|sum)$", "", metric) for metric in told}
    assert plain - {"chatwidget_doctor"} == there
