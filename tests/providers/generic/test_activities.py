"""What an agent does before it goes on writing, where its stream tells of it; as documented."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatwidget.providers.base import Activity, Delta
from chatwidget.providers.generic import Generic
from chatwidget.testing.transport import Answer, FakePlatform
from tests.providers.generic.conftest import JSON, SSE, described, generic, turn

# Preset → events before the text, the text, and what ends it; a pair is an event with its name.
TOOLS: dict[str, tuple[list[Any], Any, list[Any]]] = {
    "ag-ui": (
        [
            {"type": "RUN_STARTED", "threadId": "t", "runId": "r"},
            {"type": "TOOL_CALL_START", "toolCallId": "c", "toolCallName": "find_secret"},
            {"type": "TOOL_CALL_ARGS", "toolCallId": "c", "delta": '{"q": 1}'},
            {"type": "TOOL_CALL_END", "toolCallId": "c"},
            {"type": "TOOL_CALL_RESULT", "toolCallId": "c", "content": "secret", "messageId": "m"},
        ],
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": "Found."},
        [{"type": "RUN_FINISHED", "threadId": "t", "runId": "r"}],
    ),
    "ai-sdk-ui": (
        [
            {"type": "tool-input-start", "toolCallId": "c", "toolName": "find_secret"},
            {"type": "tool-input-delta", "toolCallId": "c", "inputTextDelta": "{}"},
            {"type": "tool-input-available", "toolCallId": "c", "toolName": "find_secret"},
            {"type": "tool-output-available", "toolCallId": "c", "output": "secret"},
        ],
        {"type": "text-delta", "id": "t", "delta": "Found."},
        [{"type": "finish"}],
    ),
    "langgraph": (
        [
            (
                "messages",
                [{"type": "AIMessageChunk", "content": "", "tool_call_chunks": [each]}, {}],
            )
            for each in ({"name": "find_secret", "args": "", "index": 0}, {"args": "{}"})
        ]
        + [("messages", [{"type": "tool", "content": "secret", "name": "find_secret"}, {}])],
        (
            "messages",
            [{"type": "AIMessageChunk", "content": "Found.", "tool_call_chunks": []}, {}],
        ),
        [],
    ),
    "flowise": (
        [
            {"event": "calledTools", "data": [{"tool": "find_secret", "toolOutput": ""}]},
            {"event": "usedTools", "data": [{"tool": "find_secret", "toolOutput": "secret"}]},
        ],
        {"event": "token", "data": "Found."},
        [{"event": "end", "data": "[DONE]"}],
    ),
    "openai-responses": (
        [
            {"type": "response.output_item.added", "item": {"type": "reasoning", "id": "rs"}},
            {"type": "response.output_item.added", "item": {"type": "web_search_call"}},
            {"type": "response.output_item.added", "item": {"type": "message", "id": "msg"}},
        ],
        {"type": "response.output_text.delta", "delta": "Found."},
        [{"type": "response.completed", "response": {"id": "resp_1"}}],
    ),
    "anthropic": (
        [
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "server_tool_use", "name": "web_search", "input": {}},
            }
        ],
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Found."}},
        [{"type": "message_stop"}],
    ),
    "google-adk": (
        [
            {"content": {"parts": [{"functionCall": {"name": "find_secret", "args": {}}}]}},
            {"content": {"parts": [{"functionResponse": {"response": {"is": "secret"}}}]}},
        ],
        {"content": {"parts": [{"text": "Found."}], "role": "model"}, "partial": True},
        [],
    ),
    "dify": (
        [
            {"event": "agent_thought", "tool": "", "thought": "secret"},
            {"event": "agent_thought", "tool": "find_secret", "thought": "secret"},
        ],
        {"event": "agent_message", "answer": "Found."},
        [{"event": "message_end"}],
    ),
}


def framed(event: Any) -> bytes:
    name, value = event if isinstance(event, tuple) else ("", event)
    return (f"event: {name}\n" if name else "").encode() + b"data: %s\n\n" % (
        json.dumps(value).encode()
    )


async def told(provider: Generic, body: list[bytes], headers: dict[str, str]) -> list[Any]:
    """The activities and pieces of text that an answer brings."""
    opened = [Answer([b"{}"], headers=JSON)] if provider.description.request.open else []
    answers = [*opened, Answer(body, headers=headers)]
    with FakePlatform(lambda request: answers.pop(0)).installed():
        events = [event async for event in provider.reply(turn())]
    return [event for event in events if isinstance(event, Activity | Delta)]


@pytest.mark.parametrize("preset", TOOLS)
async def test_a_tool_is_said_while_it_runs_and_not_which(preset: str) -> None:
    before, text, end = TOOLS[preset]
    events = [framed(event) for event in (*before, text, *end)]
    assert await told(generic(preset=preset), events, SSE) == [Activity("working"), Delta("Found.")]


async def test_a_description_may_say_what_is_done() -> None:
    answer = {
        "framing": "ndjson",
        "text": [{"path": "text"}],
        "ui": [{"type": "activity", "when": "status", "items": "status[*]", "title": "said"}],
    }
    lines = [
        b'{"status": [{"said": "Looking it up"}]}\n' * 2,
        b'{"status": [{"said": ""}, {}]}\n',
        b'{"text": "Found"}\n',
        b'{"status": [{"said": "Looking it up"}]}\n',
        b'{"text": "."}\n',
    ]
    assert await told(generic(described(answer)), lines, JSON) == [
        Activity("Looking it up"),
        Activity("working"),
        Delta("Found"),
        Activity("Looking it up"),
        Delta("."),
    ]
