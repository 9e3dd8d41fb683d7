"""docs/grafana.json: each panel's questions, asked of a Prometheus that has scraped a server."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client import Chat
from tests.conftest import Serve
from tests.readme import blocks
from tests.running import ROOT, Process, free_port

DASHBOARD: dict[str, Any] = json.loads((ROOT / "docs" / "grafana.json").read_text())
TOKEN = "the-scraper's-own-token"
# What Grafana puts in their place.
VALUES = {"$job": "chatwidget", "$worker": ".*", "$__rate_interval": "20s"}


def questions() -> dict[str, str]:
    """Each expression, by its panel and place."""
    found = {}
    for panel in DASHBOARD["panels"]:
        for number, target in enumerate(panel["targets"]):
            expression = target["expr"]
            for name, value in VALUES.items():
                expression = expression.replace(name, value)
            found[f"{panel['title']} {number}"] = expression
    return found


def test_panels_lie_beside_each_other() -> None:
    """On Grafana's 24 columns, none over another, each with a unit or numbers that need none."""
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, (panel["title"], taken[x, y])
                taken[x, y] = panel["title"]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


async def test_each_panel_has_something_to_draw(serve: Serve, tmp_path: Path) -> None:
    if (program := shutil.which("prometheus")) is None:
        pytest.skip("prometheus is not on this machine")
    server = await serve({"CHATWIDGET_METRICS_TOKEN": TOKEN})
    await server.manage("configure_widget", "demo", "--daily-messages", "4")
    config, port = tmp_path / "prometheus.yml", free_port()
    [block] = [each.code for each in blocks("deployment") if each.language == "yaml"]
    shown = block.replace("127.0.0.1:8001", f"127.0.0.1:{server.port}")
    shown = shown.replace("/etc/prometheus/chatwidget.token", str(tmp_path / "token"))
    (tmp_path / "token").write_text(TOKEN)
    config.write_text(f"global: {{ scrape_interval: 1s }}\n{shown}")
    options = [f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/data"]
    address = f"--web.listen-address=127.0.0.1:{port}"
    async with Chat(server.url) as chat:
        await chat.hello()
        await chat.ask("Hello")
    async with Chat(server.url, origin="https://elsewhere.example") as chat:
        await chat.socket.wait_closed()
    prometheus = Process([program, *options, address], {}, port)
    waiting = questions()
    async with prometheus, httpx.AsyncClient(base_url=prometheus.url, timeout=30) as client:
        deadline = time.monotonic() + 90
        while waiting:  # until it has scraped twice
            assert time.monotonic() < deadline, f"nothing to draw: {waiting}"
            for name, expression in list(waiting.items()):
                answer = await client.get("/api/v1/query", params={"query": expression})
                if answer.status_code != 503:  # it has just begun
                    said = answer.json()
                    assert said["status"] == "success", (name, said)
                    if said["data"]["result"]:
                        del waiting[name]
            await asyncio.sleep(0.5)
