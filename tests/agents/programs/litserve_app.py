"""LitServe's OpenAI specification over an echo."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

import litserve
from echo import pieces
from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

BEARER = Depends(HTTPBearer())


class Echo(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.loop = asyncio.new_event_loop()

    def authorize(self, auth: HTTPAuthorizationCredentials = BEARER) -> None:
        if auth.credentials != "agent-key":
            raise HTTPException(401, "Wrong key")

    def predict(self, request: Any) -> Iterator[str]:
        said = [each for each in request.messages if each.role == "user"]
        text = str(said[-1].content).rpartition("\n\n")[2]
        stream = pieces(text, len(said))
        while True:
            try:
                yield self.loop.run_until_complete(anext(stream))
            except StopAsyncIteration:
                return


if __name__ == "__main__":
    api = Echo(spec=litserve.OpenAISpec(), enable_async=False)
    litserve.LitServer(api, accelerator="cpu").run(
        host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False
    )
