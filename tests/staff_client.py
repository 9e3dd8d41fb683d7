"""A page of the admin for tests: a staff user's socket, over a real websocket."""

from __future__ import annotations

import re
import uuid
from typing import Any

from tests.client import Chat, Frame
from tests.running import Server

MAKE = """
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
users = get_user_model()
user = users.objects.filter(username={name!r}).first() or users.objects.create_user({name!r})
user.is_staff = {staff!r}
user.save()
user.user_permissions.set(Permission.objects.filter(codename__in={permissions!r}))
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print("session", session.session_key, user.pk)
"""


async def sign_in(
    server: Server,
    name: str,
    permissions: tuple[str, ...] = ("change_conversation",),
    staff: bool = True,
) -> tuple[str, str]:
    """A session of a staff user of this name, made where there is none; and their id."""
    code = MAKE.format(name=name, staff=staff, permissions=permissions)
    done = await server.manage("shell", "-v0", "-c", code)
    found = re.search(r"^session (\S+) (\S+)$", done.stdout, re.M)
    assert found, done.stdout + done.stderr
    return found[1], found[2]


class StaffPage(Chat):
    """`async with StaffPage(server.url, session) as page: await page.watch(conversation)`"""

    def __init__(self, url: str, session: str, *, origin: str | None = None) -> None:
        cookie = {"Cookie": f"sessionid={session}"}
        super().__init__(url, "_staff", origin=origin, headers=cookie)

    async def watch(self, conversation: str | None) -> Frame:
        """Open a conversation; who has it."""
        await self.send({"type": "hello", "conversation": conversation, "locale": "en"})
        await self.until("ready")
        return await self.until("held")

    async def take(self, holder: str = "") -> Frame:
        await self.send({"type": "take", "holder": holder})
        return await self.until("held", mine=True)

    async def reply(self, text: str, name: str = "") -> Frame:
        """Answer; the `accepted` of it."""
        name = name or str(uuid.uuid4())
        await self.send({"type": "send", "id": name, "text": text})
        return await self.until("accepted", id=name)

    async def refused(self, frame: dict[str, Any]) -> str:
        """The code of the error that this frame gets."""
        await self.send(frame)
        return str((await self.until("error"))["code"])
