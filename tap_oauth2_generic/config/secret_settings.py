"""Register the secrets of a configuration, so that not even an error about it shows one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from tap_oauth2_generic.runtime.redaction import register
from tap_oauth2_generic.runtime.secret_values import of_header, of_string
from tap_oauth2_generic.settings.limits import MIN_MASKED_LENGTH
from tap_oauth2_generic.settings.values import from_json


def register_secrets(raw: Mapping[str, Any], sections: Iterable[type]) -> None:
    """Register the values of all secret settings, before any of them is parsed."""
    for declared in (declared for section in sections for declared in fields(section)):
        value = raw.get(declared.name)
        if declared.metadata["secret"] and value:
            if isinstance(decoded := from_json(value), Mapping) and isinstance(value, str):
                # An object as a JSON string: each of its values is a secret, too.
                value = [value, decoded]
            # The values of an object may be words such as json.
            shortest = MIN_MASKED_LENGTH if isinstance(value, Mapping) else 0
            register(*(found for found in _strings(value) if len(found) >= shortest))


def _strings(value: Any, secrets: Callable[[str], list[str]] = of_string) -> list[str]:
    if isinstance(value, Mapping):
        return [found for member in value.values() for found in _strings(member, of_header)]
    if isinstance(value, list | tuple):
        return [found for member in value for found in _strings(member, secrets)]
    return [] if value is None or isinstance(value, bool) else secrets(str(value))
