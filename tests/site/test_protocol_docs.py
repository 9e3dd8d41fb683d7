"""docs/protocol.md and the code name the same frames, fields and codes."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from chatwidget import errors, protocol
from tests.protocol_table import PAGE, examples


def section(title: str) -> list[list[str]]:
    """The rows of the table under a heading, as their cells."""
    text = PAGE.split(f"### {title}\n", 1)[1].split("\n#", 1)[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def fields_of(cell: str) -> set[str]:
    """The names in a cell, without those of an object's own fields."""
    return set(re.findall(r"`(\w+)`", re.sub(r"\{[^}]*\}", "", cell)))


CLIENT = get_args(protocol.AnyClientFrame)
SERVER = protocol.ServerFrame.__subclasses__()


@pytest.mark.parametrize(
    ("title", "frames"), [("Client to server", CLIENT), ("Server to client", SERVER)]
)
def test_frames_and_their_fields(
    title: str, frames: list[type[protocol.ClientFrame | protocol.ServerFrame]]
) -> None:
    documented = {row[0].strip("`"): fields_of(row[1]) for row in section(title)}
    declared = {str(frame.__struct_config__.tag): set(frame.__struct_fields__) for frame in frames}
    assert documented == declared
    shown = examples(title)
    assert [frame["type"] for frame in shown] == list(documented)
    for frame in shown:
        assert frame.keys() - {"type"} <= declared[frame["type"]]


def test_fields_of_a_message() -> None:
    text = PAGE.split("A message is\n", 1)[1].split("Roles are", 1)[0]
    named = set(re.findall(r'"(\w+)":', text)) | fields_of(text)
    assert named == set(protocol.Message.__struct_fields__)


def every(kind: type[errors.ChatError]) -> set[str]:
    below = kind.__subclasses__()
    return {kind.code for kind in below}.union(*map(every, below)) if below else set()


def test_error_codes() -> None:
    documented = {row[0].strip("`"): row[1] for row in section("Error codes")}
    assert documented.keys() == every(errors.FrameError) | every(errors.ReplyError)
    of_replies = {code for code, of in documented.items() if of == "a reply"}
    assert of_replies == {error.code for error in errors.REPLY_ERRORS.values()}


def test_close_codes() -> None:
    documented = {int(row[0]): row[1].strip("`") for row in section("Close codes")}
    assert documented == {int(code): code.name for code in errors.CloseCode}
