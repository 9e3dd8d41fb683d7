"""export_transcripts: what it writes, where, how it fails, and that its memory stays flat."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import subprocess
import sys
import termios
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given, strategies

from chatwidget.conf import Secret
from chatwidget.models import Message, Note, Role, Status, Tag, Visitor
from chatwidget.transcripts import chats, csv_table, desk, export, printed, raw_rows
from tests.environment import VARIABLES
from tests.hostile import TEXTS, Elements
from tests.running import ROOT, Preparation, run
from tests.stored import NOON, a_conversation, a_widget

pytestmark = pytest.mark.django_db

CONVERSATION_KEYS = [
    *("id", "widget", "visitor", "provider_session", "page_url", "page_title", "referrer"),
    *("locale", "user_agent", "started_at", "ended_at"),
    *("done", "tags", "notes", "messages"),
]
MESSAGE_KEYS = [
    *("id", "seq", "role", "text", "status", "created_at", "completed_at", "first_chunk_ms"),
    *("error", "rating", "rating_comment", "judgement", "ui", "metadata"),
]


def exported(*arguments: str) -> str:
    out = io.StringIO()
    call_command("export_transcripts", *arguments, stdout=out)
    return out.getvalue()


def lines(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(*arguments).splitlines()]


def table(delimiter: str = ",") -> list[dict[str, str]]:
    text = exported("--format", "csv")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), delimiter=delimiter))


def test_a_line_holds_exactly_what_the_docs_name() -> None:
    widget = a_widget()
    visitor = Visitor.objects.create(
        widget=widget,
        name="Zoë",
        email="zoe@example.com",
        external_id="7",
        consent={"version": "2", "at": "2026-03-14T11:59:00Z"},
    )
    conversation = a_conversation(
        widget,
        "Grüße 🌍\nline two",
        "Hello",
        visitor=visitor,
        page_url="https://shop.example/cart",
        page_title="Your cart",
        referrer="https://search.example/",
        locale="de",
        user_agent="Mozilla/5.0",
        provider_session="s-1",
        ended_at=NOON + timedelta(hours=1),
        reply={
            "status": Status.FAILED,
            "completed_at": NOON + timedelta(seconds=65.5),
            "first_chunk_ms": 812,
            "error_code": "provider_unavailable",
            "error_cause": "503 from the platform",
            "retry_after": 4.0,
            "rating": -1,
            "rating_comment": "Too slow",
            "ui": {"type": "product-grid", "products": []},
            "metadata": {"tokens": 12},
        },
    )
    [row] = [each for each in table() if each["seq"] == "2"]
    assert row["rating_comment"] == "Too slow" and row["locale"] == "de"
    assert json.loads(row["visitor_consent"])["version"] == "2"
    [line] = lines()
    assert [line] == list(export.read(export.select()))
    assert list(line) == CONVERSATION_KEYS
    assert line["id"] == str(conversation.id)
    assert line["widget"] == "shop"
    assert line["visitor"] == {
        "id": str(visitor.id),
        "name": "Zoë",
        "email": "zoe@example.com",
        "external_id": "7",
        "consent": {"version": "2", "at": "2026-03-14T11:59:00Z"},
    }
    assert line["page_title"] == "Your cart"
    assert line["referrer"] == "https://search.example/"
    assert (line["locale"], line["user_agent"]) == ("de", "Mozilla/5.0")
    assert line["provider_session"] == "s-1"
    assert line["page_url"] == "https://shop.example/cart"
    assert line["started_at"] == "2026-03-14T12:00:00Z"
    assert line["ended_at"] == "2026-03-14T13:00:00Z"
    asked, answered = line["messages"]
    assert list(asked) == list(answered) == MESSAGE_KEYS
    assert asked["text"] == "Grüße 🌍\nline two"
    assert (asked["role"], asked["seq"], asked["error"], asked["ui"]) == ("user", 1, None, None)
    assert asked["completed_at"] is None
    assert answered["completed_at"] == "2026-03-14T12:01:05.500000Z"
    assert answered["first_chunk_ms"] == 812
    assert (answered["rating"], answered["rating_comment"]) == (-1, "Too slow")
    assert answered["ui"] == {"type": "product-grid", "products": []}
    assert answered["metadata"] == {"tokens": 12}
    assert answered["error"] == {
        "code": "provider_unavailable",
        "cause": "503 from the platform",
        "retry_after": 4.0,
    }


def test_a_key_is_in_no_export() -> None:
    widget = a_widget()
    widget.key = Secret("sk-very-secret")
    widget.save()
    a_conversation(widget, "hi", "hello")
    for message in Message.objects.filter(role=Role.ASSISTANT):
        desk.judge(message, User.objects.create_user("ann"), "right", "", "")
    for form in export.FORMATS:
        text = exported("--format", form)
        assert "hello" in text
        assert "sk-very-secret" not in text
        assert widget.encrypted_key not in text


def test_filters() -> None:
    widget = a_widget()
    zoe = Visitor.objects.create(widget=widget, email="zoe@example.com")
    plain = a_conversation(widget, "plain", "yes", locale="pt-BR")
    failed = {"status": Status.FAILED, "error_code": "provider_timeout"}
    broken = a_conversation(widget, "broken", "", reply=failed, page_url="https://a.example/Lamps")
    bad = a_conversation(widget, "bad", "no", reply={"rating": -1}, visitor=zoe, locale="de")
    Tag.objects.create(widget=widget, name="urgent").conversations.add(bad)

    def found(*arguments: str) -> list[str]:
        return [line["id"] for line in lines(*arguments)]

    assert found("--failed") == [str(broken.pk)]
    assert found("--rated", "bad") == found("--tag", "urgent") == [str(bad.pk)]
    assert found("--rated", "good") == []
    assert found("--language", "pt") == [str(plain.pk)]
    assert found("--page", "/lamps") == [str(broken.pk)]
    assert found("--visitor", "zoe@example.com") == found("--visitor", str(zoe.pk))
    assert found("--visitor", "zoe@example.com", "--language", "de") == [str(bad.pk)]


def test_a_page_to_print() -> None:
    widget = a_widget()
    zoe = Visitor.objects.create(widget=widget, name="<b>Zoe")
    failed = {"status": Status.FAILED, "error_code": "provider_timeout"}
    a_conversation(widget, "<script>alert(1)</script>\nTwo lines", "Fine", visitor=zoe)
    a_conversation(widget, "hi", "", reply=failed)
    page = exported("--format", "html")
    assert page.startswith("<!doctype html>")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\nTwo lines" in page
    assert "&lt;b&gt;Zoe" in page and "[provider_timeout]" in page
    assert "agent · 2026-03-14 12:01:00 UTC · failed</b>" in page
    assert "<script" not in page and "<b>Zoe" not in page
    assert page.count("2026-03-14 12:00:00 UTC") == 4 and "T12:0" not in page


def test_a_page_to_print_reads_the_agents_markdown() -> None:
    widget = a_widget()
    table = "| To | Costs |\n|---|---|\n| EU | **€4.90** |"
    a_conversation(widget, "**not** mine", f"{table}\n\nOne\ntwo <b>three</b>")
    links = "[Here](https://x.example/?a=1&b=2), ![a map](https://x.example/m.png) and"
    a_conversation(widget, "where?", f"{links} <https://y.example> [no](javascript:alert(1))")
    a_conversation(widget, "more", "**long** " * (printed.LONGEST // 9 + 1))
    page = exported("--format", "html")
    assert '<div class="plain">**not** mine</div>' in page
    assert "<td>EU</td>" in page and "<strong>€4.90</strong>" in page
    assert "One<br />\ntwo &lt;b&gt;three&lt;/b&gt;" in page
    assert "Here (https://x.example/?a=1&amp;b=2), a map (https://x.example/m.png)" in page
    assert "and https://y.example [no](javascript:alert(1))" in page
    assert '<div class="plain">**long** **long**' in page
    assert not {tag for tag, *_ in Elements(page).found} & {"a", "img", "script"}


def test_one_widget_only() -> None:
    a_conversation(a_widget("shop"), "from the shop")
    a_conversation(a_widget("blog"), "from the blog")
    assert [line["widget"] for line in lines()] == ["shop", "blog"]
    assert [line["widget"] for line in lines("blog")] == ["blog"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--since", "2026-03-15"], ["second", "third"]),
        (["--since", "2026-03-15T12:00:00Z"], ["second", "third"]),
        (["--since", "2026-03-15T12:00:01Z"], ["third"]),
        (["--until", "2026-03-15T12:00:00+00:00"], ["first"]),
        (["--until", "2026-03-15T14:00:00.5+02:00"], ["first", "second"]),
        (["--since", "2026-03-15", "--until", "2026-03-16"], ["second"]),
    ],
)
def test_since_is_included_and_until_is_not(options: list[str], found: list[str]) -> None:
    widget = a_widget()
    for days, text in enumerate(["first", "second", "third"]):
        a_conversation(widget, text, at=NOON + timedelta(days=days))
    assert [line["messages"][0]["text"] for line in lines(*options)] == found


def test_csv_is_one_message_a_row() -> None:
    widget = a_widget()
    ui = {"type": "product-grid", "title": "é"}
    failed = {"error_code": "provider_timeout", "error_cause": "no byte in 60 s", "ui": ui}
    a_conversation(widget, 'quotes ", commas,\nand lines', "yes", "no", reply=failed)
    rows = table()
    assert [row["seq"] for row in rows] == ["1", "2", "3"]
    assert tuple(rows[0]) == csv_table.COLUMNS
    assert rows[0]["text"] == 'quotes ", commas,\nand lines'
    assert (rows[0]["error_code"], rows[0]["ui"]) == ("", "")
    assert (rows[2]["error_code"], rows[2]["error_cause"]) == (
        "provider_timeout",
        "no byte in 60 s",
    )
    assert json.loads(rows[2]["ui"]) == ui
    assert len({row["conversation"] for row in rows}) == 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(start: str) -> None:
    evil = f'{start}HYPERLINK("https://evil.example","x")'
    widget = a_widget()
    visitor = Visitor.objects.create(widget=widget, name=evil)
    a_conversation(widget, evil, visitor=visitor, reply={"rating": -1})
    [row] = table()
    assert row["text"] == row["visitor_name"]
    assert row["text"].startswith("'") and row["text"].replace("'", "") == evil
    assert row["rating"] == "-1"


@pytest.mark.parametrize("separator", [";", "\t", "|", "\n", "\r\n"])
@pytest.mark.parametrize("between", ["", " ", '"', ' "'])
def test_no_cell_is_a_formula_whatever_separates_cells(separator: str, between: str) -> None:
    """A reader for whom our comma separates nothing, and for whom quotes within a cell are text."""
    evil = f'Hello{separator}{between}=HYPERLINK("https://evil.example","x")'
    a_conversation(a_widget(), evil)
    text = exported("--format", "csv")
    cells = re.split(f"[{separator}\r\n]", text)
    assert len(cells) > 3
    assert not [cell for cell in cells if re.match(r"[\s\"']*[=+@-]", cell) and cell[0] != "'"]
    [row] = table()
    assert row["text"].replace("'", "") == evil  # nothing else is changed


# What a spreadsheet may take for the beginning of a formula, and what is before it.
FORMULA = re.compile(r"""(\A|\r\n|[;|\t\r\n])(?=[\s"']*[=+\-@＝＋－＠])|\A(?=[\t\r\n])""")


@given(
    strategies.text(strategies.sampled_from("ab1\"',;|\t\r\n\v\x01\x85\xa0\u2028 =+-@＝＠é語🌍"))
)
def test_a_cell_is_what_pythons_own_writer_makes_of_it(text: str) -> None:
    expected = io.StringIO(newline="")
    csv.writer(expected).writerow(["", FORMULA.sub(r"\1'", text)])
    assert f",{csv_table.cell(text)}\r\n" == expected.getvalue()


def test_a_table_in_a_file_begins_with_a_byte_order_mark(tmp_path: Path) -> None:
    a_conversation(a_widget(), "Grüße")
    target = tmp_path / "out.csv"
    exported("--format", "csv", "--output", str(target))
    assert target.read_bytes().startswith(b"\xef\xbb\xbfconversation,")
    assert "Grüße" in target.read_text("utf-8-sig")


@pytest.mark.skipif(connection.vendor == "mysql", reason="which refuses to store it")
def test_half_a_surrogate_pair_in_metadata_is_written_as_json_writes_it(tmp_path: Path) -> None:
    a_conversation(a_widget(), "hi", reply={"metadata": {"odd": "\ud83d"}})
    target = tmp_path / "out.jsonl"
    exported("--output", str(target))
    assert json.loads(target.read_bytes())["messages"][0]["metadata"] == {"odd": "\ud83d"}


def test_the_output_file_is_replaced_whole_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    a_conversation(a_widget(), "hi")
    target = tmp_path / "out.jsonl"
    target.write_text("from yesterday")
    assert exported("--output", str(target)) == ""
    assert json.loads(target.read_text())["messages"][0]["text"] == "hi"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["out.jsonl"]


def test_a_failure_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(rows: Any) -> Iterator[str]:
        yield "half a li" * export.PIECE
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(export.FORMATS, "jsonl", failing)
    target = tmp_path / "out.jsonl"
    target.write_text("from yesterday")
    with pytest.raises(CommandError, match=r"Cannot write .*out\.jsonl: No space left on device\."):
        exported("--output", str(target))
    assert target.read_text() == "from yesterday"
    assert os.listdir(tmp_path) == ["out.jsonl"]


def test_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(rows: Any) -> Iterator[str]:
        yield "half a li"
        raise KeyboardInterrupt

    monkeypatch.setitem(export.FORMATS, "jsonl", interrupted)
    with pytest.raises(CommandError) as refused:
        exported("--output", str(tmp_path / "out.jsonl"))
    assert refused.value.returncode == 130
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "There is no widget 'nowhere'; list_widgets names"),
        (["--since", "yesterday"], "--since: 'yesterday' is no ISO 8601 time such as "),
        (["--until", "2026-13-01"], "--until: '2026-13-01' is no ISO 8601 time such as "),
        (["--output", "/nonexistent/out"], "Cannot write /nonexistent/out: No such file"),
        (["--output", "/"], "--output: / is a folder"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError) as refused:
        exported(*arguments)
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)
    assert refused.value.returncode == 1


def test_queries_do_not_grow_within_a_chunk(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chats, "CHUNK", 50)
    widget = a_widget()
    for _ in range(chats.CHUNK):
        a_conversation(widget, "hi", "hello")
    with django_assert_num_queries(7):  # the first asks for migrations, the last for more
        exported()


@pytest.mark.parametrize("arguments", [[], ["--language", "de"]])
def test_chunks_are_one_export(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chats, "CHUNK", 2)
    monkeypatch.setattr(chats, "CHUNKS", 2)
    widget = a_widget()
    tag = Tag.objects.create(widget=widget, name="urgent")
    made = [
        a_conversation(widget, f"hi {n}", at=NOON + timedelta(minutes=n), locale="de")
        for n in range(5)
    ]
    for conversation in made:
        tag.conversations.add(conversation)
        Note.objects.create(conversation=conversation, author_name="Ann", text=str(conversation))
    for message in Message.objects.all():
        desk.judge(message, User.objects.get_or_create(username="ann")[0], "right", "", "")
    found = lines(*arguments)
    assert [line["id"] for line in found] == [str(conversation.pk) for conversation in made]
    assert [line["messages"][0]["text"] for line in found] == [f"hi {n}" for n in range(5)]
    for line, conversation in zip(found, made, strict=True):
        assert line["tags"] == ["urgent"] and line["notes"][0]["text"] == str(conversation)
        assert line["messages"][0]["judgement"]["verdict"] == "right"


@pytest.mark.parametrize("fraction", ["", ".5", ".25", ".000001", ".123456"])
def test_a_time_of_postgresql_has_six_digits_or_none(fraction: str) -> None:
    text = f"2026-03-14 12:00:00{fraction}+00"
    assert raw_rows.six_digits(text) == raw_rows.utc(datetime.fromisoformat(text))


def test_memory_does_not_grow_with_the_number_of_conversations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chats, "CHUNK", 100)
    monkeypatch.setattr(chats, "CHUNKS", 2)
    widget = a_widget()
    visitor = Visitor.objects.create(widget=widget)

    def peak() -> int:
        tracemalloc.start()
        for _ in export.pieces(chats.read_chats(export.select()), "jsonl"):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    for _ in range(chats.CHUNK * 4):
        a_conversation(widget, "hello " * 50, "world " * 50, visitor=visitor)
    peak()  # what is made once and kept: compiled queries, caches
    few = peak()
    for _ in range(chats.CHUNK * 8):
        a_conversation(widget, "hello " * 50, "world " * 50, visitor=visitor)
    assert peak() < few * 1.2


# --- in a process of its own ---

MANAGE = [sys.executable, "manage.py"]


@pytest.fixture(scope="module")
async def environment(preparation: Preparation) -> dict[str, str]:
    """The environment of commands, with a database of 300 conversations."""
    variables = {**VARIABLES, "DATABASE_URL": await preparation.database()}
    fill = (
        "from tests.stored import *\n"
        "widget = a_widget()\n"
        "for n in range(300): a_conversation(widget, 'x' * 1000)\n"
    )
    await run([*MANAGE, "shell", "-v0", "-c", fill], env=variables)
    return {**os.environ, **variables}


def test_a_terminal_shows_how_far_it_is(environment: dict[str, str], tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    target = tmp_path / "out.jsonl"
    subprocess.run(
        [*MANAGE, "export_transcripts", "--output", str(target)],
        cwd=ROOT,
        env=environment,
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    shown = ""
    with suppress(OSError):  # how a terminal tells its end
        while read := os.read(ours, 65536):
            shown += read.decode()
    os.close(ours)
    assert "300/300" in shown and "conversations" in shown
    assert len(target.read_text().splitlines()) == 300


async def test_a_refusal_is_one_line_and_status_1(environment: dict[str, str]) -> None:
    for arguments in (["nowhere"], ["--since", "soon"], ["--output", "/nonexistent/x"]):
        command = [*MANAGE, "export_transcripts", *arguments]
        done = await run(command, env=environment, check=False)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)


def test_a_reader_that_has_had_enough_is_no_error(environment: dict[str, str]) -> None:
    """`export_transcripts | head -1`."""
    with subprocess.Popen(
        [*MANAGE, "export_transcripts"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as export:
        assert export.stdout is not None and export.stderr is not None
        assert json.loads(export.stdout.readline())["widget"] == "shop"
        export.stdout.close()
        assert export.stderr.read() == b""
        assert export.wait(timeout=60) == 0


def test_neither_is_one_who_reads_nothing(environment: dict[str, str]) -> None:
    """`list_widgets | true`."""
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(
        [*MANAGE, "list_widgets"], cwd=ROOT, env=environment, stdout=writer, stderr=subprocess.PIPE
    ) as listing:
        os.close(writer)
        assert listing.stderr is not None
        assert listing.stderr.read() == b""
        assert listing.wait(timeout=60) == 0


# All that Markdown may become on the page to print.
HARMLESS = """# 1
## 2
### 3
#### 4
##### 5
###### 6
> *a* **b** ~~c~~ `d`

- e

2. f

1) g

***

```sh
h
```

```
i
```

| j | k | l |
|---|:-:|--:|
| m | n | o |

p\\
q
"""


def test_what_a_hostile_model_writes_is_one_harmless_cell_and_one_line() -> None:
    widget = a_widget()
    a_conversation(widget, "hi", HARMLESS)
    harmless = exported("--format", "html")
    for text in TEXTS:
        a_conversation(widget, "hi", text)
    assert sorted(found["messages"][1]["text"] for found in lines()) == sorted([*TEXTS, HARMLESS])
    cells = [row["text"] for row in table()]
    assert len(cells) == 2 * len(TEXTS) + 2
    page = exported("--format", "html")
    assert len(TEXTS) >= 150 and page.count('<div class="assistant">') == len(TEXTS) + 1
    assert Elements(page).found <= Elements(harmless).found
    assert not [cell for cell in cells if cell.lstrip()[:1] in ("=", "+", "-", "@")]
