"""A program: what is installed, how it is started, and how a widget reaches it."""

from __future__ import annotations

from dataclasses import dataclass, field

KEY = "agent-key"


@dataclass(frozen=True)
class Agent:
    """One platform with its echo agent.

    Filled in are {bin}, {port}, {folder}, {programs}, {data} (a new folder for each run),
    {beside} (the port of what stands beside it) and {spare} (another one).
    """

    name: str
    command: tuple[str, ...]
    widget: tuple[str, ...]  # arguments of configure_widget; {url} is the program's address
    pip: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()
    built: tuple[str, ...] = ()  # of npm's, the only ones whose install scripts run
    before: tuple[tuple[str, ...], ...] = ()  # commands before its start
    beside: tuple[str, ...] = ()  # another program that it needs: a model, an action server
    setup: tuple[str, ...] = ()  # a command once it is up, whose lines name=value are filled in
    env: dict[str, str] = field(default_factory=dict)
    python: str = ""  # another Python than this one's
    ready: str = ""  # a path that answers 200 once it is up
    key: str = KEY  # empty: it asks for none
    turns: bool = True  # its echo counts the conversation's turns
    breaks: bool = True  # it knows FAIL and BREAK
    slow: bool = True  # it knows SLOW
    streams: bool = True  # SLOW's words come one by one
    endless: int = 0  # tokens of an answer that takes long, where a model of noise makes it
    stop_sign: str = ""  # what it prints when it notices that nobody listens any more
    faults: tuple[str, ...] = ()  # of faults.py, those that it can produce
    empty: dict[str, tuple[str, str]] = field(
        default_factory=dict
    )  # word: code, words of the cause
    odd: tuple[str, ...] = ()  # words that are answered in odd shapes
    recalls: bool = False  # it knows RECALL
    context: int = 3000  # characters
    # How an answer begins that is right here and wrong elsewhere, by its question.
    right: dict[str, str] = field(default_factory=dict)
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
