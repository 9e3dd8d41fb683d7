"""The form of a widget whose agent is described, or is one of the presets; its dry run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from chatwidget.conf import Secret
from chatwidget.models import Widget
from chatwidget.testing.transport import Answer, FakePlatform
from tests.admin.widget_form import CHANGE, KEY, filled
from tests.stored import a_widget

pytestmark = pytest.mark.django_db

DESCRIPTION: dict[str, Any] = {
    "request": {
        "url": "{base}/chat",
        "headers": {"X-Key": "{key}"},
        "body": {"message": "{text}", "thread": "{conversation}"},
    },
    "answer": {"framing": "json", "text": [{"path": "reply"}]},
}


def described(**more: Any) -> Widget:
    options = {"description": DESCRIPTION}
    return a_widget(provider="generic", base_url="https://agent.example", options=options, **more)


def test_a_preset_is_chosen(admin_client: Client) -> None:
    widget = a_widget()
    form = filled(
        widget,
        provider="generic",
        base_url="https://flowise.example.com",
        agent="f-1",
        option_generic_preset="flowise",
    )
    assert admin_client.post(CHANGE.format(widget.pk), form).status_code == 302
    widget.refresh_from_db()
    assert (widget.provider, widget.options) == ("generic", {"preset": "flowise"})
    page = admin_client.get(CHANGE.format(widget.pk)).content.decode()
    assert '<option value="flowise" selected>Flowise</option>' in page


def test_a_description_is_written_and_its_words_are_explained(admin_client: Client) -> None:
    widget = a_widget()
    form = filled(
        widget,
        provider="generic",
        base_url="https://agent.example",
        option_generic_description=json.dumps(DESCRIPTION),
    )
    assert admin_client.post(CHANGE.format(widget.pk), form).status_code == 302
    widget.refresh_from_db()
    assert widget.options == {"description": DESCRIPTION}
    page = admin_client.get(CHANGE.format(widget.pk)).content.decode()
    assert "&quot;url&quot;: &quot;{base}/chat&quot;" in page
    assert "The words of a description" in page
    assert "<code>{history+text}</code>" in page


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"request":', "Enter a valid JSON."),
        ("[" * 50_000, "JSON"),
        ("[]", "expected `object`, got `array`"),
        (json.dumps({**DESCRIPTION, "if": 1}), "there is no word &#x27;if&#x27;"),
        (json.dumps({**DESCRIPTION, "request": {"url": "{base}/{x}"}}), "placeholder {x}"),
    ],
)
def test_what_is_no_description_is_said_at_its_field(
    admin_client: Client, text: str, said: str
) -> None:
    widget = a_widget()
    form = filled(
        widget,
        provider="generic",
        base_url="https://agent.example",
        option_generic_description=text,
    )
    page = admin_client.post(CHANGE.format(widget.pk), form)
    assert page.status_code == 200
    assert said in page.content.decode()
    widget.refresh_from_db()
    assert widget.provider == "demo"


def test_a_stored_key_goes_to_no_address_that_a_description_brings(admin_client: Client) -> None:
    """Else whoever may edit a widget could have its key sent to a server of their own."""
    widget = described()
    widget.key = Secret(KEY)
    widget.save()
    elsewhere = {**DESCRIPTION, "request": {**DESCRIPTION["request"], "url": "https://x.example/c"}}
    form = filled(widget, option_generic_description=json.dumps(elsewhere))
    page = admin_client.post(CHANGE.format(widget.pk), form)
    assert "Enter the key again" in page.content.decode()
    other = {**DESCRIPTION, "answer": {"framing": "text"}}
    form = filled(widget, option_generic_description=json.dumps(other))
    assert admin_client.post(CHANGE.format(widget.pk), form).status_code == 302


def test_a_dry_run_shows_all_that_came_back(admin_client: Client) -> None:
    widget = described()
    widget.key = Secret(KEY)
    widget.save()
    path = f"/admin/chatwidget/widget/{widget.pk}/dry-run/"
    assert path in admin_client.get(CHANGE.format(widget.pk)).content.decode()
    assert "What have I just written?" in admin_client.get(path).content.decode()
    body = b'{"reply": "<b>Hi</b>", "of": "5"}'
    platform = FakePlatform(lambda request: Answer([body], headers={"x-one": "two"}))
    with platform.installed():
        page = admin_client.post(path, {"message": ["One?", "<i>Two?</i>"]}).content.decode()
    assert [json.loads(request.content)["message"] for request in platform.requests] == [
        "One?",
        "<i>Two?</i>",
    ]
    for said in (
        "POST https://agent.example/chat",
        "x-one: two",
        "text[0]",
        "&lt;b&gt;Hi&lt;/b&gt;",
    ):
        assert said in page
    assert "<b>Hi" not in page and "<i>Two" not in page
    assert KEY not in page
    assert "[key]" in page


def test_a_dry_run_is_of_what_the_form_says_and_stores_nothing(admin_client: Client) -> None:
    """The key that is typed goes to the platform, and nowhere else."""
    widget = described()
    before = list(Widget.objects.values())
    typed = {**DESCRIPTION, "answer": {"framing": "json", "text": [{"path": "said"}]}}
    form = filled(
        widget,
        title="Unsaved",
        new_key=KEY,
        option_generic_description=json.dumps(typed),
        message=["One?", "Two?"],
    )
    new = {**form, "slug": "", "title": ""}
    for path, given in ((f"{widget.pk}/", form), ("", new)):
        platform = FakePlatform(lambda request: Answer([b'{"said": "Hi", "reply": "no"}']))
        with platform.installed():
            page = admin_client.post(f"/admin/chatwidget/widget/{path}dry-run/", given)
        shown = page.content.decode()
        assert [each.headers["x-key"] for each in platform.requests] == [KEY, KEY]
        assert "text[0]" in shown and "[key]" in shown and KEY not in shown
        assert list(Widget.objects.values()) == before


def test_a_dry_run_of_a_form_that_is_wrong_says_why_and_sends_nothing(admin_client: Client) -> None:
    widget = described()
    widget.key = Secret(KEY)
    widget.save()
    elsewhere = {**DESCRIPTION, "request": {**DESCRIPTION["request"], "url": "https://x.example/c"}}
    for changes, said in (
        ({"option_generic_description": json.dumps(elsewhere)}, "Enter the key again"),
        ({"option_generic_description": "{"}, "Enter a valid JSON."),
        ({"provider": "demo", "base_url": "", "clear_key": "on"}, "for agents that are described"),
    ):
        form = filled(widget, **changes, message=["One?", "Two?"])
        with FakePlatform(lambda request: Answer([b"{}"])).installed() as platform:
            page = admin_client.post(f"/admin/chatwidget/widget/{widget.pk}/dry-run/", form)
        assert said in page.content.decode()
        assert not platform.requests


def test_a_dry_run_that_fails(admin_client: Client) -> None:
    path = f"/admin/chatwidget/widget/{described().pk}/dry-run/"
    with FakePlatform(lambda request: Answer([b"<h1>Log in</h1>"])).installed():
        page = admin_client.post(path, {"message": ["One?", "Two?"]}).content.decode()
    assert "provider_rejected" in page
    assert "&lt;h1&gt;Log in&lt;/h1&gt;" in page


def test_a_dry_run_is_for_those_who_may_change(
    admin_client: Client, client: Client, django_user_model: Any
) -> None:
    path = f"/admin/chatwidget/widget/{described().pk}/dry-run/"
    assert client.post(path).status_code == 302  # to the login
    client.force_login(django_user_model.objects.create_user("staff", is_staff=True))
    assert client.get(path).status_code == 403
    assert client.post("/admin/chatwidget/widget/dry-run/").status_code == 403
    Widget.objects.update(provider="demo")
    assert admin_client.get(path).status_code == 404
    assert admin_client.get("/admin/chatwidget/widget/dry-run/").status_code == 404
