"""A body that comes encoded: decoded piece by piece, bounded, and never twice."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest

from chatwidget.errors import PlatformRejected, PlatformUnavailable
from chatwidget.providers import encodings
from chatwidget.providers.encodings import PIECE, BodyDecoder


def raw_deflate(data: bytes) -> bytes:
    encoder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return encoder.compress(data) + encoder.flush()


def members(data: bytes) -> bytes:
    parts = data[:20], b"", data[20:]
    return b"".join(map(gzip.compress, parts)) + bytes(9)


TEXT = "Answer 1 – ✓ naïve 日本語 🙂. ".encode() * 3
ENCODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "gzip, of several members": ("gzip", members),
    "x-gzip": ("X-GZip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate without a header": ("deflate", raw_deflate),
    "br": ("br", brotli.compress),
    "identity": ("identity", bytes),
    "nothing": ("", bytes),
    "gzip beside identity": ("identity, gzip", gzip.compress),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_one_encoding_is_read_wherever_it_is_cut(name: str) -> None:
    header, encode = ENCODERS[name]
    encoded = encode(TEXT)
    for cut in range(len(encoded)):
        body = BodyDecoder(header)
        pieces = [*body.feed(encoded[:cut]), *body.feed(encoded[cut:])]
        assert b"".join(pieces) == TEXT
        body.end()
    body = BodyDecoder(header)
    assert b"".join(piece for byte in encoded for piece in body.feed(bytes([byte]))) == TEXT
    body.end()


@pytest.mark.parametrize("name", ["gzip", "deflate", "deflate without a header", "br"])
def test_no_piece_is_large(name: str) -> None:
    """However small the chunk is that it comes from."""
    header, encode = ENCODERS[name]
    zeros = bytes(20 * PIECE)
    encoded = encode(zeros)
    assert len(encoded) < 2000
    pieces = list(BodyDecoder(header).feed(encoded))
    assert b"".join(pieces) == zeros
    assert max(map(len, pieces)) <= 2 * PIECE


@pytest.mark.parametrize("name", ["gzip", "deflate", "br"])
def test_a_body_is_bounded_and_no_more_of_it_is_decoded(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, encode = ENCODERS[name]
    monkeypatch.setattr(encodings, "MAX_BODY", 4 * PIECE)
    encoded = encode(bytes(20 * PIECE))
    seen = 0
    with pytest.raises(PlatformRejected, match="decodes to more than"):
        for piece in BodyDecoder(header).feed(encoded):
            seen += len(piece)
    assert seen <= 4 * PIECE


@pytest.mark.parametrize(
    "header", ["gzip, gzip", "gzip,br", "deflate , gzip, br", "zstd", "compress", "gzip;q=1", "é"]
)
def test_anything_else_is_refused_before_it_is_read(header: str) -> None:
    with pytest.raises(PlatformRejected, match="answered in an encoding we do not read"):
        BodyDecoder(header)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br"])
def test_what_cannot_be_decoded(name: str) -> None:
    header, encode = ENCODERS[name]
    with pytest.raises(PlatformRejected, match="cannot be read"):
        list(BodyDecoder(header).feed(b"Hello, I am no archive, whatever my header says."))
    encoded = encode(TEXT)
    body = BodyDecoder(header)
    list(body.feed(encoded[:-1]))
    with pytest.raises(PlatformUnavailable, match="breaks off"):
        body.end()
