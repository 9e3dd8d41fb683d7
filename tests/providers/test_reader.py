"""What holds for every adapter, also for one that knows nothing of HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from pytest_django import Settings

from chatwidget.conf import ProviderConfig, Secret
from chatwidget.errors import PlatformUnavailable
from chatwidget.providers.base import Delta, Event, Finished, Provider, ProviderSession, Turn
from tests.providers.conftest import PERSON, Outcome, be_patient, outcome

TURN = Turn("Hello", PERSON, "01930000-0000-7000-8000-000000000001")


class Own(Provider):
    """Yields what it is made with: a number is a pause of so many seconds."""

    label = "Own"
    needs_base_url = needs_key = needs_agent = False

    def __init__(self, *script: Event | float) -> None:
        super().__init__(ProviderConfig("own", key=Secret("secret-0123")))
        self.script = script
        self.closed = False

    async def reply(self, turn: Turn) -> AsyncGenerator[Event, None]:
        try:
            for step in self.script:
                if isinstance(step, float | int):
                    await asyncio.sleep(step)
                else:
                    yield step
        finally:
            self.closed = True


async def read(*script: Event | float) -> Outcome:
    own = Own(*script)
    found = await outcome(own, TURN)
    assert own.closed
    return found


async def test_a_whole_answer() -> None:
    found = await read(ProviderSession("s"), Delta("a\0b"), Delta(""), Finished(message_id="m"))
    assert (found.text, found.pieces, found.session, found.error) == ("ab", 1, "s", None)
    assert found.finished and found.finished.message_id == "m"


async def test_a_character_in_two_halves() -> None:
    halves = (Delta("a\ud83d"), Delta(""), Delta("\ude42b\ude42"), Delta("\ud83d"))
    found = await read(*halves, Finished())
    assert (found.text, found.pieces, found.error) == ("a🙂b\ufffd\ufffd", 3, None)
    assert (await read(Delta("\ud83d"), Finished())).text == "\ufffd"


async def test_a_session_that_cannot_be_stored() -> None:
    for session in ("s" * 501, "a\0b", "\ud83d"):
        found = await read(ProviderSession(session), Delta("text"), Finished())
        assert (found.code, found.text, found.session) == ("provider_rejected", "", "")


async def test_a_text_beyond_the_cap_is_cut_there(settings: Settings) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "MAX_REPLY_LENGTH": 10}
    found = await read(Delta("01234567"), Delta("89"), Finished())
    assert (found.code, found.text) == ("", "0123456789")
    found = await read(Delta("01234567"), Delta("8901"), Delta("2"), Finished())
    assert (found.code, found.text) == ("provider_rejected", "0123456789")


@pytest.mark.parametrize("text", ["", " \n\t"])
async def test_an_empty_answer(text: str) -> None:
    found = await read(Delta(text), Finished(metadata={"model": "m"}))
    assert found.code == "provider_rejected"
    assert found.finished and found.finished.metadata, "the owner may read why"
    assert (await read(Delta(text), Finished(ui={"type": "card"}))).code == ""


async def test_what_cannot_be_stored_costs_no_text() -> None:
    told = {"secret": object()}
    found = await read(
        Delta("text"), Finished(ui={"type": 1}, message_id="\0" * 300, metadata=told)
    )
    assert (found.text, found.error) == ("text", None)
    assert found.finished
    assert (found.finished.ui, found.finished.message_id) == (None, "")
    assert "no JSON" in found.finished.metadata["ignored"]
    assert "no type" in found.finished.metadata["ui_ignored"]
    found = await read(
        Delta("text"), Finished(ui={"type": "card", "data": "\0"}, message_id="m" * 300)
    )
    assert found.finished == Finished(None, "m" * 200, {"ui_ignored": "it holds a NUL"})


async def test_an_answer_without_its_end() -> None:
    found = await read(Delta("so far"))
    assert (found.code, found.text) == ("provider_unavailable", "so far")


@pytest.mark.parametrize(
    ("script", "limit", "text", "cause"),
    [
        ((60, Delta("late"), Finished()), "first", "", "no answer within 0.2 s"),
        ((Delta("a"), 60, Finished()), "between", "a", "the answer paused for more than 0.2 s"),
        ((Delta("a"), 0.05) * 60, "total", "a", "the answer was not complete within 0.2 s"),
    ],
    ids=["first", "between", "total"],
)
async def test_time(
    settings: Settings, script: tuple[Event | float, ...], limit: str, text: str, cause: str
) -> None:
    be_patient(settings, **{limit: 0.2})
    found = await read(*script)
    assert found.code == "provider_timeout"
    assert found.error and found.error.cause == cause
    assert found.text.startswith(text)


async def test_one_that_keeps_time_itself_is_bounded_in_all(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Own, "keeps_time", True)
    be_patient(settings, first=0.05, between=0.05)
    assert (await read(0.1, Delta("a"), 0.1, Delta("b"), Finished())).text == "ab"
    be_patient(settings, first=0.05, between=0.05, total=0.5)
    found = await read(Delta("a"), 60, Finished())
    assert found.error and found.error.cause == "the answer was not complete within 0.5 s"


async def test_a_failure_does_not_tell_the_key() -> None:
    class Failing(Own):
        async def reply(self, turn: Turn) -> AsyncGenerator[Event, None]:
            yield Delta("a")
            raise self.failure

        failure: Exception = PlatformUnavailable("with secret-0123")

    found = await outcome(Failing(), TURN)
    assert found.error and found.error.cause == "with [key]"
    Failing.failure = ConnectionResetError("by secret-0123")
    found = await outcome(Failing(), TURN)
    assert found.code == "provider_unavailable"
    assert found.error and "secret" not in found.error.cause
