"""Flowise's first account, and its own template of a conversation with a memory, behind a key.

`flowise_setup.py URL MODEL_URL TEMPLATE` prints what a widget needs: `agent=…` and `key=…`.
"""

from __future__ import annotations

import json
import sys
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, Request, build_opener

EMAIL, PASSWORD = "agent@example.com", "Agent-key-1!"
browser = build_opener(HTTPCookieProcessor(CookieJar()))


def post(url: str, body: dict[str, Any]) -> Any:
    headers = {"Content-Type": "application/json", "x-request-from": "internal"}
    with browser.open(Request(url, json.dumps(body).encode(), headers), timeout=60) as answer:
        return json.load(answer)


def main(url: str, model_url: str, template: Path) -> None:
    api = f"{url}/api/v1"
    post(
        f"{api}/account/register",
        {"user": {"name": "Agent", "email": EMAIL, "credential": PASSWORD}},
    )
    post(f"{api}/auth/login", {"email": EMAIL, "password": PASSWORD})
    keys = post(f"{api}/apikey", {"keyName": "widget", "permissions": ["chatflows:view"]})
    [key] = [each for each in keys if each["keyName"] == "widget"]
    flow = json.loads(template.read_text())
    for node in flow["nodes"]:
        if node["data"]["name"] == "chatOpenAI":
            node["data"]["inputs"] |= {
                "basepath": f"{model_url}/v1",
                "modelName": "echo",
                "streaming": True,
            }
    drawn = json.dumps({"nodes": flow["nodes"], "edges": flow["edges"]})
    made = post(
        f"{api}/chatflows",
        {
            "name": "echo",
            "flowData": drawn,
            "deployed": True,
            "type": "CHATFLOW",
            "apikeyid": key["id"],
        },
    )
    print(f"agent={made['id']}\nkey={key['apiKey']}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
