"""Chat completions as servers send them: chunk by chunk, or whole. Pure: no I/O here.

What is decoration must not cost the text, so a field of an odd type counts as absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chatwidget.errors import PlatformRejected, PlatformUnavailable
from chatwidget.providers.base import Activity, Anew, Delta, Event, Finished
from chatwidget.providers.decoders import ServerEvent, excerpt, read_json
from chatwidget.providers.openai.errors import SilentStream, failure
from chatwidget.providers.reasoning import Reasoning

# Where servers put what the model thinks; some send it under two names.
THOUGHTS = ("reasoning_content", "reasoning", "thinking")
# What ended an answer that has no text, for its owner.
REASONS = {
    "length": "the limit of tokens was used up before the answer's first word",
    "content_filter": "the platform's content filter took it",
    "tool_calls": "the model asked for a tool, and there is none here",
    "function_call": "the model asked for a function, and there is none here",
}
# What ends a model's turn, and not the answer where the platform runs the tool itself (Hayhooks).
GOES_ON = ("tool_calls", "function_call", "tool_call_results")


class Completion:
    """What has come of one answer: text goes out as it comes, the rest is kept for its end."""

    def __init__(self, reasoning: Reasoning) -> None:
        self.reason = ""  # the finish_reason
        self.done = False
        self.reasoning = reasoning
        self._metadata: dict[str, Any] = {}
        self.id = ""  # the platform's, of the answer

    @property
    def whole_text(self) -> bool:
        """Is there no more to come?"""
        return bool(self.reason) and self.reason not in GOES_ON

    def event(self, event: ServerEvent) -> Iterator[Event]:
        """What one event of the stream brings. Raises ReplyError."""
        data = event.data.strip()
        if data == "[DONE]":
            self.done = True
        if self.done or not data:
            return
        chunk = read_json(data, Any)
        if not isinstance(chunk, dict):
            raise PlatformRejected(f"not a chunk of an answer: {excerpt(data)}")
        raise_error(chunk.get("error") or (chunk if event.name == "error" else None))
        if isinstance(status := chunk.get("event"), dict):
            yield from _status(status)
        yield from self.chunk(chunk)

    def whole(self, value: Any) -> Iterator[Event]:
        """What an answer brings that came whole. Raises ReplyError."""
        if not isinstance(value, dict):
            raise PlatformRejected(f"not an answer: {excerpt(str(value))}")
        raise_error(value.get("error"))
        yield from self.chunk(value)
        self.reason = self.reason or ("stop" if isinstance(value.get("choices"), list) else "")

    def chunk(self, chunk: dict[str, Any]) -> Iterator[Event]:
        raise_error(chunk if chunk.get("object") == "error" else None)
        self.note(chunk)
        for choice in objects(chunk.get("choices")):
            yield from self._choice(choice)

    def note(self, chunk: dict[str, Any]) -> None:
        """Keep what its owner may want to know."""
        for name, kind in (("model", str), ("usage", dict)):
            if isinstance(value := chunk.get(name), kind) and value:
                self._metadata[name] = value
        if isinstance(said := chunk.get("id"), str):
            self.id = said or self.id

    def _choice(self, choice: dict[str, Any]) -> Iterator[Event]:
        if isinstance(index := choice.get("index"), int) and index > 0:
            return  # another answer to the same message
        raise_error(choice.get("error"))
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict):
            yield from self._text(delta)
        if isinstance(reason := choice.get("finish_reason"), str) and reason:
            self.reason = reason
            if reason in GOES_ON:
                yield Activity("working")

    def _text(self, delta: dict[str, Any]) -> Iterator[Event]:
        thoughts = (delta[name] for name in THOUGHTS if isinstance(delta.get(name), str))
        yield from self.thought(next((text for text in thoughts if text), ""))
        if any(objects(delta.get("tool_calls"))):
            yield Activity("working")
        for is_thought, text in _parts(delta.get("content") or delta.get("refusal")):
            yield from self.thought(text) if is_thought else self.content(text)

    def thought(self, text: str) -> Iterator[Event]:
        """A piece of what the platform itself calls reasoning."""
        return self._shown(self.reasoning.thought(text))

    def content(self, text: str) -> Iterator[Event]:
        """A piece of the text, which may hold thoughts."""
        return self._shown(self.reasoning.content(text))

    def _shown(self, text: str) -> Iterator[Event]:
        if self.reasoning.anew:
            self.reasoning.anew = False
            yield Delta("\n</think>\n\n")  # a line between both, while they are seen
            yield Anew()
        if text:
            yield Delta(text)

    def end(self) -> Iterator[Event]:
        """What is left of the text when the answer has ended."""
        return self._shown(self.reasoning.end(whole=self.reason not in ("", "length")))

    def finished(self, seen: bytes) -> Finished:
        """The end of a reply that went well. Raises ReplyError: it did not."""
        if self.reason == "error":
            raise PlatformUnavailable("the platform ended the answer with an error")
        if not self.reasoning.answered:
            kind = PlatformRejected if seen.strip() else SilentStream
            raise kind(f"the answer is empty: {self._why_empty(seen)}")
        if not self.reason:
            raise PlatformUnavailable(
                "the stream ended without a finish_reason: the answer may have been cut off"
            )
        return Finished(
            message_id=self.id, metadata={**self._metadata, "finish_reason": self.reason}
        )

    def _why_empty(self, seen: bytes) -> str:
        if self.reason:
            return REASONS.get(self.reason, f"finish_reason is {excerpt(self.reason, 40)}")
        if self.done or not seen.strip():
            return "the stream ended without a text and without a finish_reason"
        return f"no choices in it: {excerpt(seen, 2000)}"


def raise_error(error: Any) -> None:
    """Raises ReplyError, where there is an error: `{}` and `""` are none."""
    if error:
        raise failure(error, f"an error in the answer: {excerpt(str(error), 2000)}")


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects in a list; none where it is no list."""
    return (each for each in value if isinstance(each, dict)) if type(value) is list else iter(())


def _status(event: dict[str, Any]) -> Iterator[Event]:
    """What Open WebUI shows above an answer, as Hayhooks sends it among the chunks."""
    told = event.get("data")
    if event.get("type") == "status" and isinstance(told, dict):
        over = told.get("done") or told.get("hidden")
        said = told.get("description")
        if over or isinstance(said, str):
            yield Activity("" if over else said or "working")


def _parts(content: Any) -> Iterator[tuple[bool, str]]:
    """A content's texts, each with whether it is a thought: it is a text, or a list of parts."""
    if isinstance(content, str):
        yield False, content
        return
    for part in objects(content):
        if isinstance(text := part.get("text"), str):
            yield False, text
        elif part.get("type") in ("thinking", "reasoning"):
            inner = part.get("thinking") or part.get("reasoning")
            for _, text in _parts(inner):
                yield True, text
