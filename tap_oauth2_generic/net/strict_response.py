"""Complete responses or an error: a truncated body must never look complete.

Knows no request, no status and no format, only bytes.
"""

from __future__ import annotations

import gzip
import http.client
import io
import socket
import time
import zlib
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any

import requests
from urllib3.exceptions import HeaderParsingError
from urllib3.util.response import assert_header_parsing

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.parsing.spool import Spool, spool
from tap_oauth2_generic.parsing.unpacking import Bound, gunzip, inflate, unbrotli, unzstd
from tap_oauth2_generic.settings.limits import MIN_BYTES_PER_SECOND

# ``content`` would take 10 KB at a time.
_PIECE_BYTES = 2**20
# A small response is read at once: each read may hand the interpreter to another thread.
_BUFFER_BYTES = 2**16
# Interim responses (RFC 9110 section 15.2), and how many are tolerated; 101 is not one.
_INTERIM = frozenset(range(100, 200)) - {http.client.SWITCHING_PROTOCOLS}
_MAX_INTERIM = 20


class _TimedStream(io.RawIOBase):
    """The bytes of one response, as long as they arrive at a sufficient rate."""

    def __init__(self, raw: io.RawIOBase, seconds: float) -> None:
        self._raw = raw
        self._ends_at = time.monotonic() + seconds
        self.may_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what has arrived; raise TimeoutError, as the socket does if nothing arrives."""
        if time.monotonic() > self._ends_at:
            raise TimeoutError("the response arrives too slowly")
        count = self._raw.readinto(buffer)
        if not count and not self.may_end:
            raise http.client.RemoteDisconnected("the connection was closed before the response")
        self._ends_at += (count or 0) / MIN_BYTES_PER_SECOND
        return count

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        self._raw.close()
        super().close()


class StrictResponse(http.client.HTTPResponse):
    """A response with a valid head that keeps to the timeout of its socket as a whole."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self._stream = _TimedStream(self.fp.detach(), sock.gettimeout() or float("inf"))
        self.fp = io.BufferedReader(self._stream, _BUFFER_BYTES)

    def begin(self) -> None:
        """Read the head; raise HTTPException for one that ``http.client`` reads in part.

        It ignores every line after one that is not a header: a link to the next page or the
        length of the body would be missing.
        """
        super().begin()
        self._stream.may_end = True
        try:
            assert_header_parsing(self.msg)
        except HeaderParsingError:
            raise http.client.HTTPException("a line of the head is not a header") from None
        lengths = set(self.msg.get_all("Content-Length", ()))
        if not self.chunked and (len(lengths) > 1 or not all(map(str.isdecimal, lengths))):
            raise http.client.HTTPException("the response has no single valid Content-Length")

    def _read_status(self) -> tuple[str, int, str]:
        """Read the first line, after any interim responses."""
        for _ in range(_MAX_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status not in _INTERIM:
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException("too many interim responses")


def read_body(response: requests.Response, *, spools: bool = False) -> bytes:
    """Read and decompress the body; raise a ``requests`` exception if it is truncated.

    It is decompressed as a whole: piece by piece, a truncated body looks complete. One that
    ``spools`` and is too large for memory becomes ``raw``; its beginning is returned.
    """
    # Without the header, urllib3 does not decompress it.
    headers = response.raw.headers
    codings = [one.strip().lower() for one in headers.get("Content-Encoding", "").split(",")]
    is_known = all(coding in _DECOMPRESS for coding in codings)
    if is_known:
        del headers["Content-Encoding"]
    try:
        _require_packages(codings, response.url)
        # A list of all pieces would take the memory of a second body.
        body = spool(response.iter_content(_PIECE_BYTES)) if spools else io.BytesIO()
        if isinstance(body, io.BytesIO):
            body.writelines(response.iter_content(_PIECE_BYTES))
    except ResponseError:
        # It cannot be decompressed, or the disk is full; the rest is still to come.
        response.close()
        raise
    except ValueError as error:
        # For example a chunk of negative length.
        message = "the response violates the framing of HTTP"
        raise requests.exceptions.ChunkedEncodingError(message) from error
    try:
        for coding in reversed(codings if is_known else ()):
            body = _decompress(body, coding)
    except ValueError as error:
        raise ResponseError(f"{response.url.partition('?')[0]}: {error}") from None
    except _CORRUPT as error:
        message = f"truncated or corrupt {', '.join(codings)} response"
        raise requests.exceptions.ContentDecodingError(message) from error
    if isinstance(body, Spool):
        response.raw = body if body.is_large else response.raw
        return body.head
    return body.getvalue()


def _require_packages(codings: list[str], url: str) -> None:
    """Raise ResponseError if a coding needs a package that is not installed."""
    for coding, package in _PACKAGES.items():
        if coding in codings and coding not in _DECOMPRESS:
            raise ResponseError(
                f"{url.partition('?')[0]}: {coding} needs a package that is not installed; run pip "
                f"install {package}"
            )


def _decompress(body: io.BytesIO | Spool, coding: str) -> io.BytesIO | Spool:
    """Undo a content coding; raise one of ``_CORRUPT``, or ResponseError for a bomb."""
    if isinstance(body, Spool) and body.size and coding in {"gzip", "x-gzip"}:
        with gzip.GzipFile(fileobj=body.open()) as file:
            return spool(Bound(body.size).pieces(file))
    content = body.read() if isinstance(body, Spool) else body.getvalue()
    if not content:
        return body
    unpacked = _DECOMPRESS[coding](content)
    return spool([unpacked]) if isinstance(body, Spool) else io.BytesIO(unpacked)


#: What installs a content coding that Python lacks.
_PACKAGES = {"br": "brotli", "zstd": "'tap-oauth2-generic[zstd]'"}
_DECOMPRESS = {"gzip": gunzip, "deflate": inflate}
_CORRUPT: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error)
# Optional modules, the same as urllib3's; of each coding the first that is installed.
for _coding, _names, _error, _unpack in (
    ("br", ("brotlicffi", "brotli"), "error", unbrotli),
    ("zstd", ("compression.zstd", "backports.zstd"), "ZstdError", unzstd),
):
    for _name in _names:
        with suppress(ImportError):
            _module = import_module(_name)
            _DECOMPRESS.setdefault(_coding, partial(_unpack, _module))
            _CORRUPT += (getattr(_module, _error),)
#: The header that asks for every content coding that ``read_body`` can undo.
ACCEPT_ENCODING = ", ".join(_DECOMPRESS)
_DECOMPRESS["x-gzip"] = gunzip
