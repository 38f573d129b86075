"""The steps of a record from the page to the target, and whether they need it decoded.

The fast path is decided here and nowhere else: records stay the bytes that the server wrote if
every step can work on those. A new transformation is a new step; one that does not mention
encoded records makes the sync slower, never wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from tap_oauth2_generic.errors import RecordError
from tap_oauth2_generic.parsing.json_list import JsonList
from tap_oauth2_generic.parsing.lines import Types
from tap_oauth2_generic.records.encoded_page import EncodedPage, Record
from tap_oauth2_generic.records.msgspec_types import make_struct
from tap_oauth2_generic.settings.limits import MAX_NAMED_FIELDS

_MEMBER = msgspec.Raw | msgspec.UnsetType
# Errors of a step that mean the page has to be decoded after all.
_UNREADABLE = (msgspec.MsgspecError, ValueError, ArithmeticError, LookupError, RecursionError)


class Source(Protocol):
    """A page of records, encoded or not."""

    @property
    def written(self) -> JsonList | None:
        """The records as the server wrote them, if they were left so."""

    @property
    def records(self) -> Sequence[Record]:
        """The records, decoded when they are asked for."""


@dataclass(frozen=True)
class Slice:
    """One run of a stream: the fields it adds to each record, and its bounds, if it has any."""

    context: Mapping[str, Any]
    start: Any = None
    end: Any = None
    is_sample: bool = False


class Batch(msgspec.Struct, frozen=True):
    """The records of one page on their way to the target: encoded, or decoded and prepared."""

    origin: Slice
    records: Sequence[Record] = ()
    encoded: EncodedPage | None = None

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self.records if self.encoded is None else self.encoded.records)

    def part(self, first: int, last: int | None) -> Batch:
        """Return the records from a number up to another one."""
        if not first and last is None:
            return self
        if self.encoded is None:
            return replace(self, records=self.records[first:last])
        emitted = [(name, made[first:last]) for name, made in self.encoded.emitted]
        records = self.encoded.records[first:last]
        return replace(self, encoded=replace(self.encoded, records=records, emitted=emitted))

    def require(self, keys: Sequence[str], place: str) -> None:
        """Raise RecordError for a decoded record without a value for one of the keys.

        Encoded records have passed a type that requires the keys.
        """
        for key in keys:
            if lacking := next((r for r in self.records if r.get(key) is None), None):
                names = ", ".join(list(lacking)[:MAX_NAMED_FIELDS])
                raise RecordError(
                    f"{place}: a record has no value for {key!r} of primary_keys; it has {names}"
                )

    def replication_values(self, key: str) -> tuple[list[Any], int]:
        """Return the values that may be the highest or lowest, and how many records have none."""
        if self.encoded is not None:
            return self.encoded.replication_values, self.encoded.without
        values = [record.get(key) for record in self.records]
        there = [value for value in values if value is not None]
        return there, len(values) - len(there)

    def field_names(self) -> set[str]:
        """Return the names of the records' fields; encoded records are decoded for it."""
        if self.encoded is None:
            return {name for record in self.records for name in record}
        page = self.encoded
        written = {name for record in msgspec.json.decode(page.json) for name in record}
        return written | {*page.columns, *page.constants}


class Step:
    """One thing that is done to every record; made once for a stream, schema and catalog."""

    #: Whether the step works on encoded records: it leaves them untouched, or adds members.
    takes_encoded = False
    #: The fields that the step adds on encoded records.
    adds: frozenset[str] = frozenset()
    #: The fields that the step reads in encoded records.
    reads: frozenset[str] = frozenset()
    #: The types of the columns whose cells of CSV are more than strings.
    types: Mapping[str, Types] = {}
    #: Why it leaves out records; they are counted under it.
    reason = ""

    def apply(self, record: Any, _: Slice, /) -> Any:
        """Return the record for the next step, or None to leave it out; never change it."""
        return record

    def apply_encoded(self, page: EncodedPage, _: Slice, /) -> EncodedPage | None:
        """Return the page for the next step, or None if it has to be decoded after all.

        One of the errors ``_UNREADABLE`` means the same.
        """
        return page


@dataclass(frozen=True)
class Pipeline:
    """The ordered steps of a stream.

    ``prepare_steps`` need no schema: their records are sampled, move bookmarks and give child
    streams their contexts. ``finish_steps`` fit records to the schema and encode them.
    ``left_out`` counts the records that steps leave out, by reason.
    """

    prepare_steps: Sequence[Step]
    finish_steps: Sequence[Step] = ()
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def _steps(self) -> Sequence[Step]:
        return (*self.prepare_steps, *self.finish_steps)

    @cached_property
    def is_fast(self) -> bool:
        """Whether pages may stay encoded: every step can work on them."""
        can_read = self._decoder is not None
        return bool(self.finish_steps) and can_read and all(map(_works_encoded, self._steps))

    @cached_property
    def types(self) -> Mapping[str, Types]:
        """The types of the columns of CSV in which no step has to see what was sent."""
        found = {name: one for step in self.finish_steps for name, one in step.types.items()}
        read = self._names if self.is_fast else found
        return {name: one for name, one in found.items() if name not in read}

    @cached_property
    def _names(self) -> list[str]:
        return sorted(frozenset[str]().union(*(step.reads for step in self._steps)))

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[Any] | None:
        """Decodes the fields that steps read; None if JSON has to escape the name of one."""
        try:
            kind: Any = make_struct(dict.fromkeys(self._names, _MEMBER), msgspec.UNSET)
        except ValueError:
            return None
        return msgspec.json.Decoder(list[kind])

    def __call__(self, page: Source, origin: Slice, limit: int | None = None) -> Batch:
        """Return the records of a page, still encoded if all of them fit as they are written."""
        if limit is None and page.written is not None:
            written = EncodedPage(page.written.text, page.written.members)
            if (encoded := self.apply_encoded(written, origin)) is not None:
                self.left_out.update(encoded.left_out)
                return Batch(origin, encoded=encoded)
        return Batch(origin, list(islice(self.prepare(page.records, origin), limit)))

    def apply_encoded(self, page: EncodedPage, origin: Slice) -> EncodedPage | None:
        """Apply all steps to an encoded page; None if it has to be decoded."""
        taken: EncodedPage | None = page if self.is_fast else None
        try:
            if taken is not None and self._names:
                taken = replace(taken, members=self._read_members(taken))
            for step in self._steps:
                if taken is not None:
                    taken = step.apply_encoded(taken, origin)
        except _UNREADABLE:
            return None
        return taken

    def _read_members(self, page: EncodedPage) -> dict[str, list[Any]]:
        records = self._decoder.decode(page.json) if self._decoder else []
        return {
            name: [getattr(record, f"f{number}") for record in records]
            for number, name in enumerate(self._names)
        }

    def prepare(self, records: Iterable[Any], origin: Slice) -> Iterator[Record]:
        """Yield decoded records as they are before the schema shapes them."""
        applied = [s for s in self.prepare_steps if type(s).apply is not Step.apply]
        for record in records:
            taken = record
            for step in applied:
                taken = step.apply(taken, origin)
                if taken is None:
                    self.left_out.update([step.reason] if step.reason else ())
                    break
            else:
                yield taken

    def finish(self, record: Record, origin: Slice) -> Any:
        """Fit a prepared record to the schema and encode it; raise SchemaMismatchError."""
        taken: Any = record
        for step in self.finish_steps:
            taken = step.apply(taken, origin)
        return taken


def _works_encoded(step: Step) -> bool:
    """Return whether a step works on encoded records; never if only ``apply`` is overridden."""
    names = ("apply_encoded", "apply")
    latest = next(n for cls in type(step).__mro__ for n in names if n in vars(cls))
    return step.takes_encoded and latest == "apply_encoded"
