"""n8n's workflows and credentials, as it imports them: `n8n_files.py FOLDER MODEL_URL`.

Two chats behind Basic Auth, each an Agent with a model of ours (openai_app.py) and a memory: one
that streams, one that answers with the last node's output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

LANGCHAIN = "@n8n/n8n-nodes-langchain"
CREDENTIALS = {
    "model": ("openAiApi", {"apiKey": "model-key"}),
    "login": ("httpBasicAuth", {"user": "agent", "password": "agent-key"}),
}


def uses(name: str) -> dict[str, Any]:
    kind = CREDENTIALS[name][0]
    return {"credentials": {kind: {"id": name, "name": name}}}


def node(name: str, kind: str, version: float, parameters: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-4000-8000-{sum(name.encode()):012}",
        "name": name,
        "type": f"{LANGCHAIN}.{kind}",
        "typeVersion": version,
        "position": [0, 0],
        "parameters": parameters,
        **more,
    }


def workflow(name: str, mode: str) -> dict[str, Any]:
    chat = {
        "public": True,
        "mode": "webhook",
        "authentication": "basicAuth",
        "options": {"responseMode": mode},
    }
    memory = {"sessionIdType": "fromInput", "contextWindowLength": 20}
    model = {"model": {"__rl": True, "mode": "id", "value": "echo"}, "options": {"maxRetries": 0}}
    links = {
        "Chat": ("main", "Agent"),
        "Model": ("ai_languageModel", "Agent"),
        "Memory": ("ai_memory", "Agent"),
    }
    return {
        "id": name,
        "name": name,
        "active": False,
        "settings": {"executionOrder": "v1"},
        "nodes": [
            node("Chat", "chatTrigger", 1.1, chat, webhookId=f"echo-{name}", **uses("login")),
            node("Agent", "agent", 3.1, {"options": {"enableStreaming": True}}),
            node("Model", "lmChatOpenAi", 1.2, model, **uses("model")),
            node("Memory", "memoryBufferWindow", 1.3, memory),
        ],
        "connections": {
            source: {kind: [[{"node": to, "type": kind, "index": 0}]]}
            for source, (kind, to) in links.items()
        },
    }


def main(folder: Path, model_url: str) -> None:
    CREDENTIALS["model"][1]["url"] = f"{model_url}/v1"
    credentials = [
        {"id": name, "name": name, "type": kind, "data": data}
        for name, (kind, data) in CREDENTIALS.items()
    ]
    workflows = [workflow("stream", "streaming"), workflow("last", "lastNode")]
    (folder / "credentials.json").write_text(json.dumps(credentials))
    (folder / "workflows.json").write_text(json.dumps(workflows))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
