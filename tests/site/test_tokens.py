"""Tokens of frames and visitors."""

from __future__ import annotations

import time
from unittest.mock import patch
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from chatwidget import tokens
from chatwidget.errors import CloseCode, CloseConnection


def test_a_frame_token_is_its_widgets_and_lives_an_hour() -> None:
    assert tokens.check_frame_token(tokens.frame_token("shop"), "shop") == ""
    greeting = "¡Hola! ".strip() * 200
    token = tokens.frame_token("shop", greeting)
    assert tokens.check_frame_token(token, "shop") == greeting and len(token) < 200
    with patch("django.core.signing.time.time", return_value=time.time() - 3601):
        old = tokens.frame_token("shop")
    visitor = tokens.visitor_token(uuid4(), 1)
    for token in (
        tokens.frame_token("other", "shop"),
        old,
        visitor,
        "",
        "x",
        "a:b:c",
        "\ud800",
        "\0",
    ):
        with pytest.raises(CloseConnection) as refused:
            tokens.check_frame_token(token, "shop")
        assert refused.value.close_code == CloseCode.UNAUTHORIZED


def test_a_visitor_token_is_its_widgets() -> None:
    visitor = uuid4()
    token = tokens.visitor_token(visitor, 1)
    assert tokens.visitor_of(token, 1) == visitor
    assert tokens.visitor_of(token, 2) is None
    assert tokens.visitor_of(tokens.frame_token("1"), 1) is None


@given(st.text())
def test_any_text_is_no_visitor(text: str) -> None:
    assert tokens.visitor_of(text, 1) is None


def test_a_visitor_token_expires_where_it_is_not_used(settings: Settings) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "VISITOR_DAYS": 1}
    with patch("django.core.signing.time.time", return_value=time.time() - 86401):
        token = tokens.visitor_token(uuid4(), 1)
    assert tokens.visitor_of(token, 1) is None


def test_tokens_of_another_key_are_nothing(settings: Settings) -> None:
    token = tokens.visitor_token(uuid4(), 1)
    settings.SECRET_KEY = "another one, also long enough to be a secret key of some kind"
    assert tokens.visitor_of(token, 1) is None
