"""The Containerfile, read; and its steps, run in a folder: `python -m tests.containerfile`.

No engine is needed: each stage is a virtual environment and a folder, COPY copies, RUN runs, and
the server is started by the image's CMD as its USER, who can write nowhere but to /data. Then
somebody chats.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.client import Chat
from tests.environment import VARIABLES
from tests.running import ROOT, Process, free_port, run

KEY = "of a container that is gone in a minute, 0123456789"


@dataclass
class Stage:
    """What stands between one FROM and the next."""

    image: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)  # instruction and what it is given


def stages() -> list[Stage]:
    text = re.sub(r"^#.*\n", "", (ROOT / "Containerfile").read_text(), flags=re.M)
    found: list[Stage] = []
    for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines():
        instruction, _, given = line.partition(" ")
        if instruction == "FROM":
            image, _, name = given.partition(" AS ")
            found.append(Stage(image, name))
        elif instruction:
            found[-1].steps.append((instruction, given))
    return found


def python() -> str:
    """An interpreter that every user may run, where there is one: not below root's own folder."""
    for program in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        if all(folder.stat().st_mode & 1 for folder in Path(program).parents):
            return program
    return sys.executable


class Running:
    """A stage's folder, and what its instructions have set."""

    def __init__(self, stage: Stage, folder: Path, built: dict[str, Running]) -> None:
        self.stage, self.root, self.built = stage, folder / (stage.name or "image"), built
        self.root.mkdir()
        self.workdir = self.root
        self.environment = {  # with where this machine finds its packages
            **{name: value for name, value in os.environ.items() if name not in VARIABLES},
            "PATH": f"{self.root}/venv/bin:{os.defpath}",
        }
        self.user = ""
        self.command: list[str] = []
        subprocess.run([python(), "-m", "venv", self.root / "venv"], check=True)

    def inside(self, text: str) -> str:
        """With the image's absolute paths below its folder."""
        return re.sub(r"(?<![\w./])/(src|dist|data|srv)\b", rf"{self.root}/\1", text)

    def build(self) -> None:
        for instruction, given in self.stage.steps:
            print(f"{instruction} {given[:100]}", flush=True)
            match instruction:
                case "WORKDIR":
                    self.workdir = Path(self.inside(given))
                    self.workdir.mkdir(parents=True, exist_ok=True)
                case "ENV":
                    pairs = (word.partition("=") for word in shlex.split(given))
                    self.environment |= {name: value for name, _, value in pairs}
                case "COPY":
                    self.copy(shlex.split(given))
                case "RUN":
                    self.run(given)
                case "USER":
                    self.user = given
                case "CMD":
                    self.command = json.loads(given)

    def copy(self, words: list[str]) -> None:
        source = ROOT
        if words[0].startswith("--from="):
            source = self.built[words.pop(0).removeprefix("--from=")].root
        *names, target = words
        for name in names:
            to = Path(self.inside(target)) if target[0] == "/" else self.workdir / target
            if name == ".":
                copy_checkout(to)
            elif (found := source / name.lstrip("/")).is_dir():
                shutil.copytree(found, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(found, to)

    def run(self, line: str) -> None:
        line = re.sub(r"useradd [^&]*&& ", "", line)  # this machine needs no further user
        command = ["sh", "-euc", self.inside(line)]
        subprocess.run(command, cwd=self.workdir, env=self.environment, check=True)


def copy_checkout(to: Path) -> None:
    """What Git knows, less what .dockerignore leaves out."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    ignored = [line.strip() for line in (ROOT / ".dockerignore").read_text().splitlines()]
    for name in listed.stdout.splitlines():
        if name.split("/")[0] not in ignored:
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)


async def chat(image: Running) -> None:
    """Serve as the image would, as its user, and chat."""
    port = free_port()
    data = image.root / "data"
    variables = {
        name: value.replace("/data/", f"{data}/") for name, value in image.environment.items()
    }
    # Nothing of the tests' own environment: empty counts as unset.
    variables = {**dict.fromkeys(VARIABLES, ""), **variables, "SECRET_KEY": KEY, "HOME": str(data)}
    command = [str(port) if word == "8000" else word for word in image.command]
    command = ["127.0.0.1" if word == "0.0.0.0" else word for word in command]
    program = f"{image.root}/venv/bin/{command[0]}"
    lower: list[str] = []
    if os.geteuid() == 0:
        uid, gid = image.user.split(":")
        lower = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--"]
    manage = [*lower, f"{image.root}/venv/bin/python", "manage.py"]
    for arguments in (["migrate", "-v0"], ["configure_widget", "demo", "--provider", "demo"]):
        await run([*manage, *arguments], env=variables, cwd=image.workdir)
    server = Process(
        ["env", "-C", str(image.workdir), *lower, program, *command[1:]], variables, port
    )
    try:
        await server.start("/healthz")
        async with Chat(server.url) as visitor:
            await visitor.hello()
            await visitor.say("Hello")
            assert (await visitor.until("done"))["status"] == "complete"
        written = [
            path for path in image.workdir.rglob("*") if path.stat().st_uid not in (0, os.geteuid())
        ]
        assert not written, f"the server wrote {written}"
        print(f"It serves, and answers.\n{server.log[-300:]}")
    finally:
        await server.kill()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="chatwidget-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        built: dict[str, Running] = {}
        for stage in stages():
            image = built[stage.name] = Running(stage, folder, built)
            image.build()
        asyncio.run(chat(image))


if __name__ == "__main__":
    main()
