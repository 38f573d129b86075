"""Types made from a schema, so that msgspec decodes records at the speed of C."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Optional, Union

import msgspec

from tap_oauth2_generic.records.conform import Select
from tap_oauth2_generic.records.infer import COLUMN_INTEGERS, IN_LIST, ONLY_NULLS, named_types

_ColumnInteger = Annotated[int, msgspec.Meta(ge=COLUMN_INTEGERS.start, le=COLUMN_INTEGERS.stop - 1)]
_Written = msgspec.Raw | msgspec.UnsetType
_NOT_NULL = str | int | float | bool | list | dict  # type: ignore[type-arg]
_TOP_LEVEL = 2
Columns = Mapping[str, Any]
Place = tuple[str, ...]


@dataclass
class ColumnTypes:
    """The types of a stream's columns; ``inferred`` ones take only what they were inferred from.

    Every record must have a value for each of the top-level ``keys``.

    A schema without such a type raises ValueError, or TypeError from msgspec.
    """

    selected: Select
    inferred: bool
    keys: Collection[str] = ()

    def of_object(self, columns: Columns, at: Place = ()) -> tuple[Any, Any]:
        """Return the type of an object with these columns and no others, and a type of its parts.

        The latter keeps the selected columns encoded; it is None if all are selected.
        """
        checked: dict[str, Any] = {}
        parts: dict[str, Any] = {}
        is_whole = True
        for name, schema in columns.items():
            place = (*at, "properties", name)
            # A deselected column may hold anything.
            kind, part = self.of_value(schema, place) if self.selected[place] else (Any, None)
            checked[name] = kind
            if self.selected[place] and not (self.inferred and schema == ONLY_NULLS):
                parts[name] = _Written if part is None else part
            is_whole = is_whole and name in parts and part is None
        required = () if at else self.keys
        whole = make_struct(checked, None, is_closed=True, required=required)
        return whole, None if is_whole else make_struct(parts, msgspec.UNSET)

    def of_value(self, schema: Any, at: Place) -> tuple[Any, Any]:
        """Return the type of the values that the conformer leaves as they are, and of their parts.

        The latter is None if all of a value is selected.
        """
        names = named_types(schema)
        is_key = len(at) == _TOP_LEVEL and at[1] in self.keys
        if not names:
            return _NOT_NULL if is_key else Any, None
        types = [self._type(name, names, schema, at) for name in sorted(names - {"null"})]
        if is_key and not types:
            raise ValueError
        part = next((part for _, part in types if part is not None), None)
        if part is not None and not names <= {"object", "null"} and not names <= {"array", "null"}:
            raise ValueError
        made: Any = Union[tuple(kind for kind, _ in types)] if types else None  # noqa: UP007 - of a variable
        if "null" in names and types and not is_key:
            made = Optional[made]  # noqa: UP045 - of a variable
        return made, None if part is None else part | None | msgspec.UnsetType

    def _type(self, name: str, names: set[str], schema: Columns, at: Place) -> tuple[Any, Any]:
        if name == "object":
            has_fields = "properties" in schema if self.inferred else schema.get("properties")
            return self.of_object(schema["properties"], at) if has_fields else (dict, None)
        if name == "array":
            item, part = self.of_value(schema.get("items"), (*at, "items", IN_LIST))
            return list[item], None if part is None else list[part]  # type: ignore[valid-type]
        if name == "integer":
            return _ColumnInteger if self.inferred and "number" not in names else int, None
        if name == "string" and self.inferred and schema.get("format") == "date-time":
            return datetime, None
        types = {"string": str, "number": float, "boolean": bool}
        if name not in types:
            raise ValueError
        return types[name], None


def make_struct(
    fields: Mapping[str, Any],
    default: Any,
    *,
    is_closed: bool = False,
    required: Collection[str] = (),
) -> Any:
    """Return a type with these fields, named ``f0`` and so on.

    Raises ValueError for a name that JSON has to escape.
    """
    names = {f"f{number}": name for number, name in enumerate(fields)}
    made = [
        (f"f{number}", kind) if name in required else (f"f{number}", kind, default)
        for number, (name, kind) in enumerate(fields.items())
    ]
    return msgspec.defstruct(
        "Record", made, rename=names, gc=False, kw_only=True, forbid_unknown_fields=is_closed
    )
