"""An OpenAI-compatible server. Keys begin with `sk-`; the model `local` needs none.

It is as strict as the strictest chat template: the first message is the user's, and roles
alternate. /responses keeps the conversation, and knows its answers by their ids.

Faults of its event stream: `crlf`, `cr`, `comments`, `bom`, `error`, `undone` (no `[DONE]`), `ends`
(neither `[DONE]` nor a finish_reason), `severed` (no finish_reason), `lines` (an event's data on
several lines), `halves` (text cut between the halves of a character), `hangs` (silence after the
text is whole); `plain` and `ndjson` (another Content-Type), `json` (it ignores `stream`), `odd`
(fields of other types), `parts` (content as a list); `think`, `closing`, `field`, `wordy` (its
thoughts, in four forms); `length`, `filter`, `tool` (no text, for that reason), `void` (an empty
body); `word-…` and `code-…` (an error in the stream); `works` (a tool of its own runs before the
text); `tools` (of /responses).

Refusals: `full` (a context of 600 characters), `mute` (the same, and a stream ends without a byte),
`strict` (no system prompt), `quota`, `key-400`, `key-500`, `model-400`, `model-pinned`.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

from tests.platforms import faults, speech
from tests.platforms.checking import (
    Breach,
    Fields,
    Refused,
    bearer,
    check_agent,
    check_body,
    check_fields,
    check_key,
)
from tests.platforms.state import state
from tests.platforms.wire import Exchange

NAME = "openai"
PATHS = re.compile(r"/v1/(?:chat/completions|responses|models)")
NUMBER = (int, float)
MODELS = ("local", "agent-1", "gpt-4o")
COMMON: Fields = {
    "model": (str, True),
    "stream": (bool, False),
    "temperature": (NUMBER, False),
    "top_p": (NUMBER, False),
}
CHAT: Fields = {
    **COMMON,
    "messages": (list, True),
    "max_tokens": (int, False),
    "max_completion_tokens": (int, False),
}
RESPONSES: Fields = {
    **COMMON,
    "input": ((str, list), True),
    "instructions": (str, False),
    "previous_response_id": (str, False),
    "max_output_tokens": (int, False),
    "reasoning": (dict, False),
}
MESSAGE: Fields = {"role": (str, True), "content": (str, True)}
ROLES = ("system", "user", "assistant")
CONTEXT = 600
CALL = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
THOUGHTS = "The user asks.\n\nI shall answer."
# How a server tells of what its status does not say: status, and the error's fields.
TOLD: dict[str, tuple[int, dict[str, Any]]] = {
    "quota": (429, {"message": "You exceeded your current quota", "code": "insufficient_quota"}),
    "key-400": (400, {"message": "No connected db.", "type": "no_db_connection", "code": "400"}),
    "key-500": (500, {"message": "Authentication Error, No api key passed in."}),
    "model-400": (400, {"message": "Invalid model name passed in model=nope", "code": "400"}),
    "model-pinned": (400, {"message": "Server is pinned to '/tiny'; requested 'nope'."}),
}
FULL = {
    "message": f"This model's maximum context length is {CONTEXT} characters",
    "code": "context_length_exceeded",
}


async def refuse(exchange: Exchange, status: int, why: str, headers: dict[str, str]) -> None:
    error = {"message": why, "type": "invalid_request_error", "param": None, "code": None}
    await exchange.json({"error": error}, status, headers)


async def handle(exchange: Exchange, match: re.Match[str]) -> None:
    key = bearer(exchange)
    if exchange.path.endswith("/models"):
        await exchange.json({"object": "list", "data": [{"id": name} for name in MODELS]})
        return
    responses = exchange.path.endswith("/responses")
    body = check_body(exchange, RESPONSES if responses else CHAT)
    messages = _remembered(body) if responses else body["messages"]
    message = _question(messages)
    fault = await faults.met(exchange, NAME, message, body["model"], key)
    if body["model"] != "local":
        check_key(key, "sk-")
    check_agent(body["model"])
    if exchange.method != "POST":
        raise Refused(405)
    if fault in TOLD:
        status, error = TOLD[fault]
        await exchange.json({"error": error}, status)
        return
    if fault in ("full", "mute") and sum(len(said["content"]) for said in messages) > CONTEXT:
        if fault == "mute" and body.get("stream"):
            await exchange.start(200, "text/event-stream")
            await exchange.end()
        else:
            await exchange.json({"error": FULL}, 400)
        return
    if fault == "strict" and messages[0]["role"] == "system":
        await exchange.json({"error": {"message": "System role not supported"}}, 500)
        return
    turn = sum(said["role"] == "user" for said in messages)
    words = speech.spoken(exchange, message, turn, fault)
    if responses:
        await _respond(exchange, messages, words, fault)
    elif body.get("stream", False) and fault != "json":
        await _stream(exchange, body["model"], words, fault)
    else:
        text = "".join([word async for word in words])
        choice = {"index": 0, "message": {"role": "assistant", "content": text}}
        await exchange.json({"object": "chat.completion", "choices": [choice]})


def _question(messages: list[Any]) -> str:
    """The last message, of the user's; before it, user and assistant take turns."""
    for message in messages:
        check_fields(message, MESSAGE, "message")
        if message["role"] not in ROLES:
            raise Breach(f"no role is named {message['role']!r}")
    roles = [message["role"] for message in messages]
    turns = roles[1:] if roles[:1] == ["system"] else roles
    if any(role != ("user", "assistant")[at % 2] for at, role in enumerate(turns)):
        raise Breach(f"Conversation roles must alternate user/assistant/…, not {roles}")
    if len(turns) % 2 == 0 or not messages[-1]["content"].strip():
        raise Breach("the last message is not the user's")
    # Of messages that were joined, since nothing stood between them, the last.
    question: str = messages[-1]["content"].rpartition("\n\n")[2]
    return question


def _chunk(model: str, delta: Any, reason: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }


def _framed(value: Any, fault: str) -> bytes:
    """One event, as the fault has servers write it."""
    end = {"crlf": b"\r\n", "cr": b"\r"}.get(fault, b"\n")
    shown = json.dumps(
        value, ensure_ascii=fault == "halves", indent=1 if fault == "lines" else None
    )
    comment = b": still here" + end + end if fault == "comments" else b""
    lines = [f"data: {line}".encode() + end for line in shown.split("\n")]
    return comment + b"".join(lines) + end


async def _stream(exchange: Exchange, model: str, words: AsyncIterator[str], fault: str) -> None:
    def chunk(delta: Any, reason: str | None = None) -> bytes:
        return _framed(_chunk(model, delta, reason), fault)

    def word(text: str) -> bytes:
        if fault == "odd":
            odd = {"id": 7, "usage": "none", "error": {}, "choices": None}
            told = {**_chunk(model, {"content": text}), "id": None, "error": ""}
            return _framed(odd, fault) + _framed({**told, "model": ["m"]}, fault)
        return chunk({"content": [{"type": "text", "text": text}] if fault == "parts" else text})

    types = {"plain": "text/plain", "ndjson": "application/x-ndjson"}
    await exchange.start(200, types.get(fault, "text/event-stream; charset=utf-8"))
    if fault == "bom":
        await exchange.send(b"\xef\xbb\xbf")
    if fault != "void":
        await exchange.send(chunk(None if fault == "odd" else {"role": "assistant", "content": ""}))
    for piece in _thinking(fault):
        await exchange.send(chunk(piece))
    if fault == "works":
        await exchange.send(chunk({"content": None, "tool_calls": [CALL]}, "tool_calls"))
        await exchange.pause(0.5)
    end = {"crlf": b"\r\n", "cr": b"\r"}.get(fault, b"\n")
    last = _last(chunk, fault, b"data: [DONE]" + end + end)
    if fault in ("length", "filter", "tool", "void"):
        await exchange.send(last)
        await exchange.end()
    elif fault == "hangs":
        async for text in words:
            await exchange.send(word(text))
        await exchange.send(chunk({}, "stop"))
        await exchange.pause(3600)
    else:
        await speech.stream(exchange, words, word, fault, last)


def _last(chunk: Any, fault: str, done: bytes) -> bytes:
    """What ends a stream."""
    if fault == "error":
        return _framed({"error": {"message": "the model broke", "type": "server_error"}}, fault)
    if fault.startswith(("word-", "code-")):
        kind, _, what = fault.partition("-")
        code = {"code": what, "word": what.replace("-", "_")}[kind]
        return _framed({"error": {"message": "no", "code": code}}, fault) + done
    reasons = {"length": "length", "filter": "content_filter", "tool": "tool_calls"}
    if fault in ("ends", "void"):
        return b""
    if fault == "severed":
        return done
    if fault == "odd":
        done = b"data: [DONE] \n\n"
    last: bytes = chunk({}, reasons.get(fault, "stop"))
    return last + (b"" if fault == "undone" else done)


def _thinking(fault: str) -> list[dict[str, str]]:
    """The pieces in which a model thinks before it answers."""
    if fault == "think":
        pieces = re.findall(r"\S+\s*|\s+", f"<think>\n{THOUGHTS}\n</think>\n\n")
        return [{"content": piece} for piece in pieces]
    if fault == "closing":
        return [{"content": piece} for piece in (THOUGHTS, "\n</th", "ink>", "\n\n")]
    if fault in ("field", "wordy"):
        name = "reasoning_content" if fault == "field" else "reasoning"
        return [{name: piece} for piece in re.findall(r"\S+\s*", THOUGHTS)]
    return []


# --- /responses ------------------------------------------------------------------------------


def _remembered(body: dict[str, Any]) -> list[dict[str, str]]:
    """All messages of the conversation that the request goes on with."""
    given = body["input"]
    new = [{"role": "user", "content": given}] if isinstance(given, str) else given
    before = body.get("previous_response_id")
    if before is None:
        return list(new)
    if (NAME, before) not in state.sessions:
        raise Refused(400, f"Previous response with id '{before}' not found.")
    kept = [
        {"role": each["role"], "content": each["text"]} for each in state.sessions[NAME, before]
    ]
    return [*kept, *new]


async def _respond(
    exchange: Exchange, messages: list[dict[str, str]], words: AsyncIterator[str], fault: str
) -> None:
    name = f"resp_{len(state.log)}"

    def event(kind: str, **fields: Any) -> bytes:
        value = {"type": f"response.{kind}", **fields}
        return f"event: {value['type']}\n".encode() + _framed(value, fault)

    def response(status: str, **fields: Any) -> dict[str, Any]:
        return {"response": {"id": name, "object": "response", "status": status, **fields}}

    await exchange.start(200, "text/event-stream")
    await exchange.send(event("created", **response("in_progress")))
    if fault == "field":
        for piece in re.findall(r"\S+\s*", THOUGHTS):
            await exchange.send(event("reasoning_summary_text.delta", delta=piece))
    if fault == "tools":
        for kind in ("added", "done"):
            item = {"type": "web_search_call", "id": "ws_1"}
            await exchange.send(event(f"output_item.{kind}", item=item))
    ends = {
        "error": event("failed", **response("failed", error={"code": "server_error"})),
        "ends": b"",
        "length": event(
            "incomplete",
            **response("incomplete", incomplete_details={"reason": "max_output_tokens"}),
        ),
    }
    last = ends.get(fault, event("completed", **response("completed", model="fake")))
    text = await speech.stream(
        exchange, words, lambda word: event("output_text.delta", delta=word), fault, last
    )
    if fault not in ends:
        said = [*messages, {"role": "assistant", "content": text}]
        state.sessions[NAME, name] = [
            {"role": each["role"], "text": each["content"]} for each in said
        ]
