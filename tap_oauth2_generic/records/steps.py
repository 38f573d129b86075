"""The steps of the record pipeline that need no schema: add a transformation of records here.

Each works on decoded records, and on encoded pages if it can. ``extract/stream_pipeline.py``
lists the steps of a stream, in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

import msgspec

from tap_oauth2_generic.parsing.extract_records import RecordSettings, add_fields
from tap_oauth2_generic.parsing.formats import decode
from tap_oauth2_generic.records.msgspec_types import ValuesAt
from tap_oauth2_generic.records.pipeline import EncodedPage, Record, Slice, Step
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.log import StreamLog
from tap_oauth2_generic.settings.conditions import CONDITION_PROPERTIES, Condition, parse_condition
from tap_oauth2_generic.settings.field_types import array_of, object_with
from tap_oauth2_generic.settings.fields import setting
from tap_oauth2_generic.settings.paths import DottedPath, JsonPath, Path, passes_by

LEFT_OUT, OLDER, LATER = "by keep", "by drop_older", "by end_date"
#: The field in which targets expect when a record was deleted.
DELETED_AT = "_sdc_deleted_at"


class Unwrap(Step):
    """The page's list of records; parsing has made an object of each.

    The list may stay encoded if everything that paging reads lies outside of it.
    """

    def __init__(self, settings: RecordSettings, read: Iterable[Path]) -> None:
        where = settings.records_path
        self.takes_encoded = (
            not settings.records_are_values
            and settings.record_columns is None
            and isinstance(where, DottedPath)
            and all(passes_by(p, where) for p in read if isinstance(p, DottedPath | JsonPath))
        )


class AddFields(Step):
    """Add fields taken from paths inside the record."""

    def __init__(self, fields: Mapping[str, Path]) -> None:
        self._fields = fields
        self.adds = frozenset(fields)
        try:
            self._values = {name: ValuesAt(path) for name, path in fields.items()}
            self.takes_encoded = True
        except (TypeError, ValueError):
            # A JSONPath, or a name that JSON has to escape.
            self._values = {}

    def apply(self, record: Record, _: Slice, /) -> Record:
        """Add the fields; one that is not there replaces nothing."""
        return add_fields(record, self._fields)

    def apply_encoded(self, page: EncodedPage, _: Slice, /) -> EncodedPage | None:
        """Add the values as they are written in the record."""
        try:
            columns = {name: values.read(page.json) for name, values in self._values.items()}
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, LookupError):
            return None
        return replace(page, columns={**page.columns, **columns})


class AddContext(Step):
    """Add the fields of the slice's context, unless the record has its own."""

    takes_encoded = True

    def __init__(self, names: Collection[str], log: StreamLog) -> None:
        self.adds = frozenset(names)
        self._log = log

    def apply(self, record: Record, origin: Slice, /) -> Record:
        """Add the fields that the record lacks; warn if it has one with another value."""
        for name in origin.context.keys() & record.keys():
            if str(record[name]) != str(origin.context[name]):
                notice = "its records have a field %r of their own, which hides that of the context"
                self._log.warn_once(f"hidden {name}", notice, name)
        return {**record, **{n: v for n, v in origin.context.items() if n not in record}}

    def apply_encoded(self, page: EncodedPage, origin: Slice, /) -> EncodedPage:
        """Add the fields to all records."""
        added = {n: v for n, v in origin.context.items() if n not in page.columns}
        return replace(page, constants={**page.constants, **added})


_ON_RECORD = {name: CONDITION_PROPERTIES[name] for name in ("path", "equals", "in", "matches")}


@dataclass(frozen=True, kw_only=True)
class FilterSettings:
    """What a record must be to be emitted."""

    keep: list[Condition] = setting(
        array_of(
            lambda raw, _: parse_condition(raw),
            {"properties": CONDITION_PROPERTIES},
        ),
        'Conditions that a record must meet to be emitted: `{"path": "status", "equals": "open"}`, '
        "or with `in` or `matches`. One with `header` or `empty` is about its response.",
        default=[],
    )
    deleted: Condition | None = setting(
        object_with(lambda raw, _: parse_condition(raw), {"properties": _ON_RECORD}),
        "Condition of a record that the API marks as deleted; it is emitted with the time of the "
        "read as `_sdc_deleted_at`, all others with null: "
        '`{"path": "status", "equals": "deleted"}`, or with `in` or `matches`.',
    )


class Keep(Step):
    """Leave out records that do not meet the ``keep`` conditions."""

    def __init__(self, keep: Sequence[Condition], left_out: Counter[str]) -> None:
        self._conditions = keep
        self._left_out = left_out

    def apply(self, record: Record, _: Slice, /) -> Record | None:
        """Return the record if it meets the conditions; raise SettingError for a slow pattern."""
        if all(condition.holds(record) for condition in self._conditions):
            return record
        self._left_out[LEFT_OUT] += 1
        return None


class MarkDeleted(AddFields):
    """Mark deleted records with the time of the read, others with null: one may be restored."""

    def __init__(self, deleted: Condition) -> None:
        super().__init__({DELETED_AT: deleted.path or DottedPath("$", ())})
        self._deleted = deleted

    def apply(self, record: Record, _: Slice, /) -> Record:
        """Add the mark; raise SettingError for a slow pattern."""
        now = datetime.now(timezone.utc).isoformat() if self._deleted.holds(record) else None
        return {**record, DELETED_AT: now}

    def apply_encoded(self, page: EncodedPage, origin: Slice, /) -> EncodedPage | None:
        """Add the marks; one null to all if no record is deleted."""
        if (added := super().apply_encoded(page, origin)) is None:
            return None
        values = added.columns[DELETED_AT]
        try:
            deleted = {value for value in {*values} if self._deleted.accepts(decode(value))}
        except ValueError:
            return None
        if not deleted:
            return replace(page, constants={**page.constants, DELETED_AT: None})
        now = encode_json(datetime.now(timezone.utc).isoformat())
        marks = [now if value in deleted else b"null" for value in values]
        return replace(page, columns={**page.columns, DELETED_AT: marks})


class DropOutside(Step):
    """Leave out records that are later than an end date or, if wanted, older than the slice."""

    def __init__(self, key: str, left_out: Counter[str], *, older: bool, end: Any = None) -> None:
        self._key, self._left_out = key, left_out
        self._older, self._end = older, end

    def apply(self, record: Record, origin: Slice, /) -> Record | None:
        """Return the record unless its replication value is outside of a bound."""
        value = record.get(self._key)
        if self._older and origin.start is not None and origin.start.is_after(value):
            self._left_out[OLDER] += 1
        elif self._end is not None and self._end.is_before(value):
            self._left_out[LATER] += 1
        else:
            return record
        return None


class ReadKeys(Step):
    """Read what child streams take from each record.

    A page is decoded if a record lacks some of it, or, unless a later step ``checks`` that
    records have no such field of their own, if an earlier step adds it.
    """

    def __init__(self, paths: Iterable[Path], *, checks: bool) -> None:
        self._checks = checks
        self._values: dict[Path, ValuesAt] = {}
        with suppress(TypeError, ValueError):
            self._values = {path: ValuesAt(path) for path in paths}
            self.takes_encoded = True

    def apply_encoded(self, page: EncodedPage, _: Slice, /) -> EncodedPage | None:
        """Read the values as they are written, or as a step adds them."""
        try:
            if not self._checks:
                page.json.decode()
            read = {path: self._read(page, path) for path in self._values}
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, LookupError):
            return None
        return (
            None if any(b"null" in values for values in read.values()) else replace(page, read=read)
        )

    def _read(self, page: EncodedPage, path: Path) -> list[bytes]:
        keys = path.keys if isinstance(path, DottedPath) else ()
        if not {*page.columns, *page.constants} & {path.text, *keys[:1]}:
            return self._values[path].read(page.json)
        if not self._checks or len(keys) > 1:
            raise LookupError
        name = str(keys[0])
        constant = encode_json(page.constants.get(name))
        return page.columns.get(name) or [constant] * len(page.records)


class Encode(Step):
    """Encode each record as JSON."""

    takes_encoded = True

    def apply(self, record: Record, _: Slice, /) -> bytes:
        """Return the record as JSON, with every digit."""
        return encode_json(record)

    def apply_encoded(self, page: EncodedPage, _: Slice, /) -> EncodedPage | None:
        """Put the columns at the end of each record."""
        if not page.columns and not page.constants:
            return page
        if any(not bytes(record)[1:-1].strip() for record in page.records):
            # The members to add begin with a comma.
            return None
        if not page.columns:
            return page
        columns = [
            [b"," + encode_json(name) + b":" + value for value in values]
            for name, values in page.columns.items()
        ]
        records = [
            b"".join((memoryview(record)[:-1], *members, b"}"))
            for record, *members in zip(page.records, *columns, strict=True)
        ]
        return replace(page, records=records, columns={})
