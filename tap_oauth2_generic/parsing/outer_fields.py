"""Values from around unnested records: those of the list items that a path goes through; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap_oauth2_generic.errors import ResponseError, SettingError
from tap_oauth2_generic.settings.paths import MISSING, Path, parse_path
from tap_oauth2_generic.settings.templates import as_text

_EACH = "[*]"
_STEP = re.compile(r"\[(?!\*\]|'|\"|\d+\])|\.\.|\.\*")


@dataclass(frozen=True)
class Unnesting:
    """A path split at its list steps.

    ``lists`` lead from item to item, and ``inner`` from the last of them to the records.
    ``fields`` are the outer fields by how many list steps lead to their item.
    """

    lists: tuple[Path, ...]
    inner: Path
    fields: Mapping[int, Mapping[str, Path]]

    def around(self, body: Any) -> Iterator[tuple[dict[str, Any], Any]]:
        """Yield each item that holds records, with the outer fields of its records."""
        yield from self._descend(body, 0, {})

    def _descend(
        self, value: Any, depth: int, outer: dict[str, Any]
    ) -> Iterator[tuple[dict[str, Any], Any]]:
        found = {name: path.find(value) for name, path in self.fields.get(depth, {}).items()}
        outer = outer | {n: None if one is MISSING else one for n, one in found.items()}
        if depth == len(self.lists):
            yield outer, value
            return
        members = self.lists[depth].find(value)
        for member in members if isinstance(members, list) else [members]:
            if isinstance(member, dict | list):
                yield from self._descend(member, depth + 1, outer)


def split_path(records_path: Path, outer_fields: Mapping[str, Path]) -> Unnesting:
    """Split a path at its list steps; raise SettingError for one with other steps."""
    text = records_path.text
    if text.startswith("$") and _STEP.search(text):
        raise SettingError("outer_fields needs a records_path of names and [*]")
    parts = text.split(_EACH) if text.startswith("$") else [text]
    count = len(parts) - 1 - (text.endswith(_EACH) and len(parts) > 1)
    inner = _EACH.join(parts[count:])
    fields: dict[int, dict[str, Path]] = {}
    for name, path in outer_fields.items():
        steps = path.text.split(_EACH)
        depth = 0
        while depth < min(count, len(steps) - 1) and steps[depth] == parts[depth]:
            depth += 1
        if len(steps) - 1 > depth or _STEP.search(path.text):
            raise SettingError(
                f"outer_fields.{name}: goes through a list that records_path does not go through"
            )
        fields.setdefault(depth, {})[name] = path if not depth else parse_path(f"${steps[-1]}")
    lists = [parse_path(part if not n else f"${part}") for n, part in enumerate(parts[:count])]
    return Unnesting(tuple(lists), parse_path(f"${inner}") if count else records_path, fields)


def problems_of(records_path: Path, outer_fields: Mapping[str, Path]) -> list[str]:
    """Return why a path cannot be split for these fields, in a sentence."""
    try:
        if outer_fields:
            split_path(records_path, outer_fields)
    except SettingError as error:
        return [str(error)]
    return []


def add_outer(record: dict[str, Any], outer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with its outer fields; raise ResponseError if it has another value there."""
    for name, value in outer.items():
        if (own := record.get(name)) is not None and as_text(own) != as_text(value):
            raise ResponseError(
                f"outer_fields {name!r} would replace a field of the record; choose another name"
            )
    return record | {n: value for n, value in outer.items() if record.get(n) is None}
