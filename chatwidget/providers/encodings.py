"""What a body that comes encoded, though we ask for `identity`, is decoded with: piece by piece.

Some CDNs encode whatever is asked for. A few kilobytes may hold gigabytes, so no piece is larger
than PIECE, the whole no larger than MAX_BODY, and one encoding around another is refused unread.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli

from chatwidget.errors import PlatformRejected, PlatformUnavailable
from chatwidget.providers.decoders import excerpt

PIECE = 64 * 1024
# Eight times the largest answer that is read whole; a stream's overhead is much of it.
MAX_BODY = 64 * 1024 * 1024


class Decoding(Protocol):
    """One body's decoder."""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What the chunk decodes to, in pieces. Raises zlib.error or brotli.error."""

    @property
    def complete(self) -> bool:
        """Has the encoded data come to its end?"""


class Inflate:
    def __init__(self, wbits: int) -> None:
        self._decoder = zlib.decompressobj(wbits)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            yield self._decoder.decompress(chunk, PIECE)
            chunk = self._decoder.unconsumed_tail

    @property
    def complete(self) -> bool:
        return self._decoder.eof


class Gzip:
    """One member after another, as RFC 1952 has it: some servers end one at each flush."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            if self._member.eof:
                if not (chunk := chunk.lstrip(b"\0")):  # what fills up a block
                    return
                self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
            yield self._member.decompress(chunk, PIECE)
            chunk = self._member.unconsumed_tail or self._member.unused_data

    @property
    def complete(self) -> bool:
        return self._member.eof


class Deflate:
    """With zlib's header, as the name means, or without, as it is often understood."""

    def __init__(self) -> None:
        self._head = b""  # the first two bytes tell
        self._decoder: Inflate | None = None

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        if self._decoder is None:
            self._head = chunk = self._head + chunk
            if len(chunk) < 2:
                return
            zlibs = chunk[0] & 15 == 8 and int.from_bytes(chunk[:2]) % 31 == 0
            self._decoder = Inflate(zlib.MAX_WBITS if zlibs else -zlib.MAX_WBITS)
        yield from self._decoder.feed(chunk)

    @property
    def complete(self) -> bool:
        return self._decoder is not None and self._decoder.complete


class Brotli:
    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        # It says that it can accept more while it still has something to give.
        while piece := self._decoder.process(chunk, output_buffer_limit=PIECE):
            yield piece
            chunk = b""

    @property
    def complete(self) -> bool:
        return bool(self._decoder.is_finished())


KNOWN: dict[str, Callable[[], Decoding]] = {
    "gzip": Gzip,
    "x-gzip": Gzip,
    "deflate": Deflate,
    "br": Brotli,
}


class BodyDecoder:
    """Decodes one body, whose header says `encoding`."""

    def __init__(self, encoding: str) -> None:
        """Raises PlatformRejected for what we do not decode."""
        names = [name.strip().lower() for name in encoding.split(",")]
        names = [name for name in names if name not in ("", "identity")]
        if len(names) > 1 or not KNOWN.keys() >= set(names):
            raise PlatformRejected(f"answered in an encoding we do not read: {excerpt(encoding)}")
        self.name = names[0] if names else ""
        self._decoder = KNOWN[self.name]() if names else None
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What the chunk decodes to, in pieces. Raises PlatformRejected."""
        if self._decoder is None:
            yield chunk
            return
        try:
            for piece in self._decoder.feed(chunk):
                self._size += len(piece)
                if self._size > MAX_BODY:
                    raise PlatformRejected(f"the answer decodes to more than {MAX_BODY} bytes")
                if piece:
                    yield piece
        except (zlib.error, brotli.error) as error:
            raise PlatformRejected(f"its {self.name} cannot be read: {error}") from None

    def end(self) -> None:
        """The body has ended. Raises PlatformUnavailable where what it encodes has not."""
        if self._decoder is not None and not self._decoder.complete:
            raise PlatformUnavailable(f"the answer's {self.name} breaks off")
