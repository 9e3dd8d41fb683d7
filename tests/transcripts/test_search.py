"""Search finds the same on SQLite and PostgreSQL."""

from __future__ import annotations

import sys
import unicodedata
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given
from hypothesis import strategies as st

from chatwidget.models import Conversation, SearchEntry
from chatwidget.transcripts import search, search_index, search_query, search_sql
from chatwidget.transcripts.folding import MAX_WORD, beginnings, encoded, fold, tokens, words
from tests.environment import VARIABLES
from tests.running import run
from tests.services import Postgres
from tests.stored import a_conversation, a_widget
from tests.transcripts import search_cases


@pytest.mark.django_db
def test_what_is_found_on_sqlite() -> None:
    assert connection.vendor in ("sqlite", "mysql")
    search_cases.check()


async def test_what_is_found_on_postgresql(postgres: Postgres) -> None:
    variables = {**VARIABLES, "DATABASE_URL": await postgres.prepared()}
    code = "from tests.transcripts import search_cases; search_cases.check(); print('checked')"
    done = await run([sys.executable, "manage.py", "shell", "-v0", "-c", code], env=variables)
    assert done.stdout == "checked\n"


@given(st.text())
def test_any_text_folds_to_ascii_words(text: str) -> None:
    for word in words(text):
        assert encoded(word).isascii() and encoded(word).isalnum()
    assert fold(fold(text)) == fold(text)


@given(st.text())
@example("k\u0650t\u0652b \u0643\u0650\u062a, 5\u338f \u2f6b\u6a13 \uff83\uff9e \u1100\u1161 \xbd")
def test_words_are_where_they_are_found(text: str) -> None:
    """Whatever is found by a word can be marked by it."""
    line = unicodedata.normalize("NFC", text)
    found = list(tokens(line))
    assert [word for word, _, _ in found] == words(line) == words(text)
    assert all(word in words(line[start:end]) for word, start, end in found)


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=MAX_WORD // 4))
def test_a_words_beginnings_find_it(word: str) -> None:
    for whole in words(word):
        for end in range(1, len(whole) + 1):
            starts = beginnings(whole[:end])
            assert any(encoded(whole).startswith(start) for start in starts)


@given(st.text())
def test_anything_may_be_typed(text: str) -> None:
    query = search_query.parse(text)
    assert all(term.words for term in [*query.wanted, *query.unwanted])


@pytest.mark.django_db
@pytest.mark.parametrize("text", ['"', '-"', "-", "--a", 'a"b c"', "from:", "from:nobody", "' '"])
def test_odd_queries_are_borne(text: str) -> None:
    search_cases.found(text)


@pytest.mark.django_db
def test_a_pasted_page_is_found_by_its_beginning() -> None:
    said = " ".join(f"word{number}" for number in range(3000))
    row = a_conversation(a_widget(), said, page_title="long")
    search_index.catch_up()
    assert search_cases.found(said) == [row.page_title]
    hits = search.find_messages(search_query.parse(said), [row.pk])
    assert [len(messages) for messages in hits.values()] == [1]


def an_entry(row: Conversation, pk: int, words: str) -> dict[str, Any]:
    return {"id": pk, "conversation_id": row.pk, "message_id": None, "words": words}


@pytest.mark.django_db
def test_entries_of_one_moment_cost_few_queries(django_assert_max_num_queries: Any) -> None:
    row = a_conversation(a_widget(), "hi")

    def store() -> None:
        search_index._insert([an_entry(row, 7, "x") for _ in range(150)])

    store()
    with django_assert_max_num_queries(5):
        store()
    assert set(SearchEntry.objects.values_list("pk", flat=True)) == set(range(7, 307))


@pytest.mark.django_db
def test_a_frequent_word_is_found_in_the_newest_entries_alone(monkeypatch: Any) -> None:
    """The index would read all that match."""
    row = a_conversation(a_widget(), "the lamp", page_title="lamps")
    search_index.catch_up()
    monkeypatch.setattr(search, "ENTRIES", (1, 1))
    monkeypatch.setattr(search, "INDEX_COST", {"sqlite": 1e9})
    with CaptureQueriesContext(connection) as queries:
        assert search_cases.found("the", enough=1) == [row.page_title]
    assert not any("MATCH" in query["sql"] for query in queries)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="no other is asked here")
def test_how_frequent_a_word_is_is_not_seen_in_the_newest_alone(monkeypatch: Any) -> None:
    row = a_conversation(a_widget(), "hi")
    search_index._insert(
        [an_entry(row, pk * 1000, "the w1" if pk < 990 else "die w1") for pk in range(1000)]
    )
    monkeypatch.setattr(search_sql, "AT_A_PLACE", 10)
    the, die = search_query.parse("the die").wanted
    shares = search_sql.shares([[the], [die], [the, die]], search_query.Query())
    assert shares == ([0.75, 0.25, 0], 1000)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="of SQLite's planner")
def test_to_index_conversations_no_others_are_read() -> None:
    widget = a_widget()
    rows = [a_conversation(widget, "hi", "hello", "ok", "bye") for _ in range(40)]
    search_index.catch_up()
    with connection.cursor() as cursor:  # as an owner may: it then counts on few entries for NULL
        cursor.execute("ANALYZE chatwidget_searchentry")
    Conversation.objects.filter(pk__in=[row.pk for row in rows[:5]]).update(indexed_revision=0)
    with CaptureQueriesContext(connection) as queries:
        search_index.catch_up()
    [deleted] = [query["sql"] for query in queries if query["sql"].startswith("DELETE")]
    with connection.cursor() as cursor:
        plan = str(cursor.execute(f"EXPLAIN QUERY PLAN {deleted}").fetchall())
    assert plan.count("(conversation_id=?)") == plan.count("(message_id=?)") == 1
