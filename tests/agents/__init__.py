"""Real agents' programs, each with an echo for an agent, chatted with through our own server.

`make test-agents NAMES="pydantic-ai-agui langserve"` installs them into the ignored folder .agents
(from the package indexes, so outside of CI) and prints what was seen; without NAMES, what there is.
"""
