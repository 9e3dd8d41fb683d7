"""Conversations as one page to be printed: HTML that needs nothing beside it."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from chatwidget.models import Role, Status

STYLE = """
:root { color-scheme: light; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; background: #fff; color: #1a1a1a;
  font: 11pt/1.45 system-ui, sans-serif; }
section { margin: 0 0 2.5rem; }
section + section { border-top: 1px solid #ccc; padding-top: 1.5rem; }
h1 { font-size: 1.1rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
p { margin: 0 0 .8rem; color: #555; font-size: .85em; overflow-wrap: anywhere; }
div { margin: 0 0 .7rem; padding: .5rem .8rem; border-radius: .5rem; background: #f2f2f2;
  break-inside: avoid; white-space: pre-wrap; overflow-wrap: anywhere; }
div.user { margin-inline-start: 3rem; background: #e4edfb; }
div > b { display: block; font-size: .75em; font-weight: 600; color: #555; }
@media print { body { margin: 0; max-width: none; } section { break-before: auto; } }
"""
# What the page may load: this style, and nothing else.
POLICY = (
    "default-src 'none'; style-src "
    f"'sha256-{b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)


def as_html(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """A section for each conversation; texts as they are stored, Markdown unread."""
    head = (
        '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    )
    yield f"{head}<title>{_('Conversations')}</title><style>{STYLE}</style>\n"
    for row in rows:
        who = row["visitor"]["name"] or row["visitor"]["email"] or row["visitor"]["id"]
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
    return format_html(
        '<div class="{}" dir="auto"><b>{}</b>{}</div>\n',
        message["role"],
        " · ".join(map(str, facts)),
        message["text"] or failed,
    )


def _time(iso: str) -> str:
    """As people read it: exports are in UTC."""
    return f"{iso[:10]} {iso[11:19]} UTC"
