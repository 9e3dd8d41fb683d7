"""What search must find, on any database: `check()` fills an empty one and asserts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import TestCase

from chatwidget.models import Conversation, Message, SearchEntry, Visitor, Widget
from chatwidget.transcripts import desk, search, search_index, search_query, search_sql
from chatwidget.transcripts.erasure import erase_conversations
from chatwidget.transcripts.people import join_visitors, update_visitor
from chatwidget.transcripts.types import VisitorDetails
from chatwidget.transcripts.visitor_writes import record_page
from tests.stored import NOON, a_conversation, a_widget

SAID = {
    "russian": ("Привет, где мой заказ?", "Он уже в пути."),
    "german": ("Wo sind die MÖBEL aus der Straße?", "Die Möbel kommen am Freitag."),
    "composed": ("I met him in a café", "Nice!"),
    "decomposed": ("I met her in a cafe\u0301", "Nice, too!"),
    "japanese": ("東京都に荷物を送れますか", "はい、送れます。"),
    "thai": ("สินค้าหมดหรือยัง", "ยังมีอยู่ค่ะ"),
    "chinese": ("我的订单在哪里？", "正在路上。"),
    "hindi": ("मेरा ऑर्डर कहाँ है?", "रास्ते में।"),
    "weeks": ("How long may I return it?", "Within two weeks, for a full refund."),
    "weeks apart": ("Are two of these enough for weeks?", "Yes."),
    "polish": ("Gdzie jest Łódź? Zamówienie w\u00adyłączone", "Tutaj."),
    "persian": ("سفارش ۴۸۲۱۳ را می\u200cخواهم", "بله."),
    "french": ("Un hors-d’œuvre, un xérès ?", "Oui."),
    "number": ("Order AB-12345x, please", "It is on its way. See https://shop.example/track"),
}
# What is typed, and the conversations that it finds.
CASES = {
    "привет": {"russian"},
    "ПРИВ": {"russian"},
    "möbel": {"german"},
    "MOBEL": {"german"},
    "strasse": {"german"},
    "café": {"composed", "decomposed"},
    "cafe": {"composed", "decomposed"},
    "CAFE\u0301": {"composed", "decomposed"},
    "荷物": {"japanese"},
    "東京都に荷物": {"japanese"},
    "送れます": {"japanese"},
    "หมด": {"thai"},
    "订单": {"chinese"},
    "ऑर्डर": {"hindi"},
    "lodz": {"polish"},
    "wyłączone": {"polish"},
    "48213": {"persian"},
    "میخواهم": {"persian"},
    "OEUVRE": {"french"},
    "x": {"french"},  # which words of other scripts and of mixed signs begin with in the index
    "xe": {"french"},
    "xere": {"french"},
    '"un xérès"': {"french"},
    "x3": set(),
    "refu": {"weeks"},
    "refund return": {"weeks"},
    '"two weeks"': {"weeks"},
    '"two wee"': set(),
    '"two weeks': {"weeks"},
    "two weeks": {"weeks", "weeks apart"},
    "weeks -refund": {"weeks apart"},
    'weeks -"two weeks"': {"weeks apart"},
    "from:agent nice": {"composed", "decomposed"},
    "from:visitor nice": set(),
    "from:visitor order": {"number"},
    "12345x": {"number"},
    "ab-12345x": {"number"},
    "AB 123": {"number"},
    "shop.example/track": {"number"},
    "zoe": {"number"},
    "ZOE@example": {"number"},
    "zoe order": {"number"},
    "from:about zoe": {"number"},
    "delivery": {"number"},
    "absent": set(),
    "ab\0cent": set(),
    "' OR 1=1 --": set(),
    '") OR (': set(),
    "*": set(),
}


def found(text: str, *widgets: Widget, enough: int = 0) -> list[str]:
    query = search_query.parse(text, [widget.pk for widget in widgets] if widgets else None)
    rows = Conversation.objects.all()
    rows = search.find(rows, query, enough)[0] if query else rows.none()
    return list(rows.order_by("-last_message_at", "pk").values_list("page_title", flat=True))


def check() -> None:
    shop, other = a_widget("shop"), a_widget("other")
    zoe = Visitor.objects.create(widget=shop, name="Zoë", email="zoe@example.com")
    for number, (name, texts) in enumerate(SAID.items()):
        fields: dict[str, Any] = {"page_title": name, "at": NOON + timedelta(hours=number)}
        if name == "number":
            fields |= {"visitor": zoe, "page_url": "https://shop.example/delivery"}
        a_conversation(shop, *texts, **fields)
    a_conversation(other, "Привет", "Hello", page_title="elsewhere")
    assert search_index.catch_up() == len(SAID) + 1
    assert search_index.catch_up() == 0
    for text, names in CASES.items():
        assert set(found(text, shop)) == names, text
    assert set(found("привет")) == {"russian", "elsewhere"}
    assert found("привет", other) == ["elsewhere"]
    assert set(found("привет", shop, other)) == {"russian", "elsewhere"}
    nowhere = search.find(Conversation.objects.all(), search_query.parse("привет", []))
    assert found("привет") and (nowhere[0].count(), nowhere[1]) == (0, True)
    check_hits()
    check_frequent_words()
    check_the_next_one()
    check_what_staff_add()
    check_changes(zoe)


def check_hits() -> None:
    weeks = Conversation.objects.get(page_title="weeks")
    hits = search.find_messages(search_query.parse("refund return"), [weeks.pk])
    seqs = [Message.objects.get(pk=pk).seq for pk in hits[weeks.pk]]
    assert sorted(seqs) == [1, 2]

    for text, seqs in {
        '"two weeks"': [2],
        '"weeks two"': [],
        "from:visitor two": [],
        "REFU": [2],
        "absent": [],
    }.items():
        hits = search.find_messages(search_query.parse(text), [weeks.pk])
        assert [Message.objects.get(pk=pk).seq for pk in hits.get(weeks.pk, [])] == seqs, text


def check_frequent_words() -> None:
    """However many of a word's hits are looked at, and wherever: there are enough of the newest."""
    typed = [*CASES, "from:visitor", "from:agent i", "w", "-weeks", "i -weeks"]
    every = {text: found(text) for text in typed}
    for enough, entries in ((1, (1, 2)), (2, (1, 1)), (2, (2, 3)), (4, (1, 5))):
        with patch.multiple(search, ENTRIES=entries, FEW=0, INDEX_COST={}):
            by_index = {text: found(text, enough=enough) for text in typed}
        for text, rows in by_index.items():
            assert set(rows) <= set(every[text])
            assert len(rows) >= min(enough, len(every[text])), (text, enough)
        with patch.multiple(search, ENTRIES=(0, 0), FEW=len(SAID) + 1):  # none, then each
            assert {text: found(text, enough=enough) for text in typed} == every
        for looked_at in (1, 4, 100):
            cost = {} if connection.vendor == "mysql" else {connection.vendor: 1e9}
            with (
                patch.multiple(search, ENTRIES=entries, FEW=0, INDEX_COST=cost),
                patch.object(search_sql, "AT_A_PLACE", looked_at),
            ):
                newest = {text: found(text, enough=enough) for text in typed}
            assert newest == by_index, (enough, entries, looked_at)
    assert set(found("-weeks")) == {*SAID, "elsewhere"} - {"weeks", "weeks apart"}
    assert set(found("i -weeks")) < set(found("-weeks"))


def check_the_next_one() -> None:
    """In the order of the rows, whichever way it is found: by the index, or by reading what is
    next."""
    rows = Conversation.objects.order_by("-last_message_at", "pk")
    keys = {row.page_title: row.pk for row in rows}
    for text in [*CASES, "i", "w", "-weeks", "from:agent i"]:
        names, query = found(text), search_query.parse(text)
        if query:
            for frequent, near in ((0, (1, 3)), (0, (50, 50)), (1 << 40, (1, 3))):
                with patch.multiple(search, FEW=frequent, NEAR=near):
                    for order, name in ((rows, names[:1]), (rows.reverse(), names[-1:])):
                        assert search.first(order, query) == next(map(keys.get, name), None), text


def check_what_staff_add() -> None:
    """Notes and tags are found, and no more is indexed for them than has to be."""
    weeks = Conversation.objects.get(page_title="weeks")
    ann = get_user_model().objects.create_user("ann")
    before = set(SearchEntry.objects.filter(conversation=weeks).values_list("pk", flat=True))
    note = desk.add_note(weeks, ann, "Sie rief wegen der MÖBEL an")
    assert note is not None and desk.set_tags(weeks, ["Erstattung", "東京"])
    assert search_index.catch_up() == 1
    assert found("mobel weeks") == ["weeks"] and set(found("möbel")) == {"german", "weeks"}
    assert found("erstatt") == found("東京 refund") == ["weeks"]
    after = set(SearchEntry.objects.filter(conversation=weeks).values_list("pk", flat=True))
    assert before == after
    assert desk.remove_note(weeks, ann, str(note.pk)) and desk.set_tags(weeks, [])
    assert search_index.catch_up() == 1
    assert found("möbel") == ["german"] and found("erstattung") == []


def check_changes(zoe: Visitor) -> None:
    """What changes is found as it is now; what is erased is not found."""
    row = Conversation.objects.get(page_title="number")
    reply = Message.objects.get(conversation=row, seq=2)
    reply.text = "Answered once more: it was lost."
    reply.revision = 3
    reply.save()
    Conversation.objects.filter(pk=row.pk).update(revision=3)
    assert search_index.catch_up() == 1
    assert found("lost") == ["number"] and found("track") == []
    assert found("12345x") == ["number"]
    with TestCase.captureOnCommitCallbacks(execute=True):
        update_visitor(zoe.pk, VisitorDetails(name="Yves", email="zoe@example.com"))
    assert search_index.catch_up() == 1
    assert found("yves") == ["number"] and found("zoe from:about example") == ["number"]
    with TestCase.captureOnCommitCallbacks(execute=True):
        update_visitor(zoe.pk, VisitorDetails(name="Yves"))
    assert search_index.catch_up() == 0
    record_page(row.pk, "https://shop.example/checkout", row.page_title)
    assert search_index.catch_up() == 1
    assert found("checkout") == ["number"] and found("delivery") == []
    known = Visitor.objects.create(widget=zoe.widget, external_id="customer-77")
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert join_visitors(zoe.widget, zoe.pk, known.pk, VisitorDetails())
    assert search_index.catch_up() == 1
    assert found('"customer 77"') == found("yves") == ["number"]
    erase_conversations(Conversation.objects.filter(page_title="number"), visitors=True)
    assert found("lost") == [] and found("yves") == []
    assert not SearchEntry.objects.filter(conversation=row.pk).exists()
