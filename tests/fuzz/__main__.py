"""`make fuzz`: each target for its share of the time, in a process of its own, with a corpus that
stays in `.fuzz/`. `python -m tests.fuzz [TARGET…] --seconds 600`

The first input that breaks a promise ends it, and is written to `.fuzz/NAME/`.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys

import atheris
import django
from django.core.management import call_command

import tests.environment  # noqa: F401
from tests.running import ROOT

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
CORPUS = ROOT / ".fuzz"


def fuzz(name: str, seconds: int) -> None:
    """Run one target until its time is over. Does not return."""
    with atheris.instrument_imports(include=["chatwidget"]):
        django.setup()
        from tests.fuzz.targets import ROOM, TARGETS, seeds
    call_command("migrate", verbosity=0)
    logging.disable(logging.CRITICAL)
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (folder / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={ROOM}",
        f"-artifact_prefix={folder}/found-",
    ]
    options += ["-rss_limit_mb=4096", "-timeout=20", str(folder)]
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=600, help="for all of them together")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        fuzz(given.targets[0], given.seconds)
    django.setup()
    from tests.fuzz.targets import TARGETS

    names = given.targets or list(TARGETS)
    if unknown := set(names) - set(TARGETS):
        parser.error(f"{', '.join(unknown)}: there is {', '.join(TARGETS)}")
    broken = []
    for name in names:
        share = str(max(1, given.seconds // len(names)))
        command = [sys.executable, "-m", "tests.fuzz", name, "--seconds", share, "--alone"]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            broken.append(name)
    print("broken:", *broken) if broken else print("nothing found")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
