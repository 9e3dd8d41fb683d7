"""Conversations as one page to be printed: HTML that needs nothing beside it."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from chatwidget.models import Role, Status
from chatwidget.transcripts.people import called

MARKDOWN = (Role.ASSISTANT, Role.OPERATOR)  # who writes it, as in the chat
LONGEST = 16_384  # code points that are read as Markdown: the time grows faster than a text

STYLE = """
:root { color-scheme: light; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; background: #fff; color: #1a1a1a;
  font: 11pt/1.45 system-ui, sans-serif; }
section { margin: 0 0 2.5rem; }
section + section { border-top: 1px solid #ccc; padding-top: 1.5rem; }
section > h1 { font-size: 1.1rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
section > p { margin: 0 0 .8rem; color: #555; font-size: .85em; overflow-wrap: anywhere; }
section > div { margin: 0 0 .7rem; padding: .5rem .8rem; border-radius: .5rem; background: #f2f2f2;
  break-inside: avoid; overflow-wrap: anywhere; }
div.user { margin-inline-start: 3rem; background: #e4edfb; }
section > div > b { display: block; font-size: .75em; font-weight: 600; color: #555; }
.plain { white-space: pre-wrap; }
.plain, .text > * { margin: 0; unicode-bidi: plaintext; }
.text { margin-top: .2rem; }
.text > * + * { margin-top: .5rem; }
.text :is(h1, h2, h3, h4, h5, h6) { font-size: 1em; }
.text :is(ul, ol) { padding-inline-start: 1.5rem; }
table { border-collapse: collapse; }
:is(td, th) { padding: .2rem .6rem; border: 1px solid #ccc; text-align: start; }
:is(code, pre) { font: .9em ui-monospace, monospace; white-space: pre-wrap; }
blockquote { padding-inline-start: .8rem; border-inline-start: 3px solid #ccc; }
hr { border: 0; border-top: 1px solid #ccc; }
@media print { body { margin: 0; max-width: none; } section { break-before: auto; } }
"""
# What the page may load: this style, and nothing else.
POLICY = (
    "default-src 'none'; style-src "
    f"'sha256-{b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)


class _OnPaper(RendererHTML):
    """An address is read, not followed, and no picture is fetched."""

    def link_open(self, tokens: Sequence[Token], at: int, *_rest: Any) -> str:
        return ""

    def link_close(
        self, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        said = tokens[at - 1].content
        while tokens[at].type != "link_open":
            at -= 1
        address = str(tokens[at].attrs["href"])
        return "" if said == address else f" ({conditional_escape(address)})"

    def image(
        self, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        return str(conditional_escape(f"{tokens[at].content} ({tokens[at].attrs['src']})"))


_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}, renderer_cls=_OnPaper)
_markdown.enable(["table", "strikethrough"])


def as_html(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """A section for each conversation."""
    head = (
        '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    )
    yield f"{head}<title>{_('Conversations')}</title><style>{STYLE}</style>\n"
    for row in rows:
        visitor = row["visitor"]
        who = called(visitor["name"], visitor["email"], visitor["id"])
        facts = [_time(row["started_at"]), row["widget"], row["page_url"], *row["tags"]]
        about = " · ".join(fact for fact in facts if fact)
        yield format_html('<section><h1 dir="auto">{}</h1><p dir="auto">{}</p>\n', who, about)
        for message in row["messages"]:
            yield _message(message)
        yield "</section>\n"


def _message(message: dict[str, Any]) -> str:
    failed = f"[{message['error']['code']}]" if message["error"] else ""
    who = (message.get("author") or {}).get("name") or Role(message["role"]).label
    facts = [who, _time(message["created_at"])]
    if message["status"] != Status.COMPLETE:
        facts.append(Status(message["status"]).label)
    text = message["text"] or failed
    is_markdown = message["role"] in MARKDOWN and len(text) <= LONGEST
    return format_html(
        '<div class="{}"><b dir="auto">{}</b>{}</div>\n',
        message["role"],
        " · ".join(map(str, facts)),
        _read(text) if is_markdown else format_html('<div class="plain">{}</div>', text),
    )


def _read(text: str) -> SafeString:
    """Markdown as HTML; HTML in it is text."""
    return mark_safe(f'<div class="text">{_markdown.render(text)}</div>')


def _time(iso: str) -> str:
    """As people read it: exports are in UTC."""
    return f"{iso[:10]} {iso[11:19]} UTC"
