"""The records of all files in an archive that a stream reads; pure."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.parsing.archive import read_members
from tap_oauth2_generic.parsing.charset import find_encoding
from tap_oauth2_generic.parsing.extract_records import RecordSettings, extract_records
from tap_oauth2_generic.parsing.spool import Spool


def archive_records(settings: RecordSettings, source: Spool) -> Iterator[Any]:
    """Yield the records, some still encoded; raise ValueError that names the file."""
    inner = replace(settings, archive_member=None)
    for name, member in read_members(source, settings.archive_member or ""):
        try:
            yield from _records(inner, member)
        except (ValueError, ResponseError) as error:
            raise ValueError(f"{name!r} in the archive: {error}") from None


def _records(settings: RecordSettings, member: Spool) -> Iterator[Any]:
    if settings.response_format == "csv" and settings.path.text == "$":
        encoding = settings.encoding or find_encoding(member.head, "")
        errors = settings.encoding_errors
        with io.TextIOWrapper(member.open(), encoding, errors, newline="") as text:
            yield from settings.table.read(text)
        return
    content = member if settings.is_streamed else member.read()
    opened = settings.open_list(content, "", settings.path)
    written = opened[1] if opened else None
    if written is not None:
        for part in written.parts():
            yield from (msgspec.Raw(one) for one in part.members)
        return
    records, found, _, _ = extract_records(settings.decode(content), settings)
    if not found and settings.on_missing_records != "ignore":
        raise ValueError(f"records_path {settings.path.text!r} matched nothing")
    yield from records
