"""A flow for Langflow, Chat Input → Echo → Chat Output; prints a widget's agent and key.

`langflow_setup.py URL`. Echo is a custom component, whose text is a stream; its turns are counted
by session, in files.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.request import Request, urlopen

ECHO = """
import os
from pathlib import Path

from langchain_core.messages import AIMessageChunk
from lfx.custom import Component
from lfx.io import MessageInput, Output
from lfx.schema.message import Message

from echo import pieces


class Echo(Component):
    display_name = "Echo"
    name = "Echo"
    inputs = [MessageInput(name="input_value", display_name="Input")]
    outputs = [Output(name="message", display_name="Message", method="say")]

    async def say(self) -> Message:
        told = Path(os.environ["STOPPED"]).parent / f"turns-{self.graph.session_id}"
        with told.open("a") as file:
            file.write("x")
        text = self.input_value.text
        if text.endswith("FAIL"):
            raise RuntimeError("broke before the first word")
        said = pieces(text, told.stat().st_size)
        chunks = (AIMessageChunk(content=piece) async for piece in said)
        return Message(text=chunks, sender="Machine", sender_name="AI")
"""


def main(url: str) -> None:
    from lfx.components.input_output import ChatInput, ChatOutput
    from lfx.graph import Graph

    namespace: dict[str, Any] = {}
    exec(compile(ECHO, "echo_component", "exec"), namespace)
    chat, out = ChatInput(_id="chat-in"), ChatOutput(_id="chat-out")
    echo = namespace["Echo"](_id="echo", _code=ECHO)
    echo.set(input_value=chat.message_response)
    out.set(input_value=echo.say)
    flow = Graph(chat, out).dump(name="echo", endpoint_name="echo")

    def ask(path: str, body: Any = None, **headers: str) -> Any:
        data = None if body is None else json.dumps(body).encode()
        made = Request(url + path, data, {"Content-Type": "application/json", **headers})
        with urlopen(made, timeout=60) as answer:
            return json.load(answer)

    login = {"Authorization": f"Bearer {ask('/api/v1/auto_login')['access_token']}"}
    key = ask("/api/v1/api_key/", {"name": "widget"}, **login)["api_key"]
    ask("/api/v1/flows/", flow, **login)
    print(f"agent=echo\nkey={key}")


if __name__ == "__main__":
    main(sys.argv[1])
