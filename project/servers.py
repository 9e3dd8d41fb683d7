"""How the two servers are started, so that `make run`, the tests and docs/deployment.md agree."""

from __future__ import annotations

import sys

# The consumer refuses a frame over 64 KiB with a close code of its own. Above this a server cuts
# the connection, without ever holding the message in memory.
MAX_MESSAGE = 1024 * 1024
# Seconds between a server's own websocket pings, and how long a client may take to answer one.
PING_INTERVAL, PING_TIMEOUT = 20, 30
APPLICATION = "project.asgi:application"
# A handshake brings all cookies of the whole domain. Under uvicorn a line may have 8 KiB unless
# this is in the environment when they are imported; Daphne takes 16 KiB. The threshold is glibc's
# own, kept where it is: it would rise with each large block that is freed, and the next ones would
# lie between small ones, and not be given back.
ENVIRONMENT = {"WEBSOCKETS_MAX_LINE_LENGTH": "16384", "MALLOC_MMAP_THRESHOLD_": "131072"}


def daphne(host: str, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "project.daphne", "--bind", host, "--port", str(port)),
        *("--verbosity", "0", "--no-server-name"),
        *("--websocket_timeout", "-1"),  # a chat may stay open for longer than a day
        *("--ping-interval", str(PING_INTERVAL), "--ping-timeout", str(PING_TIMEOUT)),
        *("--websocket-max-message-size", str(MAX_MESSAGE)),
        *("--websocket-max-frame-size", str(MAX_MESSAGE)),
        APPLICATION,
    ]


def uvicorn(host: str, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "uvicorn", "--host", host, "--port", str(port)),
        *("--no-access-log", "--log-level", "warning", "--no-server-header", "--no-proxy-headers"),
        *("--http", "project.uvicorn_bounds:BoundedProtocol"),
        *("--ws", "websockets-sansio", "--ws-max-size", str(MAX_MESSAGE)),
        *("--ws-per-message-deflate", "false"),  # costs 30 KiB a socket, and gains little
        *("--ws-ping-interval", str(PING_INTERVAL), "--ws-ping-timeout", str(PING_TIMEOUT)),
        APPLICATION,
    ]


COMMANDS = {"daphne": daphne, "uvicorn": uvicorn}
