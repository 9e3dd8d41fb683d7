"""Pages that forbid most of what a script could do."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.pages.visit import PLACE, Visit

STRICT = "script-src 'nonce-cafe' 'strict-dynamic'; object-src 'none'; base-uri 'none'"
ALONE = f"default-src 'none'; {STRICT}; frame-src [[host]]; require-trusted-types-for 'script'"
ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin"}
POLICIES = {
    "nonce and strict-dynamic": {"Content-Security-Policy": STRICT},
    "nothing but our frame": {"Content-Security-Policy": ALONE},
    "require-corp": {"Cross-Origin-Embedder-Policy": "require-corp", **ISOLATED},
    "credentialless": {"Cross-Origin-Embedder-Policy": "credentialless", **ISOLATED},
    "sandboxed": {"Content-Security-Policy": "sandbox allow-scripts allow-same-origin allow-forms"},
    "no features": {"Permissions-Policy": "clipboard-write=(), autoplay=(), fullscreen=()"},
    "no referrer": {"Referrer-Policy": "no-referrer"},
}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A bank</title></head>
<body><h1>A bank</h1>[[place]][[tag]]</body></html>"""
# A tag manager's way: a script that the page trusts brings another.
MANAGER = """<script nonce="cafe">
  const script = document.createElement("script");
  script.async = true;
  if ("[[place]]") script.dataset.target = "#help";
  const src = "[[host]]/chatwidget/demo.js";
  script.src = window.trustedTypes
    ? trustedTypes.createPolicy("ours", { createScriptURL: (url) => url }).createScriptURL(src)
    : src;
  document.head.append(script);
</script>"""


def page(visit: Visit, policy: str, tag: str, place: str) -> None:
    host = visit.server.url
    html = PAGE.replace("[[tag]]", tag).replace("[[host]]", host)
    html = html.replace('"[[place]]"', f'"{"inline" if place else ""}"').replace("[[place]]", place)
    headers = {name: value.replace("[[host]]", host) for name, value in POLICIES[policy].items()}
    for path in ("/", "/next"):
        visit.pages[path] = (html, headers)


@pytest.mark.parametrize("way", ["tag", "manager"])
@pytest.mark.parametrize("policy", POLICIES)
async def test_the_launcher(visit: Visit, policy: str, way: str) -> None:
    tag = visit.tag.replace("<script", '<script nonce="cafe"')
    page(visit, policy, tag if way == "tag" else MANAGER, "")
    await visit.come()
    await visit.open()
    await visit.chats()
    await visit.come("/next")
    await expect(visit.launcher).to_have_accessible_name("Close chat")
    await visit.chats()
    if policy == "sandboxed":
        visit.complaints.clear()  # Chromium warns of such a sandbox


@pytest.mark.parametrize("way", ["tag", "manager"])
@pytest.mark.parametrize("policy", POLICIES)
async def test_an_inline_chat(visit: Visit, policy: str, way: str) -> None:
    tag = visit.inline_tag.replace("<script", '<script nonce="cafe"')
    # A policy without style attributes leaves the place the height of the chat's own.
    page(visit, policy, tag if way == "tag" else MANAGER, PLACE.partition(" style")[0] + "></div>")
    await visit.come()
    await visit.chats()
    await visit.come("/next")
    await visit.chats()
    if policy == "sandboxed":
        visit.complaints.clear()


async def test_a_sandbox_without_an_origin(visit: Visit) -> None:
    """An iframe of the page's own, as builders preview a page in."""
    html = PAGE.replace("[[place]]", "").replace("[[tag]]", visit.tag)
    visit.pages["/preview"] = html
    visit.pages["/"] = (
        '<!doctype html><title>A builder</title><iframe sandbox="allow-scripts" src="/preview"'
        ' style="width:900px;height:600px"></iframe>'
    )
    await visit.come()
    preview = visit.page.frame_locator("iframe")
    await preview.get_by_role("button", name="Open chat").click()
    status = preview.frame_locator("chat-widget iframe").get_by_role("status")
    await expect(status).to_have_text("This chat cannot work on this page.")
    await preview.get_by_role("button", name="Close chat").click()
    visit.complaints.clear()
