"""The demo agent, and the seam itself."""

from __future__ import annotations

import pytest

from chatwidget.conf import ProviderConfig, Secret
from chatwidget.errors import PlatformMisconfigured
from chatwidget.providers.demo import GRID, WORDS
from chatwidget.providers.registry import make_provider, providers
from tests.providers.conftest import PERSON, Chat


@pytest.fixture
def chat() -> Chat:
    return Chat(make_provider(ProviderConfig("demo", options={"pace": 0.0})))


async def test_it_leaves_the_greeting_to_the_widget(chat: Chat) -> None:
    """So that an owner who tries a widget out sees the text that they wrote."""
    assert (await chat.provider.profile(PERSON)).greeting is None


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ("Help!", "**products**"),
        ("a table please", "| Day | Opens |"),
        ("show me code", "```html\n<script"),
        ("a list", "- [x] free returns"),
        ("a long answer", "## Chapter 20"),
        ("who are you?", "[link](https://example.com/)"),
        ("a *b* <i>", r"a \*b\* \<i\>"),
    ],
)
async def test_it_shows_what_it_is_asked_for(chat: Chat, said: str, holds: str) -> None:
    found = await chat.say(said)
    assert holds in found.text
    assert found.pieces > 5
    assert found.finished is not None


async def test_it_shows_products(chat: Chat) -> None:
    found = await chat.say("Which products do you sell?")
    assert found.finished is not None
    assert found.finished.ui == GRID


async def test_it_fails_when_asked_to(chat: Chat) -> None:
    found = await chat.say("fail")
    assert found.code == "provider_unavailable"
    assert found.text


async def test_it_takes_its_time(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    monkeypatch.setattr("chatwidget.providers.demo.asyncio.sleep", rest)
    await chat.say("slow")
    assert set(rests) == {0.4}


async def test_every_word_of_its_help_does_something(chat: Chat) -> None:
    plain = (await chat.say("nothing special")).text.split("*")[-1]
    for word in WORDS:
        if word != "slow":
            assert not (await chat.say(word)).text.endswith(plain)


CONFIGS = {
    "an unknown provider": (ProviderConfig("nobody"), "no provider is named 'nobody'"),
    "no key": (ProviderConfig("eigi", agent="a"), "eigi needs an API key"),
    "no agent": (ProviderConfig("eigi", key=Secret("vk_1")), "eigi needs an agent"),
    "no base URL": (
        ProviderConfig("fifthelement", agent="a", key=Secret("k")),
        "fifthelement has no default base URL",
    ),
    "a base URL of another scheme": (
        ProviderConfig("vindex", base_url="ftp://x", key=Secret("k")),
        "must begin with https://",
    ),
    "a key that fits no header": (
        ProviderConfig("vindex", key=Secret("amgai_“1”")),
        "the API key holds characters",
    ),
    "an unknown option": (
        ProviderConfig("vindex", key=Secret("k"), options={"x": 1}),
        "vindex has no option 'x'",
    ),
    "an option of another type": (
        ProviderConfig("openai", agent="a", key=Secret("k"), options={"temperature": "warm"}),
        "option 'temperature' must be of type float",
    ),
    "OpenAI itself without a key": (ProviderConfig("openai", agent="a"), "OpenAI needs an API key"),
}


@pytest.mark.parametrize(("config", "problem"), CONFIGS.values(), ids=CONFIGS)
def test_configurations_that_cannot_work(config: ProviderConfig, problem: str) -> None:
    with pytest.raises(PlatformMisconfigured, match=problem):
        make_provider(config)


def test_a_server_of_ones_own_needs_no_key() -> None:
    config = ProviderConfig("openai", base_url="http://127.0.0.1:11434/v1", agent="llama")
    assert make_provider(config).base_url == "http://127.0.0.1:11434/v1"


def test_every_built_in_provider_is_there() -> None:
    assert set(providers()) >= {"demo", "eigi", "fifthelement", "vindex", "agentix", "openai"}
    for cls in providers().values():
        assert cls.label
