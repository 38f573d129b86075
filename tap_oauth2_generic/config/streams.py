"""Assemble the settings of one stream from the sections that declare them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from tap_oauth2_generic.net.job_settings import StreamRequest
from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.net.response_rules import RuleSettings
from tap_oauth2_generic.pagination import DEFAULT_STYLE, PAGINATION, PagingStyle, styles
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.records.declared import SchemaSettings
from tap_oauth2_generic.records.filters import FilterSettings
from tap_oauth2_generic.replication.bookmark import IncrementalSettings
from tap_oauth2_generic.replication.bounds import Bound, moment
from tap_oauth2_generic.replication.partitions import ContextSettings
from tap_oauth2_generic.settings.field_types import BOOLEAN, NAME, NAMES, enum, section
from tap_oauth2_generic.settings.fields import (
    ErrorCollector,
    FieldType,
    Settings,
    WrongSettingError,
    read,
    schema_of,
    setting,
)

ON_ERROR = enum("continue", "fail")


def _initial_value(value: Any) -> Any:
    if moment(value) is None:
        raise ValueError("must be a number, or a string that holds one or a time")
    return value


class StreamSettings(Settings):
    """The settings of a stream that no other section declares."""

    name: str = setting(NAME, "Name of the stream; must be unique.", required=True)
    pagination: PagingStyle = setting(
        PAGINATION, "How to request one page after another.", default=styles()[DEFAULT_STYLE]()
    )
    incremental: IncrementalSettings = setting(
        section(IncrementalSettings),
        "How to request only the records changed since the bookmark.",
        default=IncrementalSettings(),
    )
    primary_keys: list[str] = setting(
        NAMES,
        "Top-level fields that identify a record. Without them, each run appends its rows.",
        default=[],
    )
    replication_key: str | None = setting(
        NAME,
        "Top-level field whose highest value becomes the bookmark; makes the stream INCREMENTAL.",
    )
    initial_value: Any = setting(
        FieldType({"type": ["integer", "number", "string"]}, _initial_value),
        "Lower bound of the first run, for a replication_key that is no time, such as an id.",
    )
    selected: bool = setting(
        BOOLEAN, "Whether to sync the stream if no catalog says otherwise.", default=True
    )
    on_error: str | None = setting(
        ON_ERROR, "What a failure of this stream does to the others; by default as for all streams."
    )
    emit_activate_version_messages: bool | None = setting(
        BOOLEAN, "Whether a complete read deletes what is gone; by default as for all streams."
    )


@dataclass(frozen=True)
class StreamConfig:
    """One stream, section by section; ``written`` is its definition as configured."""

    settings: StreamSettings
    request: StreamRequest
    records: RecordSettings
    schema: SchemaSettings
    contexts: ContextSettings
    filters: FilterSettings
    rules: RuleSettings
    written: Mapping[str, Any] = field(repr=False, kw_only=True)

    @property
    def name(self) -> str:
        """Name of the stream."""
        return self.settings.name

    @property
    def sent_bounds(self) -> set[str]:
        """Which of ``start`` and ``end`` its requests carry."""
        used, incremental = self.request.placeholders, self.settings.incremental
        names = {"start": incremental.start_param, "end": incremental.end_param}
        return {name for name, param in names.items() if param or name in used}

    def put_bounds(self, request: Request, start: Bound | None, end: Bound) -> None:
        """Put the bounds of a read into the parameters of a request that carry them."""
        incremental, place = self.settings.incremental, self.settings.pagination.place_of_params
        if incremental.start_param and start is not None:
            request.put(incremental.start_param, start.render(), place)
        if incremental.end_param:
            request.put(incremental.end_param, end.render(), place)


STREAM_SECTIONS = tuple(k for n, k in get_type_hints(StreamConfig).items() if n != "written")


def read_stream(raw: Mapping[str, Any], collector: ErrorCollector) -> StreamConfig:
    """Parse the definition of one stream, wrong settings left out."""
    sections = [read(one, raw, collector) for one in STREAM_SECTIONS]
    stream = StreamConfig(*sections, written=raw)
    with suppress(WrongSettingError):
        if stream.settings.pagination.paths_in_record and "[?" in stream.records.records_path.text:
            collector.add("records_path", "cannot filter with this paging style; use keep instead")
    with suppress(WrongSettingError):
        in_body = stream.settings.pagination.place_of_params == "body"
        if in_body and isinstance(stream.request.body, list):
            collector.add("pagination.params_in", "body needs a request body that is an object")
    with suppress(WrongSettingError):
        style = stream.settings.pagination
        has_cursor = style.token_param or "cursor" in stream.request.placeholders
        if style.placeholder == "cursor" and not has_cursor:
            collector.add(
                "pagination", "setting 'cursor_param' is required, or {cursor} in a template"
            )
    return stream


#: The JSON Schema of one stream.
STREAM_SCHEMA: dict[str, Any] = {**schema_of(*STREAM_SECTIONS), "additionalProperties": False}
