"""Types made from a schema or a path, so that msgspec decodes records at the speed of C."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Optional, Union

import msgspec

from tap_oauth2_generic.records.conform import Select
from tap_oauth2_generic.records.infer import COLUMN_INTEGERS, IN_LIST, ONLY_NULLS, named_types
from tap_oauth2_generic.settings.paths import DottedPath, Path

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

    def check_type(self, columns: Columns, at: Place = ()) -> Any:
        """Return the type of an object with these columns and no others."""
        fields = {}
        for name, schema in columns.items():
            place = (*at, "properties", name)
            # A deselected column may hold anything.
            fields[name] = self.value_type(schema, place) if self.selected[place] else Any
        keys = () if at else self.keys
        return _struct(fields, None, is_closed=True, required=keys)

    def value_type(self, schema: Any, at: Place) -> Any:
        """Return the type of the values that the conformer leaves as they are."""
        names = named_types(schema)
        is_key = len(at) == _TOP_LEVEL and at[1] in self.keys
        if not names:
            return _NOT_NULL if is_key else Any
        if is_key:
            names -= {"null"}
        types = [self._type(name, names, schema, at) for name in sorted(names - {"null"})]
        if not types:
            return None
        made: Any = Union[tuple(types)]  # noqa: UP007 - of a variable
        return Optional[made] if "null" in names else made  # noqa: UP045 - of a variable

    def _type(self, name: str, names: set[str], schema: Columns, at: Place) -> Any:
        if name == "object":
            has_fields = "properties" in schema if self.inferred else schema.get("properties")
            return self.check_type(schema["properties"], at) if has_fields else dict
        if name == "array":
            return list[self.value_type(schema.get("items"), (*at, "items", IN_LIST))]  # type: ignore[misc]
        if name == "integer":
            return _ColumnInteger if self.inferred and "number" not in names else int
        if name == "string" and self.inferred and schema.get("format") == "date-time":
            return datetime
        types = {"string": str, "number": float, "boolean": bool}
        if name not in types:
            raise ValueError
        return types[name]

    def pick_type(self, columns: Columns, at: Place = ()) -> Any:
        """Return the type that keeps the selected columns encoded, None if all are selected."""
        fields: dict[str, Any] = {}
        everything = True
        for name, schema in columns.items():
            place = (*at, "properties", name)
            if not self.selected[place] or (self.inferred and schema == ONLY_NULLS):
                everything = False
                continue
            inner = self._pick_value_type(schema, place)
            everything = everything and inner is None
            fields[name] = _Written if inner is None else inner
        return None if everything else _struct(fields, msgspec.UNSET)

    def _pick_value_type(self, schema: Any, at: Place) -> Any:
        """Return the type of a value of which a part is selected, None if all of it is."""
        names = named_types(schema)
        inner = self.pick_type(schema.get("properties") or {}, at) if "object" in names else None
        if "array" in names and isinstance(schema.get("items"), Mapping):
            item = self._pick_value_type(schema["items"], (*at, "items", IN_LIST))
            inner = inner if item is None else list[item]  # type: ignore[valid-type]
        if inner is not None and not names <= {"object", "null"} and not names <= {"array", "null"}:
            raise ValueError
        return None if inner is None else inner | None | msgspec.UnsetType


class ValuesAt:
    """Reads the value at a path from each record of an encoded list, as it is written.

    Raises TypeError or ValueError for a JSONPath, or a name that JSON has to escape.
    """

    def __init__(self, path: Path) -> None:
        keys = path.keys if isinstance(path, DottedPath) else ()
        if not keys or not all(isinstance(key, str) for key in keys):
            raise TypeError
        self._depth = len(keys)
        self._has_other_spelling = path.text != keys[0]
        record: Any = msgspec.Raw
        for depth in reversed(range(self._depth)):
            # Of types that are not classes: the operator does not take them all.
            fields: dict[Any, Any] = {keys[depth]: Union[record, msgspec.UnsetType]}  # noqa: UP007
            if depth == 0 and self._has_other_spelling:
                fields[path.text] = _Written
            record = Optional[_struct(fields, msgspec.UNSET)]  # noqa: UP045
        self._decoder = msgspec.json.Decoder(list[record])

    def read(self, json: bytes) -> list[bytes]:
        """Return each record's value, null if it has none; raise LookupError for an odd one."""
        records: list[Any] = self._decoder.decode(json)
        if self._has_other_spelling and any(r and r.f1 is not msgspec.UNSET for r in records):
            # A path that is itself a key of the record is that key.
            raise LookupError
        return [self._value(record) for record in records]

    def _value(self, record: Any) -> bytes:
        for _ in range(self._depth):
            if record is None or record is msgspec.UNSET:
                return b"null"
            record = record.f0
        return b"null" if record is msgspec.UNSET else bytes(record)


def _struct(
    fields: Mapping[str, Any],
    default: Any,
    *,
    is_closed: bool = False,
    required: Collection[str] = (),
) -> Any:
    names = {f"f{number}": name for number, name in enumerate(fields)}
    made = [
        (f"f{number}", kind) if name in required else (f"f{number}", kind, default)
        for number, (name, kind) in enumerate(fields.items())
    ]
    return msgspec.defstruct(
        "Record", made, rename=names, gc=False, kw_only=True, forbid_unknown_fields=is_closed
    )
