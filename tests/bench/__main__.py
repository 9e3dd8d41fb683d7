"""`python -m tests.bench [--full] [PART …]`: ratios, all measured in one run.

Servers are pinned to one core; provider, generator, browser and databases to the other.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from tests.bench import (
    desk,
    exports,
    flood,
    layers,
    link,
    markdown,
    page,
    pages,
    relay,
    rows,
    transports,
    workers,
    years,
)
from tests.bench.provider import Provider
from tests.bench.servers import LOAD_CORE, SERVER_CORE
from tests.bench.table import Results, everything, goals
from tests.services import Postgres

PARTS = (
    *("relay", "transports", "flood", "rows", "workers", "layers"),
    *("pages", "page", "link", "markdown", "exports", "desk", "years"),
)
# Which ten minutes have no room for, or which seldom change.
SLOW = ("workers", "years", "transports", "layers", "page")


async def bench(full: bool, parts: list[str], messages: int) -> None:
    provider = Provider()
    await provider.start()
    with tempfile.TemporaryDirectory(prefix="chatwidget-bench-") as name:
        folder = Path(name)
        measures: dict[str, Callable[[], Awaitable[str]]] = {
            "relay": lambda: relayed(provider, folder, full),
            "transports": lambda: transports.measure(provider, folder, full),
            "flood": lambda: flood.measure(provider, folder, full),
            "rows": lambda: rows.measure(provider, folder, full),
            "workers": lambda: workers.measure(provider, folder, full),
            "layers": lambda: layers.measure(full),
            "pages": lambda: pages.measure(provider, folder, full),
            "page": lambda: page.measure(provider, folder, full),
            "link": lambda: link.measure(folder, full),
            "markdown": lambda: markdown.measure(full),
            "exports": lambda: exports.measure(folder, full),
            "desk": lambda: desk.measure(provider, folder, full),
            "years": lambda: years.measure(messages),
        }
        took = []
        for part in parts:
            began = time.monotonic()
            print(f"\n{await measures[part]()}\n", flush=True)
            took.append(f"{part} {time.monotonic() - began:.0f}")
    provider.close()
    print(f"Seconds: {', '.join(took)}")


async def relayed(provider: Provider, folder: Path, full: bool) -> str:
    results = Results()
    await relay.measure(provider, folder, results, full)
    database = Postgres()
    try:
        await database.create()
        await database.start()
        url = await database.database()
        await relay.postgres(provider, folder, results, url, full)
    finally:
        await database.stop()
        database.remove()
    return "\n\n".join([everything(results), goals(results, relay.GOALS)])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="every cell, repeated")
    parser.add_argument(
        "--messages", type=int, default=years.MANY, help="of `years` (default: %(default)s)"
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all when none is named")
    options = parser.parse_args()
    began = time.monotonic()
    os.sched_setaffinity(0, {LOAD_CORE})
    print(f"servers on core {SERVER_CORE}, everything else on core {LOAD_CORE}", flush=True)
    usual = [part for part in PARTS if options.full or part not in SLOW]
    uvloop.run(bench(options.full, options.parts or usual, options.messages))
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
