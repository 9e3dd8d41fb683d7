"""A key is in no error report: Django's pages and mails, and whatever else reads the frames."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

import django
import pytest
from django.core import mail
from django.core.signals import got_request_exception
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter
from pytest_django import Settings

from chatwidget.conf import ProviderConfig, Secret
from chatwidget.models import Widget
from chatwidget.providers import transport
from chatwidget.providers.base import AgentProfile, Turn, VisitorIdentity
from chatwidget.providers.eigi import Eigi
from chatwidget.providers.reader import ReplyReader
from chatwidget.providers.registry import make_provider
from tests.admin.widget_form import ADD, CHANGE, filled
from tests.providers.conftest import PERSON
from tests.stored import a_widget

pytestmark = pytest.mark.django_db

KEY = "sk-typed-0123456789-abcdef"
Caught = tuple[type[BaseException], BaseException, TracebackType | None]
TURN = Turn("Hello", PERSON, "01930000-0000-7000-8000-000000000001")


def shown(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # a lazy one, which would ask the database
        return repr(error)


def locals_of(error: BaseException | None) -> Iterator[str]:
    """All that is in the frames of an error and of those that led to it."""
    while error is not None:
        yield "".join(getattr(error, "__notes__", ()))
        trace = error.__traceback__
        while trace is not None:
            yield from map(shown, trace.tb_frame.f_locals.values())
            trace = trace.tb_next
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def reports(request: HttpRequest | None, caught: Caught, settings: Any) -> Iterator[str]:
    """Every report that there may be of it."""
    yield from locals_of(caught[1])
    if request is not None:
        yield repr(request.POST)
    for debug in (True, False):
        settings.DEBUG = debug
        yield ExceptionReporter(request, *caught).get_traceback_html()
        yield ExceptionReporter(request, *caught).get_traceback_text()
        admin = "admin@shop.example"
        settings.ADMINS = [admin] if django.VERSION >= (6, 0) else [("Admin", admin)]
        record = logging.makeLogRecord(
            {"exc_info": caught, "request": request, "levelname": "ERROR", "msg": "error"}
        )
        AdminEmailHandler(include_html=True).emit(record)
    assert len(mail.outbox) == 2
    yield from (str(sent.message()) for sent in mail.outbox)


@pytest.fixture
def crash(admin_client: Client) -> Iterator[Callable[..., tuple[HttpRequest, Caught]]]:
    """Post what fails; the request and what it failed with."""
    caught: list[tuple[HttpRequest, Any]] = []

    def note(request: HttpRequest, **_: object) -> None:
        caught.append((request, sys.exc_info()))

    def post(path: str, data: dict[str, Any]) -> tuple[HttpRequest, Caught]:
        admin_client.raise_request_exception = False
        assert admin_client.post(path, data).status_code == 500
        [found] = caught
        return found

    got_request_exception.connect(note)
    yield post
    got_request_exception.disconnect(note)


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


REFUSE = "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
FAULTS = {
    "the widget cannot be stored": (
        f"CREATE TRIGGER t BEFORE INSERT ON chatwidget_widget {REFUSE}",
        f"CREATE TRIGGER u BEFORE UPDATE ON chatwidget_widget {REFUSE}",
    ),
    "the log cannot be written": (f"CREATE TRIGGER t BEFORE INSERT ON django_admin_log {REFUSE}",),
    "nobody can be logged in": ("DROP TABLE django_session",),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("change", [False, True], ids=["add", "change"])
def test_a_key_that_is_typed(
    crash: Callable[..., tuple[HttpRequest, Caught]], settings: Settings, fault: str, change: bool
) -> None:
    widget = a_widget(provider="vindex") if change else None
    data = filled(
        widget, title="T", slug="shop", provider="vindex", new_key=KEY, new_identity_secret=KEY
    )
    for statement in FAULTS[fault]:
        run(statement)
    request, caught = crash(CHANGE.format(widget.pk) if widget else ADD, data)
    for report in reports(request, caught, settings):
        assert KEY not in report
        assert KEY[3:20] not in report


class Buggy(Eigi):
    """An adapter by somebody else, with a bug, whose words tell the key."""

    async def profile(self, person: VisitorIdentity) -> AgentProfile:
        headers = self.auth()
        raise KeyError(headers["X-API-Key"])


def broken(address: str) -> bool:
    raise RuntimeError("a bug below the headers")


def with_key(provider: str, base_url: str) -> Widget:
    widget = Widget(slug="shop", title="T", provider=provider, agent="a", base_url=base_url)
    widget.key = Secret(KEY)
    widget.save()
    return widget


def test_a_key_that_an_adapter_drops(
    admin_client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHATWIDGET = {"PROVIDERS": {"buggy": f"{__name__}.Buggy"}}
    widget = with_key("buggy", "")
    page = admin_client.post(f"/admin/chatwidget/widget/{widget.pk}/check/", follow=True)
    assert "The adapter has a bug: KeyError: &#x27;[key]&#x27;" in page.content.decode()
    assert "KeyError: '[key]'" in caplog.text
    assert KEY not in caplog.text
    assert not any(record.exc_info for record in caplog.records)


async def test_a_key_that_is_on_its_way(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug below us, where the header is open, tells its place but not what is in its frames."""
    settings.CHATWIDGET = {"ALLOW_PRIVATE_PROVIDERS": False}
    monkeypatch.setattr(transport, "is_public", broken)
    config = ProviderConfig("eigi", "https://127.0.0.1:1", "a", Secret(KEY))
    with pytest.raises(RuntimeError) as caught:
        await ReplyReader().read(make_provider(config), TURN, print)
    await transport.close_transport()
    assert "in _make_socket" in "".join(caught.value.__notes__)
    error = caught.value
    assert error.__traceback__ is not None
    error.__traceback__ = error.__traceback__.tb_next  # without this test's own frame
    for report in reports(None, (type(error), error, error.__traceback__), settings):
        assert KEY not in report
