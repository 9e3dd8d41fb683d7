"""Libraries that fetch the next page and put it in the place of this one, or into it."""

from __future__ import annotations

import pytest

from tests.pages.visit import PLACE, Visit

# Head, and what else they want to have said: of the body, of what is swapped.
LIBRARIES = {
    "turbo": (
        '<script type="module" src="/@hotwired/turbo/dist/turbo.es2017-esm.js"></script>',
        "",
        "",
    ),
    "htmx": ('<script src="/htmx.org/dist/htmx.min.js"></script>', 'hx-boost="true"', ""),
    "htmx with idiomorph": (
        """<script src="/htmx.org/dist/htmx.min.js"></script>
        <script src="/idiomorph/dist/idiomorph-ext.min.js"></script>""",
        'hx-boost="true" hx-ext="morph" hx-target="body" hx-swap="morph:innerHTML"',
        "",
    ),
    "idiomorph on the whole document": (
        """<script src="/idiomorph/dist/idiomorph.min.js"></script><script>
          async function show() {
            const html = await (await fetch(location.href)).text();
            const next = new DOMParser().parseFromString(html, "text/html");
            Idiomorph.morph(document.documentElement, next.documentElement);
          }
          addEventListener("popstate", show);
          addEventListener("click", (event) => {
            if (!event.target.href) return;
            event.preventDefault();
            history.pushState({}, "", event.target.href);
            void show();
          });
        </script>""",
        "",
        "",
    ),
    "swup": (
        """<script src="/swup/dist/Swup.umd.js"></script>
        <script>new Swup({ containers: ["main"], animationSelector: false })</script>""",
        "",
        "",
    ),
    "unpoly": (
        """<script src="/unpoly/unpoly.min.js"></script>
        <script>
          up.log.config.banner = false;
          up.link.config.followSelectors.push("a[href]");
        </script>""",
        "",
        "",
    ),
    "barba": (
        """<script src="/@barba/core/dist/barba.umd.js"></script>
        <script>addEventListener("DOMContentLoaded", () => barba.init({
          transitions: [{ leave() {}, enter() {} }],
        }))</script>""",
        'data-barba="wrapper"',
        'data-barba="container" data-barba-namespace="[[title]]"',
    ),
}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>[[title]]</title>
[[head]]</head><body [[body]]><main [[main]]>
<h1>[[title]]</h1> <nav>[[links]]</nav>[[content]]</main>[[tag]]</body></html>"""


def build(visit: Visit, library: str, **values: str) -> None:
    head, body, main = LIBRARIES[library]
    head = values.pop("head", "") + head
    page = PAGE.replace("[[main]]", main)
    visit.build(page, **{"head": head, "body": body, "content": "", **values})


@pytest.mark.parametrize("library", LIBRARIES)
async def test_the_launcher(visit: Visit, library: str) -> None:
    build(visit, library)
    await visit.trip()


@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_tag_in_the_head(visit: Visit, library: str) -> None:
    build(visit, library, head=visit.tag, tag="")
    await visit.trip()


@pytest.mark.parametrize("library", LIBRARIES)
async def test_an_inline_chat(visit: Visit, library: str) -> None:
    build(visit, library, head=visit.inline_tag, tag="", content=PLACE)
    visit.pages["/chairs"] = str(visit.pages["/chairs"]).replace(PLACE, "")
    await visit.inline_trip()


@pytest.mark.parametrize("library", ["turbo", "htmx"])
async def test_an_inline_chat_whose_tag_comes_with_it(visit: Visit, library: str) -> None:
    """These run the scripts of what they swap, each time."""
    place = PLACE + visit.inline_tag
    build(visit, library, tag="", content=place)
    visit.pages["/chairs"] = str(visit.pages["/chairs"]).replace(place, "")
    await visit.inline_trip()


@pytest.mark.parametrize("inline", [False, True])
async def test_turbo_morphs_the_page_into_its_next_state(visit: Visit, inline: bool) -> None:
    refresh = '<meta name="turbo-refresh-method" content="morph">'
    tag, place = (visit.inline_tag, PLACE) if inline else (visit.tag, "")
    build(visit, "turbo", head=refresh, tag=tag, content=f"<p>One lamp</p>{place}")
    await visit.come()
    if not inline:
        await visit.open()
    await visit.chats()
    visit.pages["/"] = str(visit.pages["/"]).replace("One lamp", "Two lamps")
    await visit.page.evaluate("Turbo.visit(location.href, { action: 'replace' })")
    await visit.page.get_by_text("Two lamps").wait_for()
    await visit.arrived("Shop")
    await visit.chats()
