"""Records for schema inference, read as a first sync would, and checks of the keys in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tap_oauth2_generic.errors import LoginNeededError, RecordError, ResponseError, StreamError
from tap_oauth2_generic.extract.slice_plan import SlicePlan
from tap_oauth2_generic.extract.stream_pipeline import PipelineFactory
from tap_oauth2_generic.pagination import Paginator
from tap_oauth2_generic.records.infer import infer
from tap_oauth2_generic.records.pipeline import Pipeline
from tap_oauth2_generic.settings.limits import (
    MAX_FAILED_CONTEXTS,
    MAX_NAMED_FIELDS,
    MAX_SAMPLED_PARENTS,
)
from tap_oauth2_generic.settings.paths import MISSING


@dataclass
class SchemaSample:
    """Samples a stream; a child stream first samples its parent."""

    plan: SlicePlan
    pipelines: PipelineFactory
    parent: SchemaSample | None = None

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield records of as many contexts as it takes; raise TapError if all of them fail."""
        pipeline = self.pipelines.for_sample()
        failed: list[StreamError] = []
        read = 0
        for context in islice(self.contexts(), MAX_SAMPLED_PARENTS):
            try:
                yield from self._records_of(context, pipeline)
                read += 1
            except StreamError as error:
                failed.append(error)
                if self.plan.failures.ends_run or len(failed) > MAX_FAILED_CONTEXTS:
                    break
        if failed and (self.plan.failures.ends_run or not read):
            raise failed[0]

    def _records_of(self, context: dict[str, Any], pipeline: Pipeline) -> Iterator[dict[str, Any]]:
        """Yield the records of the first window, of the last one if it has none."""
        for slice_ in self.plan.samples(context):
            paginator = Paginator(self.plan.reader.stream.settings.pagination)
            for page in self.plan.reader.read(slice_, paginator):
                for part in page.parts():
                    yield from pipeline.prepare(part.records, slice_)
            if paginator.records:
                return
            if paginator.stop and paginator.stop.failed:
                name = self.plan.reader.stream.name
                raise ResponseError(f"stream {name!r}: {paginator.stop.reason}")

    def contexts(self) -> Iterator[dict[str, Any]]:
        """Yield the contexts of a first sync."""
        if self.parent is None:
            yield from self.plan.partitions or [{}]
            return
        for record in self.parent.records():
            yield from self.plan.contexts_of(record)

    def infer(self) -> dict[str, Any]:
        """Return the schema of a sample; raise TapError.

        It has no columns if there are no records, or, if the session waits for a login, before it.
        """
        reader = self.plan.reader
        sample: list[dict[str, Any]] = []
        try:
            sample.extend(islice(self.records(), reader.stream.schema.schema_sample_size))
        except LoginNeededError as error:
            if not reader.session.waits_for_login:
                raise
            reader.log.warning("cannot infer the schema until you log in: %s", error)
            return infer([])
        except StreamError as error:
            # The read meets the failure, too, and emits the records before it.
            if not sample:
                raise
            reader.log.warning("no more records to infer the schema from: %s", error)
        if not sample:
            why = reader.check.missing
            reader.log.info("no records yet to infer the schema from%s", why and f": {why}")
            return infer([])
        self._check_keys(sample)
        reader.log.info("inferred the schema from %d records", len(sample))
        # The values of all partitions are known, but perhaps not sampled.
        return infer([*sample, *(self.plan.partitions or [])])

    def _check_keys(self, sample: list[dict[str, Any]]) -> None:
        """Refuse a primary key that no record has: a target would merge all rows into one."""
        seen = {name for record in sample for name in record}
        where = f"is in none of {len(sample)} records, which have "
        where += ", ".join(sorted(seen)[:MAX_NAMED_FIELDS])
        for key in self.plan.reader.stream.settings.primary_keys:
            if key not in seen:
                message = f"stream {self.plan.reader.stream.name!r}: primary_keys {key!r} {where}"
                envelope = self.plan.reader.envelope
                raise RecordError(f"{message}; {envelope}" if envelope else message)
        wanted = self.plan.reader.stream.settings.replication_key
        if wanted and wanted not in seen:
            self.plan.reader.log.warning("replication_key %r %s", wanted, where)
        records, log = self.plan.reader.stream.records, self.plan.reader.log
        for name, path in records.add_fields.items():
            if all(path.find(record) is MISSING for record in sample):
                notice = "add_fields %r: %r is in none of %d records"
                log.warning(notice, name, path.text, len(sample))
        for name, path in records.outer_fields.items():
            if all(record.get(name) is None for record in sample):
                notice = "outer_fields %r: %r is around none of %d records"
                log.warning(notice, name, path.text, len(sample))
