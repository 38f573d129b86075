"""The settings that a manifest's ``spec`` asks of its user, by their defaults; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap_oauth2_generic.importers.airbyte.expressions import Chain, Unknown
from tap_oauth2_generic.importers.names import is_secret


class SpecSettings:
    """What ``config['x']`` is: the default, or a stand-in that is remembered in ``used``."""

    def __init__(self, specification: Any) -> None:
        self.used: dict[tuple[str, ...], Unknown] = {}
        self.defaulted: dict[tuple[str, ...], Any] = {}
        self._properties: dict[tuple[str, ...], Mapping[str, Any]] = {}
        self._required: set[tuple[str, ...]] = set()
        if isinstance(specification, Mapping):
            self._collect(specification, (), is_required=True, depth=0)

    def _collect(
        self, schema: Mapping[str, Any], at: tuple[str, ...], *, is_required: bool, depth: int
    ) -> None:
        if depth > 5:  # noqa: PLR2004 - no form is nested deeper
            return
        listed = schema.get("required")
        required = listed if isinstance(listed, list) else []
        for name, one in _members(schema.get("properties")):
            keys, needs = (*at, name), is_required and name in required
            self._properties.setdefault(keys, one)
            self._required |= {keys} if needs else set()
            self._collect(one, keys, is_required=needs, depth=depth + 1)
        choices = schema.get("oneOf")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, Mapping):
                self._collect(choice, at, is_required=is_required, depth=depth + 1)

    def find(self, keys: Chain) -> Any:
        """Return the value of a setting, as far as the manifest knows it."""
        names = tuple(map(str, keys))
        about = self._properties.get(names, {})
        if is_secret_setting(names, about):
            return self._unknown(names, is_secret=True)
        if names and "default" in about:
            self.defaulted[names] = about["default"]
            return about["default"]
        return self._unknown(names, is_secret=False)

    def _unknown(self, names: tuple[str, ...], *, is_secret: bool) -> Unknown:
        if names not in self.used:
            word = re.sub(r"[^a-z0-9]+", "-", (names[-1] if names else "value").lower()).strip("-")
            made = Unknown(f"your-{word}")
            made.keys, made.is_secret = names, is_secret
            made.is_declared = bool(self._properties)
            made.is_set = names in self._required or not self._properties
            self.used[names] = made
        return self.used[names]

    def example(self, names: tuple[str, ...]) -> Any:
        """Return the default or first example of a setting."""
        about = self._properties.get(names, {})
        examples = about.get("examples")
        first = examples[0] if isinstance(examples, list) and examples else None
        return about.get("default") or first


def is_secret_setting(names: tuple[str, ...], about: Mapping[str, Any]) -> bool:
    """Return whether a setting is a secret: it is marked as one, or its name says so."""
    if "airbyte_secret" in about:
        return about["airbyte_secret"] is True
    return bool(names) and is_secret(names[-1])


def _members(properties: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(properties, Mapping):
        yield from ((str(k), v) for k, v in properties.items() if isinstance(v, Mapping))
