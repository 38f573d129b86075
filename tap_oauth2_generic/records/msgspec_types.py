"""Types made from a schema, against which msgspec decodes records at the speed of C."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Optional, Union

import msgspec

from tap_oauth2_generic.records.columns import COLUMN_INTEGERS

if TYPE_CHECKING:
    from tap_oauth2_generic.records.columns import Select

_ColumnInteger = Annotated[int, msgspec.Meta(ge=COLUMN_INTEGERS.start, le=COLUMN_INTEGERS.stop - 1)]
_EmptyList = Annotated[list[Any], msgspec.Meta(max_length=0)]
_Written = msgspec.Raw | msgspec.UnsetType
Columns = Mapping[str, Any]
Place = tuple[str, ...]


class NoTypeError(Exception):
    """There is no type for the schema: its records have to be decoded."""


class ColumnTypes:
    """The types of a stream's columns; ``inferred`` ones take only what they were inferred from."""

    def __init__(self, selected: Select, *, inferred: bool) -> None:
        self._selected = selected
        self._inferred = inferred

    def check_type(self, columns: Columns, at: Place = ()) -> Any:
        """Return the type of an object with these columns and no others; raise NoTypeError."""
        fields = {}
        for name, schema in columns.items():
            place = (*at, "properties", name)
            # A deselected column may hold anything.
            fields[name] = self.value_type(schema, place) if self._selected[place] else Any
        return _struct(fields, None, is_closed=True)

    def value_type(self, schema: Any, at: Place) -> Any:
        """Return the type of the values that the conformer leaves as they are."""
        names = _names(schema)
        if names is None:
            return Any
        types = [self._type(name, names, schema, at) for name in sorted(names - {"null"})]
        if not types:
            return None
        made: Any = Union[tuple(types)]  # noqa: UP007 - of a variable
        return Optional[made] if "null" in names else made  # noqa: UP045 - of a variable

    def _type(self, name: str, names: set[str], schema: Columns, at: Place) -> Any:
        if name == "object":
            has_fields = "properties" in schema if self._inferred else schema.get("properties")
            return self.check_type(schema["properties"], at) if has_fields else dict
        if name == "array":
            return self._list(schema, at)
        if name == "integer":
            return _ColumnInteger if self._inferred and "number" not in names else int
        if name == "string" and self._inferred and schema.get("format") == "date-time":
            return datetime
        types = {"string": str, "number": float, "boolean": bool}
        if name not in types:
            raise NoTypeError
        return types[name]

    def _list(self, schema: Columns, at: Place) -> Any:
        items = schema.get("items")
        if items is None and self._inferred:
            return _EmptyList
        if not isinstance(items, Mapping) or not items.get("type"):
            return list
        return list[self.value_type(items, (*at, "items", "[]"))]  # type: ignore[misc]

    def are_whole(self, columns: Columns) -> bool:
        """Return whether the columns are selected with everything in them."""
        try:
            return self.pick_type(columns) is None
        except (NoTypeError, ValueError):
            return False

    def pick_type(self, columns: Columns, at: Place = ()) -> Any:
        """Return the type that keeps the selected columns encoded, None if all are selected.

        Raise NoTypeError if a column has no such type.
        """
        fields: dict[str, Any] = {}
        everything = True
        for name, schema in columns.items():
            place = (*at, "properties", name)
            if not self._selected[place]:
                everything = False
                continue
            inner = self._pick_value_type(schema, place)
            everything = everything and inner is None
            fields[name] = _Written if inner is None else inner
        return None if everything else _struct(fields, msgspec.UNSET)

    def _pick_value_type(self, schema: Any, at: Place) -> Any:
        """Return the type of a value of which a part is selected, None if all of it is."""
        names = _names(schema) or set()
        inner = self.pick_type(schema.get("properties") or {}, at) if "object" in names else None
        if "array" in names and isinstance(schema.get("items"), Mapping):
            item = self._pick_value_type(schema["items"], (*at, "items", "[]"))
            inner = inner if item is None else _list_of(item)
        if inner is not None and not names <= {"object", "null"} and not names <= {"array", "null"}:
            raise NoTypeError
        return None if inner is None else inner | None | msgspec.UnsetType


def _list_of(item: Any) -> Any:
    return list[item]


def at_path(keys: Sequence[str], whole: str | None) -> Any:
    """Return the type of a record with a value at a path; ``whole`` is the path as a key."""
    inner: Any = msgspec.Raw
    for key in reversed(keys):
        # Of types that are not classes: the operator does not take them all.
        there: Any = Union[inner, msgspec.UnsetType]  # noqa: UP007
        fields = {key: there}
        if key is keys[0] and whole is not None:
            fields[whole] = _Written
        inner = Optional[_struct(fields, msgspec.UNSET)]  # noqa: UP045
    return inner


def found_at(record: Any, depth: int) -> Any:
    """Return the value at the path of a record decoded by ``at_path``, UNSET if there is none."""
    for _ in range(depth):
        if record is None or record is msgspec.UNSET:
            return msgspec.UNSET
        record = record.f0
    return record


def has_whole(record: Any) -> bool:
    """Return whether a record decoded by ``at_path`` has the path itself as a key."""
    return record is not None and record.f1 is not msgspec.UNSET


def _names(schema: Any) -> set[str] | None:
    declared = schema.get("type") if isinstance(schema, Mapping) else None
    if not declared:
        return None
    return {declared} if isinstance(declared, str) else set(declared)


def _struct(fields: Mapping[str, Any], default: Any, *, is_closed: bool = False) -> Any:
    names = {f"f{number}": name for number, name in enumerate(fields)}
    made = [(f"f{number}", kind, default) for number, kind in enumerate(fields.values())]
    return msgspec.defstruct(
        "Record", made, rename=names, gc=False, forbid_unknown_fields=is_closed
    )
