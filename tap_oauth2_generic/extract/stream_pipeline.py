"""The steps that the records of a stream go through, in order: list a new step here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from tap_oauth2_generic.config.streams import StreamConfig
from tap_oauth2_generic.records import filters, steps
from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.growth import GrowthRules
from tap_oauth2_generic.records.passthrough import Conform
from tap_oauth2_generic.records.pipeline import Pipeline, Step
from tap_oauth2_generic.records.stream_maps import MapStreams
from tap_oauth2_generic.replication.read_range import ReadRange
from tap_oauth2_generic.settings.paths import Path
from tap_oauth2_generic.singer.paged_stream import PagedStream


@dataclass
class PipelineFactory:
    """Makes the pipelines of a stream: for a sync, or without a schema for a sample.

    ``left_out`` counts the records that steps leave out, ``dropped`` the fields without a
    column, over all pipelines of a sync.
    """

    config: StreamConfig
    stream: PagedStream
    read_range: ReadRange
    left_out: Counter[str] = field(default_factory=Counter)
    dropped: dict[str, int] = field(default_factory=dict)

    def for_sample(self) -> Pipeline:
        """Return a pipeline without a schema, which counts nothing."""
        return Pipeline(self._prepare())

    def for_sync(self, rules: GrowthRules, keys: Sequence[Path]) -> Pipeline:
        """Return the pipeline for the stream's current schema and catalog.

        ``keys`` are those that child streams take from each record.
        """
        stream, config = self.stream, self.config
        order = config.settings.incremental.order
        prepare = self._prepare()
        read = [steps.ReadKeys(keys, checks=stream.selected)] if keys else []
        if not stream.selected:
            return Pipeline(prepare, read, self.left_out)
        prepare += read
        conformer = RecordConformer(
            stream.keeper.columns.schema,
            stream.mask,
            # Until there is a column, no field is new.
            refuses_new_fields=rules.new_fields != "ignore" or not stream.schema["properties"],
            checks_formats=rules.is_inferred,
            reads_text=rules.reads_text,
            keys=rules.keys,
            dropped=self.dropped,
            variants=stream.keeper.columns.variants,
        )
        adds = frozenset[str]().union(*(step.adds for step in prepare))
        need = (conformer, adds, stream.replication_key, stream.primary_keys)
        finish: list[Step] = [Conform(*need, is_ordered=order == "asc")]
        if stream.is_mapped or not stream.writes_lines:
            maps, encodes = stream.stream_maps, stream.writes_lines
            finish.append(MapStreams(stream.name, maps, stream.config, encodes=encodes))
        else:
            finish.append(steps.Encode())
        return Pipeline(prepare, finish, self.left_out)

    def _prepare(self) -> list[Step]:
        config, key = self.config, self.stream.replication_key
        contexts, style = config.contexts, config.settings.pagination
        names = (
            *(contexts.parent.keys if contexts.parent else ()),
            *(contexts.partitions[0] if contexts.partitions else ()),
        )
        paths = [getattr(style, one.name) for one in fields(style)]
        read = [path for path in paths if path not in style.paths_in_record]
        made: list[Step] = [steps.Unwrap(config.records, read)]
        if config.filters.deleted is not None:
            made.append(filters.MarkDeleted(config.filters.deleted))
        if config.records.add_fields:
            made.append(steps.AddFields(config.records.add_fields))
        if key and config.settings.incremental.order == "desc":
            made.append(steps.NoteOrder(key))
        if names:
            made.append(steps.AddContext(names, self.stream.stream_log))
        if on_records := [one for one in config.filters.keep if one.path]:
            made.append(filters.Keep(on_records))
        if key and config.settings.incremental.drop_older:
            made.append(filters.DropOutside(key))
        end = None if "end" in config.sent_bounds else self.read_range.end
        if key and end:
            made.append(filters.DropOutside(key, end))
        return made
