"""The steps that the records of a stream go through, in order: list a new step here."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING

from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.passthrough import NotPassthroughError, Passthrough
from tap_oauth2_generic.records.pipeline import Pipeline
from tap_oauth2_generic.records.schema_steps import Conform, Encode
from tap_oauth2_generic.records.steps import (
    AddContext,
    AddFields,
    Decode,
    DropOlder,
    Keep,
    Unwrap,
    adds_of,
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
        is_descending = self._config.settings.incremental.order == "desc"
        prepare = self._prepare(self.left_out)
        prepare += (Decode(),) if reads_each or is_descending else ()
        conform = self._conform(adds_of(prepare))
        if self._stream.writes_lines:
            return Pipeline(prepare, (conform, Encode()))
        maps = MapStreams(self._stream.name, self._stream.stream_maps)
        return Pipeline(prepare, (conform, maps))

    def _prepare(self, left_out: Counter[str]) -> tuple[Step, ...]:
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
            steps.append(Keep(config.name, config.filters, left_out))
        if config.settings.incremental.drop_older and key:
            steps.append(DropOlder(key, left_out))
        return tuple(steps)

    def _conform(self, adds: frozenset[str]) -> Conform:
        stream, settings = self._stream, self._config.schema
        inferred = settings.schema is None
        schema, mask = stream.effective_schema, stream.mask
        conformer = RecordConformer(
            schema,
            mask,
            refuses_new_fields=settings.on_new_fields != "ignore",
            checks_formats=inferred,
            dropped=self.dropped,
        )
        try:
            passthrough = Passthrough(
                schema,
                mask,
                inferred=inferred,
                adds=adds,
                replication_key=stream.replication_key,
                is_ordered=self._config.settings.incremental.order == "asc",
            )
        except NotPassthroughError:
            return Conform(conformer, None)
        return Conform(conformer, passthrough)
