"""JSON texts decoded with every number exact, and what the fast decoder is too strict for."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

# Every digit counts: a float would round what a warehouse column could hold.
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_INT = 1000


def decode(content: bytes) -> Any:
    """Decode a JSON text with every number exact; an empty text is None.

    Raises ValueError with what is wrong and where.
    """
    content = content.removeprefix(_BYTE_ORDER_MARK)
    if not content.strip():
        return None
    try:
        return _DECODER.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return _decode_leniently(content, error)
    except ArithmeticError:
        message = "it holds a number whose exponent is out of range"
        raise ValueError(message) from None
    except RecursionError:
        message = "it is nested too deep"
        raise ValueError(message) from None


def _decode_leniently(content: bytes, error: Exception) -> Any:
    """Take what the fast decoder is too strict for: a lone surrogate, an integer of any length.

    A lone surrogate has no UTF-8; it becomes U+FFFD, as every warehouse would make of it.
    """
    import json

    try:
        text = content.decode("utf-8")
        decoded = json.loads(text, parse_float=Decimal, parse_int=_whole, parse_constant=_refuse)
    except UnicodeDecodeError as wrong:
        message = f"its bytes are not UTF-8 (at byte {wrong.start})"
        raise ValueError(message) from None
    except (ValueError, ArithmeticError, RecursionError):
        message = f"it is not JSON ({error})"
        raise ValueError(message) from None
    try:
        return _without_surrogates(decoded)
    except RecursionError:
        message = "it is nested too deep"
        raise ValueError(message) from None


def _whole(digits: str) -> int | Decimal:
    # int() refuses very long texts; a Decimal is as exact and is written the same way.
    return int(digits) if len(digits) < _LONGEST_INT else Decimal(digits)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_surrogates(member) for member in value]
    if isinstance(value, dict):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    return value
