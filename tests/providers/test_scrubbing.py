"""No word of a platform's holds its key: whole, in pieces, encoded, in whatever else it sends."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_django import Settings

from chatwidget.conf import ProviderConfig, Secret
from chatwidget.providers.base import (
    AgentProfile,
    Delta,
    Event,
    Finished,
    Greeting,
    Provider,
    ProviderSession,
    Turn,
)
from chatwidget.providers.reader import read_profile
from chatwidget.providers.scrubbing import SCRUBBED, Scrubber, scrubber_of
from tests.providers.conftest import PERSON, outcome
from tests.providers.test_reader import Own

KEY = 'sk-Ab/c+9"x\\yZ0123'
KEYS = (KEY, "vk_live_0123456789", "amgai_" + "a1" * 100, "sksksksk")
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": lambda key: json.dumps(key)[1:-1],
    "JSON with escaped slashes": lambda key: json.dumps(key)[1:-1].replace("/", r"\/"),
    "JSON escapes": lambda key: "".join(f"\\u{ord(char):04x}" for char in key),
    "JSON escapes in capitals": lambda key: "".join(f"\\u{ord(char):04X}" for char in key),
    "a URL's query": lambda key: quote(key, safe=""),
    "a URL's path": quote,
    "a URL in small letters": lambda key: re.sub(
        "%..", lambda escape: escape[0].lower(), quote(key, safe="")
    ),
    "every byte escaped": lambda key: "".join(f"%{ord(char):02X}" for char in key),
    "hexadecimal": lambda key: key.encode().hex(),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 of a header": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
    "base64 of a login": lambda key: base64.b64encode(f"user:{key}\n".encode()).decode(),
    "base64 for URLs": lambda key: base64.urlsafe_b64encode(f"k={key}&x=1".encode()).decode(),
}


def gone(key: str, encoded: str, shown: str) -> bool:
    """Is the key out of the text, but for the letters that base64 makes of its outer bytes, too?"""
    middle = len(encoded) // 2
    return SCRUBBED in shown and encoded[middle - 4 : middle + 4] not in shown and key not in shown


@pytest.mark.parametrize("key", ["k", "sk", "abc"])
def test_what_is_too_short_to_be_secret_leaves_a_cause_as_it_is(key: str) -> None:
    cause = f"HTTP 400: no model {key}, nor any like abcdefghijklmnopqrstuvwxyz"
    assert Scrubber(Secret(key)).clean(cause) == cause


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_however_it_is_written_and_wherever_it_is_cut(encoding: str, key: str) -> None:
    encoded = ENCODINGS[encoding](key)
    text = f"Your key is {encoded}, keep it."
    scrubber = Scrubber(Secret(key))
    whole = scrubber.clean(text)
    assert gone(key, encoded, whole)
    assert whole.startswith("Your key is ")
    assert whole.endswith(", keep it.")
    for cut in range(len(text) + 1):
        stream = scrubber.stream()
        shown = [stream.feed(text[:cut]), stream.feed(text[cut:]), stream.end()]
        assert "".join(shown) == whole
        assert text[:cut].startswith(shown[0]) or SCRUBBED in shown[0]
    stream = scrubber.stream()
    assert "".join([*map(stream.feed, text), stream.end()]) == whole


@example(["sk", "sk-Ab", "/c+9"], KEY)
@example(["s" * 9, "ks"], "sksksksk")
@given(st.lists(st.text("sk-Ab/c+9 0%u\\", max_size=6)), st.sampled_from(KEYS))
def test_what_does_not_hold_it_stays_as_it_is(pieces: list[str], key: str) -> None:
    stream = Scrubber(Secret(key)).stream()
    text = "".join(pieces)
    shown = "".join([*map(stream.feed, pieces), stream.end()])
    assert shown == text or key[:8] in text


def test_an_end_that_is_much_of_the_key() -> None:
    stream = Scrubber(Secret(KEY)).stream()
    assert stream.feed(f"It is {KEY[:12]}") + stream.end() == f"It is {SCRUBBED}"
    assert stream.feed(f"It is {KEY[:3]}") + stream.end() == f"It is {KEY[:3]}"


def test_words_that_serve_as_keys_are_no_secrets() -> None:
    """A local server is given "ollama", and may be asked about it."""
    scrubber = Scrubber(Secret("ollama"))
    assert scrubber.stream().feed("Ask ollama!") == "Ask ollama!"
    assert scrubber.clean_value({"model": "ollama"}) == {"model": "ollama"}
    assert scrubber.clean("HTTP 401: ollama") == "HTTP 401: [key]"


def test_without_a_key_nothing_is_done() -> None:
    scrubber = scrubber_of(Secret())
    assert scrubber.stream().feed("Any text…") == scrubber.clean("Any text…") == "Any text…"


def own(*script: Event | float) -> Own:
    made = Own(*script)
    made.config = ProviderConfig("own", key=Secret(KEY))
    return made


TURN = Turn("Hello", PERSON, "01930000-0000-7000-8000-000000000001")


async def test_whatever_a_good_answer_holds() -> None:
    ui = {"type": "card", "data": [{"title": KEY, KEY: ENCODINGS["base64"](KEY)}]}
    metadata = {"echo": {"headers": [f"Bearer {KEY}"]}}
    found = await outcome(
        own(
            ProviderSession(f"session-{KEY}"),
            *(Delta(char) for char in f"It is {KEY}."),
            Finished(ui=ui, message_id=f"m-{KEY}", metadata=metadata),
        ),
        TURN,
    )
    assert (found.text, found.error) == (f"It is {SCRUBBED}.", None)
    assert found.session == ""
    assert found.finished == Finished(
        {"type": "card", "data": [{"title": SCRUBBED, SCRUBBED: SCRUBBED}]},
        f"m-{SCRUBBED}",
        {"echo": {"headers": [f"Bearer {SCRUBBED}"]}, "session_ignored": "it holds the key"},
    )


@pytest.mark.parametrize("cut", [KEY, KEY[:-1]])
async def test_what_an_answer_that_fails_has_shown(cut: str) -> None:
    found = await outcome(own(Delta(f"It is {cut}")), TURN)
    assert (found.text, found.code) == (f"It is {SCRUBBED}", "provider_unavailable")


async def test_the_cap_holds_for_what_was_held_back(settings: Settings) -> None:
    settings.CHATWIDGET = {**settings.CHATWIDGET, "MAX_REPLY_LENGTH": 10}
    found = await outcome(own(Delta("0123456789sk-"), Delta("x"), Finished()), TURN)
    assert (found.code, found.text) == ("provider_rejected", "0123456789")
    found = await outcome(own(Delta("01234567sk"), Finished()), TURN)
    assert (found.code, found.text) == ("", "01234567sk")


async def test_what_a_platform_says_of_its_agent() -> None:
    class Greeter(Own):
        async def profile(self, person: object) -> AgentProfile:
            greeting = Greeting(f"Hello, {KEY}", session=f"s-{KEY}")
            return AgentProfile(greeting, defaults={"title": KEY})

    provider: Provider = Greeter()
    provider.config = ProviderConfig("own", key=Secret(KEY))
    found = await read_profile(provider, PERSON)
    assert found.greeting == Greeting(f"Hello, {SCRUBBED}", "")
    assert found.defaults == {"title": SCRUBBED}
