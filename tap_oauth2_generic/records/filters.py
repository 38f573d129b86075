"""The steps that leave out records, or mark them as deleted, and their settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any

from msgspec.structs import replace

from tap_oauth2_generic.parsing.formats import decode
from tap_oauth2_generic.parsing.json_list import as_list
from tap_oauth2_generic.records.encoded_page import EncodedPage, Record
from tap_oauth2_generic.records.pipeline import Slice, Step
from tap_oauth2_generic.records.values_at import PathStep
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.settings.conditions import CONDITION_PROPERTIES, Condition, parse_condition
from tap_oauth2_generic.settings.field_types import array_of, object_with
from tap_oauth2_generic.settings.fields import Settings, setting

LEFT_OUT, OLDER, LATER = "by keep", "by drop_older", "by end_date"
#: The field in which targets expect when a record was deleted.
DELETED_AT = "_sdc_deleted_at"

_ON_RECORD = {name: CONDITION_PROPERTIES[name] for name in ("path", "equals", "in", "matches")}


class FilterSettings(Settings):
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


class Keep(PathStep):
    """Leave out records that do not meet the ``keep`` conditions."""

    reason = LEFT_OUT

    def __init__(self, keep: Sequence[Condition]) -> None:
        super().__init__(filter(None, (one.path for one in keep)))
        self._conditions = keep

    def apply(self, record: Record, _: Slice, /) -> Record | None:
        """Return the record if it meets the conditions; raise SettingError for a slow pattern."""
        return record if all(one.holds(record) for one in self._conditions) else None

    def apply_encoded(self, page: EncodedPage, _: Slice, /) -> EncodedPage:
        """Keep those records that meet the conditions; raise SettingError for a slow pattern."""
        for condition, values in zip(self._conditions, self._values, strict=True):
            read = values.read(page)
            accepted = _accepted(condition, read)
            page = page.select([value in accepted for value in read], LEFT_OUT)
        return page


def _accepted(condition: Condition, values: Iterable[bytes]) -> set[bytes]:
    """Return those encoded values that a condition accepts."""
    different = list({*values})
    decoded = decode(as_list(different))
    return {one for one, found in zip(different, decoded, strict=True) if condition.accepts(found)}


class MarkDeleted(PathStep):
    """Mark deleted records with the time of the read, others with null: one may be restored."""

    adds = frozenset({DELETED_AT})

    def __init__(self, deleted: Condition) -> None:
        super().__init__(filter(None, [deleted.path]))
        self._deleted = deleted

    def apply(self, record: Record, _: Slice, /) -> Record:
        """Add the mark; raise SettingError for a slow pattern."""
        now = datetime.now(timezone.utc).isoformat() if self._deleted.holds(record) else None
        return {**record, DELETED_AT: now}

    def apply_encoded(self, page: EncodedPage, _: Slice, /) -> EncodedPage:
        """Add the marks; one null to all if no record is deleted."""
        values = self._values[0].read(page)
        deleted = _accepted(self._deleted, values)
        if not deleted:
            return replace(page, constants={**page.constants, DELETED_AT: None})
        now = encode_json(datetime.now(timezone.utc).isoformat())
        marks = [now if value in deleted else b"null" for value in values]
        return replace(page, columns={**page.columns, DELETED_AT: marks})


class DropOutside(Step):
    """Leave out records that are later than an end date, or older than the slice without one."""

    takes_encoded = True

    def __init__(self, key: str, end: Any = None) -> None:
        self._key, self._end = key, end
        self.reads = frozenset({key})
        self.reason = LATER if end else OLDER

    def apply(self, record: Record, origin: Slice, /) -> Record | None:
        """Return the record unless its replication value is outside of the bound."""
        return record if self._are_inside([record.get(self._key)], origin)[0] else None

    def apply_encoded(self, page: EncodedPage, origin: Slice, /) -> EncodedPage:
        """Keep the records whose replication value is inside of the bound."""
        if self._end is None and origin.start is None:
            return page
        values = decode(as_list(page.member(self._key)))
        return page.select(self._are_inside(values, origin), self.reason)

    def _are_inside(self, values: Sequence[Any], origin: Slice) -> list[bool]:
        bound, outside = (origin.start, -1) if self._end is None else (self._end, 1)
        if bound is None:
            return [True] * len(values)
        return [order != outside for order in bound.compare(values)]
