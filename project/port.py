"""Is the port free that the site is to be served on? `make run` asks before it installs anything.

    python3 project/port.py

Needs nothing but Python: HOST and PORT are read from the environment, or from `.env`.
"""

from __future__ import annotations

import errno
import os
import re
import socket
from pathlib import Path


def problem(host: str, port: int) -> str:
    """Why nobody can listen there, and the command that helps; empty where one can."""
    try:
        bind(host, port)
    except OSError as error:
        others = range(port + 1, port + 100) if error.errno == errno.EADDRINUSE else ()
        other = next((each for each in others if is_free(host, each)), 8001)
        return (
            f"Cannot serve on {host}, port {port}: {error.strerror}. "
            f"Choose another: `make run PORT={other}`, or PORT= and HOST= in .env."
        )
    return ""


def bind(host: str, port: int) -> None:
    """Raises OSError."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def is_free(host: str, port: int) -> bool:
    try:
        bind(host, port)
    except (OSError, OverflowError):
        return False
    return True


def setting(name: str, default: str) -> str:
    """A variable, as the settings will see it."""
    if given := os.environ.get(name, "").strip():
        return given
    path = Path(__file__).parent.parent / ".env"
    lines = re.findall(
        rf"^(?:export )?{name}=(.*)$", path.read_text() if path.exists() else "", re.M
    )
    return (lines[-1].strip().strip("'\"") if lines else "") or default


def main() -> None:
    port = setting("PORT", "8000")
    if port.isdecimal() and int(port) < 65536:  # else the settings say what is wrong with it
        raise SystemExit(problem(setting("HOST", "127.0.0.1"), int(port)) or None)


if __name__ == "__main__":
    main()
