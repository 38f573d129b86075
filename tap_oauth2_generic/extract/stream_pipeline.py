"""The steps that the records of a stream go through, in order: list a new step here."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING

from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.pipeline import Pipeline
from tap_oauth2_generic.records.steps import (
    AddContext,
    AddFields,
    Conform,
    Decode,
    DropOlder,
    Encode,
    Keep,
    Unwrap,
)
from tap_oauth2_generic.records.stream_maps import MapStreams

if TYPE_CHECKING:
    from tap_oauth2_generic.config.streams import StreamConfig
    from tap_oauth2_generic.records.pipeline import Step
    from tap_oauth2_generic.singer.paged_stream import PagedStream


class PipelineFactory:
    """Makes the pipelines of a stream: for a sync, or without a schema for a sample.

    ``left_out`` counts the records that steps leave out, ``dropped`` the fields without a
    column, over all pipelines of a sync.
    """

    def __init__(self, config: StreamConfig, stream: PagedStream) -> None:
        self._config = config
        self._stream = stream
        self.left_out: Counter[str] = Counter()
        self.dropped: dict[str, int] = {}

    def for_reading(self, *, is_sample: bool = False) -> Pipeline:
        """Return a pipeline for records that are not written; a sample is not counted."""
        return Pipeline(self._prepare(Counter() if is_sample else self.left_out))

    def for_writing(self, *, reads_each: bool) -> Pipeline:
        """Return the pipeline for the stream's schema and catalog of now.

        ``reads_each`` if somebody reads every record, such as child streams.
        """
        stream, config = self._stream, self._config
        order = config.settings.incremental.order
        prepare = self._prepare(self.left_out)
        prepare += [Decode()] if reads_each or order == "desc" else []
        conformer = RecordConformer(
            stream.effective_schema,
            stream.mask,
            refuses_new_fields=config.schema.on_new_fields != "ignore",
            checks_formats=config.schema.schema is None,
            dropped=self.dropped,
        )
        adds = frozenset[str]().union(*(step.adds for step in prepare))
        conform = Conform(conformer, adds, stream.replication_key, is_ordered=order == "asc")
        maps = MapStreams(stream.name, stream.stream_maps)
        return Pipeline(prepare, (conform, Encode() if stream.writes_lines else maps))

    def _prepare(self, left_out: Counter[str]) -> list[Step]:
        config, key = self._config, self._stream.replication_key
        contexts, style = config.contexts, config.settings.pagination
        names = (
            *(contexts.parent.keys if contexts.parent else ()),
            *(contexts.partitions[0] if contexts.partitions else ()),
        )
        paths = [getattr(style, one.name) for one in fields(style)]
        steps: list[Step] = [
            Unwrap(config.records, [path for path in paths if path not in style.paths_in_record])
        ]
        if config.records.add_fields:
            steps.append(AddFields(config.records.add_fields))
        if names:
            steps.append(AddContext(names))
        if config.filters.keep:
            steps.append(Keep(config.name, config.filters.keep, left_out))
        if config.settings.incremental.drop_older and key:
            steps.append(DropOlder(key, left_out))
        return steps
