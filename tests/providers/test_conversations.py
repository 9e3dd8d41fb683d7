"""Each adapter against its fake platform, over real HTTP, when all goes well."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chatwidget.providers.base import Delta, Turn
from tests.platforms import agentix, eigi
from tests.providers.conftest import KEYS, NAMES, PAGE, PERSON, STREAMING, Platforms, outcome


async def bodies(fakes: Platforms) -> list[dict[str, Any]]:
    return [json.loads(entry["body"]) for entry in await fakes.log() if entry["body"]]


@pytest.mark.parametrize("name", NAMES)
async def test_three_turns_in_one_session(fakes: Platforms, name: str) -> None:
    chat = fakes.chat(name)
    for turn in (1, 2, 3):
        found = await chat.say(f"question {turn}")
        assert found.text == f"Answer {turn} to “question {turn}” – ✓ naïve 日本語 🙂."
        assert found.finished is not None
    if name != "openai":
        (session,) = await fakes.sessions()
        assert session["session"] == chat.session
        assert [said["text"] for said in session["messages"] if said["role"] == "user"] == [
            "question 1",
            "question 2",
            "question 3",
        ]


@pytest.mark.parametrize("name", STREAMING)
async def test_pieces_come_as_they_are_written(fakes: Platforms, name: str) -> None:
    chat = await fakes.streaming_chat(name)
    turn = Turn(f"hold:{name}", PERSON, chat.conversation, chat.session)
    events = chat.provider.reply(turn)
    deltas = (event async for event in events if isinstance(event, Delta))
    reading = (event.text async for event in deltas if event.text)
    for piece in ("one ", "two ", "three"):
        await fakes.push(name, piece)
        assert await anext(reading) == piece
    await fakes.end(name)
    assert [text async for text in reading] == []


@pytest.mark.parametrize("name", NAMES)
async def test_a_reply_that_is_closed_closes_its_connection(fakes: Platforms, name: str) -> None:
    chat = await fakes.streaming_chat(name)
    turn = Turn(f"hold:close-{name}", PERSON, chat.conversation, chat.session)
    events = chat.provider.reply(turn)
    if name in STREAMING:
        await fakes.push(f"close-{name}", "one ")
        async for event in events:
            if isinstance(event, Delta):
                break
        await events.aclose()
        await fakes.over(f"close-{name}")
        assert (await fakes.log())[-1]["end"] == "gone"
    else:
        await events.aclose()
        assert await fakes.log() == []


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("eigi", "x-api-key", KEYS["eigi"]),
        ("fifthelement", "authorization", f"Bearer {KEYS['fifthelement']}"),
        ("vindex", "x-api-key", KEYS["vindex"]),
        ("agentix", "authorization", f"Bearer {KEYS['agentix']}"),
        ("openai", "authorization", f"Bearer {KEYS['openai']}"),
    ],
)
async def test_headers(fakes: Platforms, name: str, header: str, value: str) -> None:
    await fakes.chat(name).say("Hello")
    (entry,) = await fakes.log()
    assert entry["headers"][header] == value
    assert entry["headers"]["accept-encoding"] == "identity"
    assert entry["headers"]["user-agent"].startswith("django-agent-chatwidget/")


async def test_eigi_greets_and_goes_on_in_the_session_of_its_greeting(fakes: Platforms) -> None:
    chat = fakes.chat("eigi")
    profile = await chat.provider.profile(PERSON)
    assert profile.greeting is not None
    assert profile.greeting.text == eigi.FIRST_MESSAGE
    chat.session = profile.greeting.session
    assert (await chat.say("Hello")).session == ""
    (body,) = await bodies(fakes)
    assert body == {
        "agent_id": "agent-1",
        "message": "Hello",
        "session_id": chat.session,
        "streaming": True,
        "metadata": {
            "source": "website",
            "user_id": PERSON.id,
            "page_url": PAGE.url,
            "page_title": PAGE.title,
        },
    }


async def test_eigi_without_a_session_header(fakes: Platforms) -> None:
    found = await fakes.chat("eigi").say("fault:no-session")
    assert found.finished is not None
    assert "X-Session-ID" in found.finished.metadata["note"]


async def test_fifthelement_streams_from_the_second_turn_on(fakes: Platforms) -> None:
    chat = fakes.chat("fifthelement")
    first = await chat.say("Hello")
    assert first.finished is not None
    assert first.finished.metadata == {"model": "gpt-4", "tokens": 150}
    await chat.say("and?")
    assert await bodies(fakes) == [
        {"message": "Hello", "stream": False},
        {"message": "and?", "stream": True, "conversationId": chat.session},
    ]


@pytest.mark.parametrize("fault", ["id-header", "id-event"])
async def test_fifthelement_streams_the_first_turn_where_told(fakes: Platforms, fault: str) -> None:
    chat = fakes.chat("fifthelement", f"fault:{fault}", stream_first_turn=True)
    await chat.say("one")
    assert chat.session.startswith("conv_")
    assert (await chat.say("two")).text.startswith("Answer 2")


async def test_fifthelement_notes_a_conversation_that_is_lost(fakes: Platforms) -> None:
    found = await fakes.chat("fifthelement", stream_first_turn=True).say("one")
    assert found.finished is not None
    assert "conversationId" in found.finished.metadata["note"]


async def test_vindex_is_told_the_page(fakes: Platforms) -> None:
    chat = fakes.chat("vindex")
    await chat.say("Hello")
    assert await bodies(fakes) == [
        {
            "message": "Hello",
            "session_id": chat.conversation,
            "metadata": {"url": PAGE.url, "title": PAGE.title},
        }
    ]


async def test_agentix_is_told_the_visitor_and_the_page(fakes: Platforms) -> None:
    chat = fakes.chat("agentix")
    found = await chat.say("Hello")
    assert found.finished is not None
    assert found.finished.message_id.startswith("m-")
    assert found.finished.metadata == {"conversation_id": f"c-{chat.conversation}"}
    assert await bodies(fakes) == [
        {
            "message": "Hello",
            "sessionId": chat.conversation,
            "visitorId": PERSON.id,
            "visitorName": PERSON.name,
            "metadata": {
                "url": PAGE.url,
                "title": PAGE.title,
                "referrer": PAGE.referrer,
                "locale": "en",
            },
        }
    ]


async def test_agentix_is_told_an_address_that_is_vouched_for(fakes: Platforms) -> None:
    """Any other only where the owner says so: it takes it for the visitor's own."""
    verified = replace(PERSON, email_verified=True)
    for person, sends_any, told in (
        (PERSON, False, None),
        (PERSON, True, PERSON.email),
        (verified, False, PERSON.email),
    ):
        chat = fakes.chat("agentix", send_unverified_email=sends_any)
        await outcome(chat.provider, Turn("Hello", person, chat.conversation))
        assert (await bodies(fakes))[-1].get("visitorEmail") == told


async def test_agentix_tells_about_its_agent(fakes: Platforms) -> None:
    profile = await fakes.chat("agentix", "email").provider.profile(PERSON)
    assert profile.greeting is not None
    assert profile.greeting.text == agentix.WELCOME
    assert (profile.max_length, profile.asks_email) == (1000, True)
    assert profile.defaults == {
        "title": "Shop assistant",
        "placeholder": "Ask about our products",
        "color": "#0f766e",
    }
    bare = await fakes.chat("agentix", "bare").provider.profile(PERSON)
    assert (bare.greeting, bare.max_length, bare.asks_email) == (None, None, False)


async def test_agentix_shows_products(fakes: Platforms) -> None:
    found = await fakes.chat("agentix").say("Which products are there?")
    assert found.finished is not None
    assert found.finished.ui == {"type": "product-grid", "data": [agentix.PRODUCT]}


async def test_products_need_no_words(fakes: Platforms) -> None:
    found = await fakes.chat("agentix").say("products fault:empty")
    assert found.text == ""
    assert found.finished is not None
    assert found.finished.ui is not None


async def test_a_long_rich_element_is_kept(fakes: Platforms) -> None:
    found = await fakes.chat("agentix").say("fault:ui-40k")
    assert found.finished is not None
    assert found.finished.ui is not None
    assert len(found.finished.ui["data"]) == 290


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("ui-malformed", "not what the platform documents"),
        ("ui-list", "not what the platform documents"),
        ("ui-nul", "it holds a NUL"),
        ("ui-100k", "longer than 65536 bytes"),
    ],
)
async def test_a_rich_element_that_cannot_be_read_costs_no_text(
    fakes: Platforms, fault: str, why: str
) -> None:
    found = await fakes.chat("agentix").say(f"fault:{fault}")
    assert found.text.startswith("Answer 1")
    assert found.finished is not None
    assert found.finished.ui is None
    assert why in found.finished.metadata["ui_ignored"]


async def test_openai_gets_the_history_and_the_options(fakes: Platforms) -> None:
    chat = fakes.chat("openai", "local", system_prompt="Be kind.", temperature=0.5, max_tokens=9)
    first = await chat.say("one")
    assert first.finished is not None
    assert first.finished.message_id == "chatcmpl-1"
    assert first.finished.metadata == {"model": "local", "finish_reason": "stop"}
    await chat.say("two")
    assert (await bodies(fakes))[-1] == {
        "model": "local",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": first.text},
            {"role": "user", "content": "two"},
        ],
        "stream": True,
        "temperature": 0.5,
        "max_tokens": 9,
    }


@pytest.mark.parametrize("name", ["fifthelement", "openai"])
async def test_a_character_cut_in_two_is_whole(fakes: Platforms, name: str) -> None:
    """By a platform that counts in UTF-16, as JavaScript does: JSON then holds a half."""
    chat = await fakes.streaming_chat(name)
    found = await chat.say("fault:halves")
    assert found.error is None
    assert found.text.endswith("日本語 🙂.")
    # A piece that may be the beginning of the key waits for the next one.
    assert len(found.text) - 5 <= found.pieces <= len(found.text)


@pytest.mark.parametrize("fault", ["drip", "split"])
@pytest.mark.parametrize("name", STREAMING)
async def test_any_cut_gives_the_same_text(fakes: Platforms, name: str, fault: str) -> None:
    chat = await fakes.streaming_chat(name)
    found = await chat.say(f"naïve 日本語 🙂 fault:{fault}")
    assert found.text.endswith(f"to “naïve 日本語 🙂 fault:{fault}” – ✓ naïve 日本語 🙂.")
    assert found.finished is not None


LINES = ["crlf", "cr", "comments", "bom", "undone"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        *((name, fault) for name in ("fifthelement", "openai") for fault in LINES),
        ("fifthelement", "ends"),
    ],
)
async def test_event_streams_as_servers_write_them(fakes: Platforms, name: str, fault: str) -> None:
    chat = await fakes.streaming_chat(name)
    found = await chat.say(f"fault:{fault}")
    assert found.text.endswith("naïve 日本語 🙂.")
    assert found.finished is not None


async def test_data_lines_as_only_one_platform_writes_them(fakes: Platforms) -> None:
    chat = await fakes.streaming_chat("fifthelement")
    assert (await chat.say("fault:bare")).text.startswith("Answer 2")
    found = await fakes.chat("openai").say("fault:lines")
    assert found.text.startswith("Answer 1")


@pytest.mark.parametrize("name", ["eigi", "agentix"])
async def test_bytes_that_are_not_utf_8_cost_only_themselves(fakes: Platforms, name: str) -> None:
    found = await fakes.chat(name).say("fault:invalid")
    assert found.text.replace("\N{REPLACEMENT CHARACTER}", "").startswith("Answer 1 to")
    found = await fakes.chat(name).say("fault:cut")
    assert found.text.endswith("🙂.\N{REPLACEMENT CHARACTER}")


async def test_a_compressed_answer_is_read(fakes: Platforms) -> None:
    assert (await fakes.chat("eigi").say("fault:gzip")).text.startswith("Answer 1")


async def test_cookies_are_not_kept(fakes: Platforms) -> None:
    chat = fakes.chat("eigi")
    await chat.say("fault:cookie")
    assert (await chat.say("again")).text.startswith("Answer 2")
