"""One site on Daphne whose widgets talk to the fake platforms, and visitors of it."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any, Protocol

import pytest

from chatwidget.protocol import WINDOW
from tests.client import Chat
from tests.platforms.control import Control, as_new
from tests.running import Preparation, Process, Server, free_port

KEYS = {"eigi": "vk_", "fifthelement": "fe_", "vindex": "amgai_", "agentix": "agx_live_"}
SECRET = "do-not-tell-0123456789"  # in every key, so that a leak is seen
IDENTITY_SECRET = "the shop's own secret, 0123456789"
OWN_GREETING = "Welcome to the shop. What can I do for you?"

# slug → fields of the widget; `base_url` and `key` are filled in below.
WIDGETS: dict[str, dict[str, Any]] = {
    "talk": {"provider": "openai", "agent": "gpt", "greeting": OWN_GREETING},
    "other": {"provider": "openai", "agent": "gpt", "greeting": OWN_GREETING},
    "silent": {"provider": "openai", "agent": "gpt"},
    "spanish": {"provider": "openai", "agent": "gpt", "appearance": {"language": "es"}},
    "eigi": {"provider": "eigi", "agent": "agent-1"},
    "fifthelement": {"provider": "fifthelement", "agent": "agent-1"},
    "vindex": {"provider": "vindex"},
    "agentix": {"provider": "agentix", "agent": "agent-1"},
    "late": {"provider": "eigi", "agent": "fault:slow", "greeting": OWN_GREETING},
    "ungreeting": {"provider": "eigi", "agent": "fault:500", "greeting": OWN_GREETING},
    "wrong-key": {"provider": "openai", "agent": "gpt", "key": f"sk-wrong-{SECRET}"},
    "members": {"provider": "openai", "agent": "gpt", "identity_secret": IDENTITY_SECRET},
    "members-only": {
        "provider": "agentix",
        "agent": "agent-1",
        "identity_secret": IDENTITY_SECRET,
        "require_identity": True,
    },
    "closed": {"provider": "demo", "active": False},
}
MAKE = """
import asyncio
import json
from chatwidget.conf import Secret
from chatwidget.models import Widget
SECRETS = ("key", "identity_secret")
for slug, fields in json.loads({widgets!r}).items():
    widget = Widget(slug=slug, title=slug.title())
    for name, value in fields.items():
        setattr(widget, name, Secret(value) if name in SECRETS else value)
    widget.save()
"""


def spellings(text: str) -> set[str]:
    """A text as it is, and within any base64."""
    shifted = (base64.b64encode(bytes(n) + text.encode()).decode() for n in range(3))
    return {text, *(each[4:-4] for each in shifted)}


def tells(text: str) -> bool:
    """Does a platform's key stand in it?"""
    return any(spelling in text for spelling in spellings(SECRET))


class Visit(Protocol):
    async def __call__(self, slug: str = "talk", *, origin: str | None = None) -> Chat: ...


class Site(Server):
    """A server whose database the tests read."""

    def rows(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        path = self.variables["DATABASE_URL"].removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=15)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, parameters)]

    def messages(self, conversation: str) -> list[dict[str, Any]]:
        """A conversation's messages as they are stored, oldest first."""
        return self.rows(
            "SELECT * FROM chatwidget_message WHERE conversation_id = ? ORDER BY seq",
            conversation.replace("-", ""),
        )

    def conversation(self, conversation: str) -> dict[str, Any]:
        [row] = self.rows(
            "SELECT * FROM chatwidget_conversation WHERE id = ?", conversation.replace("-", "")
        )
        return row

    def write(self, sql: str, *parameters: Any) -> None:
        path = self.variables["DATABASE_URL"].removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=15)) as connection, connection:
            connection.execute(sql, parameters)

    def erase(self, conversation: str) -> None:
        """As the owner does it in the admin."""
        name = conversation.replace("-", "")
        self.write("DELETE FROM chatwidget_message WHERE conversation_id = ?", name)
        self.write("DELETE FROM chatwidget_conversation WHERE id = ?", name)

    def fill(self, conversation: str, count: int) -> None:
        """As many more messages, copies of the visitor's first."""
        name = conversation.replace("-", "")
        self.write(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            "INSERT INTO chatwidget_message (id, conversation_id, visitor_id, seq, role, text,"
            " status, attempt, provider_message_id, created_at, error_code, error_cause, rating,"
            " rating_comment, metadata, owner, stop_requested)"
            " SELECT lower(hex(randomblob(16))), c.id, c.visitor_id, last_seq + i, 'user',"
            " 'more', 'complete', 1, '', m.created_at, '', '', 0, '', '{}', '', 0"
            " FROM n, chatwidget_message m JOIN chatwidget_conversation c"
            " ON c.id = m.conversation_id WHERE m.conversation_id = ? AND seq = 2",
            count,
            name,
        )
        self.write(
            "UPDATE chatwidget_conversation SET last_seq = last_seq + ? WHERE id = ?", count, name
        )

    async def written(self) -> dict[str, str]:
        """Everything that this site has put anywhere: its log, its files, its exports."""
        path = Path(self.variables["DATABASE_URL"].removeprefix("sqlite:///"))
        ours = (each for each in path.parent.iterdir() if each.is_file())
        files = {each.name: each.read_bytes().decode("latin-1") for each in ours}
        exports = {
            kind: (await self.manage("export_transcripts", "--format", kind)).stdout
            for kind in ("jsonl", "csv")
        }
        return {"log": self.log, **files, **exports}

    async def make_widgets(self, platforms: str) -> None:
        """WIDGETS, pointed at the fake platforms."""
        widgets = {}
        for slug, fields in WIDGETS.items():
            provider = fields["provider"]
            widgets[slug] = {
                "base_url": platforms + ("/v1" if provider == "openai" else ""),
                "key": KEYS.get(provider, "sk-") + SECRET,
                **fields,
            }
        await self.manage("shell", "-c", MAKE.format(widgets=json.dumps(widgets)))


@pytest.fixture(scope="session")
async def site(preparation: Preparation, platforms: Process) -> AsyncIterator[Site]:
    variables = {
        "DATABASE_URL": await preparation.database(),
        "CSRF_TRUSTED_ORIGINS": "https://*.trusted.example",
    }
    made = Site(variables, "daphne", free_port())
    await made.make_widgets(platforms.url)
    async with made:
        yield made
        written = await made.written()
        print(made.log)
        assert "Traceback" not in made.log, made.log
        assert [place for place, text in written.items() if tells(text)] == []


@pytest.fixture
async def agents(platforms: Process) -> AsyncIterator[Control]:
    async with as_new(Control(platforms.url)) as control:
        yield control


@pytest.fixture
async def visit(site: Site) -> AsyncIterator[Visit]:
    """`chat = await visit("talk")`: a socket, before its hello; closed at the end."""
    async with AsyncExitStack() as stack:
        chats = []

        async def open_socket(slug: str = "talk", *, origin: str | None = None) -> Chat:
            chats.append(await stack.enter_async_context(Chat(site.url, slug, origin=origin)))
            return chats[-1]

        yield open_socket
        assert not [chat.slug for chat in chats if tells(str(chat.frames))], "a key in a frame"


@pytest.fixture
async def chat(visit: Visit) -> Chat:
    """A new visitor of `talk`, who has been greeted."""
    chat = await visit()
    await chat.greeting(await chat.hello())
    return chat


@pytest.fixture
def another(visit: Visit) -> Callable[[Chat], Any]:
    """`tab = await another(chat)`: the same visitor again; `ready` is its first frame."""

    async def open_tab(chat: Chat, **hello: Any) -> Chat:
        tab = await visit(chat.slug)
        await tab.hello(visitor=chat.visitor, **hello)
        return tab

    return open_tab


def begun(wait: Callable[[], Coroutine[Any, Any, int | None]]) -> Future[int | None]:
    """What comes of it, in a thread and loop of its own: the tests' loop stands still during tests
    that are not asynchronous, and a server does not wait long for its client to close."""
    return ThreadPoolExecutor(1).submit(asyncio.run, wait())


@pytest.fixture(scope="session", autouse=True)
def no_hello(site: Site) -> Future[int | None]:
    """A socket that says nothing, opened early: the code it is closed with, some 10 s later."""

    async def wait() -> int | None:
        async with Chat(site.url, "talk") as chat:
            return await chat.closed(180)

    return begun(wait)


@pytest.fixture(scope="session", autouse=True)
def unacknowledged(site: Site, platforms: Process) -> Future[int | None]:
    """A socket whose window is exhausted and stays so: the code it is closed with, 60 s later."""

    async def wait() -> int | None:
        control = Control(platforms.url)
        async with Chat(site.url, "talk") as chat:
            chat.acks = False
            await chat.hello()
            await chat.say("hold:unacknowledged")
            reply = (await chat.reply_begun())["id"]
            await control.push("unacknowledged", "x" * (WINDOW + 1))
            while len(chat.texts[reply]) < WINDOW:
                await chat.receive()
            code = await chat.closed(180)
        await control.close()
        return code

    return begun(wait)
