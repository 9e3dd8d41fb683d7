"""What staff add to a conversation on its page, and who may."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client

from chatwidget.models import Conversation, Judgement, Message, Note, Tag
from chatwidget.transcripts import desk, erasure, search, search_index, search_query
from tests.stored import NOON, a_conversation, a_widget

pytestmark = pytest.mark.django_db

LIST = "/admin/chatwidget/conversation/"


@pytest.fixture
def agent() -> User:
    user = User.objects.create_user("ann", is_staff=True, first_name="Ann", last_name="Agent")
    user.groups.add(Group.objects.get(name="Chat agent"))
    return user


@pytest.fixture
def staff(client: Client, agent: User) -> Client:
    client.force_login(agent)
    return client


@pytest.fixture
def conversation() -> Conversation:
    return a_conversation(a_widget(), "Do you ship?", "No.", "Really?", "We do not know.")


def page(conversation: Conversation) -> str:
    return f"{LIST}{conversation.pk}/change/"


def press(client: Client, conversation: Conversation, **fields: Any) -> str:
    answer = client.post(f"{LIST}{conversation.pk}/desk/", fields, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def exported(format: str = "jsonl") -> list[Any]:
    out = StringIO()
    call_command("export_transcripts", format=format, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_done_until_something_is_said(staff: Client, conversation: Conversation) -> None:
    assert 'name="done" value="1"' in staff.get(page(conversation)).content.decode()
    assert ">Reopen</button>" in press(staff, conversation, done="1")
    assert exported()[0]["done"] is True
    assert ">Done</button>" in press(staff, conversation, done="0")
    press(staff, conversation, done="1")
    Conversation.objects.update(last_seq=6)
    assert ">Done</button>" in staff.get(page(conversation)).content.decode()
    assert exported()[0]["done"] is False


def test_notes_have_an_author_and_are_found(staff: Client, conversation: Conversation) -> None:
    search_index.catch_up()
    for text in ("Called her <b>back</b>", "A zeppelin it is", "   ", "\0"):
        press(staff, conversation, note=text)
    html = staff.get(page(conversation)).content.decode()
    assert "Called her &lt;b&gt;back&lt;/b&gt;" in html and html.count("Ann Agent") == 2
    assert [note.text for note in Note.objects.all()] == [
        "Called her <b>back</b>",
        "A zeppelin it is",
    ]
    listed = staff.get(LIST, {"q": "zeppelin"}).context["cl"].result_list
    assert list(listed) == [conversation]
    assert [note["author"] for note in exported()[0]["notes"]] == ["Ann Agent"] * 2
    entries = LogEntry.objects.filter(object_id=str(conversation.pk))
    assert entries.count() == 2 and not any("zeppelin" in str(entry) for entry in entries)


def test_a_line_break_of_a_form_is_one_character(staff: Client, conversation: Conversation) -> None:
    typed = "one\r\ntwo"
    press(staff, conversation, note=typed)
    press(staff, conversation, judge="4", verdict="wrong", reason=typed, expected=typed)
    [line] = exported("dataset")
    texts = [
        exported()[0]["notes"][0]["text"],
        *(line["judgement"][n] for n in ("reason", "expected")),
    ]
    assert texts == ["one\ntwo"] * 3


def test_one_s_own_note_is_removed(staff: Client, conversation: Conversation) -> None:
    other = desk.add_note(conversation, User.objects.create_user("bob"), "Bob's")
    press(staff, conversation, note="Mine")
    html = press(staff, conversation, remove_note=Note.objects.get(text="Mine").pk)
    assert "Mine" not in html and "Bob&#x27;s" in html and 'name="remove_note"' not in html
    assert other is not None
    for nonsense in (other.pk, "", "x", "9" * 30, "٣"):
        press(staff, conversation, remove_note=nonsense)
    assert list(Note.objects.all()) == [other]


def test_a_note_outlives_its_author(staff: Client, conversation: Conversation, agent: User) -> None:
    press(staff, conversation, note="Kept")
    agent.delete()
    assert exported()[0]["notes"][0]["author"] == "Ann Agent"


def test_tags_are_one_whatever_their_case(staff: Client, conversation: Conversation) -> None:
    other = a_conversation(conversation.widget, "hi")
    desk.set_tags(other, ["Refund"])
    press(staff, conversation, tags=" refund,  very   urgent,REFUND, ,、")
    assert exported()[0]["tags"] == ["Refund", "very urgent"]
    assert 'value="Refund, very urgent"' in staff.get(page(conversation)).content.decode()
    assert list(staff.get(LIST, {"q": "urgent"}).context["cl"].result_list) == [conversation]
    press(staff, conversation, tags="")
    assert [tag.name for tag in Tag.objects.all()] == ["Refund"]  # the other conversation has it
    assert len(desk.split_tags(",".join(map(str, range(100))))) == desk.MOST_TAGS
    assert desk.split_tags("x" * 99) == ["x" * 50]


def test_a_tag_of_the_widget_is_added_by_a_button(
    staff: Client, conversation: Conversation
) -> None:
    desk.set_tags(a_conversation(conversation.widget, "hi"), ["refund", "urgent"])
    desk.set_tags(a_conversation(a_widget("other"), "hi"), ["elsewhere"])
    html = press(staff, conversation, tags="urgent")
    assert 'name="add_tag" value="refund"' in html
    assert 'value="urgent">' not in html and "elsewhere" not in html
    assert 'name="add_tag"' not in press(staff, conversation, tags="urgent", add_tag="refund")
    assert {tag.name for tag in conversation.tags.all()} == {"refund", "urgent"}


def test_a_tag_is_erased_with_the_last_that_has_it(conversation: Conversation) -> None:
    desk.set_tags(conversation, ["Zoe Quist"])
    erasure.erase_conversations(Conversation.objects.order_by("id"), visitors=True)
    assert not Tag.objects.exists()


def test_a_judgement_comes_out_as_a_dataset(staff: Client, conversation: Conversation) -> None:
    a_conversation(conversation.widget, "not", "judged")
    judged = {"verdict": "wrong", "reason": "We do.", "expected": "Yes, for 5 €."}
    html = press(staff, conversation, judge="4", at="message-4", **judged)
    assert "Judged wrong" in html and "Yes, for 5 €." in html and html.count("Judged") == 2
    [line] = exported("dataset")
    assert line["question"] == "Really?" and line["answer"] == "We do not know."
    assert line["context"] == [
        {"role": "user", "text": "Do you ship?"},
        {"role": "assistant", "text": "No."},
    ]
    assert judged.items() <= line["judgement"].items()
    assert line["judgement"]["author"] == "Ann Agent"
    first = next(row for row in exported() if row["id"] == str(conversation.pk))
    assert [
        message["judgement"] and message["judgement"]["verdict"] for message in first["messages"]
    ] == [
        *(None, None, None),
        "wrong",
    ]
    press(staff, conversation, judge="4", verdict="right", reason="", expected="")
    assert Judgement.objects.get().verdict == "right" and not Judgement.objects.get().expected
    press(staff, conversation, judge="4", verdict="")
    assert exported("dataset") == []


def test_the_first_reply_of_all_has_no_question(conversation: Conversation) -> None:
    Message.objects.filter(seq=1).delete()
    message = Message.objects.get(seq=2)
    desk.judge(message, User.objects.create_user("ann"), "right", "", "")
    [line] = exported("dataset")
    assert (line["question"], line["context"], line["answer"]) == ("", [], "No.")


@pytest.mark.parametrize("seq", ["3", "9", "x", "", "99999999999", "٣"])
def test_only_replies_are_judged(staff: Client, conversation: Conversation, seq: str) -> None:
    fields = {"judge": seq, "verdict": "right"}
    assert staff.post(f"{LIST}{conversation.pk}/desk/", fields).status_code == 404
    unknown = {"judge": "2", "verdict": "so-so"}
    assert staff.post(f"{LIST}{conversation.pk}/desk/", unknown).status_code == 404
    assert not Judgement.objects.exists()


def test_what_is_too_long_is_refused(staff: Client, conversation: Conversation) -> None:
    assert "That is too long" in press(staff, conversation, note="x" * 10_001)
    assert not Note.objects.exists()


def test_the_way_back_is_ours(staff: Client, conversation: Conversation) -> None:
    for back, at, expected in (
        ("after=4&q=a b", "message-4", "?after=4&q=a+b#message-4"),
        ("//evil.example/", "//evil", "?%2F%2Fevil.example%2F="),
    ):
        fields = {"note": "x", "back": back, "at": at}
        answer = staff.post(f"{LIST}{conversation.pk}/desk/", fields)
        assert answer["Location"] == page(conversation) + expected


def test_who_may_only_read_sees_it_and_changes_nothing(
    client: Client, conversation: Conversation, agent: User
) -> None:
    desk.add_note(conversation, agent, "For colleagues")
    desk.set_tags(conversation, ["refund"])
    desk.judge(Message.objects.get(seq=4), agent, "wrong", "Because", "")
    reader = User.objects.create_user("reader", is_staff=True)
    reader.groups.add(Group.objects.get(name="Chat reader"))
    client.force_login(reader)
    html = client.get(page(conversation)).content.decode()
    for shown in ("For colleagues", "refund", "Judged wrong", "Because"):
        assert shown in html
    for hidden in ("cw-done", 'cw-note"', 'cw-judge"', "/desk/"):
        assert hidden not in html
    for fields in ({"done": "1"}, {"note": "x"}, {"tags": "y"}, {"judge": "2", "verdict": "right"}):
        assert client.post(f"{LIST}{conversation.pk}/desk/", fields).status_code == 403
    conversation.refresh_from_db()
    assert conversation.done_seq == 0 and Note.objects.count() == Judgement.objects.count() == 1


def test_what_staff_add_is_indexed_without_the_whole_conversation(
    conversation: Conversation, agent: User, django_assert_max_num_queries: Any
) -> None:
    texts = (f"text {n}" for n in range(40))
    long = a_conversation(conversation.widget, *texts, at=NOON + timedelta(hours=1))
    Message.objects.filter(conversation=long, seq=40).update(revision=40)
    search_index.catch_up()
    desk.add_note(long, agent, "Zeppelin")
    long.refresh_from_db()
    assert long.indexed_revision == long.revision - 1
    assert search_index.catch_up() == 1
    assert list(
        search.find(Conversation.objects.all(), search_query.parse("zeppelin text"))[0]
    ) == [long]
