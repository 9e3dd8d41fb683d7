"""Responses as servers send them: event by event, or whole. Pure: no I/O here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chatwidget.providers.base import Activity, Event, ProviderSession
from chatwidget.providers.openai.chat import Completion, objects, raise_error

TEXT = ("response.output_text.delta", "response.refusal.delta")
THOUGHTS = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")
# Tools that the platform runs by itself, and what a visitor reads meanwhile.
TOOLS = {
    "web_search_call": "searching",
    "file_search_call": "reading",
    "code_interpreter_call": "calculating",
    "image_generation_call": "drawing",
    "mcp_call": "working",
}


class Response(Completion):
    """One answer of /responses. Its id is the session, once it is whole: a failed one's is not."""

    def chunk(self, chunk: dict[str, Any]) -> Iterator[Event]:
        kind = chunk.get("type")
        delta, item = chunk.get("delta"), chunk.get("item")
        if kind in TEXT and isinstance(delta, str):
            yield from self.content(delta)
        elif kind in THOUGHTS and isinstance(delta, str):
            yield from self.thought(delta)
        elif kind == "response.reasoning_summary_part.added":
            yield from self.thought("\n\n")
        elif kind == "response.output_item.added" and isinstance(item, dict):
            if doing := TOOLS.get(str(item.get("type"))):
                yield Activity(doing)
        elif kind == "response.output_item.done" and isinstance(item, dict):
            if item.get("type") in TOOLS:
                yield Activity("")
        elif kind == "error":
            raise_error(chunk.get("error") or chunk)
        elif isinstance(response := chunk.get("response", chunk), dict):
            yield from self._response(response)

    def _response(self, response: dict[str, Any]) -> Iterator[Event]:
        """The object itself, as it is when it begins and ends; or all of an answer."""
        self.note(response)
        status = response.get("status")
        if status == "failed":
            raise_error(response.get("error") or "the response has failed")
        if status not in ("completed", "incomplete"):
            return
        if not self.reasoning.answered:
            yield from self._output(response)
        self.reason = "stop" if status == "completed" else _why(response)
        self.done = True
        if self.id:
            yield ProviderSession(self.id)

    def _output(self, response: dict[str, Any]) -> Iterator[Event]:
        for item in objects(response.get("output")):
            for part in objects(item.get("summary")):
                yield from self.thought(_text(part))
            for part in objects(item.get("content")):
                if item.get("type") == "message":
                    yield from self.content(_text(part))


def _text(part: dict[str, Any]) -> str:
    text = part.get("text") or part.get("refusal")
    return text if isinstance(text, str) else ""


def _why(response: dict[str, Any]) -> str:
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    return {"max_output_tokens": "length"}.get(str(reason), str(reason or "incomplete"))
