"""Compressed bytes, unpacked within bounds: a few of them may stand for all memory there is."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Any

from tap_oauth2_generic.settings.limits import MAX_UNPACKED_RATIO, UNPACKED_BYTES

_GZIP = b"\x1f\x8b"
# The modules of compressed files, and how such a file begins; a table could begin with ``BZh``.
_MAGIC = {
    "gzip": re.compile(re.escape(_GZIP)),
    "bz2": re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"),
    "lzma": re.compile(rb"\xfd7zXZ\x00"),
}
_MAGIC_BYTES = 10
_NAMES = {"bz2": "bzip2", "lzma": "xz"}
_GZIP_BITS = 16 + zlib.MAX_WBITS
# From this size on, a gzip file is decompressed piece by piece.
_LARGE_GZIP_BYTES = 2**20
_PIECE_BYTES = 2**18
#: What is raised for corrupt bytes.
CORRUPT = (OSError, EOFError, zlib.error)


class Bound:
    """How many bytes may come out of some that are packed."""

    def __init__(self, packed: int) -> None:
        self._left = self.most = max(UNPACKED_BYTES, packed * MAX_UNPACKED_RATIO)

    def pieces(self, file: Any) -> Iterator[bytes]:
        """Yield what a file holds; raise ValueError beyond the limit."""
        return self.check(iter(partial(file.read, _PIECE_BYTES), b""))

    def check(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield some pieces; raise ValueError beyond the limit."""
        for piece in pieces:
            self._left -= len(piece)
            if self._left < 0:
                raise self.error()
            yield piece

    def error(self) -> ValueError:
        """Return what to raise beyond the limit."""
        return ValueError(f"it unpacks to more than {self.most:,} bytes; is it a bomb?")


def gunzip(content: bytes) -> bytes:
    """Decompress gzip; raise ValueError beyond the limit, and one of ``CORRUPT``."""
    if len(content) < _LARGE_GZIP_BYTES:
        # Many times faster for a small one, but a large one would be in memory twice.
        bound, unpacker = Bound(len(content)), zlib.decompressobj(_GZIP_BITS)
        unpacked = unpacker.decompress(content, bound.most)
        if unpacker.eof and not unpacker.unused_data:
            return unpacked
    # Also one with several members, and what is corrupt or too large.
    return _read(gzip.GzipFile(fileobj=io.BytesIO(content)), len(content))


def _read(file: Any, packed: int) -> bytes:
    body = io.BytesIO()
    with file:
        body.writelines(Bound(packed).pieces(file))
    return body.getvalue()


def inflate(content: bytes) -> bytes:
    """Decompress deflate, with or without the header that RFC 9110 section 8.4.1.2 requires."""
    bound = Bound(len(content))
    try:
        unpacker = zlib.decompressobj()
        unpacked = unpacker.decompress(content, bound.most)
    except zlib.error:
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        unpacked = unpacker.decompress(content, bound.most)
    if not unpacker.eof:
        raise bound.error() if len(unpacked) == bound.most else zlib.error("it ends too early")
    return unpacked


def unzstd(module: Any, content: bytes) -> bytes:
    """Decompress zstd by a module for it."""
    return _read(module.ZstdFile(io.BytesIO(content)), len(content))


def unbrotli(module: Any, content: bytes) -> bytes:
    """Decompress Brotli by a module for it; an old one cannot stop at the limit."""
    bound, unpacker = Bound(len(content)), module.Decompressor()
    try:
        unpacked: bytes = unpacker.process(content, output_buffer_limit=bound.most)
    except TypeError:
        return bytes(module.decompress(content))
    if not unpacker.is_finished():
        raise bound.error() if len(unpacked) >= bound.most else module.error("it ends too early")
    return unpacked


def unpack(content: bytes) -> bytes:
    """Decompress a body that is itself a gzip file; raise ValueError if it is corrupt."""
    if not content.startswith(_GZIP):
        return content
    try:
        return gunzip(content)
    except CORRUPT:
        raise ValueError("it is a corrupt gzip file") from None


def pieces_of(file: Any, size: int) -> Iterator[bytes]:
    """Yield what a file holds, decompressed if it is gzip, bzip2 or xz; raise ValueError.

    It can ``peek``, and ``size`` is how many bytes it has.
    """
    head = file.peek(_MAGIC_BYTES)
    name = next((name for name, magic in _MAGIC.items() if magic.match(head)), None)
    if name is None:
        yield from iter(partial(file.read, _PIECE_BYTES), b"")
        return
    try:
        # Python may be built without some of them.
        module = import_module(name)
        with module.open(file) as unpacked:
            yield from Bound(size).pieces(unpacked)
    except ImportError:
        raise ValueError(f"it is compressed, and this Python lacks the module {name}") from None
    except (*CORRUPT, getattr(module, "LZMAError", OSError)):
        raise ValueError(f"it is a corrupt {_NAMES.get(name, name)} file") from None
