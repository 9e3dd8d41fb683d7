"""`make markdown-score`: how much of CommonMark and GFM a reply's Markdown follows, beside peers.

The examples of both specifications and the peers are development dependencies of the front end.
What is compared is the DOM as a reader sees it: how a class or a space is written does not count.
`--failures` prints each example that comes out otherwise than meant. Below the table is the share
of answers of which something that was shown is changed while they come, however they are cut and
with none left out: of ours, or of those in `--answers FILE`, a JSON list of texts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from tests.bench.table import printed
from tests.needs import chromium
from tests.running import run

ROOT = Path(__file__).resolve().parents[3]
# Of our own wording, as shops' and assistants' answers are; between them, lines of equals signs.
ANSWERS = ROOT / "tests/fixtures/answers.txt"
MODULES = ROOT / "chatwidget/frontend/node_modules"
RENDERERS = ["ours", "marked", "markdown-it", "streaming-markdown"]
COMMONMARK = "CommonMark 0.31.2 without raw HTML"
ALL = "… with it"
EXAMPLE = re.compile(
    r"^`{32} example\n(.*?)^\.\n(.*?)^`{32}$|^#{1,6} +([^\n]*)$", re.MULTILINE | re.DOTALL
)

# By the number of CommonMark's example. Raw HTML is left out, too: 72 examples are about it.
INDENTED_CODE = "indented code: a model that indents means a paragraph"
LEFT_OUT = {
    "bare addresses are links, as GFM has it": {602, 608, 611, 612},
    "a star between digits is a sign: 2*4*10": {356},
    "a link without words shows its address": {484},
    "a tab is four columns, wherever it stands": {9},
    INDENTED_CODE: {134, 278},
}


def commonmark() -> list[dict[str, Any]]:
    """The specification's examples."""
    text = (MODULES / "commonmark-spec/spec.txt").read_text(encoding="utf-8")
    examples: list[dict[str, Any]] = []
    section = ""
    for markdown, html, heading in EXAMPLE.findall(text.replace("→", "\t")):
        section = heading or section
        if not heading:
            example = {"section": section, "markdown": markdown, "html": html}
            examples.append({**example, "number": len(examples) + 1, "of": COMMONMARK})
    return examples


def our_answers() -> list[str]:
    return ANSWERS.read_text(encoding="utf-8").removesuffix("\n").split("\n=====\n")


async def open_page(page: Page) -> None:
    """A page that has score_page.ts."""
    entry = str(Path(__file__).parent / "score_page.ts")
    done = await run([str(MODULES / ".bin/esbuild"), entry, "--bundle", "--charset=utf8"], env={})
    await page.set_content('<!doctype html><html lang="en"><meta charset="utf-8"><body>')
    await page.add_script_tag(content=done.stdout)


async def scores(page: Page) -> tuple[dict[str, Counter[str]], Counter[str], list[dict[str, Any]]]:
    """What is right, by renderer and part of a specification; of how many; what of ours is not."""
    examples = commonmark()
    raw = await page.evaluate("texts => texts.map(isRaw)", [each["markdown"] for each in examples])
    for example, is_raw in zip(examples, raw, strict=True):
        example["of"] = ALL if is_raw else COMMONMARK
    extensions = await page.evaluate("extensions()")
    for number, example in enumerate(extensions, 1):
        name = re.sub(r"^[\d.]+ | \(extension\)$", "", example["section"]).lower()
        example |= {"of": f"GFM: {name}", "number": number}
    right: dict[str, Counter[str]] = {}
    wrong: list[dict[str, Any]] = []
    for name in RENDERERS:
        count = right[name] = Counter()
        for group, extended in ((examples, False), (extensions, True)):
            results = await page.evaluate("given => score(...given)", [name, group, extended])
            for example, result in zip(group, results, strict=True):
                if result["made"] == result["wanted"]:
                    count[example["of"]] += 1
                elif name == "ours":
                    wrong.append({**example, **result})
        count[ALL] += count[COMMONMARK]
    total = Counter(example["of"] for example in [*examples, *extensions])
    total[ALL] += total[COMMONMARK]
    return right, total, wrong


def reason(case: dict[str, Any]) -> str:
    """Why an example comes out otherwise than meant."""
    if case["of"].startswith("GFM"):
        return str(case["of"])
    for why, numbers in LEFT_OUT.items():
        if case["number"] in numbers:
            return why
    fenced = re.search(r"^[> ]*(?:[-*+\d.)]+ +)*(?:```|~~~)", case["markdown"], re.MULTILINE)
    return INDENTED_CODE if "<pre>" in case["wanted"] and not fenced else "not yet right"


async def measure(failures: bool = False, answers: str = "") -> str:
    """The table, and what is left out on purpose."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(windows=True), args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page()
        await open_page(page)
        right, total, wrong = await scores(page)
        texts = json.loads(Path(answers).read_text()) if answers else our_answers()
        revised = await page.evaluate(
            "texts => texts.filter((text) => [1, 4, 17].some((step) => revises(text, step)))", texts
        )
        await browser.close()
    rows = [
        [part, *(f"{right[name][part]}" for name in RENDERERS), f"{total[part]}"] for part in total
    ]
    wrong = [case for case in wrong if case["of"] != ALL]
    why = Counter(reason(case) for case in wrong)
    lines = [printed(["Markdown", *RENDERERS, "of"], rows), "", "Left out on purpose:"]
    lines += [f"  {count:3} {each}" for each, count in why.most_common()]
    share = 100 * len(revised) / len(texts)
    lines.append(f"\n{len(revised)} of {len(texts)} answers ({share:.1f} %) change what was shown")
    if failures:
        lines += [f"\n--- changes what was shown\n{text}" for text in revised]
        lines += [
            f"\n--- {case['number']} {case['section']}: {reason(case)}\n{case['markdown']!r}\n"
            f" made   {case['made']}\n wanted {case['wanted']}"
            for case in wrong
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--failures", action="store_true")
    parser.add_argument("--answers", default="")
    print(asyncio.run(measure(**vars(parser.parse_args()))))
