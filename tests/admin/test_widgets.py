"""The admin of widgets: typed fields, a key that goes in and never comes out, and the check."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import msgspec
import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from chatwidget.admin.forms import APPEARANCE, WidgetForm, option_names
from chatwidget.appearance import Appearance
from chatwidget.conf import Secret
from chatwidget.models import Conversation, Message, Visitor, Widget
from tests.admin.widget_form import ADD, CHANGE, KEY, errors, filled
from tests.stored import a_conversation, a_widget

pytestmark = pytest.mark.django_db


def test_every_field_of_the_look_and_every_option_has_a_field_of_the_form(
    admin_client: Client,
) -> None:
    form = WidgetForm()
    named = {name.removeprefix(APPEARANCE) for name in form.fields if name.startswith(APPEARANCE)}
    assert named == set(msgspec.structs.asdict(Appearance()))
    html = admin_client.get(ADD).content.decode()
    for name in [*form.fields, *option_names()]:
        assert f'name="{name}"' in html


def test_a_widget_is_added_and_everything_typed_comes_back(admin_client: Client) -> None:
    given = filled(
        title="Help",
        slug="help",
        provider="openai",
        agent="a-model",
        new_key=KEY,
        allowed_origins="HTTPS://Shop.Example.com:443/\n\n https://shop.example.com \nhttps://b.example",
        image_hosts="CDN.example.com",
        greeting="Hi!",
        appearance_color="#aa0011",
        appearance_offset_x="33",
        appearance_suggestions="Where is my order?\n\nOpening hours?",
        appearance_sound="on",
        appearance_ask_email="required",
        appearance_language="pt-br",
        option_openai_temperature="0.5",
    )
    assert admin_client.post(ADD, given).status_code == 302
    widget = Widget.objects.get(slug="help")
    assert widget.allowed_origins == ["https://shop.example.com", "https://b.example"]
    assert widget.image_hosts == ["cdn.example.com"]
    assert widget.options == {"temperature": 0.5}
    assert widget.key.reveal() == KEY
    assert widget.typed_appearance == Appearance(
        color="#aa0011",
        offset_x=33,
        suggestions=("Where is my order?", "Opening hours?"),
        sound=True,
        ask_email="required",
        language="pt-br",
    )
    assert set(widget.appearance) == {  # only what differs from the default is stored
        *("color", "offset_x", "suggestions", "sound", "ask_email", "language"),
    }
    again = admin_client.post(CHANGE.format(widget.pk), filled(widget))
    assert again.status_code == 302
    unchanged = Widget.objects.get(slug="help")
    assert (unchanged.appearance, unchanged.options) == (widget.appearance, widget.options)
    assert unchanged.allowed_origins == widget.allowed_origins
    assert unchanged.key.reveal() == KEY
    assert unchanged.config_version == widget.config_version + 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("slug", "Two words", "small letters"),
        ("title", "", "required"),
        ("provider", "nobody", "not one of the available choices"),
        ("allowed_origins", "https://a.example/path", "has a path"),
        ("allowed_origins", "https://ok.example\nnonsense", "not an origin"),
        ("image_hosts", "https://cdn.example.com/", "not a host"),
        ("base_url", "ftp://x", "must begin with https"),
        ("appearance_color", "blue", "colour like"),
        ("appearance_offset_x", "401", "less than or equal to 400"),
        ("appearance_radius", "", "required"),
        ("appearance_consent_version", "", "required"),
        ("appearance_font", "x;} body{", "names of fonts"),
        ("appearance_icon", "javascript:alert(1)", "https://"),
        ("appearance_logo", "http://plain.example/x.png", "https://"),
        ("appearance_suggestions", "\n".join("abcdefghijklm"), "At most 12"),
        ("appearance_suggestions", "x" * 501, "at most 500"),
        ("appearance_theme", "pink", "not one of the available choices"),
        ("appearance_teaser_delay", "-1", "greater than or equal to 0"),
        ("option_openai_temperature", "warm", "number"),
        ("new_key", "two words", "no key has"),
    ],
)
def test_a_bad_value_is_told_at_its_field(
    admin_client: Client, field: str, value: str, said: str
) -> None:
    given = filled(title="T", slug="t", provider="openai", agent="m", new_key=KEY)
    told = errors(admin_client.post(ADD, {**given, field: value}))
    assert list(told) == [field]
    assert said in " ".join(told[field])
    assert not Widget.objects.exists()


def test_what_a_platform_needs_is_asked_for(admin_client: Client) -> None:
    given = filled(title="T", slug="t", provider="fifthelement")
    told = errors(admin_client.post(ADD, given))
    assert {"fifthelement", "base URL"} <= set(re.findall("fifthelement|base URL", str(told), re.I))


def test_a_slug_that_is_taken(admin_client: Client) -> None:
    a_widget("taken")
    assert "slug" in errors(admin_client.post(ADD, filled(title="T", slug="taken")))


# --- the key ---


def with_key(key: str = KEY, **fields: Any) -> Widget:
    widget = a_widget(provider="openai", agent="m", **fields)
    widget.key = Secret(key)
    widget.save()
    return widget


def test_a_key_is_in_no_page_and_its_end_is(admin_client: Client) -> None:
    widget = with_key()
    a_conversation(widget, "hi", "hello")
    chat = Conversation.objects.get()
    for path in (
        CHANGE.format(widget.pk),
        "/admin/chatwidget/widget/",
        f"/admin/chatwidget/widget/{widget.pk}/history/",
        f"/admin/chatwidget/widget/{widget.pk}/delete/",
        "/admin/chatwidget/conversation/",
        f"/admin/chatwidget/conversation/{chat.pk}/change/",
    ):
        html = admin_client.get(path).content.decode()
        assert KEY not in html
        assert widget.encrypted_key not in html
    assert "••••••••WXYZ" in admin_client.get(CHANGE.format(widget.pk)).content.decode()


def test_of_a_short_key_nothing_is_shown(admin_client: Client) -> None:
    widget = with_key("short-key")
    html = admin_client.get(CHANGE.format(widget.pk)).content.decode()
    assert "••••••••." in html
    assert "-key" not in html.partition("A key is stored")[2][:40]


def test_a_key_is_kept_replaced_and_cleared(admin_client: Client) -> None:
    widget = with_key(base_url="https://llm.example")  # a server of one's own needs none
    change = CHANGE.format(widget.pk)

    def key_after(**changes: str) -> str:
        data = filled(Widget.objects.get(), **changes)
        assert admin_client.post(change, data).status_code == 302
        return Widget.objects.get().key.reveal()

    assert key_after(title="New") == KEY
    assert key_after(new_key=" sk-another-0123456789 ") == "sk-another-0123456789"
    assert key_after(clear_key="on") == ""
    assert Widget.objects.get().encrypted_key == ""
    assert LogEntry.objects.count() == 3
    assert not any("sk-" in entry.change_message for entry in LogEntry.objects.all())


@pytest.mark.parametrize("change", [{"base_url": "https://mine.example"}, {"provider": "vindex"}])
def test_a_stored_key_is_not_sent_to_another_address(
    admin_client: Client, change: dict[str, str]
) -> None:
    """Else whoever may edit a widget could read its key at a server of their own."""
    widget = with_key()
    data = filled(widget, **change)
    told = errors(admin_client.post(CHANGE.format(widget.pk), data))
    assert "Enter the key again" in str(told["new_key"])
    assert admin_client.post(CHANGE.format(widget.pk), {**data, "new_key": KEY}).status_code == 302


def test_a_rejected_form_does_not_show_the_key_that_was_typed(admin_client: Client) -> None:
    response = admin_client.post(ADD, filled(title="", slug="t", provider="openai", new_key=KEY))
    assert errors(response)
    assert KEY not in response.content.decode()


def test_a_key_that_cannot_be_decrypted_is_told(admin_client: Client) -> None:
    widget = with_key()
    Widget.objects.update(encrypted_key="gAAAA-of-another-secret")
    html = unescape(admin_client.get(CHANGE.format(widget.pk)).content.decode())
    assert "cannot be decrypted" in html


# --- the page around the form ---


def test_the_snippets_name_the_requests_own_host(admin_client: Client) -> None:
    widget = a_widget("shop")
    page = admin_client.get(CHANGE.format(widget.pk), headers={"host": "localhost:8123"})
    html = unescape(page.content.decode())
    assert '<script src="http://localhost:8123/chatwidget/shop.js" async></script>' in html
    assert (
        '<script src="http://localhost:8123/chatwidget/shop.js" data-target="#help" defer>' in html
    )
    assert '{% load chatwidget %}\n{% chatwidget "shop" %}' in html
    assert "http://localhost:8123/chatwidget/shop/" in html
    assert f"/admin/chatwidget/conversation/?widget__id__exact={widget.pk}" in html


def test_an_open_widget_is_warned_of(admin_client: Client) -> None:
    widget = a_widget()
    warning = "Any site may embed this widget"
    assert warning in admin_client.get(CHANGE.format(widget.pk)).content.decode()
    saved = admin_client.post(CHANGE.format(widget.pk), filled(widget), follow=True)
    assert warning in saved.content.decode()
    assert "any site" in admin_client.get("/admin/chatwidget/widget/").content.decode()

    closed = filled(widget, allowed_origins="https://shop.example")
    saved = admin_client.post(CHANGE.format(widget.pk), closed, follow=True)
    assert warning not in saved.content.decode()
    assert warning not in admin_client.get(CHANGE.format(widget.pk)).content.decode()


def test_a_look_that_nothing_can_read_still_opens(admin_client: Client) -> None:
    widget = a_widget(appearance={"from": "the future"})
    assert admin_client.get(CHANGE.format(widget.pk)).status_code == 200


# --- the check ---


def test_the_check_tells_what_it_found(admin_client: Client) -> None:
    widget = a_widget()
    path = f"/admin/chatwidget/widget/{widget.pk}/check/"
    found = admin_client.post(path, headers={"accept": "application/json"}).json()
    assert found["ok"] is True
    assert any("Answer in" in line for line in found["lines"])
    page = admin_client.post(path, headers={"accept": "text/html"}, follow=True)
    assert page.redirect_chain == [(CHANGE.format(widget.pk), 302)]
    assert "Answer in" in page.content.decode()


def test_the_check_tells_what_is_wrong(admin_client: Client) -> None:
    widget = a_widget(provider="eigi")  # neither key nor agent
    path = f"/admin/chatwidget/widget/{widget.pk}/check/"
    found = admin_client.post(path, headers={"accept": "application/json"}).json()
    assert found["ok"] is False
    assert "key" in " ".join(found["lines"])
    other = a_widget(slug="other", fallback=widget)
    path = f"/admin/chatwidget/widget/{other.pk}/check/"
    found = admin_client.post(path, headers={"accept": "application/json"}).json()
    assert found["ok"] is False
    assert found["lines"].index(f"Its fallback, {widget.slug}:") > 0
    page = admin_client.post(path, headers={"accept": "text/html"}, follow=True)
    assert f"Its fallback, {widget.slug}: " in page.content.decode()


def test_the_check_is_for_those_who_may_change_and_by_post_only(
    admin_client: Client, client: Client, django_user_model: Any
) -> None:
    path = f"/admin/chatwidget/widget/{a_widget().pk}/check/"
    assert admin_client.get(path).status_code == 404
    assert admin_client.post("/admin/chatwidget/widget/77/check/").status_code == 404
    assert client.post(path).status_code == 302  # to the login
    client.force_login(django_user_model.objects.create_user("staff", is_staff=True))
    assert client.post(path).status_code == 403


# --- erasing ---


def test_a_widget_is_erased_with_all_that_was_said_in_it(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    widget = a_widget()
    kept = a_conversation(a_widget("kept"), "hi")
    for _ in range(30):
        a_conversation(widget, "hi", "hello")
    path = f"/admin/chatwidget/widget/{widget.pk}/delete/"
    html = admin_client.get(path).content.decode()
    assert "Conversations: 30" in html
    with django_assert_max_num_queries(60):
        assert admin_client.post(path, {"post": "yes"}).status_code == 302
    assert list(Conversation.objects.all()) == [kept]
    assert (Visitor.objects.count(), Message.objects.count()) == (1, 1)


# --- the history, and a slug that pages hold ---


def test_a_form_that_is_sent_as_it_was_shown_changes_nothing(admin_client: Client) -> None:
    """Browsers end lines in CRLF, whatever they were given."""
    lines = "one\ntwo"
    widget = a_widget(
        provider="openai",
        agent="a-model",
        greeting=lines,
        options={"system_prompt": lines},
        allowed_origins=["https://a.example", "https://b.example"],
        image_hosts=["a.example", "b.example"],
        appearance={"suggestions": ["one", "two"], "consent": lines},
    )
    widget.key = Secret(KEY)
    widget.save()
    sent = {
        name: value.replace("\n", "\r\n") if isinstance(value, str) else value
        for name, value in filled(widget).items()
    }
    assert len([value for value in sent.values() if "\r\n" in str(value)]) >= 6
    assert admin_client.post(CHANGE.format(widget.pk), sent).status_code == 302
    assert LogEntry.objects.get().get_change_message() == "No fields changed."
    after = Widget.objects.get()
    assert after.typed_appearance == widget.typed_appearance
    for name in ("greeting", "options", "allowed_origins", "image_hosts"):
        assert getattr(after, name) == getattr(widget, name), name


def test_a_slug_that_changes_is_warned_of(admin_client: Client) -> None:
    widget = a_widget("shop")
    page = admin_client.get(CHANGE.format(widget.pk)).content.decode()
    assert "they show no chat until their line is changed too" in page
    saved = admin_client.post(CHANGE.format(widget.pk), filled(widget, slug="store"), follow=True)
    assert "Pages that embed “shop” show no chat any more" in saved.content.decode()
    same = filled(Widget.objects.get(), title="Other")
    saved = admin_client.post(CHANGE.format(widget.pk), same, follow=True)
    assert "show no chat any more" not in saved.content.decode()


# --- for whom it is ---


def test_an_identity_secret_goes_in_and_never_comes_out(admin_client: Client) -> None:
    secret = "the shop's own secret, 0123456789"
    widget = a_widget(provider="demo")
    change = CHANGE.format(widget.pk)
    assert "Remove the stored identity secret" not in admin_client.get(change).content.decode()

    def secret_after(**changes: str) -> str:
        data = filled(Widget.objects.get(), **changes)
        assert admin_client.post(change, data).status_code == 302
        return Widget.objects.get().identity_secret.reveal()

    assert secret_after(new_identity_secret=secret, require_identity="on") == secret
    assert Widget.objects.get().require_identity
    html = admin_client.get(change).content.decode()
    assert secret not in html
    assert Widget.objects.get().encrypted_identity_secret not in html
    assert secret_after(title="New") == secret
    assert secret_after(clear_identity_secret="on") == ""
    told = errors(admin_client.post(change, filled(widget, new_identity_secret="short")))
    assert "at least 16 characters" in str(told["new_identity_secret"])


def test_a_fallback_is_another_widget(admin_client: Client) -> None:
    shop, spare = a_widget(slug="shop"), a_widget(slug="spare")
    form = WidgetForm(instance=shop)
    choices = [widget for widget, _ in form.fields["fallback"].choices]  # type: ignore[attr-defined]
    assert [str(value) for value in choices] == ["", str(spare.pk)]
    url = CHANGE.format(shop.pk)
    assert admin_client.post(url, filled(shop, fallback=spare.pk)).status_code == 302
    assert Widget.objects.get(pk=shop.pk).fallback == spare
    assert "fallback" in errors(admin_client.post(url, filled(shop, fallback=shop.pk)))
    spare.delete()
    assert Widget.objects.get(pk=shop.pk).fallback is None
