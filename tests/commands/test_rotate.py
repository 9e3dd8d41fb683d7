"""`rotate_keys`, and what the docs say of rotating secrets."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from chatwidget.conf import Secret
from chatwidget.models import Widget
from tests.client import Chat
from tests.conftest import Serve
from tests.running import Preparation
from tests.stored import a_widget

OLD, NEW = ("an old secret 0123456789", "a new secret 0123456789")
KEY = "vk_live_0123456789"


def rotate() -> str:
    out = io.StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def stored(slug: str, key: str = KEY) -> None:
    widget = a_widget(slug, provider="vindex")
    widget.key = Secret(key)
    widget.save()


@pytest.mark.django_db
def test_all_keys_are_encrypted_with_the_newest_secret(settings: Settings) -> None:
    settings.CHATWIDGET = {"SECRET_KEYS": (OLD,)}
    stored("one")
    settings.CHATWIDGET = {"SECRET_KEYS": (NEW, OLD)}
    stored("two")
    stored("none", "")
    before = Widget.objects.get(slug="two").encrypted_key
    versions = set(Widget.objects.values_list("slug", "config_version"))
    said = (
        "Encrypted the keys of {} widgets and webhooks with the newest secret; "
        "of {} they were already.\n"
    )
    assert rotate() == said.format(1, 1)
    assert rotate() == said.format(0, 2)
    settings.CHATWIDGET = {"SECRET_KEYS": (NEW,)}
    for slug in ("one", "two"):
        assert Widget.objects.get(slug=slug).key == Secret(KEY)
    assert Widget.objects.get(slug="two").encrypted_key == before
    assert set(Widget.objects.values_list("slug", "config_version")) == versions


@pytest.mark.django_db
def test_a_first_secret_of_their_own(settings: Settings) -> None:
    """What SECRET_KEY has encrypted can be read when there are CHATWIDGET_SECRET_KEYS."""
    settings.CHATWIDGET = {}
    stored("one")
    settings.CHATWIDGET = {"SECRET_KEYS": (NEW,)}
    assert Widget.objects.get().key == Secret(KEY)
    rotate()
    settings.SECRET_KEY = "another one, as long as it should be: 0123456789"
    assert Widget.objects.get().key == Secret(KEY)


@pytest.mark.django_db
def test_what_no_secret_reads_is_told_and_the_rest_is_done(settings: Settings) -> None:
    settings.CHATWIDGET = {"SECRET_KEYS": ("a lost secret 0123456789",)}
    stored("lost")
    settings.CHATWIDGET = {"SECRET_KEYS": (OLD,)}
    stored("kept")
    settings.CHATWIDGET = {"SECRET_KEYS": (NEW, OLD)}
    with pytest.raises(CommandError, match="the keys of lost: put the old one back"):
        rotate()
    settings.CHATWIDGET = {"SECRET_KEYS": (NEW,)}
    assert Widget.objects.get(slug="kept").key == Secret(KEY)


async def test_another_secret_key_as_the_readme_changes_it(
    serve: Serve, preparation: Preparation
) -> None:
    db = await preparation.database()
    server = await serve({"SECRET_KEY": OLD}, db=db)
    arguments = ("shop", "--provider", "vindex", "--api-key-env", "K")
    await server.manage("configure_widget", *arguments, env={"K": KEY})
    async with Chat(server.url) as chat:
        await chat.hello()
        await chat.ask("Do you know me?")
        visitor, conversation = chat.visitor, chat.conversation
    await server.kill()

    server = await serve({"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": OLD}, db=db)
    async with Chat(server.url) as chat:
        ready = await chat.hello(visitor=visitor)
        assert ready["conversation"] == conversation
    assert "keys of 1 widgets" in (await server.manage("rotate_keys")).stdout
    await server.kill()

    server = await serve({"SECRET_KEY": NEW}, db=db)
    for token, known in ((ready["visitor"], conversation), (visitor, None)):
        async with Chat(server.url) as chat:
            assert (await chat.hello(visitor=token))["conversation"] == known
    assert "of 1 they were already" in (await server.manage("rotate_keys")).stdout
