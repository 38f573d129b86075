"""Records that are passed on as the bytes they came in: checked against the schema, never rebuilt.

The check is a type made of the schema, which msgspec decodes a whole page against at the
speed of C. What does not fit it is no error: it goes the general way, through the shaper.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Optional, Union

import msgspec

from tap_oauth2_generic.columns import COLUMN_INTEGERS

if TYPE_CHECKING:
    from tap_oauth2_generic.decoding import JsonList
    from tap_oauth2_generic.shape import Select

_ColumnInteger = Annotated[int, msgspec.Meta(ge=COLUMN_INTEGERS.start, le=COLUMN_INTEGERS.stop - 1)]
_EmptyList = Annotated[list[Any], msgspec.Meta(max_length=0)]
_BLANKS = b" \t\r\n"


class NotVerbatimError(Exception):
    """The schema needs records to be looked at one by one, or to be changed."""


@dataclass(frozen=True)
class Texts:
    """Records of one page that fit the schema as they are.

    ``records`` are their texts, ``more`` what is to be put at the end of each, before its brace.
    ``replication_values`` are those of which the highest may be
    the bookmark, as they were written; ``without`` counts the records that have none.
    """

    records: list[msgspec.Raw]
    more: bytes
    replication_values: list[Any]
    without: int


class Verbatim:
    """Checks whether the records of a page may be passed on as they were written.

    ``given`` are fields that the tap itself adds to every record; one that a record brings
    too is kept, so such a record goes the general way. ``is_ordered`` asks for every
    replication value, in order. ``inferred`` holds columns to what they were inferred from.
    """

    def __init__(  # noqa: PLR0913 - what a stream knows about its records
        self,
        schema: Mapping[str, Any],
        selected: Select,
        *,
        inferred: bool,
        given: Collection[str],
        replication_key: str | None,
        is_ordered: bool,
    ) -> None:
        """Make the type; raises NotVerbatimError where there is none for the schema."""
        self._inferred = inferred
        columns = schema.get("properties", {})
        if not columns.keys() >= set(given) or not all(selected["properties", n] for n in columns):
            raise NotVerbatimError
        properties = {name: column for name, column in columns.items() if name not in given}
        self._position = None
        if replication_key is not None:
            if replication_key not in properties:
                raise NotVerbatimError
            self._position = f"f{list(properties).index(replication_key)}"
        self._is_ordered = is_ordered
        record = self._record(properties, selected, ())
        key: Any = msgspec.defstruct(
            "Key", [("key", Any, None)], rename={"key": replication_key or ""}
        )
        try:
            self._records = msgspec.json.Decoder(list[record])  # type: ignore[valid-type]
            self._key = msgspec.json.Decoder(key, float_hook=Decimal)
        except TypeError as error:
            raise NotVerbatimError from error

    def check(self, written: JsonList, more: bytes) -> Texts | None:
        """Give what may be passed on of a page, or None where a record does not fit.

        ``more`` are members to put at the end of each record, encoded, with their comma.
        """
        records = written.members
        try:
            checked = self._records.decode(written.text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        if more and any(_is_empty(record) for record in records):
            # What is put at the end begins with a comma.
            return None
        values, without = self._values(checked, records)
        return Texts(records, more, values, without)

    def _values(self, checked: list[Any], records: list[msgspec.Raw]) -> tuple[list[Any], int]:
        """Give the replication values that matter, as they were written."""
        if self._position is None:
            return [], 0
        values = [getattr(record, self._position) for record in checked]
        there = [value for value in values if value is not None]
        without = len(values) - len(there)
        kinds = set(map(type, there))
        if kinds <= {int, str}:
            return there, without
        highest = None
        if kinds == {datetime} and not self._is_ordered and _are_absolute(there):
            highest = max(there)
        # As they were written, with every digit: cut to microseconds, different ones are equal.
        return [
            self._key.decode(record).key
            for record, value in zip(records, values, strict=True)
            if value == highest or (highest is None and value is not None)
        ], without

    def _record(self, properties: Mapping[str, Any], selected: Select, at: tuple[str, ...]) -> type:
        """Make the type of an object with these columns and no others."""
        fields: list[tuple[str, Any, Any]] = []
        for number, (name, schema) in enumerate(properties.items()):
            place = (*at, "properties", name)
            if not selected[place]:
                raise NotVerbatimError
            fields.append((f"f{number}", self._type(schema, selected, place), None))
        return msgspec.defstruct(
            "Record",
            fields,
            rename={f"f{number}": name for number, name in enumerate(properties)},
            forbid_unknown_fields=True,
            gc=False,
        )

    def _type(self, schema: Any, selected: Select, at: tuple[str, ...]) -> Any:
        """Make the type of one column's values: what the shaper leaves as it is, and no more."""
        declared = schema.get("type") if isinstance(schema, Mapping) else None
        if not declared:
            return Any
        names = {declared} if isinstance(declared, str) else set(declared)
        types = [self._kind(name, names, schema, selected, at) for name in sorted(names - {"null"})]
        if not types:
            return None
        made: Any = Union[tuple(types)]  # noqa: UP007 - of a tuple
        return Optional[made] if "null" in names else made  # noqa: UP045 - likewise

    def _kind(
        self, name: str, names: set[str], schema: Mapping[str, Any], selected: Select,
        at: tuple[str, ...],
    ) -> Any:  # fmt: skip
        if name == "object":
            has_fields = "properties" in schema if self._inferred else schema.get("properties")
            return self._record(schema["properties"], selected, at) if has_fields else dict
        if name == "array":
            return self._list(schema, selected, at)
        if name == "integer":
            return _ColumnInteger if self._inferred and "number" not in names else int
        if name == "string" and self._inferred and schema.get("format") == "date-time":
            return datetime
        kinds = {"string": str, "number": float, "boolean": bool}
        if name not in kinds:
            raise NotVerbatimError
        return kinds[name]

    def _list(self, schema: Mapping[str, Any], selected: Select, at: tuple[str, ...]) -> Any:
        items = schema.get("items")
        if items is None and self._inferred:
            return _EmptyList
        if not isinstance(items, Mapping) or not items.get("type"):
            return list
        return list[self._type(items, selected, (*at, "items", "[]"))]  # type: ignore[misc]


def _are_absolute(times: list[datetime]) -> bool:
    return all(time.tzinfo is not None for time in times)


def _is_empty(record: msgspec.Raw) -> bool:
    return not bytes(record)[1:-1].strip(_BLANKS)
