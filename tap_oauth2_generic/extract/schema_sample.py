"""Records for schema inference, read as a first sync would, and checks of the keys in them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.errors import LoginNeededError, RecordError
from tap_oauth2_generic.pagination import Paginator
from tap_oauth2_generic.records.infer import infer
from tap_oauth2_generic.settings.limits import MAX_SAMPLED_PARENTS
from tap_oauth2_generic.settings.paths import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_oauth2_generic.extract.page_reader import PageReader
    from tap_oauth2_generic.extract.slice_plan import SlicePlan
    from tap_oauth2_generic.extract.stream_pipeline import PipelineFactory
    from tap_oauth2_generic.runtime.log import StreamLog

_NAMED_FIELDS = 20


class SchemaSample:
    """Samples a stream; a child stream first samples its parent."""

    def __init__(
        self, reader: PageReader, plan: SlicePlan, pipelines: PipelineFactory, log: StreamLog
    ) -> None:
        self.parent: SchemaSample | None = None
        self._reader = reader
        self._config = reader.stream
        self._plan = plan
        self._pipelines = pipelines
        self._log = log

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield records of as many contexts as it takes; raise TapError."""
        pipeline = self._pipelines.for_reading(is_sample=True)
        for context in islice(self.contexts(), MAX_SAMPLED_PARENTS):
            slice_ = self._plan.first(context)
            paginator = Paginator(self._config.settings.pagination)
            for page in self._reader.read(slice_, paginator, is_sample=True):
                yield from pipeline.prepare(page.records, slice_)

    def contexts(self) -> Iterator[dict[str, Any]]:
        """Yield the contexts of a first sync."""
        if self.parent is None:
            yield from self._plan.partitions or [{}]
            return
        for record in self.parent.records():
            yield from self._plan.contexts_of(record)

    def infer(self) -> dict[str, Any]:
        """Return the schema of a sample; raise TapError.

        Before a login it has no columns, if the session waits for one.
        """
        try:
            sample = list(islice(self.records(), self._config.schema.schema_sample_size))
        except LoginNeededError as error:
            if not self._reader.session.waits_for_login:
                raise
            self._log.warning("cannot infer the schema until you log in: %s", error)
            return {"type": "object", "properties": {}}
        if sample:
            self._check_keys(sample)
        self._log.info("inferred the schema from %d records", len(sample))
        settings = self._config.settings
        return infer(sample, [*settings.primary_keys, *filter(None, [settings.replication_key])])

    def _check_keys(self, sample: list[dict[str, Any]]) -> None:
        """Refuse a primary key that no record has: a target would merge all rows into one."""
        seen = {name for record in sample for name in record}
        where = f"is in none of {len(sample)} records, which have "
        where += ", ".join(sorted(seen)[:_NAMED_FIELDS])
        for key in self._config.settings.primary_keys:
            if key not in seen:
                message = f"stream {self._config.name!r}: primary_keys {key!r} {where}"
                envelope = self._reader.envelope()
                raise RecordError(f"{message}; {envelope}" if envelope else message)
        wanted = self._config.settings.replication_key
        if wanted and wanted not in seen:
            self._log.warning("replication_key %r %s", wanted, where)
        for name, path in self._config.records.add_fields.items():
            if all(path.find(record) is MISSING for record in sample):
                self._log.warning(
                    "add_fields %r: %r is in none of %d records", name, path.text, len(sample)
                )
