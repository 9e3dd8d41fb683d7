"""The demo agent: in process, without a key or a network, so that everything can be tried.

It streams Markdown, and reacts to a few words: see WORDS.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from typing import Any

from django.utils.translation import gettext_lazy as _

from chatwidget.errors import PlatformUnavailable
from chatwidget.providers.base import Delta, Event, Finished, Provider, Turn

# Seconds between two words: about as fast as a quick model writes.
PACE = 0.03
SLOW = 0.4

WORDS = {
    "help": "this list",
    "products": "a grid of product cards",
    "table": "a table",
    "code": "a block of code",
    "list": "lists and tasks",
    "long": "an answer of several pages: scroll, or stop it",
    "slow": "an answer that takes its time",
    "fail": "an answer that breaks off, to be tried again",
}

TABLE = """Here are our opening hours:

| Day | Opens | Closes |
|:----|------:|-------:|
| Monday – Friday | 9:00 | 18:00 |
| Saturday | 10:00 | 16:00 |
| Sunday | *closed* | |
"""

CODE = """This is how a site embeds the widget:

```html
<script src="https://chat.example.com/chatwidget/demo.js" async></script>
```

Then `window.ChatWidget.open()` opens it from your own button:

```js
document.querySelector("#help").addEventListener("click", () => {
  window.ChatWidget.open();
});
```
"""

LIST = """What happens when you order:

1. You choose what you like
2. We pack it **the same day**
3. It arrives within
   - two days in the country
   - a week abroad

- [x] free returns
- [x] gift wrapping
- [ ] ~~delivery by balloon~~
"""

PRODUCTS = "These are our visitors' favourites. Which one would you like to know more about?"

GRID: dict[str, Any] = {
    "type": "product-grid",
    "data": [
        {"title": "Harbour mug", "price": "€24", "url": "https://example.com/mug"},
        {"title": "Porthole lamp", "price": "€129", "url": "https://example.com/lamp"},
        {"title": "Breakwater throw", "price": "€96", "url": "https://example.com/throw"},
    ],
}

ANSWER = """You wrote: *{said}*

As a demo I cannot really know the answer, but I can show what answers look like: **bold**,
`code`, a [link](https://example.com/), and a little table.

| Feature | Works |
|---|:-:|
| Streaming | ✓ |
| Markdown | ✓ |

Write **help** to see what else there is.
"""

PARAGRAPH = """## Chapter {number}

The widget grows with its text, and the text grows word by word. Scroll up while it is being
written: the view stays where you look, and a button leads back to the end. Reload the page, open
it in another tab, or lose the connection: the answer goes on, and nothing of it is lost or doubled.
"""


class Demo(Provider):
    label = _("Demo (no platform)")
    needs_base_url = False
    needs_key = False
    needs_agent = False
    can_rewind = True
    options = {"pace": float}  # seconds between two words

    async def reply(self, turn: Turn) -> AsyncGenerator[Event, None]:
        asked = set(re.findall(r"\w+", turn.text.lower()))
        pace = self.config.options.get("pace", PACE) if "slow" not in asked else SLOW
        for word in re.findall(r"\s*\S+\s*", _text(turn.text, asked)):
            await asyncio.sleep(pace)
            yield Delta(word)
        if asked & {"fail", "error"}:
            raise PlatformUnavailable("the demo agent was asked to fail")
        yield Finished(ui=GRID if _wants_products(asked) else None, metadata={"model": "demo"})


def _wants_products(asked: set[str]) -> bool:
    return bool(asked & {"product", "products", "shop", "buy"})


def _text(said: str, asked: set[str]) -> str:
    """The whole answer to a message that holds these words."""
    if "help" in asked:
        return "Write one of these words:\n\n" + "".join(
            f"- **{word}**: {meaning}\n" for word, meaning in WORDS.items()
        )
    if _wants_products(asked):
        return PRODUCTS
    if asked & {"fail", "error"}:
        return "I am going to tell you something important, which is that"
    if "slow" in asked:
        return "Every word of this answer comes after a little pause, as if I had to think hard."
    if "long" in asked:
        return "\n".join(PARAGRAPH.format(number=number) for number in range(1, 21))
    for word, text in {"table": TABLE, "code": CODE, "list": LIST}.items():
        if word in asked:
            return text
    shown = " ".join(said.split())[:200].translate(
        {ord(mark): f"\\{mark}" for mark in r"\`*_[]<>|~#!"}
    )
    return ANSWER.format(said=shown)
