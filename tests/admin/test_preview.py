"""The chat beside a widget's form."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from chatwidget.models import Widget
from tests.stored import a_widget

pytestmark = pytest.mark.django_db

PREVIEW = "/admin/chatwidget/widget/preview/"


def shown(client: Client, **typed: str) -> tuple[str, dict[str, Any]]:
    answer = client.post(PREVIEW, typed, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    page = answer.content.decode()
    found = re.search(r'id="chatwidget-config">(.*?)</script>', page, re.DOTALL)
    assert found
    return page, json.loads(found[1])


def test_what_is_typed_is_shown_and_nothing_is_stored(admin_client: Client) -> None:
    a_widget()
    before = list(Widget.objects.values())
    page, config = shown(
        admin_client,
        title="<b>Mine</b>",
        greeting="Ahoy!",
        appearance_color="#aa0000",
        appearance_subtitle="at once",
        appearance_suggestions="One\nTwo",
        appearance_ask_email="required",
        desk_offer_person="on",
    )
    assert config["person"] and not config["ownData"]
    assert config["title"] == "<b>Mine</b>" and "<b>Mine</b>" not in page
    assert config["preview"]["greeting"] == "Ahoy!"
    assert config["look"]["--accent"] == "#aa0000"
    assert config["suggestions"] == ["One", "Two"]
    assert config["prechat"]["email"] == "required"
    assert "at once" in page and "chatwidget/preview.js" in page
    assert "chatwidget/frame.js" not in page
    assert list(Widget.objects.values()) == before


def test_it_leads_nowhere(admin_client: Client) -> None:
    page, config = shown(admin_client, title="Mine", desk_own_data="on")
    assert 'id="own-data"' in page and config["ownData"]["url"] == ""
    assert {config[name] for name in ("token", "tokenUrl", "socket", "events")} == {""}


def test_what_is_wrong_is_left_out(admin_client: Client) -> None:
    page, config = shown(
        admin_client,
        title="  ",
        appearance_color="red",
        appearance_logo="javascript:alert(1)",
        appearance_radius="many",
        appearance_theme="dark",
        appearance_language="de",
    )
    assert config["title"] == "…"
    assert config["look"]["--accent"] == "#2563eb"
    assert "javascript:" not in page
    assert 'lang="de"' in page and 'data-theme="dark"' in page


def test_dark_though_the_widget_is_as_the_visitor_has_it(admin_client: Client) -> None:
    page, _ = shown(admin_client, title="Mine", appearance_theme="auto", shown_theme="dark")
    assert 'data-theme="dark"' in page


def test_who_sees_it(client: Client, django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("staff", is_staff=True)
    client.force_login(user)
    assert client.post(PREVIEW, {"title": "a"}).status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="change_widget"))
    assert client.post(PREVIEW, {"title": "a"}).status_code == 200
    assert client.get(PREVIEW).status_code == 404


def test_the_form_has_it_beside_it(admin_client: Client) -> None:
    for path in ("add/", f"{a_widget().pk}/change/"):
        page = admin_client.get(f"/admin/chatwidget/widget/{path}").content.decode()
        assert f'data-url="{PREVIEW}"' in page
