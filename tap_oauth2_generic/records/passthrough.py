"""The step that fits records to a schema: encoded ones are checked, their values never rebuilt.

A record that does not fit is no error: its page is decoded and conformed. Whether a stream may
take this fast path is decided in ``pipeline``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from tap_oauth2_generic.parsing.json_list import as_list
from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.encoded_page import EncodedPage, Record
from tap_oauth2_generic.records.fit import SchemaMismatchError
from tap_oauth2_generic.records.msgspec_types import ColumnTypes
from tap_oauth2_generic.records.pipeline import Slice, Step
from tap_oauth2_generic.runtime.json_encoder import encode_json

_EXACT = msgspec.json.Decoder(float_hook=Decimal)
# The first records are all searched for a name that comes twice, then some of each page: a server
# that repeats names does so early, and to search all would take as long as to decode them.
_SEARCHED_FIRST, _SEARCHED_LATER = 1000, 2


class Conform(Step):
    """Select the columns of the schema, and fit each value to its column.

    Encoded records pass if each fits as it is written, and the conformer would keep it so.
    ``adds`` are the fields that earlier steps add; a record that has one of them itself does
    not fit, nor does one without its primary keys. ``is_ordered`` asks for every replication
    value, in order.
    """

    def __init__(
        self,
        conformer: RecordConformer,
        adds: Collection[str],
        replication_key: str | None,
        primary_keys: Collection[str] = (),
        *,
        is_ordered: bool,
    ) -> None:
        self._conformer = conformer
        # The schema, or a name that JSON has to escape, may need every record decoded.
        with suppress(TypeError, ValueError):
            columns = conformer.schema.get("properties", {})
            types = ColumnTypes(conformer.selected, conformer.checks_formats, primary_keys)
            added = {name: columns.get(name) for name in adds}
            named = {*adds, *primary_keys}
            if not columns.keys() >= named or types.of_object(added)[1] is not None:
                raise ValueError
            # A record that has the name of a variant itself needs another column.
            apart = {n for n, owner in conformer.variants.items() if isinstance(owner, str)}
            own = {n: column for n, column in columns.items() if n not in added.keys() | apart}
            record, picked = types.of_object(own)
            self._records = _list_decoder(record)
            # An empty object is no record; one with its keys is none.
            self._empty = None if own.keys() & set(primary_keys) else record()
            self._picked = _list_decoder(picked) if picked is not None else None
            self._added = {
                name: _list_decoder(types.of_value(column, ("properties", name))[0])
                for name, column in added.items()
            }
            self._searched = 0
            self._key = None
            if replication_key is not None:
                self._key = _Key(replication_key, own, adds, is_ordered=is_ordered)
            self.takes_encoded = True
            # Bookmarks take a replication value as it was sent.
            read = [name for name in own if name != replication_key]
            meant = {n: conformer.types_in_text(own[n], ("properties", n)) for n in read}
            self.types = {name: types for name, types in meant.items() if types}

    def apply(self, record: Record, _: Slice, /) -> Record:
        """Return the record as its schema wants it; raise SchemaMismatchError."""
        return self._conformer.conform(record)

    def apply_encoded(self, page: EncodedPage, _: Slice, /) -> EncodedPage | None:
        """Return the page with its selected fields, or None if a record does not fit."""
        records = page.records
        if not self._added.keys() >= {*page.columns, *page.constants}:
            return None
        try:
            constants = self._conformer.conform(dict(page.constants))
            checked = self._records.decode(page.json)
            added = {n: self._added[n].decode(as_list(v)) for n, v in page.columns.items()}
            if self._picked is not None:
                records = [encode_json(record) for record in self._picked.decode(page.json)]
            repeats_name = self._repeats_name(page.records)
        except (SchemaMismatchError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        if repeats_name or (self._empty is not None and self._empty in checked):
            return None
        kept = replace(page, records=records, constants=constants)
        if self._key is None:
            return kept
        values, without = self._key.values(page, checked, added)
        return replace(kept, replication_values=values, without=without)

    def _repeats_name(self, records: Sequence[bytes | msgspec.Raw]) -> bool:
        """Return whether a record has a name twice, of which a reader may take either."""
        is_late = self._searched >= _SEARCHED_FIRST
        self._searched += len(records)
        part = as_list(records[:: len(records) // _SEARCHED_LATER + 1] if is_late else records)
        # A name that is repeated, inside an object, too, is decoded once.
        return encode_json(msgspec.json.decode(part)).count(b'":') != part.count(b'":')


def _list_decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(list[kind])


class _Key:
    """The replication value of each record, and which of a page's values matter."""

    def __init__(
        self, name: str, own: Mapping[str, Any], adds: Collection[str], *, is_ordered: bool
    ) -> None:
        if name not in own and name not in adds:
            raise ValueError
        self._name = name
        self._field = f"f{list(own).index(name)}" if name in own else ""
        self._is_ordered = is_ordered
        key: Any = msgspec.defstruct("Key", [("key", Any, None)], rename={"key": name})
        self._decoder = msgspec.json.Decoder(list[key], float_hook=Decimal)

    def values(
        self, page: EncodedPage, checked: Sequence[Any], added: Mapping[str, list[Any]]
    ) -> tuple[list[Any], int]:
        """Return the values that may be the highest or lowest, and how many records have none."""
        if self._field:
            values = [getattr(record, self._field) for record in checked]
        else:
            values = added.get(self._name, [page.constants.get(self._name)] * len(checked))
        there = [value for value in values if value is not None]
        without = len(values) - len(there)
        types = set(map(type, there))
        if types <= {int, str} or self._name in page.constants:
            return there, without
        ends: tuple[Any, ...] = ()
        if types == {datetime} and not self._is_ordered and all(time.tzinfo for time in there):
            # A tuple: to compare times is faster than to hash them.
            ends = min(there), max(there)
        chosen = [number for number, value in enumerate(values) if value is not None]
        if ends:
            chosen = [number for number in chosen if values[number] in ends]
        # With every digit that was written: cut to microseconds, different times are equal.
        return self._written(page, chosen), without

    def _written(self, page: EncodedPage, chosen: Sequence[int]) -> list[Any]:
        """Return the values of some records as they are written."""
        if self._field:
            records = as_list([page.records[number] for number in chosen])
            return [record.key for record in self._decoder.decode(records)]
        column = page.columns[self._name]
        written: list[Any] = _EXACT.decode(as_list([column[number] for number in chosen]))
        return written
