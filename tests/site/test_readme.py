"""What the README and its neighbours say is so."""

from __future__ import annotations

import re
import shlex
import sys

import msgspec
import pytest
from django.core.management import get_commands
from msgspec.structs import astuple

from chatwidget.conf import Conf, Limits, Timeouts
from tests.conftest import Serve
from tests.environment import READ
from tests.readme import blocks, docs, section
from tests.running import ROOT, run

PLATFORMS = section("Point a widget at a platform")
LINES = re.findall(r"^(?:(\w+)=(\w+) )?python manage.py (configure_widget .*)$", PLATFORMS, re.M)


def test_every_variable_is_told() -> None:
    """And no other: what the settings read is what the table has."""
    first_column = "\n".join(re.findall(r"^\| (`.*?) \|", docs("settings"), re.M))
    assert set(re.findall(r"`([A-Z][A-Z_]+)`", first_column)) == READ


def test_every_variable_of_the_app_is_told_with_its_default() -> None:
    rows = re.findall(r"^\| (`CHATWIDGET_.*?) \| (.*?) \|", docs("settings"), re.M)
    assert len(rows) > 10
    for names, told in rows:
        for name in re.findall(r"`CHATWIDGET_(\w+)`", names):
            match getattr(Conf(), name):
                case True:
                    expected = {"`on`"}
                case False:
                    expected = {"`off`"}
                case None:
                    expected = {"as `DEBUG`"}
                case Timeouts() as times:
                    expected = {"`" + ",".join(f"{each:g}" for each in astuple(times)) + "`"}
                case "" | () | {}:
                    expected = {"none", "theirs", "from `SECRET_KEY`"}
                case value:
                    expected = {f"`{value:g}`" if isinstance(value, float) else f"`{value}`"}
            assert told in expected, name


def test_every_limit_is_told_with_its_default() -> None:
    told = dict(re.findall(r"^\| `([a-z_]+)` \| `([^`]+)` \|", docs("settings"), re.M))
    assert told == {name: str(value) for name, value in msgspec.structs.asdict(Limits()).items()}


async def test_a_widget_is_pointed_at_each_platform_by_its_line(serve: Serve) -> None:
    server = await serve({"DEBUG": "false"})  # as commands have it that are typed by hand
    assert len(LINES) == 7
    key = {"PLATFORM_KEY": "a-key-of-the-platforms"}
    for variable, value, line in LINES:
        await server.manage(*line.split(), env={**key, **({variable: value} if variable else {})})
    listed = await server.manage("dumpdata", "chatwidget.widget")
    assert '"slug": "help"' in listed.stdout
    assert "a-key-of-the-platforms" not in listed.stdout


def test_every_command_that_is_named_is_there() -> None:
    ours = {name for name, app in get_commands().items() if app == "chatwidget"}
    named = set(
        re.findall(
            r"\b([a-z]+_(?:widgets?|transcripts|visitor|keys|doctor|webhook|data|numbers|owner))\b",
            docs("commands"),
        )
    )
    assert named == ours


def test_every_method_and_event_is_told() -> None:
    declared = (ROOT / "chatwidget/frontend/types/chatwidget.d.ts").read_text()
    page = docs("javascript-api")
    [events] = re.findall(r"interface ChatWidgetEvents \{(.*?)^\}", declared, re.M | re.S)
    names = re.findall(r"^  (\w+):", events, re.M)
    [methods] = re.findall(r"interface ChatWidgetInstance \{(.*?)^\}", declared, re.M | re.S)
    names += set(re.findall(r"^  (\w+)[(<]", methods, re.M)) - {"get", "push"}
    assert len(names) > 10
    missing = [name for name in names if not re.search(rf'`{name}[`(]|"{name}"', page)]
    assert missing == []


PAPERS = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))]


@pytest.mark.parametrize("name", PAPERS)
def test_every_file_that_is_named_is_there(name: str) -> None:
    text = (ROOT / name).read_text()
    folder = (ROOT / name).parent
    linked = re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", text)
    missing = [path for path in linked if not (folder / path).exists()]
    paths = re.findall(r"`((?:chatwidget|tests|project|docs)/[\w./]+)`", text)
    missing += [path for path in paths if not (ROOT / path).exists()]
    assert missing == []


def test_what_the_architecture_names_is_in_that_file() -> None:
    named = re.findall(r"`([\w/]+\.py)` \((`[^)]*)\)", docs("architecture"))
    assert len(named) > 8
    for path, names in named:
        source = (ROOT / "chatwidget" / path).read_text()
        for name in re.findall(r"`([\w.]+)`", names):
            defined = [
                re.search(rf"^ *(class|(async )?def) {part}\b", source, re.M)
                for part in name.split(".")
            ]
            assert all(defined), (path, name)


def test_the_unit_is_hardened() -> None:
    unit = re.search(r"```ini\n(.*?)```", docs("deployment"), re.S)
    assert unit
    [*lines] = unit[1].splitlines()
    for line in (
        *("UMask=0077", "NoNewPrivileges=true", "ProtectSystem=strict", "ProtectHome=true"),
        *("PrivateTmp=true", "PrivateDevices=true", "CapabilityBoundingSet="),
    ):
        assert line in lines


async def test_the_unit_and_the_commands_for_servers_are_accepted() -> None:
    """The options of Daphne and uvicorn in the docs are those that they know."""
    for program in ("daphne", "uvicorn"):
        told = set(
            re.findall(r"--[\w-]+", " ".join(re.findall(rf"{program} (--.*)", docs("deployment"))))
        )
        assert told
        help_text = (await run([sys.executable, "-m", program, "--help"], env={})).stdout
        assert [option for option in told if option not in help_text] == []


def test_the_app_section_has_a_block_for_every_step() -> None:
    intros = [block.intro for block in blocks("own-site")]
    assert len(intros) == 7, intros


async def test_the_commands_of_the_first_day(serve: Serve) -> None:
    """Its third step, line by line, with the demo in place of a platform that costs something."""
    server = await serve()
    key = {"PLATFORM_KEY": "a-key-of-the-platforms"}
    commands = re.findall(r"^python manage\.py (.*)$", docs("first-day"), re.M)
    assert len(commands) == 6
    for line in commands[:3]:
        line = line.replace("http://127.0.0.1:8000", server.url)
        done = await server.manage(*shlex.split(line), env=key)
        assert "✗" not in done.stdout
    await server.manage(*shlex.split(commands[3]), env=key)
    listed = await server.manage("list_widgets")
    assert "help" in listed.stdout and "openai" in listed.stdout


def test_every_page_of_docs_is_in_the_site() -> None:
    nav = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[2]
    pages = {path.name for path in ROOT.glob("docs/*.md")}
    assert pages == {name for name in re.findall(r"[\w-]+\.md", nav) if name != "README.md"}
