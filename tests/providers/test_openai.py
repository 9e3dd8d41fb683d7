"""OpenAI-compatible servers as they are: strict templates, odd shapes, thoughts, faults."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from chatwidget.conf import ProviderConfig, Secret
from chatwidget.errors import ConversationTooLong, PlatformRateLimited
from chatwidget.providers import openai as provider
from chatwidget.providers import reasoning
from chatwidget.providers.base import Activity, Delta, HistoryMessage, Turn
from chatwidget.providers.history import dialogue
from chatwidget.providers.openai import OpenAI
from chatwidget.testing.transport import Answer, FakePlatform
from tests.platforms import openai
from tests.providers.conftest import PERSON, Chat, Platforms

REJECTED, UNAVAILABLE = "provider_rejected", "provider_unavailable"
GREETING = HistoryMessage("assistant", "Welcome to the shop!", 1)


@pytest.fixture(autouse=True)
def no_model_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasoning, "_unopened", {})


async def bodies(fakes: Platforms) -> list[dict[str, Any]]:
    return [json.loads(entry["body"]) for entry in await fakes.log() if entry["body"]]


def said(*messages: tuple[str, str]) -> tuple[HistoryMessage, ...]:
    return tuple(
        HistoryMessage("user" if role == "user" else "assistant", text) for role, text in messages
    )


# --- roles ------------------------------------------------------------------------------------


async def test_the_first_message_is_never_the_agents(fakes: Platforms) -> None:
    """The greeting goes into the system prompt, where there is one."""
    for options in ({}, {"system_prompt": "Be kind."}):
        chat = fakes.chat("openai", "local", **options)
        chat.history = (GREETING,)
        assert (await chat.say("Hello")).error is None
    bare, prompted = (body["messages"] for body in await bodies(fakes))
    assert bare == [{"role": "user", "content": "Hello"}]
    system, user = prompted
    assert user == {"role": "user", "content": "Hello"}
    assert system["role"] == "system"
    assert system["content"].startswith("Be kind.\n")
    assert GREETING.text in system["content"]


async def test_neighbours_of_one_role_become_one_message(fakes: Platforms) -> None:
    """As a failed reply, or one that was stopped before its first word, leaves them."""
    chat = fakes.chat("openai", "local")
    chat.history = (GREETING, *said(("user", "one"), ("user", "two"), ("assistant", "yes")))
    chat.history += said(("assistant", "and yes"), ("user", "three"))
    assert (await chat.say("four")).error is None
    [body] = await bodies(fakes)
    assert [message["content"] for message in body["messages"]] == [
        "one\n\ntwo",
        "yes\n\nand yes",
        "three\n\nfour",
    ]


def history(turns: int) -> tuple[HistoryMessage, ...]:
    pairs = ((("user", f"question {at}"), ("assistant", f"answer {at}")) for at in range(turns))
    return (GREETING, *said(*(message for pair in pairs for message in pair)))


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ({"history_messages": 0}, ["now"]),
        ({"history_messages": 2}, ["question 2", "answer 2", "now"]),
        ({"history_messages": 3}, ["question 2", "answer 2", "now"]),
        ({"history_characters": 0}, ["now"]),
        ({"history_characters": 18}, ["question 2", "answer 2", "now"]),
        ({"history_characters": 17}, ["now"]),
        ({"history_messages": 4, "history_characters": 30}, ["question 2", "answer 2", "now"]),
    ],
)
async def test_the_history_is_bounded(
    fakes: Platforms, options: dict[str, Any], texts: list[str]
) -> None:
    chat = fakes.chat("openai", "local", **options)
    chat.history = history(3)
    await chat.say("now")
    [body] = await bodies(fakes)
    assert [message["content"] for message in body["messages"]] == texts


# --- the end ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["ends", "severed"])
async def test_a_text_without_a_finish_reason_may_be_cut_off(fakes: Platforms, fault: str) -> None:
    found = await fakes.chat("openai").say(f"fault:{fault}")
    assert found.code == UNAVAILABLE
    assert found.text.startswith("Answer 1")
    assert found.error is not None
    assert "without a finish_reason" in found.error.cause


async def test_silence_after_the_end_is_not_waited_for(fakes: Platforms) -> None:
    began = time.monotonic()
    found = await fakes.chat("openai").say("fault:hangs")
    assert found.error is None
    assert found.text.endswith("🙂.")
    assert time.monotonic() - began < 25


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("length", "limit of tokens"),
        ("filter", "content filter"),
        ("tool", "a tool"),
        ("empty", "finish_reason is stop"),
    ],
)
async def test_an_empty_answer_says_why(fakes: Platforms, fault: str, why: str) -> None:
    found = await fakes.chat("openai").say(f"fault:{fault}")
    assert (found.code, found.text) == (REJECTED, "")
    assert found.error is not None
    assert why in found.error.cause


# --- shapes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["odd", "parts", "plain", "ndjson", "json"])
async def test_what_is_decoration_costs_no_text(fakes: Platforms, fault: str) -> None:
    found = await fakes.chat("openai").say(f"fault:{fault}")
    assert found.error is None
    assert found.text == f"Answer 1 to “fault:{fault}” – ✓ naïve 日本語 🙂."


@pytest.mark.parametrize(
    ("fault", "code", "about"),
    [
        ("quota", "misconfigured", ""),
        ("key-400", "misconfigured", "key"),
        ("key-500", "misconfigured", "key"),
        ("model-400", "misconfigured", "agent"),
        ("model-pinned", "misconfigured", "agent"),
        ("code-401", "misconfigured", "key"),
        ("code-404", "misconfigured", "agent"),
        ("code-400", REJECTED, ""),
        ("code-429", "provider_rate_limited", ""),
        ("code-500", UNAVAILABLE, ""),
        ("word-invalid-api-key", "misconfigured", "key"),
        ("word-model-not-found", "misconfigured", "agent"),
        ("word-rate-limit-exceeded", "provider_rate_limited", ""),
        ("word-server-error", UNAVAILABLE, ""),
    ],
)
async def test_a_fault_is_told_by_what_it_is(
    fakes: Platforms, fault: str, code: str, about: str
) -> None:
    """Whatever the status."""
    found = await fakes.chat("openai").say(f"fault:{fault}")
    assert found.error is not None
    assert (found.code, found.error.about) == (code, about)
    assert len(await fakes.log()) == 1


# --- a context that is full -------------------------------------------------------------------


async def test_a_full_context_is_tried_once_more_with_the_newest_half(fakes: Platforms) -> None:
    chat = fakes.chat("openai")
    chat.history = (*history(36), *said(("user", "one"), ("assistant", "two")))
    found = await chat.say("now fault:full")
    assert found.error is None
    whole, half = (body["messages"] for body in await bodies(fakes))
    assert len(whole) == 75
    assert half == whole[-len(half) :]
    assert len(half) == 37


async def test_a_stream_without_a_byte_is_asked_for_whole(fakes: Platforms) -> None:
    """llama-cpp-python refuses so what it gives a reason for where no stream is asked for."""
    assert (await fakes.chat("openai").say("fault:void")).text.endswith("🙂.")
    chat = fakes.chat("openai")
    chat.history = (*history(36), *said(("user", "one"), ("assistant", "two")))
    assert (await chat.say("now fault:mute")).error is None
    found = [(body["stream"], len(body["messages"])) for body in await bodies(fakes)]
    assert found == [(True, 1), (False, 1), (True, 75), (False, 75), (True, 37)]


async def test_a_conversation_that_is_too_long_is_told(fakes: Platforms) -> None:
    chat = fakes.chat("openai")
    chat.history = history(80)
    found = await chat.say("now fault:full")
    assert isinstance(found.error, ConversationTooLong)
    assert (found.error.code, found.error.retryable) == (REJECTED, False)
    assert len(await fakes.log()) == 2


async def test_a_message_that_is_too_long_is_no_long_conversation(fakes: Platforms) -> None:
    found = await fakes.chat("openai").say("fault:full " + "x" * openai.CONTEXT)
    assert found.code == REJECTED
    assert not isinstance(found.error, ConversationTooLong)
    assert len(await fakes.log()) == 1


# --- what a model thinks ----------------------------------------------------------------------

ANSWER = "Answer 1 to “fault:{fault}” – ✓ naïve 日本語 🙂."


@pytest.mark.parametrize("fault", ["think", "field", "wordy"])
@pytest.mark.parametrize("mode", ["", "hide", "fold", "show"])
async def test_thoughts(fakes: Platforms, fault: str, mode: str) -> None:
    chat = fakes.chat("openai", **({"reasoning": mode} if mode else {}))
    answer = ANSWER.format(fault=fault)
    found = await chat.say(f"fault:{fault}")
    assert found.error is None
    assert found.text == {
        "fold": f"<think>{openai.THOUGHTS}</think>\n\n{answer}",
        "show": f"> 💭 The user asks.\n> \n> I shall answer.\n\n{answer}",
    }.get(mode, answer)
    await chat.say("and?")
    assert (await bodies(fakes))[-1]["messages"][1] == {"role": "assistant", "content": answer}


@pytest.mark.parametrize("mode", ["hide", "fold", "show"])
async def test_thoughts_of_which_only_the_closing_tag_comes(fakes: Platforms, mode: str) -> None:
    """They cannot be told from an answer until it comes: then that is begun anew."""
    chat = fakes.chat("openai", reasoning=mode)
    for turn in (1, 2):
        found = await chat.say("fault:closing")
        answer = ANSWER.format(fault="closing").replace("1", str(turn), 1)
        assert found.text == {
            "hide": answer,
            "fold": f"<think>{openai.THOUGHTS}</think>\n\n{answer}",
            "show": f"> 💭 The user asks.\n> \n> I shall answer.\n\n{answer}",
        }.get(mode)
        assert bool(found.superseded) is (turn == 1)  # from the second answer on, it is known
    third = await chat.say("and?")  # it did not think
    assert third.text.startswith("Answer 3")
    messages = (await bodies(fakes))[-1]["messages"]
    assert not any("The user asks" in message["content"] for message in messages)
    assert not (await chat.say("fault:closing")).superseded  # one answer without is no other model


async def test_an_owner_may_say_that_a_model_thinks_first(fakes: Platforms) -> None:
    chat = fakes.chat("openai", thinks_first=True)
    for fault in ("closing", "closing", "think"):
        found = await chat.say(f"fault:{fault}")
        assert not found.superseded
        assert "The user asks" not in found.text and found.text.startswith("Answer")
    assert (await chat.say("and?")).text.startswith("Answer 4")  # it did not think
    assert not await chat.provider.doubts()


async def test_a_check_finds_a_model_that_thinks_first(fakes: Platforms) -> None:
    chat = fakes.chat("openai")
    await chat.say("fault:closing")
    [doubt] = await chat.provider.doubts()
    assert "thinks_first=true" in doubt


STRAY = [
    ("a\n</think>\n\nHello", "Hello"),
    ("</think>\n\nHello", "Hello"),
    ("The end is </think> here, and </think> there", "here, and </think> there"),
    ("The tag `</think>` ends thoughts", "The tag `</think>` ends thoughts"),
    ("<think> begins and </think> ends", "ends"),
    ("say <think> or </think>", "say <think> or </think>"),
    ("if a < b\n[/THINK]Hello", "Hello"),
]


@pytest.mark.parametrize(("text", "answer"), STRAY)
def test_a_closing_tag_alone_in_any_cut(text: str, answer: str) -> None:
    for size in (1, 2, 3, 5, 100):
        found, out = reasoning.Reasoning("hide", ("", str(size))), ""
        for at in range(0, len(text), size):
            piece = found.content(text[at : at + size])
            out, found.anew = piece if found.anew else out + piece, False
        assert out + found.end() == answer


def test_thoughts_that_were_cut_off_are_no_answer() -> None:
    """As where the limit of tokens was used up; one that is whole did without them."""
    for whole in (False, True):
        found = reasoning.Reasoning("hide", ("", ""), unopened=True)
        assert found.content("I shall see") == ""
        assert found.end(whole=whole) == ("I shall see" if whole else "")


CASES = [
    ("<think>a < b\n\nc</think>\n\nHello", "a < b\n\nc", "Hello"),
    ("\n<THINK>\n\n</THINK>\n\nHi <b>", "", "Hi <b>"),
    ("<thinking>x</thinking>y", "x", "y"),
    ("[THINK]x[/THINK]y", "x", "y"),
    ("Hello [x] </i> < 3", "", "Hello [x] </i> < 3"),
    ("<thinker> hi", "", "<thinker> hi"),
    ("say <think>x</think> in prose", "", "say <think>x</think> in prose"),
    ("<", "", "<"),
    ("", "", ""),
    (" \n", "", " \n"),
    ("<think>only", "only", ""),
    ("<think>a</thin", "a</thin", ""),
]


@pytest.mark.parametrize(("text", "thoughts", "answer"), CASES)
@pytest.mark.parametrize("mode", reasoning.MODES)
def test_thoughts_in_any_cut(text: str, thoughts: str, answer: str, mode: str) -> None:
    for size in (1, 2, 3, 5, 100):
        found = reasoning.Reasoning(mode, ("", ""))
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        out = "".join(map(found.content, pieces)) + found.end()
        shown = {
            "hide": "",
            "fold": f"<think>{thoughts}</think>\n\n",
            "show": "> 💭 " + thoughts.replace("\n", "\n> ") + "\n\n",
        }[mode]
        assert out == (shown if thoughts else "") + answer
        assert reasoning.without_reasoning(out) == answer.lstrip() or not thoughts
        assert found.answered == bool(answer.strip())


# --- /responses -------------------------------------------------------------------------------


def responses(fakes: Platforms, **options: Any) -> Chat:
    return fakes.chat("openai", "local", api="responses", **options)


async def test_responses_keep_the_conversation(fakes: Platforms) -> None:
    chat = responses(fakes, system_prompt="Be kind.", max_tokens=9)
    for turn in (1, 2, 3):
        assert (await chat.say(f"question {turn}")).text.startswith(f"Answer {turn}")
    first, second, _ = await bodies(fakes)
    common = {"model": "local", "stream": True, "instructions": "Be kind.", "max_output_tokens": 9}
    assert first == {**common, "input": "question 1"}
    assert second == {**common, "input": "question 2", "previous_response_id": "resp_1"}


async def test_a_response_that_is_forgotten_is_made_up_for(fakes: Platforms) -> None:
    chat = responses(fakes)
    await chat.say("one")
    chat.session = "resp_gone"
    found = await chat.say("two")
    assert found.text.startswith("Answer 2")
    last = (await bodies(fakes))[-1]
    assert [message["content"] for message in last["input"]][::2] == ["one", "two"]
    assert "previous_response_id" not in last


async def test_a_failed_response_is_not_gone_on_from(fakes: Platforms) -> None:
    chat = responses(fakes)
    await chat.say("one")
    kept = chat.session
    assert (await chat.say("fault:error")).code == UNAVAILABLE
    assert (await chat.say("fault:ends")).code == UNAVAILABLE
    assert chat.session == kept
    assert (await chat.say("two")).text.startswith("Answer 2")


@pytest.mark.parametrize("mode", ["hide", "fold"])
async def test_summaries_of_responses(fakes: Platforms, mode: str) -> None:
    found = await responses(fakes, reasoning=mode).say("fault:field")
    answer = ANSWER.format(fault="field")
    folded = f"<think>{openai.THOUGHTS}</think>\n\n"
    assert found.text == (folded if mode == "fold" else "") + answer
    [body] = await bodies(fakes)
    assert body.get("reasoning") == ({"summary": "auto"} if mode == "fold" else None)


async def test_a_tool_that_the_platform_runs_is_an_activity(fakes: Platforms) -> None:
    chat = responses(fakes)
    events = chat.provider.reply(Turn("fault:tools", PERSON, chat.conversation))
    found = [event.text async for event in events if isinstance(event, Activity)]
    assert found == ["searching", ""]


async def test_a_tool_that_the_platform_runs_ends_nothing(
    fakes: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though a finish_reason comes before it, as from Hayhooks."""
    monkeypatch.setattr(provider, "LAST_SECONDS", 0.1)
    chat = fakes.chat("openai")
    events = [e async for e in chat.provider.reply(Turn("fault:works", PERSON, chat.conversation))]
    texts = [event.text for event in events if isinstance(event, Delta)]
    assert "".join(texts).endswith("🙂.")
    assert events[0] == Activity("working")


async def test_what_a_server_does_meanwhile_is_said() -> None:
    """By the tool that its model calls, or in words of its own, as Open WebUI reads them."""

    def status(**data: Any) -> dict[str, Any]:
        return {"event": {"type": "status", "data": data}}

    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "find_secret"}}
    chunks = [
        {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]},
        status(description="Looking it up", done=False),
        status(description="Looked it up", done=True),
        status(description=7),
        {"event": {"type": "notification", "data": {"description": "secret"}}},
        {"event": "secret"},
        {"choices": [{"index": 0, "delta": {"content": "Found."}, "finish_reason": "stop"}]},
    ]
    body = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks]
    made = OpenAI(ProviderConfig("openai", "https://a.example/v1", "m"))
    platform = FakePlatform(lambda request: Answer(body, headers={"content-type": "text/plain"}))
    with platform.installed():
        events = [event async for event in made.reply(Turn("Hi", PERSON, "1"))]
    assert [event for event in events if isinstance(event, Activity | Delta)] == [
        Activity("working"),
        Activity("Looking it up"),
        Activity(""),
        Delta("Found."),
    ]


async def test_a_response_cut_short_says_so(fakes: Platforms) -> None:
    found = await responses(fakes).say("fault:length")
    assert found.finished is not None
    assert found.finished.metadata["finish_reason"] == "length"


def test_a_complete_reply_is_answered_again_where_the_history_is_ours() -> None:
    assert OpenAI.rewinds({})
    assert not OpenAI.rewinds({"api": "responses"})


# --- a check ----------------------------------------------------------------------------------


async def test_a_model_that_the_server_does_not_list_is_doubted(fakes: Platforms) -> None:
    assert await fakes.chat("openai", "gpt-4o").provider.doubts() == []
    [doubt] = await fakes.chat("openai", "gpt-5o").provider.doubts()
    assert "gpt-4o" in doubt


@pytest.mark.parametrize("key", ["", "sk-0123456789"])
def test_a_failure_without_a_key_says_so(key: str) -> None:
    """litellm answers 500 to a request that has none."""
    asked = OpenAI(ProviderConfig("openai", base_url="http://127.0.0.1:9/v1", key=Secret(key)))
    cause = asked.refusal(httpx.Response(500), b"Internal Server Error", None).cause
    assert ("no API key is set" in cause) == (not key)


def test_greetings_of_older_transcripts() -> None:
    """A message without a number that comes first is one too."""
    found = dialogue(Turn("now", PERSON, "c", history=said(("assistant", "Hi"))))
    assert (found.greeting, len(found.messages)) == ("Hi", 1)


# --- proxies that wait themselves -----------------------------------------------------------------


@pytest.mark.parametrize(("waited", "requests"), [(0.5, 3), (22.0, 1)])
async def test_what_a_proxy_has_waited_itself_counts_as_a_pause(
    monkeypatch: pytest.MonkeyPatch, waited: float, requests: int
) -> None:
    """litellm tries its upstream several times before it says 429, and says how long to wait in a
    header of its own: three attempts of ours would be nine, and more than a minute."""
    now = 0.0
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        nonlocal now
        now += seconds
        rests.append(seconds)

    def refuse(request: httpx.Request) -> Answer:
        nonlocal now
        now += waited
        headers = {"Content-Type": "application/json", "llm_provider-retry-after": "2"}
        return Answer([b'{"error": {"message": "No deployments available"}}'], 429, headers)

    clock = SimpleNamespace(monotonic=lambda: now, time=time.time)
    monkeypatch.setattr("chatwidget.providers.http.time", clock)
    monkeypatch.setattr("chatwidget.providers.http._rest", rest)
    provider = OpenAI(ProviderConfig("openai", "https://proxy.example.com", "gpt"))
    wanted = pytest.raises(PlatformRateLimited)
    with FakePlatform(refuse).installed() as platform, wanted as refused:
        async for _ in provider.reply(Turn("Hello", PERSON, "c")):
            pass
    assert refused.value.retry_after == 2
    assert len(platform.requests) == requests
    assert all(seconds >= 2 for seconds in rests)
