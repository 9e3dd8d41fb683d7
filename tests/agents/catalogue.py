"""The programs: what is installed, how it is started, and how a widget reaches it."""

from __future__ import annotations

from dataclasses import dataclass, field

KEY = "agent-key"


@dataclass(frozen=True)
class Agent:
    """One platform with its echo agent. {bin}, {port}, {folder} and {programs} are filled in."""

    name: str
    command: tuple[str, ...]
    widget: tuple[str, ...]  # arguments of configure_widget; {url} is the program's address
    pip: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    python: str = ""  # another Python than this one's
    ready: str = ""  # a path that answers 200 once it is up
    key: str = KEY  # empty: it asks for none
    turns: bool = True  # its echo counts the conversation's turns
    breaks: bool = True  # it knows FAIL and BREAK
    slow: bool = True  # it knows SLOW
    minutes: int = 5  # for its start


def uvicorn(module: str) -> tuple[str, ...]:
    return (
        "{bin}/python",
        "-m",
        "uvicorn",
        f"{module}:app",
        "--host",
        "127.0.0.1",
        "--port",
        "{port}",
    )


def generic(preset: str, *more: str) -> tuple[str, ...]:
    return ("--provider", "generic", "--preset", preset, "--base-url", "{url}", *more)


def openai(*more: str) -> tuple[str, ...]:
    return ("--provider", "openai", "--base-url", "{url}/v1", *more)


PYDANTIC = ("pydantic-ai-slim[ag-ui,ui]==2.68.0", "starlette", "uvicorn")
A2A = ("a2a-sdk[http-server]==1.3.0", "uvicorn")
AI_SDK = ("ai@7.0.173",)

AGENTS = [
    Agent(
        "pydantic-ai-agui",
        uvicorn("pydantic_ai_ui"),
        generic("ag-ui", "--base-url", "{url}/agui"),
        PYDANTIC,
        key="",
    ),
    Agent(
        "pydantic-ai-vercel",
        uvicorn("pydantic_ai_ui"),
        generic("ai-sdk-ui", "--base-url", "{url}/vercel"),
        PYDANTIC,
        key="",
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
        ("{bin}/adk", "api_server", "--port", "{port}", "{programs}/adk_agents"),
        generic("google-adk", "--agent", "echo_app"),
        ("google-adk==2.13.0",),
        ready="/list-apps",
        key="",
    ),
    Agent(
        "openai-bare",
        uvicorn("openai_app"),
        openai("--agent", "echo"),
        ("fastapi", "uvicorn"),
        key="",
    ),
    Agent(
        "litellm",
        ("{bin}/python", "{programs}/litellm_proxy.py", "{port}"),
        openai("--agent", "echo"),
        ("litellm[proxy]==1.108.7",),
        ready="/health/liveliness",
    ),
    Agent(
        "litellm-responses",
        ("{bin}/python", "{programs}/litellm_proxy.py", "{port}"),
        openai("--agent", "echo", "--option", "api=responses"),
        ("litellm[proxy]==1.108.7",),
        ready="/health/liveliness",
    ),
    Agent(
        "litellm-anthropic",
        ("{bin}/python", "{programs}/litellm_proxy.py", "{port}"),
        generic("anthropic", "--agent", "echo"),
        ("litellm[proxy]==1.108.7",),
        ready="/health/liveliness",
    ),
    Agent(
        "litserve",
        ("{bin}/python", "{programs}/litserve_app.py", "{port}"),
        openai("--agent", "lit"),
        ("litserve==0.2.19",),
        ready="/health",
        key="",
    ),
    Agent(
        "hayhooks",
        (
            *("{bin}/hayhooks", "run", "--host", "127.0.0.1", "--port", "{port}"),
            *("--pipelines-dir", "{programs}/hayhooks_pipelines"),
            *("--additional-python-path", "{programs}"),
        ),
        openai("--base-url", "{url}", "--agent", "parrot"),
        ("hayhooks==2.1.0",),
        ready="/status",
        key="",
    ),
    Agent(
        "transformers",
        ("{bin}/python", "{programs}/transformers_serve.py", "{port}"),
        openai("--agent", "{folder}/tiny", "--option", "max_tokens=12", "--greeting", "Welcome!"),
        ("transformers[serving]==5.24.0", "torch"),
        ready="/health",
        key="",
        turns=False,
        breaks=False,
        slow=False,
    ),
]
BY_NAME = {agent.name: agent for agent in AGENTS}
