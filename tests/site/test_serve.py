"""`manage.py serve`, which is what `make run` ends in: ready at once, again and again."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import AsyncIterator, Callable
from itertools import product
from pathlib import Path

import httpx
import pytest

from tests.environment import VARIABLES
from tests.running import Preparation, Process, free_port

Site = Callable[..., Process]
YEAR = 365 * 24 * 60 * 60  # seconds


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Makes a process of `manage.py serve`, on a port and, unless it is given one that is prepared,
    a new database of its own."""
    made: list[Process] = []

    def make(server: str = "daphne", **variables: str) -> Process:
        port = int(variables.setdefault("PORT", str(free_port())))
        variables.setdefault("DATABASE_URL", f"sqlite:///{tmp_path}/site.sqlite3")
        command = [sys.executable, "manage.py", "serve", "--server", server]
        made.append(Process(command, {**VARIABLES, **variables}, port))
        return made[-1]

    yield make
    for process in made:
        await process.kill()


def login_of(process: Process) -> dict[str, str]:
    """What it printed for a person to log in with."""
    found = re.search(r"login: (\S+) / (\S+)", process.log)
    assert found, process.log
    return {"username": found[1], "password": found[2]}


async def logs_in(process: Process, form: dict[str, str]) -> bool:
    async with httpx.AsyncClient(base_url=process.url, timeout=30, follow_redirects=True) as client:
        await client.get("/admin/login/")
        token = {"csrfmiddlewaretoken": client.cookies["csrftoken"]}
        answer = await client.post("/admin/login/?next=/admin/", data={**form, **token})
        return "logout" in answer.text


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
async def test_a_first_start_has_all_that_a_visit_needs(site: Site, server: str) -> None:
    process = site(server)
    await process.start("/healthz")
    assert f"{process.url}/\n" in process.log
    assert f"{process.url}/admin/" in process.log
    script = f'<script src="{process.url}/chatwidget/demo.js" async></script>'
    assert process.log.rstrip().endswith(script), "and nothing after it"
    assert await logs_in(process, login_of(process))
    async with httpx.AsyncClient(base_url=process.url, timeout=30) as client:
        shop = await client.get("/")
        assert shop.status_code == 200 and "/chatwidget/demo.js" in shop.text
        for path in re.findall(r'(?:src|href)="(/[^"#]+)"', shop.text):
            assert (await client.get(path)).status_code in (200, 302), path


async def test_starting_again_loses_nothing(site: Site) -> None:
    process = site()
    await process.start("/healthz")
    login = login_of(process)
    await process.terminate()
    await process.start("/healthz")
    assert login_of(process) == login
    assert await logs_in(process, login)


async def test_a_port_that_is_taken_is_told_first_and_how_to_choose_another(site: Site) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        process = site(PORT=str(taken.getsockname()[1]))
        with pytest.raises(AssertionError, match="has ended"):
            await process.start("/healthz")
    assert await process.wait() == 1
    assert "Address already in use" in process.log and "PORT=" in process.log
    assert "Demo shop" not in process.log and "Traceback" not in process.log
    nowhere = site(HOST="no.such.host.invalid")
    with pytest.raises(AssertionError, match="has ended"):
        await nowhere.start("/healthz")
    assert "HOST=" in nowhere.log and "Traceback" not in nowhere.log


async def test_signals_reach_the_server(site: Site, preparation: Preparation) -> None:
    """It is not a child of the process that was started: there is no other to get them."""
    process = site(DATABASE_URL=await preparation.database())
    await process.start("/healthz")
    assert process.process is not None
    command = Path(f"/proc/{process.process.pid}/cmdline").read_bytes()
    assert b"daphne" in command and b"manage.py" not in command
    await process.terminate()


async def test_two_from_one_checkout(site: Site, preparation: Preparation) -> None:
    first, second = [site(DATABASE_URL=await preparation.database()) for _ in range(2)]
    await first.start("/healthz")
    await second.start("/healthz")
    for process in (first, second):
        async with httpx.AsyncClient(base_url=process.url, timeout=30) as client:
            assert f"{process.url}/chatwidget/demo.js" in (await client.get("/")).text


async def test_without_debug_static_files_are_hashed_and_compressed(
    site: Site, preparation: Preparation
) -> None:
    process = site(DEBUG="false", DATABASE_URL=await preparation.database())
    await process.start("/healthz")
    async with httpx.AsyncClient(base_url=process.url, timeout=30) as client:
        shop = await client.get("/")
        frame = await client.get("/chatwidget/demo/")
        files = re.findall(r'"(/static/shop/shop\.[0-9a-f]{12}\.css)"', shop.text)
        files += re.findall(r'"(/static/chatwidget/frame\.[0-9a-f]{12}\.js)"', frame.text)
        assert [path.rpartition(".")[2] for path in files] == ["css", "js"]
        for path, encoding in product(files, ("br", "gzip")):
            answer = await client.get(path, headers={"Accept-Encoding": encoding})
            assert answer.headers["Content-Encoding"] == encoding, path
            cached = answer.headers["Cache-Control"]
            age = re.search(r"max-age=(\d+)", cached)
            assert age and int(age[1]) >= YEAR and "immutable" in cached, (path, cached)
    assert "Warning" not in process.log and "Traceback" not in process.log, process.log


async def test_https_only_believes_its_proxies_alone(site: Site, preparation: Preparation) -> None:
    https = {"X-Forwarded-Proto": "https"}
    url = await preparation.database()
    behind = site(HTTPS_ONLY="true", TRUSTED_PROXIES="127.0.0.0/8", DATABASE_URL=url)
    await behind.start("/healthz")
    async with httpx.AsyncClient(base_url=behind.url, timeout=30) as client:
        plain = await client.get("/")
        assert plain.status_code == 301 and plain.headers["Location"].startswith("https://")
        secure = await client.get("/", headers=https)
        assert secure.status_code == 200
        assert "max-age=31536000" in secure.headers["Strict-Transport-Security"]
        assert 'src="https://' in secure.text
        login = await client.get("/admin/login/", headers=https)
        assert "Secure" in login.headers["Set-Cookie"]
    alone = site(HTTPS_ONLY="true", DATABASE_URL=url)
    await alone.start("/healthz")
    async with httpx.AsyncClient(base_url=alone.url, timeout=30) as client:
        assert (await client.get("/", headers=https)).status_code == 301
