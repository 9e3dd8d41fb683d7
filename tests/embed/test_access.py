"""Access as a table: every address for visitors, of a widget that is off and of none at all."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from chatwidget import urls
from tests.stored import a_widget

pytestmark = pytest.mark.django_db

PATHS = [str(each.pattern) for each in urls.urlpatterns]


def address(path: str, slug: str) -> str:
    stream = str(uuid.UUID(int=7))
    return "/chatwidget/" + path.replace("<str:slug>", slug).replace("<uuid:stream>", stream)


def test_the_table_has_all_addresses() -> None:
    assert len(PATHS) >= 6
    assert not [path for path in PATHS if "<" in address(path, "shop")]


@pytest.mark.parametrize("method", ["get", "post", "head", "put", "delete", "options"])
@pytest.mark.parametrize("path", PATHS)
def test_a_widget_that_is_off_is_as_none(client: Client, path: str, method: str) -> None:
    """But its loader, which pages hold, is an empty script rather than an error in the console."""
    a_widget("off", active=False)
    off = getattr(client, method)(address(path, "off"))
    none = getattr(client, method)(address(path, "none"))
    if path.endswith(".js") and method in ("get", "head"):
        assert (off.status_code, off.content, none.status_code) == (200, b"", 404)
        return
    assert off.status_code == none.status_code
    assert off.content == none.content
