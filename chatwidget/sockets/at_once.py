"""A frame goes to the connection as it is, at once, where its server would do no more with it.

Through an ASGI server's `send` it passes a dozen calls, which cost more than the delta in it did.
Where anything is to be waited for, or to be done to it (compressed, say), it goes that way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from chatwidget.sockets.backpressure import Flow

OPEN = 1  # a connection's state, in `websockets`


def framed(text: str) -> bytes:
    """A server's frame of text (RFC 6455, section 5.2)."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return b"\x81%c%b" % (size, payload)
    if size < 1 << 16:
        return b"\x81\x7e%b%b" % (size.to_bytes(2), payload)
    return b"\x81\x7f%b%b" % (size.to_bytes(8), payload)


def at_once(send: Any, flow: Flow | None) -> Callable[[str], bool] | None:
    """For a websocket's `send` what sends a frame of text in this moment, or returns False; None in
    a server that is not known for that."""
    if flow is not None:
        return partial(_by_daphne, flow) if flow.takes_frames else None
    module = sys.modules.get("uvicorn.protocols.websockets.websockets_sansio_impl")
    kind: Any = getattr(module, "WebSocketsSansIOProtocol", ())
    protocol = getattr(send, "__self__", None)
    # These names are the server's own; a later version may have others.
    if isinstance(protocol, kind) and hasattr(protocol, "writable"):
        return None if protocol.conn.extensions else partial(_by_uvicorn, protocol)
    return None


def _by_daphne(flow: Flow, text: str) -> bool:
    return flow.send(framed(text))


def _by_uvicorn(protocol: Any, text: str) -> bool:
    transport = protocol.transport
    if protocol.conn.state != OPEN or not protocol.writable.is_set() or transport.is_closing():
        return False
    transport.write(framed(text))
    return True
