"""The frames of protocol 1: the table that both languages read, and anything at all."""

from __future__ import annotations

import json
from typing import Any, Union

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatwidget import protocol
from chatwidget.errors import BadFrame, RateLimited
from chatwidget.protocol import AnyClientFrame, dump, parse
from chatwidget.sockets import serialize
from chatwidget.text import cleaned, is_clean
from tests.protocol_table import TABLE, raw

ServerFrames: Any = Union[tuple(protocol.ServerFrame.__subclasses__())]  # noqa: UP007


def cases(direction: str, kind: str) -> Any:
    return [pytest.param(case, id=case["name"]) for case in TABLE[direction][kind]]


@pytest.mark.parametrize("case", cases("client", "valid"))
def test_a_valid_frame_is_read(case: dict[str, Any]) -> None:
    frame = parse(raw(case))
    given = json.loads(raw(case))
    assert type(frame).__struct_config__.tag == given["type"]
    read = msgspec.to_builtins(frame)
    assert {name: given[name] for name in given.keys() & read.keys()} == {
        name: _as_given(given[name], read[name]) for name in given.keys() & read.keys()
    }


def _as_given(given: Any, read: Any) -> Any:
    """What was read, without the fields that were not given."""
    if isinstance(given, dict) and isinstance(read, dict):
        return {name: read.get(name) for name in given}
    return read


@pytest.mark.parametrize(
    "case", [p for p in cases("client", "invalid") if p.values[0]["code"] == "bad_frame"]
)
def test_an_invalid_frame_is_a_bad_frame(case: dict[str, Any]) -> None:
    with pytest.raises(BadFrame):
        parse(raw(case))


@pytest.mark.parametrize(
    "case", [p for p in cases("client", "invalid") if p.values[0]["code"] != "bad_frame"]
)
def test_what_a_send_may_not_say_is_still_a_frame(case: dict[str, Any]) -> None:
    """It is answered by its own code, and with its id: tests/sockets holds that."""
    assert isinstance(parse(raw(case)), protocol.Send)


@pytest.mark.parametrize("case", cases("server", "valid"))
def test_a_server_frame_of_the_table_has_our_shape(case: dict[str, Any]) -> None:
    """What the client is promised to read is what the server's structs can say."""
    frame = case["frame"]
    if any(_beyond(message) for message in (frame, frame.get("message"))):
        return  # the client bears more than this server says
    kind = type(msgspec.convert(frame, ServerFrames))
    assert kind.__struct_config__.tag == frame["type"]


def _beyond(value: Any) -> bool:
    return isinstance(value, dict) and (
        isinstance(value.get("ui", {}), str) or {"ui", "rating", "error"} & _nulls(value) != set()
    )


def _nulls(value: dict[str, Any]) -> set[str]:
    return {name for name, each in value.items() if each is None}


@given(st.text())
@example('{"type":"send","id":"' + "0" * 32 + '\\n","text":"x"}')
@example('{"type":"stop","id":"\\ud800"}')
@example('{"type":"\\ud800"}')
@example('{"type":"send","id":"\\ud800","text":"x"}')
@example('{"type":"ping","\\ud800":1}')
@example("[" * 50_000)
@example('{"type":"ack","id":"x","offset":' + "9" * 4000 + "}")
def test_any_text_is_a_frame_or_a_bad_one(text: str) -> None:
    try:
        frame = parse(text)
    except BadFrame as error:
        dump(serialize.error(error, getattr(error, "frame_id", None)))
    else:
        assert isinstance(frame, AnyClientFrame)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(categories=["L", "N", "P", "Cc", "Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = [case["frame"]["type"] for case in TABLE["client"]["valid"]]
FIELDS = sorted({name for case in TABLE["client"]["valid"] for name in case["frame"]} - {"type"})


@given(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_fields_make_a_frame_or_a_bad_one(name: str, fields: dict[str, Any]) -> None:
    try:
        parse(json.dumps({"type": name, **fields}))
    except BadFrame as error:
        answer = dump(serialize.error(error, getattr(error, "frame_id", None)))
        assert json.loads(answer)["code"] == "bad_frame"


@given(st.text(), st.integers(0, 50))
def test_what_is_kept_of_a_page_can_be_stored(text: str, limit: int) -> None:
    kept = cleaned(text + "\ud800\0", limit)
    assert is_clean(kept) and len(kept) <= limit


@pytest.mark.parametrize(
    ("text", "clean"),
    [("", True), ("naïve 🙂 \u2028", True), ("a\0b", False), ("a\ud83d", False), ("\ude00", False)],
)
def test_is_clean(text: str, clean: bool) -> None:
    assert is_clean(text) is clean


def test_an_error_repeats_an_id_only_where_it_may_be_one() -> None:
    assert serialize.error(BadFrame(), "x" * 64).id == "x" * 64
    assert serialize.error(BadFrame(), "x" * 65).id is None
    assert serialize.error(BadFrame(), "\ud800").id is None


def test_an_error_says_only_what_there_is_to_say() -> None:
    assert json.loads(dump(serialize.error(BadFrame("cause for the owner")))) == {
        "type": "error",
        "code": "bad_frame",
        "detail": "This message could not be understood.",
        "retryable": False,
    }
    limited = json.loads(dump(serialize.error(RateLimited(retry_after=2.5), "1")))
    assert limited["retryable"] is True
    assert limited["retry_after"] == 2.5
    assert limited["id"] == "1"


def test_the_longest_message_fits_a_frame_many_times() -> None:
    """Each of its characters an escape of twelve bytes."""
    assert TABLE["max_length"] * 12 < protocol.MAX_FRAME_BYTES
