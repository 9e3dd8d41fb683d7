"""The Containerfile, read; and its steps, run in fresh roots: `python -m tests.containerfile`.

No engine is needed, but root and `debootstrap`: each stage is a smallest Debian, with the Python
that it has where the image has a newer one. COPY copies, RUN runs within by chroot, and the server
is started by the image's CMD as its USER, who can write nowhere but to /data. Then HEALTHCHECK
asks, and somebody chats.
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
from tests.running import ROOT, Process, free_port, run

KEY = "of a container that is gone in a minute, 0123456789"
PATH = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"
# How this machine reaches the package indexes, if it needs to be told.
NETWORK = re.compile(r"(?i)(PIP|SSL|NODE_EXTRA|REQUESTS|CURL|NPM_CONFIG)_.*|(https?|no)_proxy")
NETWORK_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt")


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


def fresh_root(folder: Path) -> Path:
    """The smallest Debian, with `python` and pip where the image has them."""
    release = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if line
    )
    suite = release.get("VERSION_CODENAME", "stable")
    packages = "--include=python3,python3-venv,ca-certificates"
    command = ["debootstrap", "--variant=minbase", packages, suite, str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for name in NETWORK_FILES:
        target = folder / name.lstrip("/")
        target.unlink(missing_ok=True)
        shutil.copy(name, target)
    inside(folder, ["python3", "-m", "venv", "/usr/local"], {})
    return folder


def entering(root: Path, cwd: str = "/", user: str = "") -> list[str]:
    """The beginning of a command that runs in there."""
    return ["chroot", *([f"--userspec={user}"] if user else []), str(root), "env", "-C", cwd]


def inside(root: Path, command: list[str], environment: dict[str, str], cwd: str = "/") -> None:
    network = {name: value for name, value in os.environ.items() if NETWORK.fullmatch(name)}
    environment = {"PATH": PATH, "HOME": "/root", **network, **environment}
    subprocess.run([*entering(root, cwd), *command], env=environment, check=True)


class Built:
    """A stage's root, and what its instructions have set."""

    def __init__(self, stage: Stage, root: Path, others: dict[str, Built]) -> None:
        self.stage, self.root, self.others = stage, root, others
        self.workdir = "/"
        self.environment: dict[str, str] = {}
        self.user = ""
        self.command: list[str] = []
        self.check: list[str] = []

    def build(self) -> None:
        for instruction, given in self.stage.steps:
            print(f"{instruction} {given[:100]}", flush=True)
            match instruction:
                case "WORKDIR":
                    self.workdir = given
                    self.at(given).mkdir(parents=True, exist_ok=True)
                case "ENV":
                    pairs = (word.partition("=") for word in shlex.split(given))
                    self.environment |= {name: value for name, _, value in pairs}
                case "COPY":
                    self.copy(shlex.split(given))
                case "RUN":
                    inside(self.root, ["sh", "-euc", given], self.environment, self.workdir)
                case "USER":
                    self.user = given
                case "CMD":
                    self.command = json.loads(given)
                case "HEALTHCHECK":
                    self.check = json.loads(given.partition("CMD ")[2])

    def at(self, path: str) -> Path:
        """Where a path of the image is."""
        return self.root / os.path.join(self.workdir, path).lstrip("/")

    def copy(self, words: list[str]) -> None:
        source = ROOT
        if words[0].startswith("--from="):
            source = self.others[words.pop(0).removeprefix("--from=")].root
        *names, target = words
        for name in names:
            to = self.at(target)
            if name == ".":
                copy_checkout(to)
            elif (found := source / name.lstrip("/")).is_dir():
                shutil.copytree(found, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(found, to)


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


async def chat(image: Built) -> None:
    """Serve as the image would, as its user, and chat."""
    port = free_port()
    own = {"PATH": PATH, "HOME": "/", "SECRET_KEY": KEY, **image.environment}
    start = [*entering(image.root, image.workdir, image.user), "-i", *map("=".join, own.items())]
    for arguments in (["migrate", "-v0"], ["configure_widget", "demo", "--provider", "demo"]):
        await run([*start, "python", "manage.py", *arguments], env={})
    here = {"8000": str(port), "0.0.0.0": "127.0.0.1"}
    server = Process([*start, *(here.get(word, word) for word in image.command)], {}, port)
    try:
        await server.start("/healthz")
        await run([*start, *(word.replace(":8000", f":{port}") for word in image.check)], env={})
        async with Chat(server.url) as visitor:
            await visitor.hello()
            await visitor.say("Hello")
            assert (await visitor.until("done"))["status"] == "complete"
        uid = int(image.user.partition(":")[0])
        owned = {path for path in image.root.rglob("*") if path.lstat().st_uid == uid}
        strays = {path for path in owned if not path.is_relative_to(image.root / "data")}
        assert not strays, f"the server wrote {strays}"
        print(f"It serves, and answers; its log:\n{server.log[-300:]}")
    finally:
        await server.kill()


def main() -> None:
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        sys.exit("To run the Containerfile's steps, be root and `apt-get install debootstrap`.")
    with tempfile.TemporaryDirectory(prefix="chatwidget-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        print("A smallest Debian…", flush=True)
        debian = fresh_root(folder / "debian")
        built: dict[str, Built] = {}
        for stage in stages():
            root = folder / (stage.name or "image")
            subprocess.run(["cp", "-a", debian, root], check=True)
            image = built[stage.name] = Built(stage, root, built)
            image.build()
        asyncio.run(chat(image))


if __name__ == "__main__":
    main()
