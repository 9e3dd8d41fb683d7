"""A LangGraph graph of one echo model; its server keeps the threads."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

from echo import pieces
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph_sdk import Auth


class Echo(BaseChatModel):
    @property
    def _llm_type(self) -> str:
        return "echo"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("not streamed"))])

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        said = [message for message in messages if isinstance(message, HumanMessage)]
        async for piece in pieces(str(said[-1].content), len(said)):
            yield ChatGenerationChunk(message=AIMessageChunk(piece))


model = Echo()


async def answer(state: MessagesState) -> dict[str, Any]:
    return {"messages": [await model.ainvoke(state["messages"])]}


builder = StateGraph(MessagesState)
builder.add_node("answer", answer)
builder.add_edge(START, "answer")
builder.add_edge("answer", END)
graph = builder.compile()

auth = Auth()


@auth.authenticate
async def authenticate(headers: dict[bytes, bytes]) -> str:
    if headers.get(b"x-api-key") != os.environ["AGENT_KEY"].encode():
        raise Auth.exceptions.HTTPException(status_code=401, detail="Wrong key")
    return "visitor"
