"""A hook of MkDocs: links from docs/ into the rest of the repository become the file's name."""

from __future__ import annotations

import re
from typing import Any

# The dashboard is no page; what is above docs/ is no part of the site.
OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:(?:\.\./)+(?!\.\.)([\w./-]+)|(\w+\.json))(?:#[\w-]+)?\)")


def on_page_markdown(markdown: str, /, *, page: Any, **_: Any) -> str:
    above = page.file.src_uri.count("/") + 1

    def named(link: re.Match[str]) -> str:
        up = link[0].count("../")
        if link[3] or up >= above:
            return f"{link[1]} (`{link[2] or 'docs/' + link[3]}`)"
        return link[0]

    return OUTSIDE.sub(named, markdown)
