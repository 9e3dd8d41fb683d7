"""What a dry run looks at while an answer is read."""

from __future__ import annotations

import httpx

from chatwidget.providers.answer import Answer, Request
from chatwidget.providers.generic.paths import Event
from chatwidget.providers.generic.reading import Reading


class Trace:
    """This one looks away."""

    def asked(self, request: Request) -> None:
        """A request is about to be sent."""

    def answered(self, answer: Answer) -> None:
        """Its answer begins."""

    def refused(self, response: httpx.Response, said: bytes) -> None:
        """Its answer has a status that is not accepted, and begins so."""

    def took(self, found: Event, reading: Reading) -> None:
        """An event was read; `reading.taken` are the rules that took it."""
