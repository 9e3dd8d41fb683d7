"""Main-thread time of a streamed Markdown reply, beside streaming-markdown, in one Chromium.

A reply of 20 KB comes in deltas of 4 characters every 4 ms. Theirs is written once a frame, as its
users do; ours as the widget draws it, every other frame. All that the page's main thread does in
that time counts: script, style, layout, paint; by its CPU time and in turns, so that what else the
machine does counts little.
"""

import subprocess
from pathlib import Path

from playwright.async_api import Page, async_playwright

from tests.bench.generator import median
from tests.bench.table import printed, verdict
from tests.needs import chromium

ROOT = Path(__file__).resolve().parents[3]
ESBUILD = ROOT / "chatwidget/frontend/node_modules/.bin/esbuild"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
GOAL = 0.75
LENGTH = 20_000

SECTION = """## Choosing a lamp, part {number}

A good lamp has **three parts**: the *shade*, the `socket`, and the cord. You can read more in
[our guide](https://shop.example/guide) or write to us. ~~Bulbs are not included.~~ They are now, in
every **box that we *send* out**, and the light that they give is warm enough for an evening.

- A floor lamp stands by itself
- A desk lamp has an arm:
  1. loosen the joint
  2. move the arm
  3. **tighten** it again
- A pendant hangs

| Lamp | Price | Light |
|------|------:|:-----:|
| Aurora | 129 € | warm |
| Boreal | 89 € | `2700 K` |
| Corona | 54 € | cold |

> Never look into the bulb while it is on.

```python
def price(lamp, count):
    total = lamp.price * count
    return total * 0.9 if count > 3 else total
```

"""
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Bench</title>
<style>body { margin: 0; width: 368px; font: 15px/1.5 sans-serif }</style><body>"""


def reply() -> str:
    text = ""
    for number in range(1, 100):
        text += SECTION.format(number=number)
    return text[:LENGTH]


async def measure(full: bool) -> str:
    """The table: main-thread milliseconds of ours and theirs, each without what feeding costs."""
    script = _script()
    spent: dict[str, list[float]] = {"nothing": [], "ours": [], "theirs": []}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(windows=True), args=ARGUMENTS
        )
        page = await browser.new_page(viewport={"width": 400, "height": 680})
        await page.set_content(PAGE)
        await page.add_script_tag(content=script)
        for repetition in range(5 if full else 1):
            for name in (
                ("nothing", "theirs", "ours") if repetition % 2 == 0 else ("ours", "theirs")
            ):
                spent[name].append(await _stream(page, name, reply()))
        await browser.close()
    feeding = median(spent["nothing"])
    ours, theirs = (median(spent[name]) - feeding for name in ("ours", "theirs"))
    ratio = ours / theirs
    line = ["a 20 KB reply, ms of the main thread", f"{ours:.0f}", f"{theirs:.0f}"]
    line += [f"{ratio:.2f}", f"≤ {GOAL}", verdict(ratio <= GOAL)]
    return printed(["Markdown", "ours", "streaming-markdown", "ratio", "goal", ""], [line])


def _script() -> str:
    """page.ts for a browser."""
    entry = str(Path(__file__).parent / "page.ts")
    command = [str(ESBUILD), entry, "--bundle", "--minify", "--charset=utf8"]
    return subprocess.run(command, check=True, capture_output=True).stdout.decode()


async def _stream(page: Page, name: str, text: str) -> float:
    """Milliseconds that the main thread has worked while `text` came."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
    await session.send("Performance.enable")

    async def worked() -> float:
        metrics = (await session.send("Performance.getMetrics"))["metrics"]
        [seconds] = [each["value"] for each in metrics if each["name"] == "TaskDuration"]
        return float(seconds) * 1e3

    before = await worked()
    await page.evaluate("given => stream(...given)", [name, text])
    spent = await worked() - before
    print(f"  Markdown: {name} {spent:,.0f} ms", flush=True)
    return spent
