"""How the text of a response is encoded: by setting, byte order mark, or its header; pure."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping
from email.message import Message
from encodings.aliases import aliases
from functools import lru_cache
from typing import Any

from tap_oauth2_generic.settings.fields import FieldType, near_choice
from tap_oauth2_generic.settings.values import text

_UTF_8 = "utf-8"
# The longer ones first: that of UTF-32 begins as that of UTF-16 does.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: _UTF_8,
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def _name(encoding: str) -> str:
    """Return the usual name of an encoding of text; raise LookupError if there is none."""
    "".encode(encoding)
    return codecs.lookup(encoding).name


def _parse(value: Any) -> str:
    written = text(value)
    try:
        return _name(written)
    except (LookupError, ValueError):
        near = near_choice(written, {one.replace("_", "-") for one in aliases})
        raise ValueError(f"must be an encoding such as latin-1, not {written!r}{near}") from None


ENCODING = FieldType({"type": "string"}, _parse)


def charset_of(headers: Mapping[str, str]) -> str:
    """Return the charset that a Content-Type header names, an empty string if there is none."""
    return _charset(headers.get("Content-Type") or "")


@lru_cache(maxsize=64)
def _charset(content_type: str) -> str:
    about = Message()
    about["Content-Type"] = content_type
    return about.get_content_charset() or ""


def find_encoding(head: bytes, charset: str) -> str:
    """Return an encoding by the byte order mark, else by the charset, else UTF-8."""
    marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), "")
    try:
        return marked or _name(charset or _UTF_8)
    except (LookupError, ValueError):
        return _UTF_8


def decode_pieces(pieces: Iterable[bytes], encoding: str, errors: str) -> Iterator[str]:
    """Yield the text of encoded pieces; raise ValueError if it is in another encoding."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    try:
        for piece in pieces:
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)
    except UnicodeError:
        raise ValueError(f"its bytes are not {encoding}") from None


def to_utf8(content: bytes, encoding: str, errors: str) -> bytes:
    """Return encoded text as UTF-8; raise ValueError if it is in another encoding."""
    if encoding == _UTF_8 and errors == "strict":
        # Whoever reads it finds what is wrong.
        return content
    try:
        return content.decode(encoding, errors).encode()
    except UnicodeError as wrong:
        where = f" (at byte {wrong.start})" if isinstance(wrong, UnicodeDecodeError) else ""
        raise ValueError(f"its bytes are not {encoding}{where}") from None
