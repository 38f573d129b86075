"""Mask the secrets of JSON-like data and of headers before a person sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.redaction import MASK, redact

_SECRET_WORDS = ("auth", "key", "token", "secret", "cookie")


def mask(value: Any) -> Any:
    """Mask the secrets in names, strings and numbers of JSON-like data."""
    text = value if isinstance(value, str) else encode_json(value).decode()
    if (masked := redact(text)) == text:
        return value
    if isinstance(value, dict):
        return {redact(name): mask(member) for name, member in value.items()}
    return [mask(member) for member in value] if isinstance(value, list) else masked


def mask_headers(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return headers without the values of those whose names suggest a secret."""
    return {
        redact(name): MASK if any(word in name.lower() for word in _SECRET_WORDS) else mask(value)
        for name, value in headers.items()
    }
