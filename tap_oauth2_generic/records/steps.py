"""The steps of the record pipeline that need no schema: add a transformation of records here.

Each works on decoded records, and on encoded pages if it can. ``extract/stream_pipeline.py``
lists the steps of a stream, in order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import replace

from tap_oauth2_generic.parsing.extract_records import RecordSettings, add_fields
from tap_oauth2_generic.parsing.formats import decode
from tap_oauth2_generic.parsing.json_list import as_list
from tap_oauth2_generic.records.encoded_page import EncodedPage, Record
from tap_oauth2_generic.records.pipeline import Slice, Step
from tap_oauth2_generic.records.values_at import PathStep
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.log import StreamLog
from tap_oauth2_generic.settings.paths import DottedPath, JsonPath, Path, passes_by


class Unwrap(Step):
    """The page's list of records; parsing has made an object of each.

    The list may stay encoded if everything that paging reads lies outside of it.
    """

    def __init__(self, settings: RecordSettings, read: Iterable[Path]) -> None:
        where = settings.records_path
        self.takes_encoded = (
            not settings.records_are_values
            and settings.record_columns is None
            and not settings.outer_fields
            and isinstance(where, DottedPath)
            and all(passes_by(p, where) for p in read if isinstance(p, DottedPath | JsonPath))
        )


class AddFields(PathStep):
    """Add fields taken from paths inside the record."""

    def __init__(self, fields: Mapping[str, Path]) -> None:
        super().__init__(fields.values())
        self.fields, self.adds = fields, frozenset(fields)

    def apply(self, record: Record, _: Slice, /) -> Record:
        """Add the fields; one that is not there replaces nothing."""
        return add_fields(record, self.fields)

    def apply_encoded(self, page: EncodedPage, _: Slice, /) -> EncodedPage | None:
        """Add the values as they are written in the record."""
        if self.adds & (page.columns.keys() | page.constants.keys()):
            return None
        read = [values.read(page) for values in self._values]
        columns = dict(zip(self.fields, read, strict=True))
        return replace(page, columns={**page.columns, **columns})


class NoteOrder(Step):
    """Note the replication values before records are left out: they may show the end of a read."""

    takes_encoded = True

    def __init__(self, key: str) -> None:
        self._key, self.reads = key, frozenset({key})

    def apply_encoded(self, page: EncodedPage, _: Slice, /) -> EncodedPage:
        """Note the values of a page."""
        return replace(page, in_order=decode(as_list(page.member(self._key))))


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

    def apply_encoded(self, page: EncodedPage, origin: Slice, /) -> EncodedPage | None:
        """Add the fields to all records; an earlier step may have added one of that name."""
        if origin.context.keys() & (page.columns.keys() | page.constants.keys()):
            return None
        return replace(page, constants={**page.constants, **origin.context})


class ReadKeys(PathStep):
    """Read what child streams take from each record.

    A page is decoded if a record lacks some of it, or, unless a later step ``checks`` that
    records have no such field of their own, if an earlier step adds fields.
    """

    def __init__(self, paths: Iterable[Path], *, checks: bool) -> None:
        super().__init__(paths)
        self._checks = checks

    def apply_encoded(self, page: EncodedPage, _: Slice, /) -> EncodedPage | None:
        """Read the values as they are written, or as a step adds them."""
        if not self._checks:
            # No later step finds invalid UTF-8.
            page.json.decode()
            if page.columns or page.constants:
                return None
        keys = {values.path.text: values.read(page) for values in self._values}
        lacks_one = any(b"null" in values for values in keys.values())
        return None if lacks_one else replace(page, keys=keys)


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
        if b"{}" in page.records:
            # Nothing of it is selected; the members to add begin with a comma.
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
