"""In other people's sites: what their middleware and their addresses do to ours."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from tests.stored import a_widget

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["help.js", "help/", "help/token/"])
def test_visitors_need_no_login_where_everything_else_does(
    settings: Settings, client: Client, path: str
) -> None:
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    a_widget("help")
    assert client.get(f"/chatwidget/{path}").status_code == 200
    assert client.get("/healthz").status_code == 200
    assert client.get("/").status_code == 302
