"""docs/python-api.md names what there is, and CHANGELOG.md what has been there."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

import pytest

from chatwidget import errors
from chatwidget.providers import base
from tests.running import ROOT

PAGE = (ROOT / "docs/python-api.md").read_text()
NAMES = re.findall(r"^\| `([\w.]+)` \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_imported(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    if name == "chatwidget.urls":
        assert import_module(name).urlpatterns
        return
    thing = getattr(import_module(module), attribute)
    if inspect.isclass(thing) or inspect.isfunction(thing):
        assert thing.__doc__, f"{name} has no docstring"


def test_all_that_an_adapter_needs_is_named() -> None:
    """Public classes of the adapters' module, and the errors that an adapter may raise."""
    classes = {
        f"{cls.__module__}.{cls.__name__}"
        for cls in vars(base).values()
        if inspect.isclass(cls) and cls.__module__ == base.__name__ and cls.__name__[0] != "_"
    }
    raised = {
        f"chatwidget.errors.{cls.__name__}"
        for cls in errors.REPLY_ERRORS.values()
        if cls is not errors.Interrupted  # the relay's own
    }
    assert classes | raised <= set(NAMES)
