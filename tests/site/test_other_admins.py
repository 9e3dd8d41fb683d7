"""In other people's sites, made by Django's own generator: under other admins, and other clocks.

`nox -s admins` installs what these need; a theme that is not installed is skipped.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.running import ROOT, run

# What each asks for in front of Django's own apps.
THEMES = {
    "django": [],
    "unfold": ["unfold"],
    "grappelli": ["grappelli"],
    "jazzmin": ["jazzmin"],
}
SETTINGS = """
INSTALLED_APPS = ["daphne", *{apps}, *INSTALLED_APPS, "channels", "chatwidget"]
ASGI_APPLICATION = "mysite.asgi.application"
ALLOWED_HOSTS = ["*"]
{more}
"""
URLS = """
from django.urls import include
urlpatterns = [path("chatwidget/", include("chatwidget.urls")), *urlpatterns]
{more}
"""
# Every page of ours in the admin, as an owner opens them.
PAGES = """
import json
from django.contrib.auth import get_user_model
from django.test import Client
from chatwidget.models import Conversation
from django.conf import settings
from django.utils import timezone
from tests.stored import NOON, a_conversation, a_widget
widget = a_widget(greeting="Hello")
texts = "Hi", "**Hello**", "And?", "Well"
at = NOON if settings.USE_TZ else timezone.make_naive(NOON)
row = a_conversation(widget, *texts, at=at, reply={"status": "failed", "rating": -1})
client = Client()
client.force_login(get_user_model().objects.create_superuser("admin", "", "admin"))
base = "/admin/chatwidget"
pages = {
    "list": f"{base}/conversation/",
    "found": f"{base}/conversation/?q=hello&since=2026-03-01&failed=yes",
    "transcript": f"{base}/conversation/{row.pk}/change/",
    "forget": f"{base}/conversation/{row.pk}/forget/",
    "delete": f"{base}/conversation/{row.pk}/delete/",
    "widgets": f"{base}/widget/",
    "widget": f"{base}/widget/{widget.pk}/change/",
    "add": f"{base}/widget/add/",
}
shown = {name: client.get(path) for name, path in pages.items()}
chosen = {"action": "delete_selected", "select_across": "1", "_selected_action": str(row.pk)}
shown["erase"] = client.post(pages["list"], chosen)
shown["frame"] = client.get(f"/chatwidget/{widget.slug}/")
print(json.dumps({name: [page.status_code, page.content.decode()] for name, page in shown.items()}))
"""


class Site:
    """`django-admin startproject mysite`, with the app in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def make(self, apps: list[str], settings: str = "", urls: str = "") -> None:
        start = [sys.executable, "-m", "django", "startproject", "mysite", str(self.folder)]
        await run(start, env={"DJANGO_SETTINGS_MODULE": ""})
        with (self.folder / "mysite/settings.py").open("a") as file:
            file.write(SETTINGS.format(apps=apps, more=settings))
        with (self.folder / "mysite/urls.py").open("a") as file:
            file.write(URLS.format(more=urls))
        await self.manage("migrate", "-v0")

    async def manage(self, *arguments: str) -> str:
        env = {"DJANGO_SETTINGS_MODULE": "mysite.settings", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "manage.py", *arguments]
        return (await run(command, env=env, cwd=self.folder)).stdout

    async def pages(self) -> dict[str, tuple[int, str]]:
        told = await self.manage("shell", "-v0", "-c", PAGES)
        found: dict[str, tuple[int, str]] = json.loads(told.splitlines()[-1])
        return found


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.mark.parametrize("theme", THEMES)
async def test_every_page_opens_under_another_admin(site: Site, theme: str) -> None:
    if importlib.util.find_spec(theme) is None:
        pytest.skip(f"{theme} is not installed")
    urls = ""
    if theme == "grappelli":
        urls = 'urlpatterns.append(path("grappelli/", include("grappelli.urls")))'
    await site.make(THEMES[theme], urls=urls)
    pages = await site.pages()
    assert {name: status for name, (status, _) in pages.items()} == dict.fromkeys(pages, 200)
    text: Any = {name: html for name, (_, html) in pages.items()}
    assert "chatwidget/admin.css" in text["transcript"] and "cw-bubble" in text["transcript"]
    assert "cw-words" in text["list"]
    assert "Erase this conversation" in text["erase"]
    assert re.search(r'name="post" value="yes"', text["erase"])
    for name in ("option_openai_temperature", "appearance_color"):
        assert f'name="{name}"' in text["widget"], name


async def test_a_site_that_knows_no_time_zones(site: Site) -> None:
    await site.make([], settings='USE_TZ = False\nTIME_ZONE = "America/New_York"')
    pages = await site.pages()
    assert {name: status for name, (status, _) in pages.items()} == dict.fromkeys(pages, 200)
    exported = json.loads((await site.manage("export_transcripts")).splitlines()[0])
    assert exported["messages"][0]["created_at"].endswith("Z")
    assert await site.manage("export_transcripts", "--since", "2030-01-01") == ""
    assert "Erased 0" in await site.manage("purge_transcripts", "--older-than", "9999")
