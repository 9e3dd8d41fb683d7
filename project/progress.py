"""Runs a pip command and says in one line how far it is; all it wrote, where it fails.

python3 project/progress.py .venv/bin/python -m pip install …
"""

from __future__ import annotations

import re
import subprocess
import sys

STEP = re.compile(
    r"\s*(Collecting|Downloading|Building|Installing) (?:collected packages)?([\w.-]*)"
)
EVERY = 10  # packages, where the line cannot be written over


def main() -> None:
    lines, packages = [], 0
    process = subprocess.Popen(
        sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert process.stdout
    for line in process.stdout:
        lines.append(line)
        if step := STEP.match(line):
            packages += step[1] == "Collecting"
            show(f"{packages} packages: {step[1].lower()} {step[2]}".rstrip(), packages, step[1])
    if sys.stdout.isatty():
        print("\r\033[K", end="", flush=True)
    if process.wait():
        print("".join(lines))
    sys.exit(process.returncode)


def show(text: str, packages: int, step: str) -> None:
    if sys.stdout.isatty():
        print(f"\r\033[K  {text[:76]}", end="", flush=True)
    elif step == "Installing" or (step == "Collecting" and packages % EVERY == 0):
        print(f"  {text}", flush=True)


if __name__ == "__main__":
    main()
