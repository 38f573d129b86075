"""The steps of the record pipeline that need no schema: they add fields and leave out records.

Each works on decoded records, and on encoded pages if it can.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.parsing.extract_records import add_fields
from tap_oauth2_generic.records.msgspec_types import at_path, found_at, has_whole
from tap_oauth2_generic.records.pipeline import Reach, Record, Step
from tap_oauth2_generic.settings.paths import DottedPath, JsonPath, passes_by

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Iterable, Mapping

    from tap_oauth2_generic.parsing.extract_records import RecordSettings
    from tap_oauth2_generic.records.filters import FilterSettings
    from tap_oauth2_generic.records.pipeline import EncodedPage, Origin
    from tap_oauth2_generic.settings.paths import Path

LEFT_OUT, OLDER = "by keep", "by drop_older"


class Unwrap(Step):
    """The page's list of records; parsing has made an object of each.

    The list may stay encoded if everything that paging reads lies outside of it.
    """

    def __init__(self, settings: RecordSettings, read: Iterable[Path]) -> None:
        where = settings.records_path
        if (
            settings.response_format == "json"
            and not settings.records_are_values
            and isinstance(where, DottedPath)
            and all(passes_by(p, where) for p in read if isinstance(p, DottedPath | JsonPath))
        ):
            self.reach = Reach.READS


class AddFields(Step):
    """Add fields taken from paths inside the record."""

    def __init__(self, fields: Mapping[str, Path]) -> None:
        self._fields = fields
        self.adds = frozenset(fields)
        try:
            self._values = {name: _ValuesAt(path) for name, path in fields.items()}
            self.reach = Reach.SUFFIX
        except (TypeError, ValueError):
            # A JSONPath, or a name that JSON has to escape.
            self._values = {}

    def apply(self, record: Record, _: Origin, /) -> Record:
        """Add the fields; one that is not there replaces nothing."""
        return add_fields(record, self._fields)

    def apply_encoded(self, page: EncodedPage, _: Origin, /) -> EncodedPage | None:
        """Add the values as they are written in the record."""
        try:
            columns = {name: values.read(page.json) for name, values in self._values.items()}
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, LookupError):
            return None
        return replace(page, columns={**page.columns, **columns})


class _ValuesAt:
    """The values at a path in the records of an encoded list, as they are written."""

    def __init__(self, path: Path) -> None:
        if not isinstance(path, DottedPath):
            raise TypeError
        keys = [key for key in path.keys if isinstance(key, str)]
        if not keys or len(keys) != len(path.keys):
            raise TypeError
        self._depth = len(keys)
        self._has_other_spelling = path.text != keys[0]
        record: Any = at_path(keys, path.text if self._has_other_spelling else None)
        self._decoder = msgspec.json.Decoder(list[record])

    def read(self, json: bytes) -> list[bytes]:
        """Return each record's value, null if it has none; raise LookupError for an odd one."""
        records = self._decoder.decode(json)
        if self._has_other_spelling and any(map(has_whole, records)):
            # A path that is itself a key of the record is that key.
            raise LookupError
        found = (found_at(record, self._depth) for record in records)
        return [b"null" if value is msgspec.UNSET else bytes(value) for value in found]


class AddContext(Step):
    """Add the fields of the slice's context, unless the record has its own."""

    reach = Reach.SUFFIX

    def __init__(self, names: Collection[str]) -> None:
        self.adds = frozenset(names)

    def apply(self, record: Record, origin: Origin, /) -> Record:
        """Add the fields that the record lacks."""
        return {**record, **{n: v for n, v in origin.context.items() if n not in record}}

    def apply_encoded(self, page: EncodedPage, origin: Origin, /) -> EncodedPage:
        """Add the fields to all records."""
        added = {n: v for n, v in origin.context.items() if n not in page.columns}
        return replace(page, constants={**page.constants, **added})


class Keep(Step):
    """Leave out records that do not meet the ``keep`` conditions."""

    def __init__(self, stream: str, filters: FilterSettings, left_out: Counter[str]) -> None:
        self._stream = stream
        self._keeps = filters.keeps
        self._left_out = left_out

    def apply(self, record: Record, _: Origin, /) -> Record | None:
        """Return the record if it meets the conditions; raise SettingError for a slow pattern."""
        try:
            if self._keeps(record):
                return record
        except SettingError as error:
            raise SettingError(f"stream {self._stream!r}: {error}") from None
        self._left_out[LEFT_OUT] += 1
        return None


class DropOlder(Step):
    """Leave out records that are older than the slice."""

    def __init__(self, key: str, left_out: Counter[str]) -> None:
        self._key = key
        self._left_out = left_out

    def apply(self, record: Record, origin: Origin, /) -> Record | None:
        """Return the record unless its replication value is below the lower bound."""
        if origin.start is None or not origin.start.is_after(record.get(self._key)):
            return record
        self._left_out[OLDER] += 1
        return None


class Decode(Step):
    """Keep every record decoded, for readers of single records such as child streams."""


def adds_of(steps: Iterable[Step]) -> frozenset[str]:
    """Return the fields that steps add on encoded records."""
    return frozenset[Any]().union(*(step.adds for step in steps))
