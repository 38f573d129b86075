"""The steps of the record pipeline that fit records to the schema and encode them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.records.conform import RecordConformer, SchemaMismatchError
from tap_oauth2_generic.records.pipeline import Reach, Record, Step
from tap_oauth2_generic.runtime.json_encoder import encode_json

if TYPE_CHECKING:
    from tap_oauth2_generic.records.passthrough import Passthrough
    from tap_oauth2_generic.records.pipeline import EncodedPage, Origin

_SPACES = b" \t\r\n"


class Conform(Step):
    """Select the columns of the schema, and fit each value to its column."""

    def __init__(self, conformer: RecordConformer, passthrough: Passthrough | None) -> None:
        """Check encoded records with ``passthrough``, if the schema allows one."""
        self._conformer = conformer
        self._passthrough = passthrough
        if passthrough is not None:
            self.reach = Reach.READS

    def apply(self, record: Record, _: Origin, /) -> Record:
        """Return the record as its schema wants it; raise SchemaMismatchError."""
        return self._conformer.conform(record)

    def apply_encoded(self, page: EncodedPage, _: Origin, /) -> EncodedPage | None:
        """Return the page if every record fits as it is written."""
        try:
            constants = self._conformer.conform(dict(page.constants))
        except SchemaMismatchError:
            return None
        checked = self._passthrough.check(page) if self._passthrough else None
        return checked and replace(checked, constants=constants)


class Encode(Step):
    """Encode each record as JSON."""

    reach = Reach.SUFFIX

    def apply(self, record: Record, _: Origin, /) -> bytes:
        """Return the record as JSON, with every digit."""
        return encode_json(record)

    def apply_encoded(self, page: EncodedPage, _: Origin, /) -> EncodedPage | None:
        """Put the columns at the end of each record."""
        if not page.columns and not page.constants:
            return page
        if any(_is_empty(record) for record in page.records):
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


def _is_empty(record: Any) -> bool:
    return not bytes(record)[1:-1].strip(_SPACES)
