"""Visitors whom the embedding site vouches for, over a real socket."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import jwt
import pytest

from tests.client import Chat, Closed
from tests.platforms.control import Control
from tests.sockets.conftest import IDENTITY_SECRET, Site, Visit


def signed(identity: str | int, **more: str) -> dict[str, Any]:
    secret = IDENTITY_SECRET.encode()
    proof = hmac.new(secret, str(identity).encode(), hashlib.sha256).hexdigest()
    return {"id": identity, "proof": proof, **more}


def a_jwt(**claims: Any) -> str:
    return jwt.encode({"exp": int(time.time()) + 60, **claims}, IDENTITY_SECRET, algorithm="HS256")


def somebody() -> str:
    """An id that no other test has."""
    return f"user-{uuid.uuid4()}"


def stored(site: Site, chat: Chat) -> dict[str, Any]:
    """The visitor of what a chat shows."""
    assert chat.conversation
    visitor = site.conversation(chat.conversation)["visitor_id"]
    [row] = site.rows("SELECT * FROM chatwidget_visitor WHERE id = ?", visitor)
    return row


async def test_a_verified_visitor_has_the_sites_id(site: Site, visit: Visit) -> None:
    person = somebody()
    chat = await visit("members")
    await chat.hello(identity=signed(person, name="Ada", email="ada@shop.example"))
    await chat.ask("say:hi")
    row = stored(site, chat)
    assert (row["external_id"], row["name"], row["email"]) == (person, "Ada", "ada@shop.example")
    assert not row["email_verified"], "an HMAC vouches for the id alone"
    exported = await site.manage("export_transcripts", "members")
    [line] = [line for line in map(json.loads, exported.stdout.splitlines()) if person in str(line)]
    assert line["visitor"]["external_id"] == person


async def test_a_person_is_the_same_on_every_device(visit: Visit) -> None:
    person = somebody()
    phone, laptop = await visit("members"), await visit("members")
    await phone.hello(identity=signed(person))
    await phone.ask("say:from the phone")
    ready = await laptop.hello(identity=signed(person))
    assert ready["conversation"] == phone.conversation
    assert [each["text"] for each in ready["messages"]][-1] == "from the phone"
    await laptop.ask("say:from the laptop")
    await phone.until("done")
    assert "from the laptop" in phone.texts.values()


async def test_two_at_one_moment_are_one(site: Site, visit: Visit) -> None:
    person = somebody()
    tabs = [await visit("members") for _ in range(2)]
    for tab in tabs:
        await tab.hello(identity=signed(person))
    for tab in tabs:
        await tab.send({"type": "send", "id": str(uuid.uuid4()), "text": "say:hi"})
    for tab in tabs:
        await tab.until("accepted")
    rows = site.rows("SELECT id FROM chatwidget_visitor WHERE external_id = ?", person)
    assert len(rows) == 1


async def test_what_they_wrote_before_they_signed_in_is_theirs(site: Site, visit: Visit) -> None:
    person = somebody()
    chat = await visit("members")
    await chat.hello(identity={"name": "Ada"})
    await chat.ask("say:before")
    before = stored(site, chat)["id"]

    again = await visit("members")
    ready = await again.hello(visitor=chat.visitor, identity=signed(person))
    assert ready["conversation"] == chat.conversation
    assert [each["text"] for each in ready["messages"]][-1] == "before"
    row = stored(site, again)
    assert (row["external_id"], row["name"]) == (person, "Ada")
    assert not site.rows("SELECT id FROM chatwidget_visitor WHERE id = ?", before)
    await again.ask("say:after")

    device = await visit("members")
    ready = await device.hello(identity=signed(person))
    assert [each["text"] for each in ready["messages"]][-1] == "after"


async def test_the_anonymous_token_opens_nothing_any_more(visit: Visit) -> None:
    chat = await visit("members")
    await chat.hello()
    await chat.ask("say:before")
    signed_in = await visit("members")
    await signed_in.hello(visitor=chat.visitor, identity=signed(somebody()))
    other = await visit("members")
    ready = await other.hello(visitor=chat.visitor, conversation=chat.conversation)
    assert ready["conversation"] is None


async def test_signing_out_ends_it(visit: Visit) -> None:
    """A token of somebody who was vouched for is worth nothing by itself, on this page or another:
    the next person at the computer is another visitor."""
    chat = await visit("members")
    await chat.hello(identity=signed(somebody()))
    await chat.ask("say:mine alone")
    for identity in (None, {"name": "Eve"}, {"id": "42"}):
        other = await visit("members")
        ready = await other.hello(
            visitor=chat.visitor, conversation=chat.conversation, identity=identity
        )
        assert ready["conversation"] is None
        assert "mine alone" not in str(ready)
        await other.ask("say:hi")
        assert other.conversation != chat.conversation


async def test_who_signs_in_again_sees_what_they_said_last(visit: Visit) -> None:
    """Their page had begun as somebody else's, who has said nothing yet."""
    person = somebody()
    before, between, after = [await visit("members") for _ in range(3)]
    await before.hello(identity=signed(person))
    await before.ask("say:mine")
    stranger = await between.hello(visitor=before.visitor, conversation=None)
    again = {"visitor": stranger["visitor"], "identity": signed(person)}
    ready = await after.hello(**again, conversation=None)
    assert ready["conversation"] == before.conversation
    # Of the one who is signed in it is a new one, as it says.
    another = await visit("members")
    ready = await another.hello(
        visitor=ready["visitor"], identity=signed(person), conversation=None
    )
    assert ready["conversation"] is None


async def test_the_next_person_who_signs_in_gets_nothing_of_the_last(visit: Visit) -> None:
    first = await visit("members")
    await first.hello(identity=signed(somebody()))
    await first.ask("say:mine alone")
    second = await visit("members")
    ready = await second.hello(visitor=first.visitor, identity=signed(somebody()))
    assert ready["conversation"] is None
    last = await visit("members")
    ready = await last.hello(identity=signed(first_id := somebody()), visitor=second.visitor)
    assert (ready["conversation"], bool(first_id)) == (None, True)


@pytest.mark.parametrize("slug", ["members", "members-only"])
@pytest.mark.parametrize(
    "identity",
    [
        {"id": "42", "proof": ""},
        {"id": "42", "proof": "0" * 64},
        {**signed("43"), "id": "42"},
        {**signed("42"), "id": ""},
        {"id": "42", "proof": a_jwt(sub="42", exp=1)},
        {"id": "42", "proof": a_jwt(sub="43")},
        {"id": "42", "proof": "a:b:c"},
    ],
    ids=["blank", "wrong", "another's", "no id", "expired", "another's JWT", "not our own"],
)
async def test_a_proof_that_does_not_hold(visit: Visit, slug: str, identity: Any) -> None:
    chat = await visit(slug)
    with pytest.raises(Closed) as closed:
        await chat.hello(identity=identity)
    assert closed.value.code == 4401


@pytest.mark.parametrize("identity", [None, {}, {"id": "42"}, {"id": "42", "proof": None}])
async def test_where_one_is_required(visit: Visit, identity: Any) -> None:
    chat = await visit("members-only")
    with pytest.raises(Closed) as closed:
        await chat.hello(identity=identity)
    assert closed.value.code == 4401
    anonymous = await visit("members")
    await anonymous.hello(identity=identity)


async def test_without_a_secret_a_proof_says_nothing(site: Site, visit: Visit) -> None:
    chat = await visit("talk")
    await chat.hello(identity={"id": "42", "name": "Ada", "proof": "made up"})
    await chat.ask("say:hi")
    row = stored(site, chat)
    assert (row["external_id"], row["name"]) == ("", "Ada")


async def test_an_id_that_is_a_number(site: Site, visit: Visit) -> None:
    number = time.time_ns()
    chat = await visit("members")
    await chat.hello(identity=signed(number))
    await chat.ask("say:hi")
    assert stored(site, chat)["external_id"] == str(number)


async def test_an_address_that_is_vouched_for_goes_to_the_platform_and_no_other(
    site: Site, visit: Visit, agents: Control
) -> None:
    person = somebody()
    chat = await visit("members-only")
    await chat.hello(identity=signed(person, email="anybodys@shop.example"))
    await chat.ask("say:one")
    proof = a_jwt(sub=person, name="Ada", email="ada@shop.example")
    again = await visit("members-only")
    await again.hello(identity={"id": person, "email": "anybodys@shop.example", "proof": proof})
    await again.ask("say:two")
    await again.send({"type": "profile", "email": "typed@shop.example"})
    await again.ask("say:three")
    later = await visit("members-only")
    await later.hello(identity=signed(person, email="anybodys@shop.example"))
    await later.ask("say:four")
    asked = [json.loads(each["body"]) for each in await agents.log() if each["method"] == "POST"]
    sent = {body["message"]: body for body in asked}
    assert "visitorEmail" not in sent["say:one"]
    assert sent["say:two"]["visitorEmail"] == "ada@shop.example"
    assert sent["say:two"]["visitorName"] == "Ada"
    assert sent["say:three"]["visitorEmail"] == "ada@shop.example"
    row = stored(site, later)
    assert (row["email"], row["email_verified"]) == ("ada@shop.example", 1)
    assert sent["say:four"]["visitorEmail"] == "ada@shop.example"
