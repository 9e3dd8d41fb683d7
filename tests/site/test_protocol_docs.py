"""docs/protocol.md and the code name the same frames, fields and codes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import get_args

import msgspec
import pytest

from chatwidget import errors, protocol
from chatwidget.sockets import staff_frames
from tests.protocol_table import DESK, PAGE, examples, fields_of, section

CLIENT = get_args(protocol.AnyClientFrame)
SERVER = protocol.ServerFrame.__subclasses__()


@pytest.mark.parametrize(
    ("title", "frames"), [("Client to server", CLIENT), ("Server to client", SERVER)]
)
def test_frames_and_their_fields(
    title: str, frames: list[type[protocol.ClientFrame | protocol.ServerFrame]]
) -> None:
    documented = {row[0].strip("`"): fields_of(row[1]) for row in section(title)}
    assert documented == declared(frames)
    shown = examples(title)
    assert [frame["type"] for frame in shown] == list(documented)
    for frame in shown:
        assert frame.keys() - {"type"} <= documented[frame["type"]]


def declared(frames: Iterable[type[msgspec.Struct]]) -> dict[str, set[str]]:
    return {str(frame.__struct_config__.tag): set(frame.__struct_fields__) for frame in frames}


@pytest.mark.parametrize(
    ("sender", "frames"),
    [
        ("the page", get_args(staff_frames.AnyStaffFrame)),
        ("the server", set(protocol.SentFrame.__subclasses__()) - {protocol.ServerFrame}),
    ],
)
def test_frames_of_staff(sender: str, frames: Iterable[type[msgspec.Struct]]) -> None:
    rows = [row for row in section("The socket of a live page", DESK) if row[1] == sender]
    assert {row[0].strip("`"): fields_of(row[2]) for row in rows} == declared(frames)


def test_fields_of_a_line_of_the_live_list() -> None:
    [live] = [row for row in section("The socket of a live page", DESK) if row[0] == "`live`"]
    named = fields_of(live[2].partition("{")[2])
    assert named == set(staff_frames.LiveConversation.__struct_fields__)


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
