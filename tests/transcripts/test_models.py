"""What is kept, and how."""

from __future__ import annotations

import time
from uuid import RFC_4122, UUID

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from pytest_django import Settings

from chatwidget.conf import Secret
from chatwidget.errors import PlatformMisconfigured
from chatwidget.models import Message, Visitor, Widget, new_id
from chatwidget.text import uuid8
from tests.stored import a_conversation, a_widget

KEY = "sk-do-not-tell-0123456789"


def test_ids_sort_by_the_time_they_were_made() -> None:
    ids = []
    for _ in range(20):
        ids.append(new_id())
        time.sleep(0.001)
    assert ids == sorted(ids)
    assert all(type(each) is UUID and each.version == 7 for each in ids)
    assert len({new_id() for _ in range(10_000)}) == 10_000


@pytest.mark.django_db
def test_every_database_takes_an_id_made_of_a_digest() -> None:
    """MariaDB refuses one of version 8 with 0x80 as its ninth byte."""
    widget = a_widget()
    for ninth in range(256):
        made = uuid8(bytes([*range(8), ninth, *range(9, 16)]))
        assert (made.version, made.variant) == (8, RFC_4122) and made.bytes[8] != 0x80
        assert ninth % 64 == 0 or made.bytes[8] == 0x80 | ninth % 64
        Visitor.objects.get_or_create(id=made, widget=widget)
    assert Visitor.objects.count() == 63


@pytest.mark.django_db
def test_every_save_is_a_new_configuration() -> None:
    widget = a_widget()
    assert widget.config_version == 1
    widget.save()
    assert Widget.objects.get().config_version == 2


@pytest.mark.parametrize("slug", ["shop", "my-shop-2", "7"])
def test_good_slugs(slug: str) -> None:
    Widget(slug=slug, title="T").clean_fields(exclude=["provider"])


@pytest.mark.parametrize(
    "slug", ["", "Shop", "a--b", "-a", "a-", "a b", "a/b", "ü", "a\n", "x" * 65]
)
def test_bad_slugs(slug: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Widget(slug=slug, title="T").clean_fields(exclude=["provider"])
    assert "slug" in refused.value.message_dict


@pytest.mark.django_db
def test_a_key_is_readable_to_us_alone(settings: Settings) -> None:
    widget = a_widget()
    widget.key = Secret(KEY)
    widget.save()
    row = Widget.objects.filter(pk=widget.pk).values().get()
    assert KEY not in str(row)
    stored = Widget.objects.get()
    assert stored.key.reveal() == KEY
    assert KEY not in repr(stored.provider_config)
    first = stored.encrypted_key
    stored.key = Secret(KEY)
    assert stored.encrypted_key != first  # equal keys do not look equal
    stored.key = Secret()
    assert (stored.encrypted_key, stored.key) == ("", Secret())


@pytest.mark.django_db
def test_keys_may_be_rotated(settings: Settings) -> None:
    settings.CHATWIDGET = {"SECRET_KEYS": ("old",)}
    widget = a_widget()
    widget.key = Secret(KEY)
    settings.CHATWIDGET = {"SECRET_KEYS": ("new", "old")}
    assert widget.key.reveal() == KEY
    widget.key = Secret(KEY)
    settings.CHATWIDGET = {"SECRET_KEYS": ("new",)}
    assert widget.key.reveal() == KEY
    settings.CHATWIDGET = {"SECRET_KEYS": ("another",)}
    with pytest.raises(PlatformMisconfigured) as refused:
        _ = widget.key
    assert KEY not in str(refused.value)


@pytest.mark.django_db
def test_without_keys_of_their_own_the_sites_secret_serves(settings: Settings) -> None:
    settings.CHATWIDGET = {}
    widget = a_widget()
    widget.key = Secret(KEY)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another one, also long enough to be a secret key of some kind"
    assert widget.key.reveal() == KEY
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(PlatformMisconfigured):
        _ = widget.key


@pytest.mark.django_db
def test_the_database_holds_what_must_not_happen_twice() -> None:
    conversation = a_conversation(a_widget(), "hi", "hello")
    sent, reply = Message.objects.order_by("seq")
    for changes in ({"seq": 1}, {"seq": 1, "role": "user"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Message.objects.filter(pk=reply.pk).update(**changes)
    client_id = new_id()
    Message.objects.filter(pk=sent.pk).update(client_id=client_id)
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=reply.pk).update(client_id=client_id)
    # Another visitor may have the same.
    stranger = Visitor.objects.create(widget=conversation.widget)
    Message.objects.filter(pk=reply.pk).update(client_id=client_id, visitor=stranger)


@pytest.mark.django_db
def test_how_they_are_named() -> None:
    conversation = a_conversation(a_widget(), "hi")
    visitor = conversation.visitor
    assert str(conversation.widget) == "shop"
    assert str(conversation) == str(conversation.pk)
    assert str(visitor) == str(visitor.pk)
    visitor.email = "ada@example.com"
    assert str(visitor) == "ada@example.com"
    visitor.name = "Ada"
    assert str(visitor) == "Ada"
    assert str(Message.objects.get()) == "user 1"
