"""Visitors' own data over HTTP: theirs alone, to nobody else, and not without end."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.mail import EmailMultiAlternatives
from django.test import AsyncClient
from django.utils import timezone
from pytest_django import Settings

from chatwidget import tokens
from chatwidget.db import run_in_db_thread
from chatwidget.models import Conversation, Note, Notice, Visitor
from chatwidget.notices import mail, own_copy, queue
from chatwidget.transcripts import own_data
from tests.stored import a_conversation, a_widget

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("close_threads")]

OURS = {"Origin": "http://testserver"}


class Desk:
    """A widget with two visitors, and a third who is blocked."""

    def __init__(self) -> None:
        self.widget = a_widget(title="The Shop", desk={"own_data": True})
        failed = {"error_code": "provider_timeout", "error_cause": "at the platform's host"}
        self.theirs = a_conversation(
            self.widget, "My number is 4711", "Noted.", reply=failed, provider_session="platform-1"
        )
        Note.objects.create(conversation=self.theirs, text="a difficult one", author_name="Ana")
        self.other = a_conversation(self.widget, "Mine is 0815", "Noted.")
        blocked = Visitor.objects.create(widget=self.widget, blocked_at=timezone.now())
        self.blocked = a_conversation(self.widget, "Blocked 0816", "…", visitor=blocked)

    def token(self, conversation: Conversation) -> str:
        return tokens.visitor_token(conversation.visitor_id, self.widget.pk)


@pytest.fixture
async def desk() -> Desk:
    return await run_in_db_thread(Desk)


@pytest.fixture
def ask(async_client: AsyncClient, desk: Desk) -> Callable[..., Any]:
    """Asks as the owner of a token; what is given of the hello stands in its place."""

    async def ask(do: str, token: str | None, hello: Any = None, **more: Any) -> Any:
        headers, slug = more.pop("headers", OURS), more.pop("slug", "shop")
        frame = {"type": "hello", "token": tokens.frame_token("shop"), "visitor": token}
        body = {"hello": {**frame, **(hello or {})}, "do": do, **more}
        address = f"/chatwidget/{slug}/own-data/"
        return await async_client.post(
            address, body, content_type="application/json", headers=headers
        )

    return ask


async def content(answer: Any) -> bytes:
    return b"".join([piece async for piece in answer.streaming_content])


async def test_a_download_holds_theirs_alone(desk: Desk, ask: Callable[..., Any]) -> None:
    answer = await ask("download", desk.token(desk.theirs))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    text = (await content(answer)).decode()
    assert "is 4711" in text and "Noted." in text and str(desk.theirs.pk) in text
    for hidden in ("is 0815", "Blocked 0816", "difficult", "platform's host", "platform-1"):
        assert hidden not in text
    assert "no-store" in answer["Cache-Control"] and not answer.cookies


WRONG: dict[str, tuple[int, dict[str, Any]]] = {
    "another origin": (403, {"headers": {"Origin": "https://evil.example"}}),
    "no origin": (403, {"headers": {}}),
    "no frame token": (401, {"hello": {"token": None}}),
    "another frame's token": (401, {"hello": {"token": "x:y"}}),
    "no hello": (400, {"hello": {"type": "ping"}}),
    "what is not offered": (400, {"do": "sell"}),
    "no widget": (404, {"slug": "none"}),
    "not allowed by its owner": (404, {"slug": "strict"}),
    "no address": (400, {"do": "copy", "email": "ada", "consent": True}),
    "several addresses": (400, {"do": "copy", "email": "a@b.co,c@d.co", "consent": True}),
    "no consent": (400, {"do": "copy", "email": "ada@example.com"}),
}


async def test_what_is_refused(desk: Desk, ask: Callable[..., Any]) -> None:
    await run_in_db_thread(a_widget, "strict")
    for what, (status, given) in WRONG.items():
        answer = await ask(**{"do": "delete", "token": desk.token(desk.theirs), **given})
        assert (answer.status_code, answer.content) == (status, b""), what
    assert await run_in_db_thread(Conversation.objects.count) == 3


def strangers(desk: Desk) -> dict[str, str | None]:
    def of(visitor: uuid.UUID, widget: int = desk.widget.pk) -> str:
        return tokens.visitor_token(visitor, widget)

    return {
        "nobody": None,
        "unknown": of(uuid.uuid4()),
        "forged": desk.token(desk.theirs)[:-2] + "AA",
        "of another widget": of(desk.theirs.visitor_id, desk.widget.pk + 1),
        "vouched for, without a proof": of(tokens.verified_visitor(desk.widget.pk, "ada")),
        "blocked": desk.token(desk.blocked),
    }


async def test_strangers_are_answered_alike(
    desk: Desk, ask: Callable[..., Any], settings: Settings
) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "LIMITS": False}
    mailbox = {"email": "ada@example.com", "consent": True}
    for who, token in strangers(desk).items():
        for do in ("download", "copy", "delete"):
            answer = await ask(do, token, **mailbox)
            assert (answer.status_code, answer.content) == (204, b""), (who, do)
    assert await run_in_db_thread(Conversation.objects.count) == 3
    assert not await run_in_db_thread(Notice.objects.exists)


async def test_deleted_they_are_a_stranger(desk: Desk, ask: Callable[..., Any]) -> None:
    token = desk.token(desk.theirs)
    answer = await ask("delete", token)
    assert answer.status_code == 200
    left = await run_in_db_thread(lambda: set(Conversation.objects.values_list("pk", flat=True)))
    assert left == {desk.other.pk, desk.blocked.pk}
    for do in ("download", "delete"):
        assert (await ask(do, token)).status_code == 204


async def test_a_copy_by_mail_is_in_their_language_and_not_kept(
    desk: Desk, ask: Callable[..., Any]
) -> None:
    mailbox = {"email": "ada@example.com", "consent": True}
    answer = await ask("copy", desk.token(desk.theirs), {"locale": "de"}, **mailbox)
    assert answer.status_code == 202
    [taken], _ = await run_in_db_thread(queue.take, {})
    attempt = await mail.deliver(taken)
    await run_in_db_thread(queue.settle, taken, attempt)
    [sent] = outbox.outbox
    assert (sent.to, sent.subject) == (["ada@example.com"], "Ihre Unterhaltungen mit The Shop")
    assert isinstance(sent, EmailMultiAlternatives)
    html = str(sent.alternatives[0][0])
    for text in (sent.body, html):
        assert "is 4711" in text and "im Chat für diese Adresse angefordert" in text
        assert "is 0815" not in text and "difficult" not in text and "platform" not in text
    assert not await run_in_db_thread(Notice.objects.exists)


async def test_a_copy_goes_with_who_is_erased(desk: Desk, ask: Callable[..., Any]) -> None:
    token = desk.token(desk.theirs)
    await ask("copy", token, email="ada@example.com", consent=True)
    await ask("delete", token)
    assert await run_in_db_thread(queue.take, {}) == ([], None)


def test_a_long_copy_says_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_copy, "MOST_MESSAGES", 1)
    desk = Desk()
    person = Visitor.objects.get(pk=desk.theirs.visitor_id)
    own_data.send_copy(person, "ada@example.com", "")
    body = str(mail.render(Notice.objects.get()).body)
    assert "Noted." in body and "is 4711" not in body and "the file that the chat offers" in body


LIMITS: dict[str, dict[str, str]] = {
    "download": {"own_data_per_visitor": "1/hour"},
    "delete": {"own_data_per_address": "1/hour"},
    "copy": {"copies_per_mailbox": "1/day"},
}


@pytest.mark.parametrize("do", LIMITS)
async def test_not_without_end(
    desk: Desk, ask: Callable[..., Any], settings: Settings, do: str
) -> None:
    """As often for who is known as for who is not."""
    settings.CHATWIDGET = {**settings.CHATWIDGET, "LIMITS": LIMITS[do]}
    mailbox = {"email": f"{uuid.uuid4()}@example.com", "consent": True}
    network = uuid.uuid4().hex  # whose counters nobody has used
    proxied = {**OURS, "X-Forwarded-For": f"2001:db8:{network[:4]}:{network[4:8]}::1"}
    settings.CHATWIDGET = {**settings.CHATWIDGET, "TRUSTED_PROXIES": ("127.0.0.0/8",)}
    token = tokens.visitor_token(uuid.uuid4(), desk.widget.pk)
    statuses = [(await ask(do, token, headers=proxied, **mailbox)).status_code for _ in range(2)]
    assert statuses == [204, 429]
    again = await ask(do, token, headers=proxied, **mailbox)
    assert int(again["Retry-After"]) > 1
