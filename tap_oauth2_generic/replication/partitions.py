"""The contexts of a stream that runs several times: for a parent's records, for partitions.

A context is a flat object of the values that identify a run; its bookmark belongs to it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

from tap_oauth2_generic.runtime.json_encoder import encode_sorted
from tap_oauth2_generic.settings.field_types import NAME, PATHS, section
from tap_oauth2_generic.settings.fields import FieldType, Settings, setting
from tap_oauth2_generic.settings.limits import MAX_PARTITIONS
from tap_oauth2_generic.settings.paths import Path
from tap_oauth2_generic.settings.values import json_type

Context = dict[str, Any]


class Parent(Settings):
    """A parent stream, and the keys that a child takes from each of its records."""

    stream: str = setting(NAME, "Name of the parent stream.", required=True)
    keys: dict[str, Path] = setting(
        PATHS, "Fields to take from each parent record, by path.", required=True
    )

    def contradictions(self) -> list[str]:
        """Return an error if there are no keys."""
        return [] if self.keys else ["keys must have at least one entry, such as 'list_id': 'id'"]


def _partitions(value: Any) -> tuple[Context, ...]:
    if isinstance(value, Mapping):
        for name, members in value.items():
            if not isinstance(members, list | tuple):
                raise ValueError(f"{name!r} must be an array of values, not {json_type(members)}")
        if math.prod(len(members) for members in value.values()) > MAX_PARTITIONS:
            raise ValueError(f"makes more than {MAX_PARTITIONS} combinations")
        combinations = itertools.product(*value.values())
        found = [dict(zip(value, members, strict=True)) for members in combinations]
    elif isinstance(value, list | tuple):
        found = list(value)
    else:
        raise ValueError(
            f"must be an array of objects or an object of arrays, not {json_type(value)}"
        )
    return _check(found)


def _check(found: list[Any]) -> tuple[Context, ...]:
    if not found:
        raise ValueError("has no partition, so nothing would be read")
    seen: set[bytes] = set()
    for index, member in enumerate(found):
        if not isinstance(member, Mapping) or not member or member.keys() != found[0].keys():
            raise ValueError(f"[{index}] must be an object with the same fields as the others")
        if any(isinstance(inner, dict | list) or inner is None for inner in member.values()):
            raise ValueError(f"[{index}] takes strings, numbers and booleans as values")
        key = encode_sorted(member)
        if key in seen:
            raise ValueError(f"[{index}] appears twice")
        seen.add(key)
    return tuple(dict(member) for member in found)


class ContextSettings(Settings):
    """The parent and the partitions for which a stream runs."""

    parent: Parent | None = setting(
        section(Parent),
        'Runs the stream once for every record of another stream: `{"stream": "lists", "keys": '
        '{"list_id": "id"}}`. `keys` are added to each record and fill `{parent.list_id}`.',
    )
    partitions: tuple[Context, ...] = setting(
        FieldType({"type": ["array", "object"]}, _partitions),
        "Runs the stream once for each object of an array, or for each combination of an object "
        "of arrays. The values are added to each record and fill `{partition.NAME}`.",
        default=(),
    )

    def contradictions(self) -> list[str]:
        """Return the names that would hide each other, a sentence each."""
        keys = set(self.parent.keys) if self.parent else set()
        both = keys & set(self.partitions[0] if self.partitions else ())
        return [f"{name!r} is both a parent key and a partition field" for name in sorted(both)]

    def scope(self, context: Mapping[str, Any]) -> dict[str, Context]:
        """Return the values of a context under the names that templates use."""
        keys = self.parent.keys if self.parent else {}
        return {
            "parent": {name: value for name, value in context.items() if name in keys},
            "partition": {name: value for name, value in context.items() if name not in keys},
        }
