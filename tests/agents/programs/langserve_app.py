"""LangServe: a runnable of texts at /echo, which counts the turns of each session."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from echo import pieces
from fastapi import Depends, FastAPI, Header, HTTPException
from langchain_core.runnables import ConfigurableFieldSpec, RunnableLambda
from langserve import add_routes

turns: Counter[str] = Counter()


async def say(text: str, config: Any) -> AsyncIterator[str]:
    session = config["configurable"]["session_id"]
    turns[session] += 1
    async for piece in pieces(text, turns[session]):
        yield piece


class Echo(RunnableLambda):
    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        """LangServe drops what a runnable does not declare."""
        return [ConfigurableFieldSpec(id="session_id", annotation=str)]


async def key(authorization: str = Header("")) -> None:
    if authorization != "Bearer agent-key":
        raise HTTPException(401, "Wrong key")


app = FastAPI(dependencies=[Depends(key)])
runnable = Echo(say).with_types(input_type=str, output_type=str)
add_routes(app, runnable, path="/echo", config_keys=["configurable"])
