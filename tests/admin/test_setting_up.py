"""Beside a widget's form: copies, the switch, what its platform tells, lines to copy, history."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from chatwidget.admin.forms import WidgetForm
from chatwidget.admin.setting_up import free_slug
from chatwidget.models import Widget, WidgetAccess
from chatwidget.testing.transport import Answer, FakePlatform
from tests.stored import a_widget

pytestmark = pytest.mark.django_db

KEY = "agx_live_0123456789-abcdef-WXYZ"
ADMIN = "/admin/chatwidget/widget/"


def post(client: Client, widget: Widget, what: str, **data: str) -> Any:
    return client.post(f"{ADMIN}{widget.pk}/{what}/", data)


def save(client: Client, widget: Widget, **changes: Any) -> None:
    form = WidgetForm(instance=widget)
    shown = {name: form[name].value() for name in form.fields}
    data = {
        name: "on" if value is True else form.fields[name].prepare_value(value)
        for name, value in shown.items()
        if value is not None and value is not False
    }
    answer = client.post(f"{ADMIN}{widget.pk}/change/", {**data, **changes})
    assert answer.status_code == 302, answer.context["adminform"].form.errors


def history(client: Client, widget: Widget) -> list[list[str]]:
    page = client.get(f"{ADMIN}{widget.pk}/history/").content.decode()
    assert KEY not in page
    table = page.partition('class="cw-history"')[2]
    rows = re.findall(r"<tr><td>.*?</tr>", table, re.DOTALL)
    return [
        [unescape(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)][1:]
        for row in rows
    ]


def test_a_copy_is_switched_off_and_has_all_the_rest(admin_client: Client) -> None:
    widget = a_widget(greeting="Ahoy", appearance={"color": "#aa0000"}, agent="a1")
    widget.key = KEY
    widget.save()
    post(admin_client, widget, "duplicate")
    post(admin_client, widget, "duplicate")
    first, second = Widget.objects.exclude(pk=widget.pk).order_by("slug")
    assert (first.slug, second.slug) == ("shop-copy", "shop-copy-2")
    assert not first.active and Widget.objects.get(pk=widget.pk).active
    assert (first.greeting, first.appearance, first.agent) == ("Ahoy", {"color": "#aa0000"}, "a1")
    assert first.key.reveal() == KEY
    assert KEY not in str(LogEntry.objects.get(object_id=str(first.pk)).change_message)


def test_the_slug_of_a_copy_is_one() -> None:
    a_widget("a" * 64)
    assert free_slug("a" * 64) == "a" * 50 + "-copy"
    assert free_slug("a" * 49 + "-b") == "a" * 49 + "-copy"


def test_the_switch(admin_client: Client) -> None:
    widget = a_widget()
    for active in ("0", "0", "1"):
        answer = post(admin_client, widget, "switch", active=active)
        assert answer["Location"] == f"{ADMIN}{widget.pk}/change/"
        assert Widget.objects.get().active == (active == "1")
    assert Widget.objects.get().config_version == widget.config_version + 2
    assert history(admin_client, widget) == [
        ["admin", "Active", "yes", "no"],
        ["admin", "Active", "no", "yes"],
    ]


@pytest.mark.parametrize("what", ["duplicate", "switch", "profile"])
def test_who_may(client: Client, django_user_model: Any, what: str) -> None:
    widget = a_widget(provider="agentix", agent="a1")
    user = django_user_model.objects.create_user("staff", is_staff=True)
    client.force_login(user)
    user.user_permissions.set(Permission.objects.filter(codename="view_widget"))
    assert post(client, widget, what).status_code == 403
    assert client.get(f"{ADMIN}{widget.pk}/{what}/").status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename__in=("change_widget",)))
    assert client.get(f"{ADMIN}{widget.pk}/{what}/").status_code == 404
    WidgetAccess.objects.create(user=user)  # to no widget at all
    assert post(client, widget, what).status_code == 404
    assert Widget.objects.get().active and Widget.objects.count() == 1


def test_who_may_not_add_makes_no_copy(client: Client, django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="change_widget"))
    client.force_login(user)
    assert post(client, a_widget(), "duplicate").status_code == 403


def test_what_the_platform_knows_of_its_agent(admin_client: Client) -> None:
    widget = a_widget(provider="agentix", agent="a1")
    widget.key = KEY
    widget.save()
    before = Widget.objects.values().get()
    agent = {
        "name": "Clara",
        "welcomeMessage": f"Hi! {KEY}",
        "theme": {"primaryColor": "#00aa77"},
        "features": {"enableEmailCapture": True},
        "limits": {"maxMessageLength": 1500},
    }
    body = json.dumps(agent).encode()
    json_type = {"Content-Type": "application/json"}
    with FakePlatform(lambda request: Answer([body], headers=json_type)).installed():
        found = post(admin_client, widget, "profile").json()
    assert KEY not in json.dumps(found) and found["fields"].pop("greeting").startswith("Hi! ")
    assert found["fields"] == {
        "title": "Clara",
        "appearance_color": "#00aa77",
        "appearance_ask_email": "optional",
    }
    assert "1500" in found["note"]
    assert Widget.objects.values().get() == before


def test_what_the_platform_does_not_tell(admin_client: Client) -> None:
    widget = a_widget(provider="agentix", agent="a1")
    assert "API key" in post(admin_client, widget, "profile").json()["error"]
    widget.key = KEY
    widget.save()
    with FakePlatform(lambda request: Answer([b"no " + KEY.encode()], status=401)).installed():
        error = post(admin_client, widget, "profile").json()["error"]
    assert error.startswith("Wrong key: ") and KEY not in error
    assert post(admin_client, a_widget("other"), "profile").status_code == 404


def test_the_history_tells_what_was_and_what_is(admin_client: Client) -> None:
    widget = a_widget("shop", provider="openai", agent="gpt", greeting="x" * 200)
    save(admin_client, widget, title="<i>New</i>", appearance_color="#aa0000", new_key=KEY)
    told = {row[1]: row[2:] for row in history(admin_client, widget)}
    assert told["Title"] == ["Shop", "<i>New</i>"]
    assert told["Colour"] == ["#2563eb", "#aa0000"]
    assert told["API key"] == ["•••", "•••"]
    assert len(told) == 3
    save(admin_client, Widget.objects.get(), greeting="Short", allowed_origins="https://a.example")
    told = {row[1]: row[2:] for row in history(admin_client, widget)}
    assert told["Greeting"] == ["x" * 79 + "…", "Short"]
    assert told["Allowed origins"] == ["–", "https://a.example"]
    message = LogEntry.objects.earliest("pk").get_change_message()
    assert message.startswith("Changed ") and KEY not in message


def test_a_line_for_every_surrounding(admin_client: Client) -> None:
    page = admin_client.get(f"{ADMIN}{a_widget().pk}/change/").content.decode()
    found = dict(re.findall(r'<code data-kind="(\w+)">(.*?)</code>', page, re.DOTALL))
    assert found.keys() == {"wordpress", "shopify", "webflow", "gtm", "react", "next"}
    for code in found.values():
        assert "http://testserver/chatwidget/shop.js" in unescape(code)
