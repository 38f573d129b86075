"""A declarative manifest: its components with ``$ref`` and ``$parameters`` resolved; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.importers.airbyte.marked_yaml import Mapping

# Above any real manifest; a reference may stand for a part that holds many others.
_MAX_PARTS = 300_000
_OLD_REFERENCE = re.compile(r"\*ref\(([\w./\[\]-]+)\)")
_PARAMETERS = "$parameters"


class LeftOutError(Exception):
    """A stream cannot be imported: why, with the line in the manifest."""


@dataclass(frozen=True)
class Component:
    """A component: its fields, and the parameters that it has inherited."""

    data: Mapping
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The name of its type, an empty string if it names none."""
        found = self.data.get("type")
        return found if isinstance(found, str) else ""

    @property
    def kind(self) -> str:
        """The type for people: of custom code, the class."""
        name = self.data.get("class_name")
        return str(name).rpartition(".")[2] if name else self.type or "a component without a type"

    @property
    def line(self) -> int:
        """The line where it begins."""
        return self.data.line

    def line_of(self, name: str) -> int:
        """Return the line of a field."""
        return self.data.lines.get(name, self.line)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field, or the parameter of its name, as the manifest's own rule is."""
        found = self.data.get(name)
        if found in (None, "", [], {}) and self.parameters.get(name) is not None:
            found = self.parameters[name]
        return default if found is None else found

    def text(self, name: str, default: str = "") -> str:
        """Return a field that is a string or number, as a string."""
        found = self.get(name)
        if isinstance(found, bool) or found is None:
            return default if found is None else str(found)
        return str(found) if isinstance(found, str | int | float) else default

    def child(self, name: str, kind: str = "") -> Component | None:
        """Return the component in a field, None if there is none; ``kind`` if it has no type."""
        found = self.get(name)
        return self._inherit(found, kind) if isinstance(found, Mapping) else None

    def children(self, name: str, kind: str = "") -> list[Component]:
        """Return the components in a field: one, or a list of them."""
        found = self.get(name)
        listed = found if isinstance(found, list) else [found]
        return [self._inherit(one, kind) for one in listed if isinstance(one, Mapping)]

    def _inherit(self, data: Mapping, kind: str) -> Component:
        own = data.get(_PARAMETERS)
        own = own if isinstance(own, dict) else {}
        if kind and "type" not in data:
            data = merge(data, {"type": kind})
        return Component(data, {**self.parameters, **own})

    def fail(self, sentence: str, name: str = "") -> LeftOutError:
        """Return the error that leaves out the stream this is a part of."""
        return LeftOutError(f"line {self.line_of(name) if name else self.line}: {sentence}")


def merge(data: Mapping, more: dict[str, Any]) -> Mapping:
    """Return an object with further members, at its line."""
    found = Mapping(data.line)
    found.update(data)
    found.update(more)
    found.lines = {**data.lines, **getattr(more, "lines", {})}
    return found


def resolve(document: Any) -> Component:
    """Return the manifest with all references resolved; raise ValueError."""
    if not isinstance(document, Mapping):
        raise ValueError("it is no object, so no manifest")
    return Component(_Resolver(document).resolve(document, ()))


class _Resolver:
    """Resolves each reference once: what many name is one object."""

    def __init__(self, document: Mapping) -> None:
        self._document = document
        self._known: dict[str, Any] = {}
        self._parts = 0

    def resolve(self, value: Any, within: tuple[str, ...]) -> Any:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise ValueError("it has too many parts")
        if isinstance(value, list):
            return [self.resolve(one, within) for one in value]
        if isinstance(value, str) and (old := _OLD_REFERENCE.fullmatch(value)):
            return self._follow(old[1].replace(".", "/").replace("[", "/").replace("]", ""), within)
        if isinstance(value, str) and value.startswith("#/"):
            return self._follow(value[2:], within)
        if not isinstance(value, Mapping):
            return value
        reference = value.get("$ref")
        rest = Mapping(value.line)
        rest.lines = value.lines
        rest.update({k: self.resolve(v, within) for k, v in value.items() if k != "$ref"})
        if not isinstance(reference, str):
            return rest if reference is None else merge(rest, {"$ref": reference})
        if not reference.startswith("#/"):
            # A JSON Schema may refer to others; none is fetched.
            return merge(rest, {"$ref": reference})
        found = self._follow(reference[2:], within)
        if not rest or not isinstance(found, Mapping):
            return found
        return self._overlay(found, rest)

    @staticmethod
    def _overlay(found: Mapping, rest: Mapping) -> Mapping:
        both = [found.get(_PARAMETERS), rest.get(_PARAMETERS)]
        merged = merge(found, rest)
        merged.lines = {**found.lines, **rest.lines}
        if all(isinstance(one, dict) for one in both):
            merged[_PARAMETERS] = {**(both[0] or {}), **(both[1] or {})}
        return merged

    def _follow(self, reference: str, within: tuple[str, ...]) -> Any:
        if reference in within:
            raise ValueError(f"'#/{reference}' refers to itself")
        if reference not in self._known:
            within = (*within, reference)
            self._known[reference] = self.resolve(self._find(reference, within), within)
        return self._known[reference]

    def _find(self, reference: str, within: tuple[str, ...]) -> Any:
        found: Any = self._document
        keys = reference.replace("~1", "\0").split("/")
        while keys:
            # A key may hold a slash itself.
            for taken in range(1, len(keys) + 1):
                key = "/".join(keys[:taken]).replace("\0", "/").replace("~0", "~")
                if isinstance(found, dict) and key in found:
                    found = found[key]
                    break
                if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                    found = found[int(key)]
                    break
            else:
                raise ValueError(f"'#/{reference}' refers to nothing")
            keys = keys[taken:]
            if keys and isinstance(found, Mapping) and isinstance(found.get("$ref"), str):
                found = self.resolve(found, within)
        return found


def texts_in(value: Any) -> Iterator[str]:
    """Yield every string inside a value."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict | list):
            stack += one.values() if isinstance(one, dict) else one
