"""The fake platforms answer as the documents' examples do; these are quoted word for word."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.running import Process

HEADERS = {"User-Agent": "django-agent-chatwidget/tests"}


@pytest.fixture
async def client(platforms: Process) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=platforms.url, headers=HEADERS, timeout=30, trust_env=False
    ) as made:
        await made.delete("/_log")
        yield made
        await made.delete("/_log")


def shape(value: Any) -> Any:
    """A value's fields and types, without what they hold."""
    if isinstance(value, dict):
        return {name: shape(field) for name, field in value.items()}
    return type(value).__name__


FIRST_MESSAGE = """{
  "session_id": "58a6b549-ef07-4a31-86bc-0eb0e026840a",
  "first_message": "Hello! Welcome to Acme Corp support. I'm your AI assistant, ready to help with any questions about our products, services, or your account. How can I assist you today?",
  "agent_id": "68ea2517dbb84c09bae1ba0a"
}"""  # noqa: E501

EIGI = {"X-API-Key": "vk_your_api_key_here"}


async def test_eigi_first_message(client: httpx.AsyncClient) -> None:
    url = "/v1/public/agents/68ea2517dbb84c09bae1ba0a/first-message"
    said = (await client.get(url, headers=EIGI)).json()
    documented = json.loads(FIRST_MESSAGE)
    assert len(said["session_id"]) == len(documented["session_id"])
    assert said | {"session_id": documented["session_id"]} == documented


async def test_eigi_error(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/public/agents/missing/first-message", headers=EIGI)
    assert response.status_code == 404
    assert response.json() == json.loads("""{
  "detail": "Agent not found"
}""")


async def test_eigi_chat(client: httpx.AsyncClient) -> None:
    agent, message = "68ea2517dbb84c09bae1ba0a", "Hello, how can you help me?"
    body: dict[str, object] = {"agent_id": agent, "message": message}
    streamed = await client.post("/v1/public/chat", headers=EIGI, json=body)
    assert streamed.headers["content-type"] == "text/plain; charset=utf-8"
    body |= {"session_id": streamed.headers["x-session-id"], "streaming": False}
    body |= {"metadata": json.loads('{"user_id": "user_123", "source": "website"}')}
    said = (await client.post("/v1/public/chat", headers=EIGI, json=body)).json()
    assert shape(said) == {"response": "str", "session_id": "str"}
    assert said["session_id"] == streamed.headers["x-session-id"]


FIFTHELEMENT = {"Authorization": "Bearer fe_YOUR_API_KEY"}
CHAT = "/v1/api/chat/support-agent"
SUCCESS = """{
  "data": {
    "response": "AI agent's response text",
    "conversationId": "conv_abc123",
    "metadata": {
      "model": "gpt-4",
      "tokens": 150
    }
  },
  "error": null
}"""
ERRORS = {
    400: """{
  "data": null,
  "error": {
    "name": "ValidationError",
    "message": "Message field is required",
    "details": {}
  }
}""",
    401: """{
  "data": null,
  "error": {
    "name": "UnauthorizedError",
    "message": "Invalid or missing API token",
    "details": {}
  }
}""",
    404: """{
  "data": null,
  "error": {
    "name": "NotFoundError",
    "message": "Agent with slug 'support-agent' not found",
    "details": {}
  }
}""",
}
EVENTS = """data: {"chunk": "Hello"}
data: {"chunk": " there!"}
data: {"chunk": " How"}
data: {"chunk": " can"}
data: {"chunk": " I"}
data: {"chunk": " help"}
data: {"chunk": "?"}
data: [DONE]"""


async def test_fifthelement_chat(client: httpx.AsyncClient) -> None:
    first = json.loads("""{
    "message": "What are your business hours?",
    "stream": false
  }""")
    said = (await client.post(CHAT, headers=FIFTHELEMENT, json=first)).json()
    documented = json.loads(SUCCESS)
    assert shape(said) == shape(documented)
    assert said["data"]["metadata"] == documented["data"]["metadata"]
    again = json.loads("""{
    "message": "Can you elaborate on that?",
    "stream": false,
    "conversationId": "conv_abc123"
  }""")
    again["conversationId"] = said["data"]["conversationId"]
    more = (await client.post(CHAT, headers=FIFTHELEMENT, json=again)).json()
    assert more["data"]["conversationId"] == said["data"]["conversationId"]


async def test_fifthelement_new_conversation(client: httpx.AsyncClient) -> None:
    new = json.loads("""{
  "message": "Hello",
  "conversationId": null
}""")
    response = await client.post(CHAT, headers=FIFTHELEMENT, json=new)
    assert response.json()["data"]["conversationId"].startswith("conv_")


@pytest.mark.parametrize("status", ERRORS)
async def test_fifthelement_errors(client: httpx.AsyncClient, status: int) -> None:
    body = {"message": f"fault:{status}"}
    response = await client.post(CHAT, headers=FIFTHELEMENT, json=body)
    assert response.status_code == status
    assert response.json() == json.loads(ERRORS[status])


async def test_fifthelement_events(client: httpx.AsyncClient) -> None:
    body = json.loads('{"message": "Hello", "stream": true}')
    response = await client.post(CHAT, headers=FIFTHELEMENT, json=body)
    assert [line for line in response.text.splitlines() if line] == EVENTS.splitlines()
    bare = {"message": "say:Hello there! How can I help?", "stream": True}
    response = await client.post(f"{CHAT}-fault:bare", headers=FIFTHELEMENT, json=bare)
    assert response.text.rstrip("\n") == EVENTS


VINDEX = {"X-API-Key": "amgai_your-channel-key-here"}


@pytest.mark.parametrize(
    ("request_body", "reply"),
    [
        (
            """{
  "message": "Hello! I need help with my order.",
  "session_id": "user-abc-123"
}""",
            """{
  "reply": "I'd be happy to help you with your order! Could you please provide your order number?",
  "session_id": "user-abc-123"
}""",
        ),
        (
            """{
    "message": "What is the capital of France?",
    "session_id": "test-001"
  }""",
            '{"reply": "The capital of France is Paris.", "session_id": "test-001"}',
        ),
    ],
)
async def test_vindex_chat(client: httpx.AsyncClient, request_body: str, reply: str) -> None:
    headers = {"Content-Type": "application/json", **VINDEX}
    response = await client.post("/api/chat", headers=headers, content=request_body)
    assert response.json() == json.loads(reply)


AGENTIX = {"Authorization": "Bearer agx_live_YOUR_KEY", "Content-Type": "application/json"}
GRID = """{ "type": "product-grid", "data": [ { "title": "Blue Widget", "price": "$24.99", "image": "https://...", "url": "https://..." } ] }"""  # noqa: E501


async def test_agentix_chat(client: httpx.AsyncClient) -> None:
    body = (
        '{ "message": "What products do you have under $50?", "sessionId": "visitor-session-001", '
        '"visitorEmail": "customer@example.com" }'
    )
    url = "/api/public/agents/abc123/chat"
    response = await client.post(url, headers=AGENTIX, content=body)
    assert response.headers["content-type"].startswith("text/plain")
    assert response.headers["transfer-encoding"] == "chunked"
    assert response.headers["x-conversation-id"]
    assert response.headers["x-message-id"]
    said, documented = json.loads(response.headers["x-ui-spec"]), json.loads(GRID)
    assert said["type"] == documented["type"]
    assert shape(said["data"][0]) == shape(documented["data"][0])


@pytest.mark.parametrize(
    ("status", "code", "agent", "key"),
    [
        (401, "INVALID_API_KEY", "abc123", "agx_live_wrong"),
        (403, "AGENT_INACTIVE", "inactive", "agx_live_YOUR_KEY"),
        (404, "AGENT_NOT_FOUND", "missing", "agx_live_YOUR_KEY"),
        (429, "RATE_LIMITED", "fault:429", "agx_live_YOUR_KEY"),
    ],
)
async def test_agentix_errors(
    client: httpx.AsyncClient, status: int, code: str, agent: str, key: str
) -> None:
    headers = AGENTIX | {"Authorization": f"Bearer {key}"}
    body = {"message": "Hello", "sessionId": "visitor-session-001"}
    url = f"/api/public/agents/{agent}/chat"
    response = await client.post(url, headers=headers, json=body)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code


BREACHES = {
    "no key": ("/api/chat", {}, {"message": "a", "session_id": "b"}, 401),
    "another platform's key": ("/api/chat", EIGI, {"message": "a", "session_id": "b"}, 401),
    "a field more": ("/api/chat", VINDEX, {"message": "a", "session_id": "b", "x": 1}, 400),
    "a field less": ("/api/chat", VINDEX, {"message": "a"}, 400),
    "a number for a text": ("/api/chat", VINDEX, {"message": 1, "session_id": "b"}, 400),
    "metadata of its own": (
        "/api/chat",
        VINDEX,
        {"message": "a", "session_id": "b", "metadata": {"user": "c"}},
        400,
    ),
    "too long": ("/api/chat", VINDEX, {"message": "a" * 2001, "session_id": "b"}, 400),
    "empty": ("/api/chat", VINDEX, {"message": " ", "session_id": "b"}, 400),
    "an unknown session": (
        "/v1/public/chat",
        EIGI,
        {"agent_id": "a", "message": "b", "session_id": "c"},
        404,
    ),
    "an unknown conversation": (CHAT, FIFTHELEMENT, {"message": "a", "conversationId": "c"}, 404),
    "a cookie": ("/api/chat", VINDEX | {"Cookie": "a=b"}, {"message": "a", "session_id": "b"}, 400),
    "no such path": ("/v2/chat", EIGI, {}, 404),
}


@pytest.mark.parametrize(("url", "headers", "body", "status"), BREACHES.values(), ids=BREACHES)
async def test_breaches_are_violations(
    client: httpx.AsyncClient, url: str, headers: dict[str, str], body: Any, status: int
) -> None:
    response = await client.post(url, headers=headers, json=body)
    assert response.status_code == status
    assert len((await client.get("/_violations")).json()["violations"]) == 1
