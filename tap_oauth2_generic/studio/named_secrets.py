"""Judge by their names which values are secrets: typed ones get a hint, shown ones a mask; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from tap_oauth2_generic.importers.names import is_secret, is_secret_member, is_stand_in
from tap_oauth2_generic.runtime.masked_json import mask
from tap_oauth2_generic.runtime.redaction import MASK


def secret_hints(name: str, value: Any) -> list[str]:
    """Return where the secrets in a setting of a request belong; none if it has none."""
    found, home = [*_secrets(name, value)], "headers" if name == "headers" else "params"
    if not found:
        return []
    names = ", ".join(map(repr, found))
    kept = "looks like a secret, which this field shows and the configuration file keeps"
    return [f"{names} {kept}: put it into the setting {home} of the connection, which goes to .env"]


def mask_members(value: Any) -> Any:
    """Mask also strings with the name of a secret: a response may hold some that nobody knows."""
    return mask(_mask_named(value))


def _mask_named(value: Any) -> Any:
    if isinstance(value, list):
        return [_mask_named(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: MASK if isinstance(one, str) and one and is_secret_member(name) else _mask_named(one)
        for name, one in value.items()
    }


def _secrets(name: str, value: Any) -> Iterator[str]:
    pairs: Any = ()
    if name in {"headers", "params"} and isinstance(value, Mapping):
        pairs = value.items()
    elif name == "path" and isinstance(value, str):
        pairs = parse_qsl(value.partition("?")[2])
    for key, one in pairs:
        # A placeholder is filled in later.
        is_given = isinstance(one, str) and one and "{" not in one and not is_stand_in(one)
        if is_given and is_secret(str(key)):
            yield str(key)
