"""What tests ask for by name: servers, platforms, databases, a browser, and other people's pages.

Everything real runs in a process of its own on 127.0.0.1, and is ended where it was begun.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connections
from django.test import override_settings
from hypothesis import HealthCheck, settings
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from chatwidget import db
from chatwidget.relay import lifecycle
from tests import running, sites
from tests.environment import FOLDER, VARIABLES
from tests.failing import FAILED, picture_of
from tests.needs import chromium
from tests.running import Preparation, Process, Server, free_port
from tests.services import Postgres, Redis

# The same examples in every run; `--hypothesis-profile random` looks for new ones.
settings.register_profile(
    "tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("random", settings.get_profile("tests"), derandomize=False)
settings.load_profile("tests")

# In milliseconds, for a machine that is busy with everything else at once.
expect.set_options(timeout=30_000)

# Chromium asks Google's hosts for this and that unless it is told not to. Playwright's own list of
# features to disable turns the partitioning of third-party storage off, which visitors have on: the
# last --disable-features wins, so this one is that list without it.
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--disable-features=AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,"
    "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,"
    "AvoidCorsURLLoaderRestartOnRedirect,OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,"
    "PreconnectToSearch,Translate,"
    # The address bar's own pages: two more renderers for each context, dearer than what is tested.
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,PreloadTopChromeWebUI",
]


ROLES = (
    ("0007_desk", "add_roles"),
    ("0008_numbers", "let_see"),
    ("0009_notices", "add_permissions"),
)


class Serve(Protocol):
    def __call__(
        self,
        env: Mapping[str, str] | None = None,
        server: str = "daphne",
        db: str | None = None,
        port: int | None = None,
    ) -> Awaitable[Server]: ...


class OtherSite(Protocol):
    def __call__(self, pages: dict[str, sites.Page]) -> Awaitable[sites.Site]: ...


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files whose tests may take long begin first: at the end no worker is alone with one."""
    limits: dict[Path, float] = {}
    for item in items:
        for marker in item.iter_markers("timeout"):
            limits[item.path] = max(limits.get(item.path, 0), *marker.args)
    items.sort(key=lambda item: -limits.get(item.path, 0))


@pytest.fixture(scope="session", autouse=True)
def folder() -> Iterator[None]:
    """Logs and databases of this run are gone with it, as is the process that servers fork from."""
    running.warms = True
    yield
    running.close_warm()
    shutil.rmtree(FOLDER, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Those of unit tests protect nobody; Django's own hashing costs a third of a second each."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Unit tests use a file: SQLite in memory locks otherwise than what users have."""
    for connection in connections.all():
        if connection.vendor != "sqlite":
            worker = os.environ.get("PYTEST_XDIST_WORKER", "")
            connection.settings_dict["TEST"]["NAME"] = f"test_unit{worker}"
            continue
        connection.settings_dict["TEST"]["NAME"] = str(FOLDER / "unit-test.sqlite3")


@pytest.fixture(autouse=True)
def no_relay_left() -> Iterator[None]:
    """A relay that a test's requests have begun ends with it: the loop goes on to other tests."""
    yield
    process, lifecycle._process = lifecycle._process, None
    if process is not None:
        for task in process._tasks:
            task.cancel()


@pytest.fixture
def roles(db: None) -> None:
    """The groups that migrations make, also after a test that has emptied all tables."""
    if not Group.objects.filter(name="Chat reader").exists():
        editor = SimpleNamespace(connection=connections["default"])
        for number, function in ROLES:
            getattr(import_module(f"chatwidget.migrations.{number}"), function)(apps, editor)


@pytest.fixture
def close_threads() -> Iterator[None]:
    """Connections of the threads that stored something are closed in them."""
    yield
    db._pool(False).close()


@pytest.fixture(scope="session")
def preparation(folder: None) -> Preparation:
    return Preparation()


@pytest.fixture
async def serve(preparation: Preparation) -> AsyncIterator[Serve]:
    """A factory of servers; all of them end with the test.

    `env` is added to the tests' own environment; `db` is the URL of a database that is there
    already, migrated by `prepare` or used by another server; `server` is daphne or uvicorn.
    """
    started: list[Server] = []

    async def make(
        env: Mapping[str, str] | None = None,
        server: str = "daphne",
        db: str | None = None,
        port: int | None = None,
    ) -> Server:
        variables = {"DATABASE_URL": db or await preparation.database(), **(env or {})}
        if variables.get("DEBUG") == "false":
            await preparation.static_files()
        made = Server(variables, server, port or free_port())
        started.append(made)
        await made.start()
        return made

    yield make
    for made in started:
        await made.kill()


@pytest.fixture(scope="session")
async def server(preparation: Preparation) -> AsyncIterator[Server]:
    """One server for all tests that need nothing special of it."""
    variables = {"DATABASE_URL": await preparation.database()}
    async with Server(variables, "daphne", free_port()) as made:
        yield made


@pytest.fixture(scope="session")
async def platforms() -> AsyncIterator[Process]:
    """The fake platforms, at `.url`."""
    port = free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    application = "tests.platforms.app:app"
    command = [sys.executable, "-m", "uvicorn", *options, application]
    async with Process(command, VARIABLES, port) as made:
        yield made


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[Postgres]:
    """A PostgreSQL server; `await postgres.database()` is the URL of a new, empty database."""
    made = Postgres()
    try:
        await made.create()
        await made.start()
        yield made
    finally:
        await made.stop()
        made.remove()


@pytest.fixture(scope="session")
async def postgres_url(postgres: Postgres) -> str:
    """The URL of a prepared database, to be given to `serve` as `db`."""
    return await postgres.prepared()


@pytest.fixture(scope="session")
async def redis() -> AsyncIterator[Redis]:
    """A Redis server."""
    made = Redis()
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


@pytest.fixture(scope="session")
async def redis_url(redis: Redis) -> str:
    return redis.database()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM)
        yield made
        await made.close()


@pytest.fixture
async def context(
    browser: Browser, request: pytest.FixtureRequest
) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context(locale="en-US")
    made.set_default_timeout(30_000)
    yield made
    if FAILED in request.node.stash:
        for each in made.pages:
            print(await picture_of(each))
        servers = [each for each in request.node.funcargs.values() if isinstance(each, Process)]
        print(*(f"{each.url} said: {each.log[-3000:]}" for each in servers), sep="\n")
    await made.close()


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


@pytest.fixture
async def other_site() -> AsyncIterator[OtherSite]:
    """A factory of sites: `site = await other_site({"/": "<!doctype html>…"})`."""
    runners: list[Any] = []

    async def make(pages: dict[str, sites.Page]) -> sites.Site:
        site = sites.Site(pages)
        runners.append(await site.start())
        return site

    yield make
    for runner in runners:
        await runner.cleanup()
