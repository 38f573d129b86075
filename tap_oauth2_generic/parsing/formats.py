"""The formats of a response, each decoded into JSON-like data with exact numbers.

JSON: a list of records can stay encoded; the slow decoder takes what the fast one refuses.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from tap_oauth2_generic.parsing.json_list import (
    LARGE_BYTES,
    JsonList,
    SpacedList,
    as_list,
    end_of_members,
)
from tap_oauth2_generic.settings.paths import DottedPath, Path

# Every digit counts: a float would round what a warehouse column could hold.
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_INT = 1000
# A server that puts a space after a colon does so from the beginning.
SPACED, PROBED_BYTES = b'": ', 4096


def decode(content: bytes, note_nan: Callable[[], object] | None = None) -> Any:
    """Decode JSON with every number exact, an empty text as None; raise ValueError.

    With ``note_nan``, which is called once, NaN and Infinity are null; else they are errors.
    """
    content = content.removeprefix(BYTE_ORDER_MARK)
    if not content.strip():
        return None
    try:
        return _DECODER.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return _decode_leniently(content, error, note_nan)
    except ArithmeticError:
        raise ValueError("it holds a number whose exponent is out of range") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def open_envelope(content: bytes, path: Path) -> tuple[Any, JsonList] | None:
    """Decode a body except the list of records that a path leads to, which stays encoded.

    Return the body with an empty list in place of the records, and the records. Return None if
    there is no such list; the caller then decodes the whole body.
    """
    if not isinstance(path, DottedPath):
        return None
    try:
        # Inside a string JSON allows no line break.
        is_spaced = b"\n" in content or b"\r" in content or SPACED in content[:PROBED_BYTES]
        is_large = len(content) > LARGE_BYTES
        cut = _cut_spaced(content, path.keys) if is_spaced and is_large else None
        if is_spaced and cut is None:
            content = _without_spaces(content)
        rest, written = cut or _cut(content, path.keys)
        # It is small as a rule, and paging looks into it.
        body = _DECODER.decode(rest.removeprefix(BYTE_ORDER_MARK))
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, ArithmeticError, RecursionError):
        return None
    # A bare path that is itself a key of the body is that key.
    is_other = path.text in body and path.keys != (path.text,)
    return None if is_other or path.find(body) != [] else (body, written)


def _cut(content: bytes, keys: tuple[str | int, ...]) -> tuple[bytes, JsonList]:
    """Return a body with an empty list in place of that at its keys, and the list."""
    found = _find_list(content, keys)
    start = content.find(found[0]) - 1 if found else content.find(b"[]")
    end = end_of_members(content, found, b",", start + 1)
    if end < 0 or content[start : start + 1] + content[end : end + 1] != b"[]":
        # Rare, since the search is slow: a list or record with the same bytes precedes the list.
        text = as_list(found)
        start = content.find(text)
        end = start + len(text) - 1
    if start < 0:
        # There is a space between records.
        return _cut(_without_spaces(content), keys)
    return content[:start] + b"[]" + content[end + 1 :], JsonList(found)


def _cut_spaced(content: bytes, keys: tuple[str | int, ...]) -> tuple[bytes, JsonList] | None:
    """Do the same for a body with spaces; None unless the same ones part all records."""
    found = _find_list(content, keys)
    if not found:
        return None
    first = content.find(found[0])
    start, after = content.rfind(b"[", 0, first), first + len(found[0])
    separator = content[after : content.find(found[1], after)] if len(found) > 1 else b","
    last = end_of_members(content, found, separator, first)
    end = content.find(b"]", last)
    if min(start, last) < 0 or content[start + 1 : first].strip() or content[last:end].strip():
        return None
    return content[:start] + b"[]" + content[end + 1 :], SpacedList(found)


def _without_spaces(content: bytes) -> bytes:
    return msgspec.json.format(content.removeprefix(BYTE_ORDER_MARK), indent=-1)


def _find_list(content: bytes, keys: tuple[str | int, ...]) -> Sequence[msgspec.Raw]:
    is_marked = content.startswith(BYTE_ORDER_MARK)
    # A view: without the mark, a large body would be there twice.
    unmarked = memoryview(content)[len(BYTE_ORDER_MARK) :] if is_marked else content
    found = _list_decoder(keys).decode(unmarked)
    for _ in keys:
        found = found.inner
    members: Sequence[msgspec.Raw] = found
    return members


@lru_cache(maxsize=64)
def _list_decoder(keys: tuple[str | int, ...]) -> msgspec.json.Decoder[Any]:
    kind: Any = list[msgspec.Raw]
    for key in reversed(keys):
        if not isinstance(key, str):
            raise ValueError
        kind = msgspec.defstruct("Envelope", [("inner", kind)], rename={"inner": key})
    return msgspec.json.Decoder(kind)


def repeated_key(content: bytes, path: Path) -> str | None:
    """Return a key that occurs twice in the object at a path, None if there is none."""
    found: list[tuple[dict[str, Any], str]] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            keys = Counter(key for key, _ in pairs)
            found.append((members, next(key for key in keys if keys[key] > 1)))
        return members

    with suppress(ValueError, RecursionError):
        place = path.find(json.loads(content, object_pairs_hook=note))
        return next((key for members, key in found if members is place), None)
    return None


def _decode_leniently(
    content: bytes, error: Exception, note_nan: Callable[[], object] | None
) -> Any:
    """Decode a lone surrogate, which becomes U+FFFD, or an integer of any length."""
    constants: list[str] = []
    try:
        text = content.decode("utf-8")
        # NaN and Infinity are no integers, and append() returns None.
        constant = int if note_nan is None else constants.append
        decoded = json.loads(
            text, parse_float=Decimal, parse_int=_parse_int, parse_constant=constant
        )
        if note_nan and constants:
            note_nan()
        return _without_surrogates(decoded)
    except UnicodeDecodeError as wrong:
        raise ValueError(f"its bytes are not UTF-8 (at byte {wrong.start})") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except (ValueError, ArithmeticError):
        raise ValueError(f"it is not JSON ({error})") from None


def _parse_int(digits: str) -> int | Decimal:
    # int() refuses very long strings; a Decimal is as exact and is written the same way.
    return int(digits) if len(digits) < _LONGEST_INT else Decimal(digits)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_surrogates(member) for member in value]
    if isinstance(value, dict):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    return value


def decode_lines(content: bytes, note_nan: Callable[[], object] | None = None) -> list[Any]:
    """Decode JSON Lines; raise ValueError that names the line."""
    lines = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            try:
                lines.append(decode(line, note_nan))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
    return lines
