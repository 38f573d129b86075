"""Types made of a schema, against which msgspec decodes records at the speed of C.

They only describe; what is done with what fits is decided in ``verbatim``.
"""

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
_Text = msgspec.Raw | msgspec.UnsetType
Columns = Mapping[str, Any]
Place = tuple[str, ...]


class NoTypeError(Exception):
    """There is no type for the schema: its records must be looked at one by one."""


class ColumnTypes:
    """The types of a stream's columns.

    ``inferred`` holds columns to what they were inferred from.
    """

    def __init__(self, selected: Select, *, inferred: bool) -> None:
        """Take which columns are selected."""
        self._selected = selected
        self._inferred = inferred

    def checked(self, columns: Columns, at: Place = ()) -> Any:
        """Give the type of an object with these columns and no others, deselected ones apart.

        Raises NoTypeError.
        """
        fields = {}
        for name, schema in columns.items():
            place = (*at, "properties", name)
            # What is not emitted may be anything.
            fields[name] = self.value(schema, place) if self._selected[place] else Any
        return _struct(fields, None, is_closed=True)

    def value(self, schema: Any, at: Place) -> Any:
        """Give the type of a column's values: what the shaper leaves as it is, and no more."""
        names = _names(schema)
        if names is None:
            return Any
        types = [self._kind(name, names, schema, at) for name in sorted(names - {"null"})]
        if not types:
            return None
        made: Any = Union[tuple(types)]  # noqa: UP007 - of a tuple
        return Optional[made] if "null" in names else made  # noqa: UP045 - likewise

    def _kind(self, name: str, names: set[str], schema: Columns, at: Place) -> Any:
        if name == "object":
            has_fields = "properties" in schema if self._inferred else schema.get("properties")
            return self.checked(schema["properties"], at) if has_fields else dict
        if name == "array":
            return self._list(schema, at)
        if name == "integer":
            return _ColumnInteger if self._inferred and "number" not in names else int
        if name == "string" and self._inferred and schema.get("format") == "date-time":
            return datetime
        kinds = {"string": str, "number": float, "boolean": bool}
        if name not in kinds:
            raise NoTypeError
        return kinds[name]

    def _list(self, schema: Columns, at: Place) -> Any:
        items = schema.get("items")
        if items is None and self._inferred:
            return _EmptyList
        if not isinstance(items, Mapping) or not items.get("type"):
            return list
        return list[self.value(items, (*at, "items", "[]"))]  # type: ignore[misc]

    def is_whole(self, columns: Columns) -> bool:
        """Tell whether all of the columns is selected, and all that is in them."""
        try:
            return self.picked(columns) is None
        except (NoTypeError, ValueError):
            return False

    def picked(self, columns: Columns, at: Place = ()) -> Any:
        """Give the type that holds the texts of the selected columns, None if all are selected.

        Raises NoTypeError.
        """
        fields: dict[str, Any] = {}
        everything = True
        for name, schema in columns.items():
            place = (*at, "properties", name)
            if not self._selected[place]:
                everything = False
                continue
            inner = self._picked_value(schema, place)
            everything = everything and inner is None
            fields[name] = _Text if inner is None else inner
        return None if everything else _struct(fields, msgspec.UNSET)

    def _picked_value(self, schema: Any, at: Place) -> Any:
        """Give the type of a value of which a part is selected, None where it goes as a whole."""
        names = _names(schema) or set()
        inner = self.picked(schema.get("properties") or {}, at) if "object" in names else None
        if "array" in names and isinstance(schema.get("items"), Mapping):
            item = self._picked_value(schema["items"], (*at, "items", "[]"))
            inner = inner if item is None else _list_of(item)
        if inner is not None and not names <= {"object", "null"} and not names <= {"array", "null"}:
            raise NoTypeError
        return None if inner is None else inner | None | msgspec.UnsetType


def _list_of(item: Any) -> Any:
    return list[item]


def at_path(keys: Sequence[str], value: Any) -> Any:
    """Give the type of an object in which a value may stand at a path, among others."""
    inner: Any = value
    for key in reversed(keys):
        # Of types that are not classes: the operator does not take them all.
        there: Any = Union[inner, msgspec.UnsetType]  # noqa: UP007
        inner = Optional[_struct({key: there}, msgspec.UNSET)]  # noqa: UP045
    return inner


def found_at(record: Any, depth: int) -> Any:
    """Give the value at the path of an object decoded by ``at_path``, UNSET where none is."""
    for _ in range(depth):
        if record is None or record is msgspec.UNSET:
            return msgspec.UNSET
        record = record.f0
    return record


def takes_null(schema: Any) -> bool:
    """Tell whether a column takes a null."""
    names = _names(schema)
    return names is None or "null" in names


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
