"""Answers that came whole and in time, or not at all: what ends early must never look complete.

Knows no request, no status and no format; sees to the bytes.
"""

from __future__ import annotations

import gzip
import http.client
import io
import time
import zlib
from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import HeaderParsingError
from urllib3.util.response import assert_header_parsing

from tap_oauth2_generic.settings.limits import MIN_BYTES_PER_SECOND

if TYPE_CHECKING:
    import socket

# ``content`` would take 10 KB at a time.
_PIECE_BYTES = 2**20
# Answers before the answer (RFC 9110 section 15.2), and how many of them are borne; 101 is none.
_INTERIM = frozenset(range(100, 200)) - {http.client.SWITCHING_PROTOCOLS}
_MOST_INTERIM = 20


class _Timely(io.RawIOBase):
    """The bytes of one answer, for as long as they come at a rate at which it will end."""

    def __init__(self, raw: io.RawIOBase, seconds: float) -> None:
        self._raw = raw
        self._ends_at = time.monotonic() + seconds
        self.may_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what has come; raises TimeoutError, as the socket does while nothing comes."""
        if time.monotonic() > self._ends_at:
            message = "the answer comes too slowly"
            raise TimeoutError(message)
        count = self._raw.readinto(buffer)
        if not count and not self.may_end:
            raise http.client.RemoteDisconnected("the connection was closed before the answer")
        self._ends_at += (count or 0) / MIN_BYTES_PER_SECOND
        return count

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        self._raw.close()
        super().close()


class WholeResponse(http.client.HTTPResponse):
    """An answer whose head is whole, and which altogether keeps to the timeout of its socket."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        """Read nothing yet."""
        super().__init__(sock, *arguments, **options)
        self._timely = _Timely(self.fp.detach(), sock.gettimeout() or float("inf"))
        self.fp = io.BufferedReader(self._timely)

    def begin(self) -> None:
        """Read the head; raises HTTPException for one that ``http.client`` takes in part.

        After a line that is no header, those that follow are not seen: a link to the next page
        or the length of the body would be missing.
        """
        super().begin()
        self._timely.may_end = True
        wrong = _wrong_in(self.msg, is_chunked=bool(self.chunked))
        if wrong:
            raise http.client.HTTPException(wrong)

    def _read_status(self) -> tuple[str, int, str]:
        """Read the first line, past the answers that only announce one."""
        for _ in range(_MOST_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status not in _INTERIM:
                return version, status, reason
            http.client.parse_headers(self.fp)
        message = "the answer is announced again and again, and does not come"
        raise http.client.HTTPException(message)


def _wrong_in(headers: http.client.HTTPMessage, *, is_chunked: bool) -> str | None:
    """Say what keeps a head from being read, None where nothing does."""
    try:
        assert_header_parsing(headers)
    except HeaderParsingError:
        return "a line of the answer's head is no header"
    lengths = set(headers.get_all("Content-Length", ()))
    if not is_chunked and (len(lengths) > 1 or not all(map(str.isdecimal, lengths))):
        return "the answer names a length that is none, or more than one"
    return None


def read_whole(response: requests.Response) -> bytes:
    """Read the body and unpack it; raises a ``requests`` exception where it is cut short.

    What is unpacked piece by piece does not tell a packed body that is cut from a whole one.
    """
    # What is no header any more is not unpacked on the way.
    headers = response.raw.headers
    codings = [one.strip().lower() for one in headers.get("Content-Encoding", "").split(",")]
    is_ours = all(coding in _UNPACK for coding in codings)
    if is_ours:
        del headers["Content-Encoding"]
    try:
        content = b"".join(response.iter_content(_PIECE_BYTES))
    except ValueError as error:
        # A chunk of a negative length, for one.
        message = "the answer is not framed as HTTP asks"
        raise requests.exceptions.ChunkedEncodingError(message) from error
    if not is_ours or not content:
        return content
    try:
        for coding in reversed(codings):
            content = _UNPACK[coding](content)
    except (OSError, EOFError, zlib.error) as error:
        message = f"the answer is no whole {', '.join(codings)}"
        raise requests.exceptions.ContentDecodingError(message) from error
    return content


def _inflated(content: bytes) -> bytes:
    try:
        return zlib.decompress(content)
    except zlib.error:
        # Some servers leave out the head that RFC 9110 section 8.4.1.2 asks for.
        return zlib.decompress(content, -zlib.MAX_WBITS)


_UNPACK = {"gzip": gzip.decompress, "x-gzip": gzip.decompress, "deflate": _inflated}
