"""The programs that answer as OpenAI does."""

from __future__ import annotations

from tests.agents.agent import Agent, openai, uvicorn

EMPTY = {
    "EMPTY": ("provider_rejected", "finish_reason is stop"),
    "LENGTH": ("provider_rejected", "limit of tokens"),
    "FILTER": ("provider_rejected", "content filter"),
    "CALL": ("provider_rejected", "a tool"),
}

SERVERS = [
    Agent(
        "openai-bare",
        uvicorn("openai_app"),
        openai("--agent", "echo"),
        ("fastapi", "uvicorn"),
        key="",
        faults=(
            "full_context",
            "thoughts",
            "empty",
            "decoration",
            "unknown_model",
            "quota",
            "silence",
        ),
        empty=EMPTY,
        odd=("ODD", "WHOLE"),
        recalls=True,
    ),
    Agent(
        "litellm",
        ("{bin}/python", "{programs}/litellm_proxy.py", "{port}"),
        openai("--agent", "echo"),
        ("litellm[proxy]==1.108.7",),
        ready="/health/liveliness",
        faults=(
            *("full_context", "retries", "thoughts", "empty", "decoration", "unknown_model"),
            *("no_key", "quota", "silence"),
        ),
        # What comes whole though a stream was asked for, it loses.
        empty={**EMPTY, "WHOLE": ("provider_rejected", "finish_reason is stop")},
        odd=("ODD",),
        recalls=True,
    ),
    Agent(
        "litellm-responses",
        ("{bin}/python", "{programs}/litellm_proxy.py", "{port}"),
        openai("--agent", "echo", "--option", "api=responses"),
        ("litellm[proxy]==1.108.7",),
        ready="/health/liveliness",
        turns=False,  # without its database it keeps no conversation: each is its first
    ),
    Agent(
        "litserve",
        ("{bin}/python", "{programs}/litserve_app.py", "{port}"),
        openai("--agent", "lit"),
        ("litserve==0.2.19",),
        ready="/health",
        faults=("thoughts", "empty", "no_key"),
        empty={"EMPTY": ("provider_rejected", "finish_reason is stop")},
    ),
    Agent(
        "hayhooks",
        uvicorn("hayhooks_app"),
        openai("--base-url", "{url}", "--agent", "parrot"),
        ("hayhooks==2.1.0",),
        env={
            "HAYHOOKS_PIPELINES_DIR": "{programs}/hayhooks_pipelines",
            "HAYHOOKS_ADDITIONAL_PYTHON_PATH": "{programs}",
        },
        ready="/status",
        faults=(
            *("thoughts", "empty", "decoration", "unknown_model", "no_key", "tool", "silence"),
        ),
        empty={
            "EMPTY": ("provider_rejected", "finish_reason is stop"),
            "LENGTH": ("provider_rejected", "limit of tokens"),
            "FILTER": ("provider_rejected", "content filter"),
        },
        odd=("ASIDE", "WHOLE"),
        recalls=True,
    ),
    Agent(
        "transformers",
        ("{bin}/python", "{programs}/transformers_serve.py", "{port}"),
        openai("--agent", "{folder}/tiny", "--option", "max_tokens=12", "--greeting", "Welcome!"),
        ("transformers[serving]==5.24.0", "torch"),
        ready="/health",
        turns=False,
        breaks=False,
        endless=2000,
        faults=("roles", "unknown_model", "no_key"),
    ),
    Agent(
        "llama-cpp-python",
        ("{bin}/python", "{programs}/llama_serve.py", "{port}"),
        openai("--agent", "tiny", "--option", "max_tokens=12", "--greeting", "Welcome!"),
        ("llama-cpp-python[server]==0.3.36", "gguf"),
        ready="/docs",
        turns=False,
        breaks=False,
        endless=1500,
        stop_sign="Disconnected from client",
        context=2048,
        faults=("roles", "system", "cut_off", "full_context", "unknown_model", "no_key"),
    ),
]
