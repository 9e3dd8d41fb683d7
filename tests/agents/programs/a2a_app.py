"""An A2A 1.0 server; /compat speaks 0.3 too."""

from __future__ import annotations

from collections import Counter

from a2a.helpers import new_task_from_user_message, new_text_part
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill
from echo import pieces, stopped
from keyed import Keyed
from starlette.applications import Starlette
from starlette.middleware import Middleware

turns: Counter[str] = Counter()


class Echo(AgentExecutor):
    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        task = context.current_task or new_task_from_user_message(context.message)
        await event_queue.enqueue_event(task)
        turns[task.context_id] += 1
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.start_work()
        text = context.get_user_input()
        first = True
        async for piece in pieces(text, turns[task.context_id]):
            await updater.add_artifact(
                [new_text_part(piece)], artifact_id="a1", append=not first, last_chunk=False
            )
            first = False
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        stopped()
        task = context.current_task
        await TaskUpdater(event_queue, task.id, task.context_id).cancel()


card = AgentCard(
    name="Echo",
    description="says it again",
    version="1.0.0",
    default_input_modes=["text/plain"],
    default_output_modes=["text/plain"],
    capabilities=AgentCapabilities(streaming=True),
    supported_interfaces=[
        AgentInterface(protocol_binding="JSONRPC", url="http://127.0.0.1/", protocol_version="1.0")
    ],
    skills=[AgentSkill(id="echo", name="Echo", description="says it again", tags=["echo"])],
)
handler = DefaultRequestHandler(
    agent_executor=Echo(), task_store=InMemoryTaskStore(), agent_card=card
)
app = Starlette(
    routes=[
        *create_agent_card_routes(card),
        *create_jsonrpc_routes(handler, "/"),
        *create_jsonrpc_routes(handler, "/compat", enable_v0_3_compat=True),
    ],
    middleware=[Middleware(Keyed)],
)
