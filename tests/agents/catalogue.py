"""The programs that can be run, by their names."""

from __future__ import annotations

from typing import Any

from tests.agents.agent import KEY, Agent, generic, uvicorn
from tests.agents.openai_servers import SERVERS

PYDANTIC = ("pydantic-ai-slim[ag-ui,ui]==2.68.0", "starlette", "uvicorn")
A2A = ("a2a-sdk[http-server]==1.3.0", "uvicorn")
AI_SDK = ("ai@7.0.173",)

RASA_BOT = "{programs}/rasa_bot"
RASA_TRAIN = (
    *("{bin}/rasa", "train", "--quiet", "--out", "{data}", "--fixed-model-name", "echo"),
    *("--config", f"{RASA_BOT}/config.yml", "--domain", f"{RASA_BOT}/domain.yml"),
    *("--data", f"{RASA_BOT}/data.yml"),
)
RASA_RUN = (
    *("{bin}/rasa", "run", "--interface", "127.0.0.1", "--port", "{port}"),
    *("--model", "{data}/echo.tar.gz", "--endpoints", f"{RASA_BOT}/endpoints.yml"),
    *("--credentials", f"{RASA_BOT}/credentials.yml"),
)
RASA_ACTIONS = ("{bin}/rasa", "run", "actions", "--actions", "rasa_actions", "--port", "{port}")
RASA_ENV = {
    "ACTIONS": "http://127.0.0.1:{beside}/webhook",
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}

# Their agents ask a model: a server of ours.
MODEL_PIP = ("fastapi", "uvicorn")
MODEL = uvicorn("openai_app")
N8N = "{folder}/node_modules/.bin/n8n"
N8N_BEFORE = (
    ("{bin}/python", "{programs}/n8n_files.py", "{data}", "http://127.0.0.1:{beside}"),
    (N8N, "import:credentials", "--input={data}/credentials.json"),
    (N8N, "import:workflow", "--input={data}/workflows.json"),
    (N8N, "publish:workflow", "--id=stream"),
    (N8N, "publish:workflow", "--id=last"),
)
N8N_ENV = {
    "N8N_USER_FOLDER": "{data}",
    "N8N_PORT": "{port}",
    "N8N_LISTEN_ADDRESS": "127.0.0.1",
    "N8N_RUNNERS_BROKER_PORT": "{spare}",
    "N8N_DIAGNOSTICS_ENABLED": "false",
    "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
    "N8N_TEMPLATES_ENABLED": "false",
}


def n8n(name: str, flow: str, **more: Any) -> Agent:
    return Agent(
        name,
        (N8N, "start"),
        generic(name, "--agent", f"echo-{flow}"),
        MODEL_PIP,
        ("n8n@2.41.1",),
        built=("sqlite3", "isolated-vm"),
        before=N8N_BEFORE,
        beside=MODEL,
        env=N8N_ENV,
        ready="/healthz/readiness",
        key="YWdlbnQ6YWdlbnQta2V5",  # agent:agent-key
        minutes=8,
        **more,
    )


AGENTS = [
    Agent(
        "pydantic-ai-agui",
        uvicorn("pydantic_ai_ui"),
        generic("ag-ui", "--base-url", "{url}/agui"),
        PYDANTIC,
    ),
    Agent(
        "pydantic-ai-vercel",
        uvicorn("pydantic_ai_ui"),
        generic("ai-sdk-ui", "--base-url", "{url}/vercel"),
        PYDANTIC,
    ),
    Agent(
        "ai-sdk-ui",
        ("node", "{folder}/ai_sdk_route.mjs", "{port}"),
        generic("ai-sdk-ui", "--base-url", "{url}/api/chat"),
        npm=AI_SDK,
    ),
    Agent(
        "ai-sdk-text",
        ("node", "{folder}/ai_sdk_route.mjs", "{port}"),
        generic("ai-sdk-text", "--base-url", "{url}/api/text"),
        npm=AI_SDK,
        right={"broken": "complete"},  # its stream cannot tell
    ),
    Agent(
        "langserve",
        uvicorn("langserve_app"),
        generic("langserve", "--agent", "echo"),
        ("langserve==0.3.3", "fastapi", "uvicorn", "sse-starlette", "langchain-core"),
    ),
    Agent(
        "langgraph",
        (
            *("{bin}/langgraph", "dev", "--no-browser", "--no-reload", "--port", "{port}"),
            *("--config", "{programs}/langgraph.json"),
        ),
        generic("langgraph", "--agent", "agent"),
        ("langgraph-cli[inmem]", "langchain-core"),
        env={"AGENT_KEY": KEY},
        ready="/ok",
    ),
    Agent("a2a", uvicorn("a2a_app"), generic("a2a-1.0", "--base-url", "{url}/"), A2A),
    Agent("a2a-0.3", uvicorn("a2a_app"), generic("a2a-0.3", "--base-url", "{url}/compat"), A2A),
    Agent(
        "google-adk",
        uvicorn("adk_app"),
        generic("google-adk", "--agent", "echo_app"),
        ("google-adk==2.13.0",),
        ready="/list-apps",
    ),
    Agent(
        "litellm-anthropic",
        ("{bin}/python", "{programs}/litellm_proxy.py", "{port}"),
        generic("anthropic", "--agent", "echo"),
        ("litellm[proxy]==1.108.7",),
        ready="/health/liveliness",
        right={"wrong_key": "provider_rejected"},  # without its database it answers 400 to one
    ),
    Agent(
        "rasa",
        RASA_RUN,
        generic("rasa"),
        ("rasa==3.6.21",),
        python="python3.10",  # the newest that it takes
        before=(RASA_TRAIN,),
        beside=RASA_ACTIONS,
        env=RASA_ENV,
        streams=False,
    ),
    Agent(
        "rasa-stream",
        RASA_RUN,
        generic("rasa-stream"),
        ("rasa==3.6.21",),
        python="python3.10",
        before=(RASA_TRAIN,),
        beside=RASA_ACTIONS,
        env=RASA_ENV,
        streams=False,
    ),
    Agent(
        "flowise",
        (  # names of our own settings, which are taken out of what it sees
            *("env", "HOST=127.0.0.1", "PORT={port}"),
            *("{folder}/node_modules/.bin/flowise", "start"),
        ),
        generic("flowise", "--agent", "{agent}"),
        MODEL_PIP,
        ("flowise@3.1.4",),
        built=("sqlite3",),
        beside=MODEL,
        setup=(
            *("{bin}/python", "{programs}/flowise_setup.py", "{url}", "http://127.0.0.1:{beside}"),
            "{folder}/node_modules/flowise/marketplaces/chatflows/Conversation Chain.json",
        ),
        env={
            "DATABASE_PATH": "{data}",
            "SECRETKEY_PATH": "{data}",
            "LOG_PATH": "{data}",
            "BLOB_STORAGE_PATH": "{data}",
            "DISABLE_FLOWISE_TELEMETRY": "true",
            "OPENAI_API_KEY": "model-key",
            "NODE_OPTIONS": "--import={programs}/offline.mjs",
            "FAIL_STATUS": "400",  # it asks again and again after a 500
        },
        ready="/api/v1/ping",
        minutes=8,
    ),
    Agent(
        "langflow",
        (
            *("{bin}/langflow", "run", "--host", "127.0.0.1", "--port", "{port}"),
            *("--backend-only", "--no-open-browser", "--workers", "1"),
        ),
        generic("langflow", "--agent", "{agent}"),
        ("langflow==1.13.0",),
        setup=("{bin}/python", "{programs}/langflow_setup.py", "{url}"),
        env={
            "LANGFLOW_CONFIG_DIR": "{data}",
            "LANGFLOW_DATABASE_URL": "sqlite:///{data}/langflow.db",
            "LANGFLOW_AUTO_LOGIN": "true",
            "LANGFLOW_DO_NOT_TRACK": "true",
            "DO_NOT_TRACK": "true",
        },
        ready="/health",
        minutes=8,
    ),
    n8n("n8n-stream", "stream"),
    n8n("n8n-last", "last", streams=False),
    *SERVERS,
]
BY_NAME = {agent.name: agent for agent in AGENTS}
