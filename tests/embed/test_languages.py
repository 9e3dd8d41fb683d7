"""What visitors read, in each language: the catalogues, the choice, and the pages and frames."""

from __future__ import annotations

import ast
import html
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import polib
import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import to_locale
from django.utils.translation.template import templatize
from pytest_django import Settings

from chatwidget.embed.strings import STRINGS
from chatwidget.languages import LANGUAGES, choose_language, direction
from tests.client import Chat
from tests.environment import VARIABLES
from tests.running import ROOT, Server, run
from tests.stored import a_widget

APP = ROOT / "chatwidget"
TRANSLATED = LANGUAGES[1:]  # English is in the code
# All that visitors read is in these; the rest of the catalogues is the admin's.
VISITORS = (
    *("embed/strings.py", "errors.py", "relay/drafts.py", "transcripts/handover.py"),
    "notices/own_copy.py",
)
LOADER_BYTES = 2_600
BROTLI = {"Accept-Encoding": "br"}


def texts(path: Path) -> Iterator[str]:
    """The msgids in a file of the source; a template's calls are found in Python made of it."""
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "ngettext"):
                yield ast.literal_eval(node.args[0])
    else:
        literal = r"""gettext\(u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
        for found in re.findall(literal, templatize(path.read_text())):
            yield ast.literal_eval(found)


@cache
def in_the_code() -> frozenset[str]:
    python = [path for path in APP.rglob("*.py") if "node_modules" not in path.parts]
    templates = (APP / "templates").rglob("*.html")
    return frozenset(text for path in [*python, *templates] for text in texts(path))


def for_visitors() -> set[str]:
    return {text for name in VISITORS for text in texts(APP / name)}


@cache
def catalogue(language: str) -> polib.POFile:
    return polib.pofile(str(APP / "locale" / to_locale(language) / "LC_MESSAGES" / "django.po"))


def translated(language: str, text: str) -> str:
    """What `text` is in a language, as its catalogue says."""
    if language == "en":
        return text
    entry = catalogue(language).find(text)
    assert entry and entry.msgstr, (language, text)
    return str(entry.msgstr)


def fields(text: str) -> list[str]:
    """What is filled in: {name}, %(name)s and %s."""
    return sorted(re.findall(r"\{\w+\}|%\(\w+\)[sd]|%[sd]", text))


def edges(text: str) -> tuple[bool, bool]:
    """Whether it begins and ends with a blank."""
    return text[:1].isspace(), text[-1:].isspace()


# --- the catalogues -------------------------------------------------------------------------------


def test_there_is_a_catalogue_for_each_language() -> None:
    folders = {path.name for path in (APP / "locale").iterdir()}
    assert folders == {to_locale(language) for language in TRANSLATED}


def test_the_strings_are_among_what_visitors_read() -> None:
    with translation.override("en"):
        assert {str(text) for text in STRINGS.values()} < for_visitors()
    assert "Hello! How can I help you?" in for_visitors()
    assert for_visitors() < in_the_code()


@pytest.mark.parametrize("language", TRANSLATED)
def test_all_that_visitors_read_is_translated(language: str) -> None:
    entries = {entry.msgid: entry for entry in catalogue(language)}
    missing = [
        text for text in for_visitors() if text not in entries or not entries[text].translated()
    ]
    assert missing == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_nothing_doubtful_or_left_over(language: str) -> None:
    entries = catalogue(language)
    assert [entry.msgid for entry in entries if entry.fuzzy or entry.obsolete] == []
    assert {entry.msgid for entry in entries} - in_the_code() == set()
    assert entries.header.strip(), "says how visitors are addressed"


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_filled_in_is_the_same(language: str) -> None:
    different = []
    for entry in catalogue(language).translated_entries():
        # A plural's own form for one may leave the number out.
        forms = entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]
        allowed = [fields(entry.msgid), fields(entry.msgid_plural or entry.msgid)]
        different += [(entry.msgid, form) for form in forms if fields(form) not in allowed]
        different += [(entry.msgid, form) for form in forms if edges(form) != edges(entry.msgid)]
    assert different == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_plural_has_a_form_for_every_number(language: str) -> None:
    """Of a number without one, people read the English."""
    entries = catalogue(language)
    found = re.search(r"nplurals=(\d+)", entries.metadata["Plural-Forms"])
    assert found
    numbers = set(range(int(found[1])))
    plurals = [entry for entry in entries.translated_entries() if entry.msgid_plural]
    assert [entry.msgid for entry in plurals if set(entry.msgstr_plural) != numbers] == []


# --- the choice -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "page", "accepted", "chosen"),
    [
        ("es", "de", "fr", "es"),
        ("", "de", "fr", "de"),
        ("", "", "fr", "fr"),
        ("", "", "", "en"),
        ("xx", "de-AT", "fr", "de"),
        ("", "sv", "it-CH, fr;q=0.9", "it"),
        ("", "tlh", "tlh, sv;q=0.8", "en"),
        ("", "", "sv, nl;q=0.4, pl;q=0.7", "pl"),
        ("", "", "fr;q=0, nl;q=0.1", "nl"),
        ("", "", "*", "en"),
        ("", "", "not a header;;", "en"),
        ("", "", "de" + "-x" * 10_000, "en"),
        ("", "pt", "", "pt-br"),
        ("", "pt-PT", "", "pt-br"),
        ("", "PT_br", "", "pt-br"),
        ("", "en-GB", "de", "en"),
        ("", "zh", "", "zh-hans"),
        ("", "zh-CN", "", "zh-hans"),
        ("", "zh-Hans-SG", "", "zh-hans"),
        ("", "zh-TW", "ja", "ja"),
        ("", "iw-IL", "ja", "he"),
        ("", "zh-Hant", "", "en"),
        ("", "zh-Hant-HK", "de", "de"),
        ("", "\u0130\0<b>", "he", "he"),
    ],
)
def test_the_language_is_chosen(setting: str, page: str, accepted: str, chosen: str) -> None:
    assert choose_language(setting, page, accepted) == chosen


@pytest.mark.parametrize("language", LANGUAGES)
def test_arabic_and_hebrew_are_written_from_the_right(language: str) -> None:
    assert direction(language) == ("rtl" if language in ("ar", "he") else "ltr")


FOREIGN = """
import json
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="x", INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes",
    "django.contrib.admin", "channels", "chatwidget"], **{options!r})
django.setup()
from django.utils import translation
from chatwidget.errors import PlatformTimedOut
from chatwidget.languages import choose_language, direction
from chatwidget.embed.loader_script import loader_config
from chatwidget.models import Widget
from chatwidget.embed.strings import STRINGS
told = []
for wanted in ("ja", "ar", "en", "tlh"):
    language = choose_language("", wanted, "")
    with translation.override(language):
        texts = [str(STRINGS["not_sent"]), str(PlatformTimedOut().detail)]
    told.append([language, direction(language), *texts])
print(json.dumps([told, loader_config(Widget(slug="a", title="A"))["labels"]]))
"""


async def foreign(**options: Any) -> Any:
    """What the app says in another site, that has these settings."""
    done = await run([sys.executable, "-c", FOREIGN.format(options=options)], env=VARIABLES)
    return json.loads(done.stdout)


def told(language: str) -> list[str]:
    failures = (
        "Something went wrong. Please try again.",
        "The assistant took too long to answer. Please try again.",
    )
    return [language, direction(language), *(translated(language, text) for text in failures)]


async def test_a_site_of_another_language_translates_all_the_same() -> None:
    """Its LANGUAGES are for its own pages; its own language is for those who have none of ours."""
    site = {"LANGUAGE_CODE": "de", "LANGUAGES": [("de", "Deutsch")]}
    spoken, labels = await foreign(**site)
    assert spoken == [told(language) for language in ("ja", "ar", "en", "de")]
    assert labels["pl"] == translated("pl", "Chat")


async def test_a_site_without_translation_speaks_english() -> None:
    spoken, labels = await foreign(USE_I18N=False, LANGUAGE_CODE="de")
    assert spoken == [told("en")] * 4
    assert labels == {"": "Chat", "en": "Open chat|Close chat"}


# --- the pages and frames -------------------------------------------------------------------------


async def loader_labels(server: Server, slug: str) -> Any:
    async with server.client(headers=BROTLI) as client:
        script = (await client.get(f"/chatwidget/{slug}.js")).text
    return json.loads(re.findall(r'labels":(\{[^}]*\})', script)[0])


async def test_the_loader_names_the_launcher_in_all_languages(server: Server) -> None:
    labels = await loader_labels(server, "demo")
    assert labels["en"] == "Open chat|Close chat"
    for language in TRANSLATED:
        assert labels.get(language[:2], labels[""]) == translated(language, "Chat")
    async with (
        server.client(headers=BROTLI) as client,
        client.stream("GET", "/chatwidget/demo.js") as answer,
    ):
        assert len(b"".join([part async for part in answer.aiter_raw()])) <= LOADER_BYTES


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_is_in_the_visitors_language(server: Server, language: str) -> None:
    async with server.client(headers={"Accept-Language": "tlh"}) as client:
        asked = await client.get("/chatwidget/demo/", params={"lang": language})
        accepted = await client.get("/chatwidget/demo/", headers={"Accept-Language": language})
    for answer in (asked, accepted):
        page = html.unescape(answer.text)
        assert f'<html lang="{language}" dir="{direction(language)}"' in page
        assert answer.headers["Content-Language"] == language
        for name in ("Conversation", "Message", "Send", "Stop", "New conversation", "Close"):
            assert f'aria-label="{translated(language, name)}"' in page
        assert f'placeholder="{translated(language, "Write a message…")}"' in page
        config = json.loads(re.findall(r'id="chatwidget-config"[^>]*>(.*?)</script>', page)[0])
        assert config["locale"] == language
        for key, text in config["strings"].items():
            with translation.override("en"):
                english = str(STRINGS[key])
            assert text == translated(language, english)


async def test_a_widgets_own_language_counts_first(server: Server) -> None:
    """In the loader, too."""
    make = (
        "from chatwidget.models import Widget; "
        "Widget.objects.create(slug='polski', title='Pomoc', appearance={'language': 'pl'})"
    )
    await server.manage("shell", "-v0", "-c", make)
    async with server.client(headers={"Accept-Language": "ja"}) as client:
        page = await client.get("/chatwidget/polski/", params={"lang": "de"})
    assert page.headers["Content-Language"] == "pl"
    labels = ("Open chat", "Close chat", "Close", "Try again")
    expected = "|".join(translated("pl", text) for text in labels)
    assert await loader_labels(server, "polski") == {"": expected}


@pytest.mark.parametrize("told_by", ["frame", "browser"])
async def test_the_socket_speaks_the_visitors_language(server: Server, told_by: str) -> None:
    """The greeting, a refused frame and a failed reply: nobody listens at this platform's port."""
    slug = f"hallo-{told_by}"
    platform = ("--provider", "openai", "--agent", "gpt", "--base-url", "http://127.0.0.1:9")
    key = ("--api-key-env", "A_KEY")
    await server.manage("configure_widget", slug, *platform, *key, env={"A_KEY": "sk-test"})
    hello = {"locale": "nl"} if told_by == "frame" else {}
    headers = {"Accept-Language": "de" if told_by == "frame" else "nl-BE,nl;q=0.9,en;q=0.5"}
    async with Chat(server.url, slug, headers=headers) as chat:
        greeting = await chat.greeting(await chat.hello(**hello))
        assert greeting["text"] == translated("nl", "Hello! How can I help you?")
        await chat.send({"type": "stop", "id": "0196a2f0-0000-7000-8000-000000000000"})
        refused = (await chat.until("error"))["detail"]
        assert refused == translated("nl", "That is not possible right now.")
        _, done = await chat.ask("Hallo?")
        away = "The assistant cannot be reached right now. Please try again."
        assert done["error"]["detail"] == translated("nl", away)


# --- the admin ------------------------------------------------------------------------------------


def test_all_of_the_admin_is_in_the_languages_that_the_site_offers(settings: Settings) -> None:
    """A page half in one language is worse than one in English."""
    for language, _ in settings.LANGUAGES[1:]:
        assert catalogue(language).untranslated_entries() == [], language


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("accepted", "language", "title"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de", "Unterhaltungen"),
        ("pt-PT", "pt-br", "conversas"),
        ("pl,en;q=0.5", "en", "conversations"),
        ("", "en", "conversations"),
    ],
)
def test_the_admin_is_in_its_readers_language(
    admin_client: Client, accepted: str, language: str, title: str
) -> None:
    answer = admin_client.get(
        "/admin/chatwidget/conversation/", headers={"Accept-Language": accepted}
    )
    assert answer["Content-Language"] == language
    assert f'<html lang="{language}"' in answer.content.decode()
    assert title in answer.content.decode()
    assert translation.get_language() == "en", "the thread's next page is not in it"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/healthz", "/chatwidget/demo.js", "/chatwidget/nowhere/"])
def test_other_pages_do_not_vary_by_it(client: Client, path: str) -> None:
    """They are cached for everybody, or choose their language themselves."""
    a_widget("demo")
    answers = [client.get(path, headers={"Accept-Language": language}) for language in ("de", "en")]
    assert answers[0].content == answers[1].content
    for answer in answers:
        assert "Accept-Language" not in answer.get("Vary", "")
        assert "Content-Language" not in answer
