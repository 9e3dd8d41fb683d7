"""`manage.py chatwidget_doctor`: what is wrong within, each thing really broken."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.management import CommandError, call_command
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings

from chatwidget.models import Notice, Webhook, Widget
from chatwidget.testing.transport import Answer, FakePlatform
from tests.conftest import Serve
from tests.running import Server, free_port
from tests.services import Redis
from tests.stored import NOON, a_widget

pytestmark = pytest.mark.django_db


def examined(*arguments: str) -> tuple[bool, list[dict[str, str]]]:
    """Is all well, and what was found."""
    out, well = io.StringIO(), True
    try:
        call_command("chatwidget_doctor", "--json", *arguments, stdout=out)
    except CommandError:
        well = False
    return well, [json.loads(line) for line in out.getvalue().splitlines()]


def said(found: list[dict[str, str]], kind: str = "fault") -> str:
    assert all(each["advice"] for each in found if each["kind"] != "well")
    return "\n".join(f"{each['text']} {each['advice']}" for each in found if each["kind"] == kind)


@pytest.fixture
def demo(settings: Settings) -> Widget:
    settings.DEBUG = True  # no static files are collected here
    return Widget.objects.create(slug="demo", provider="demo", options={"pace": 0.0})


def test_all_is_well(demo: Widget) -> None:
    well, found = examined()
    assert well, found
    assert "demo: Answer in" in said(found, "well")


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        ('{"success": false, "error-codes": ["invalid-input-response"]}', "well", "knows our"),
        ('{"success": false, "error-codes": ["invalid-input-secret"]}', "fault", "input-secret"),
        ("<html>", "fault", "turnstile answers something else"),
    ],
)
def test_challenges(demo: Widget, settings: Settings, answer: str, kind: str, text: str) -> None:
    assert "Challenges: altcha" in said(examined()[1], "well")
    settings.CHATWIDGET = {**settings.CHATWIDGET, "CHALLENGE": "off"}
    assert "Challenges: none" in said(examined()[1], "note")
    keys = {"CHALLENGE_SITE_KEY": "key", "CHALLENGE_SECRET": "secret"}
    settings.CHATWIDGET = {**settings.CHATWIDGET, "CHALLENGE": "turnstile", **keys}
    with FakePlatform(lambda request: Answer([answer.encode()])).installed():
        assert text in said(examined()[1], kind)


def test_lines_for_people(demo: Widget) -> None:
    out = io.StringIO()
    call_command("chatwidget_doctor", "--no-platforms", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "✓ System checks: nothing is missing."
    assert "Give the site's URL" in lines[-1]


def test_a_forgotten_migration(demo: Widget) -> None:
    MigrationRecorder.Migration.objects.filter(app="chatwidget").latest("id").delete()
    well, found = examined("--no-platforms")
    assert not well and "manage.py migrate" in said(found)


async def test_a_database_that_is_empty_or_away(serve: Serve, tmp_path: Path) -> None:
    server = await serve()
    for url in (f"sqlite:///{tmp_path}/new", f"postgres://nobody@127.0.0.1:{free_port()}/none"):
        done = await server.manage("chatwidget_doctor", env={"DATABASE_URL": url}, check=False)
        assert done.returncode == 1
        assert "✗ Database: " in done.stdout and "DATABASE_URL" in done.stdout
        assert "Traceback" not in done.stderr


async def test_redis_that_is_there_and_is_away(serve: Serve, redis: Redis) -> None:
    server = await serve()
    there = {"REDIS_URL": redis.database()}
    done = await server.manage("chatwidget_doctor", "--no-platforms", env=there)
    assert "RedisPubSubChannelLayer carries events" in done.stdout
    away = {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    done = await server.manage("chatwidget_doctor", "--no-platforms", env=away, check=False)
    assert (
        done.returncode == 1 and "✗ Cache: " in done.stdout and "✗ Channel layer: " in done.stdout
    )


def test_a_cache_that_keeps_nothing(demo: Widget, settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    assert "keeps nothing" in said(examined("--no-platforms")[1])


def test_a_platform_that_is_away(settings: Settings) -> None:
    settings.CHATWIDGET = {"ALLOW_PRIVATE_PROVIDERS": True}
    here = f"http://127.0.0.1:{free_port()}"
    Widget.objects.create(slug="help", provider="openai", agent="m", base_url=here)
    well, found = examined()
    assert not well and "help: Unreachable" in said(found)
    assert "any site may embed it" in said(found, "note")
    assert "Unreachable" not in said(examined("--no-platforms")[1])


def test_mail_that_does_not_leave(demo: Widget, settings: Settings) -> None:
    settings.MANAGERS = ["owner@example.com"]
    assert "locmem" in said(examined("--no-platforms")[1], "well") and not mail.outbox
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    assert "EMAIL_HOST" in said(examined("--no-platforms")[1])


def test_webhooks_and_notices(demo: Widget) -> None:
    webhook = Webhook(url="https://receiver.example/hook")
    webhook.make_secret()
    webhook.save()
    body: dict[str, Any] = {"event": "webhook.test", "webhook": webhook, "body": "{}"}
    assert "nothing sent yet" in said(examined("--no-platforms")[1], "well")
    notice = Notice.objects.create(attempts=1, due_at=NOON, **body)
    found = said(examined("--no-platforms")[1])
    assert "did not arrive" in found and "1 should have been delivered" in found
    notice.delivered_at, notice.due_at = NOON, None
    notice.save()
    assert "receiver.example/hook: delivered" in said(examined("--no-platforms")[1], "well")
    webhook.encrypted_secret = "of another key"
    webhook.save()
    assert "secret cannot be read" in said(examined("--no-platforms")[1])


async def test_the_page_in_the_admin(server: Server) -> None:
    client = await server.admin()
    try:
        listed = (await client.get("/admin/chatwidget/widget/")).text
        assert "/admin/chatwidget/widget/doctor/" in listed
        page = (await client.get("/admin/chatwidget/widget/doctor/")).text
    finally:
        await client.aclose()
    assert "System checks: nothing is missing" in page and "Websocket: a chat begins" in page


def test_the_page_is_the_superusers(admin_client: Client, client: Client) -> None:
    staff = get_user_model().objects.create_user("staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="chatwidget"))
    client.force_login(staff)
    page = "/admin/chatwidget/widget/doctor/"
    assert client.get(page).status_code == 403
    assert page not in client.get("/admin/chatwidget/widget/").content.decode()
    seen = admin_client.get(page)  # at an address that nobody can reach
    assert seen.status_code == 200 and "cw-bad" in seen.content.decode()


def test_no_widget_at_all_and_one_that_is_off() -> None:
    assert "No widget is active" in said(examined()[1])
    a_widget("off", active=False)
    assert "No widget is active" in said(examined()[1])


def test_a_widget_that_is_not_there(demo: Widget) -> None:
    with pytest.raises(CommandError, match="There is no widget 'demmo'; list_widgets"):
        call_command("chatwidget_doctor", "--widget", "demmo", "--no-platforms")


async def test_a_clock_that_is_ahead(serve: Serve, postgres_url: str) -> None:
    server = await serve(db=postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as database:
        database.execute("CREATE SCHEMA ahead")
        database.execute(
            "CREATE FUNCTION ahead.clock_timestamp() RETURNS timestamptz "
            "AS $$ SELECT now() + interval '1 hour' $$ LANGUAGE sql"
        )
        try:
            options = f"{postgres_url}?options=-csearch_path%3Dahead,pg_catalog,public"
            done = await server.manage(
                "chatwidget_doctor", "--no-platforms", env={"DATABASE_URL": options}, check=False
            )
        finally:
            database.execute("DROP SCHEMA ahead CASCADE")
    assert done.returncode == 1 and "clock is +3600 s" in done.stdout, done.stdout
