"""A platform's key in anything that the suite makes us write: logs, pages, frames, and files.

A pytest plugin: the test in whose time a key was seen fails. Every key of the tests is of a
platform's form and holds these digits, so that one pattern finds them all, plain or in base64.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.base import BaseHandler
from django.http import HttpResponse

from tests.environment import FOLDER

DIGITS = "0123456789"
_PREFIX = rb"sk-|vk_|fe_|amgai_|agx_live_"
# Of each way to cut the digits into base64's threes: what stays the same whatever is around them.
_ENCODED = [base64.b64encode(b"x" * n + DIGITS.encode())[4:-4] for n in range(3)]
_KEY = re.compile(
    rb"\b(?:" + _PREFIX + rb")[\w-]*" + DIGITS.encode() + rb"|" + rb"|".join(_ENCODED)
)
seen: list[str] = []


def keys_in(content: bytes) -> list[str]:
    """The keys that stand in it, as they were found."""
    return [found.decode() for found in _KEY.findall(content)]


def look(where: str, content: bytes | str) -> None:
    """Note the keys in what was written."""
    content = content.encode("utf-8", "replace") if isinstance(content, str) else content
    seen.extend(f"{where}: {key}" for key in keys_in(content))


class _Log(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        look(f"log of {record.name}", logging.Formatter().format(record))


@pytest.fixture(scope="session", autouse=True)
def watch() -> Iterator[None]:
    """Look at each line of any log, and at each page that a test's client is given."""
    handler, get_response = _Log(), BaseHandler.get_response

    def watched(self: BaseHandler, request: Any) -> Any:
        response = get_response(self, request)
        if isinstance(response, HttpResponse):
            look(f"page {request.path}", response.content)
        return response

    logging.getLogger().addHandler(handler)
    BaseHandler.get_response = watched  # type: ignore[method-assign]
    yield
    BaseHandler.get_response = get_response  # type: ignore[method-assign]
    logging.getLogger().removeHandler(handler)
    files = (each for each in FOLDER.rglob("*") if each.is_file())
    assert not (found := list(in_files(files))), found


@pytest.fixture(autouse=True)
def no_key_written() -> Iterator[None]:
    seen.clear()
    yield
    assert not seen, seen


def in_files(files: Iterable[Path]) -> Iterator[str]:
    """Databases, their logs, and what servers said."""
    for path in files:
        for key in keys_in(path.read_bytes()):
            yield f"{path.name}: {key}"
