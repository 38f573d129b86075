"""The tap: a configuration becomes streams that share one session."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any, cast

from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import (
    FLATTENING_CONFIG,
    STREAM_MAPS_CONFIG,
    PluginCapabilities,
    TapCapabilities,
)

from tap_oauth2_generic.config.config import CONFIG_SCHEMA, Config
from tap_oauth2_generic.config.reader import read_config
from tap_oauth2_generic.errors import OutputError, TapError
from tap_oauth2_generic.extract.prefetch import Prefetcher
from tap_oauth2_generic.records.stream_maps import check_maps
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.log import LOG, PREFIX, some
from tap_oauth2_generic.runtime.report import REPORT
from tap_oauth2_generic.runtime.shutdown import uninterrupted
from tap_oauth2_generic.runtime.stats import plural
from tap_oauth2_generic.runtime.stdout import write_text
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.settings.limits import MAX_NAMED_STREAMS
from tap_oauth2_generic.singer.base_tap import BaseTap
from tap_oauth2_generic.singer.batch_writer import BatchWriter
from tap_oauth2_generic.singer.input_files import bookmarks_in
from tap_oauth2_generic.singer.state_writer import has_history
from tap_oauth2_generic.stream import OAuth2Stream

_SDK_SETTINGS = frozenset({**STREAM_MAPS_CONFIG["properties"], **FLATTENING_CONFIG["properties"]})


class TapOAuth2Generic(BaseTap):
    """Singer tap that extracts data from any OAuth2-protected REST API by configuration alone."""

    name = "tap-oauth2-generic"
    package_name = "tap-oauth2-generic"
    # Discovery sends requests, so it must fail if the configuration is wrong.
    dynamic_catalog = True
    #: Whether tokens that were stored for other settings are not used.
    is_confined = False
    # A copy, because the SDK adds its own settings.
    config_jsonschema = copy.deepcopy(CONFIG_SCHEMA)
    capabilities = [  # noqa: RUF012 - the SDK declares it so
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.TEST,
        PluginCapabilities.ABOUT,
        PluginCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.BATCH,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    @cached_property
    def configuration(self) -> Config:
        """The parsed configuration; raises ConfigValidationError with every mistake."""
        return self.parse_configuration(dict(self.config))

    @cached_property
    def session(self) -> Session:
        """What all streams share."""
        flush = self.message_writer.flush
        return Session.of(self.configuration, Clock(), flush, is_confined=self.is_confined)

    @cached_property
    def prefetcher(self) -> Prefetcher:
        """What requests pages ahead, for all streams."""
        return Prefetcher(self.configuration.rate_limit.max_in_flight)

    @property
    def streams(self) -> dict[str, OAuth2Stream]:  # type: ignore[override]  # made below
        """The streams in the order of the configuration; the SDK sorts them by name."""
        found = cast("dict[str, OAuth2Stream]", super().streams)
        names = (one.name for one in self.configuration.top.streams)
        return {name: found[name] for name in names if name in found}

    def summarize(self) -> str:
        """Return how many records of each stream were read."""
        stats = [stream.reader.stats for stream in self.streams.values()]
        return ", ".join(f"{one.name} {plural(one.records, 'record')}" for one in stats)

    def discover_streams(self) -> list[OAuth2Stream]:
        """Create the configured streams; a schema is inferred when it is first needed."""
        streams: dict[str, OAuth2Stream] = {}
        for config in self.configuration.top.streams:
            # The SDK tells parents and children apart by class, so each stream has its own.
            own: type[OAuth2Stream] = type("ConfiguredStream", (OAuth2Stream,), {})
            streams[config.name] = own(self, config, self.session, self.prefetcher)
        for child in streams.values():
            if (parent := child.stream.contexts.parent) is not None:
                type(child).parent_stream_type = type(streams[parent.stream])
                child.sample.parent = streams[parent.stream].sample
                child.complete_read.parent = streams[parent.stream].complete_read
                child.reader.stats.parent = streams[parent.stream].reader.stats
        return list(streams.values())

    def setup_mapper(self) -> None:
        """Apply the catalog first: what it selects decides the schemas that the mapper gets."""
        if unknown := (self.input_catalog or {}).keys() - self.streams.keys():
            LOG.warning(
                "ignoring unconfigured streams of the catalog: %s",
                some(sorted(unknown), MAX_NAMED_STREAMS),
            )
        self._infer_schemas()
        super().setup_mapper()
        for stream in self._emitted:
            stream.register_schema()

    @property
    def _emitted(self) -> list[OAuth2Stream]:
        """The streams that need a schema: not those that failed before they begin."""
        return [s for s in self.streams.values() if s.selected and not s.failures.has_ended]

    def begin_report(self) -> None:
        """Begin the run report, if there is to be one; raise InputError."""
        if path := self.configuration.top.run_report:
            REPORT.begin(path, self.session.report)

    def sync_everything(self) -> None:
        """Sync all selected streams and report on each; raises TapError.

        A failed stream or context does not stop the others if ``on_error`` says so.
        However it ends, the records read and the last safe state are written.
        """
        progress = self.session.progress
        with progress.show():
            self.setup_mapper()
            streams = self.streams.values()
            progress.streams = [s.name for s in streams if s.selected or s.has_selected_descendents]
            if not progress.streams:
                LOG.warning("no stream is selected; nothing to read")
            for one in self._emitted:
                one.hold_schema()
            if (batches := self.configuration.top.batch_config) is not None:
                self.message_writer = BatchWriter(batches, self.send_state)
            self.throttle_state()
            failures = self.session.failures
            try:
                self.sync_all()
            except OutputError:
                raise
            except TapError as error:
                failures.check(last=str(error))
            finally:
                # A signal that arrives now must not prevent the last STATE.
                with uninterrupted:
                    self.prefetcher.close()
                    self.write_rest()
                    self.session.close()
            for stream in streams:
                stream.report()
        failures.check()

    def run_discovery(self) -> str:
        """Print the catalog.

        Meltano runs discovery before every command of a plugin, the login included, so there it
        must not fail because nobody has logged in yet, or because one stream fails: the sync that
        follows does. Elsewhere a catalog without the columns of a stream would be used as it is.
        """
        self.session.waits_for_login = "MELTANO_EXTRACTOR_NAME" in os.environ
        self._infer_schemas()
        if not self.session.waits_for_login:
            self.session.failures.check()
        catalog = self.catalog_json_text
        write_text(f"{catalog}\n")
        return catalog

    def _infer_schemas(self) -> None:
        for stream in self.streams.values():
            if self.input_catalog is None or stream.selected:
                stream.infer_early()

    def load_state(self, state: dict[str, Any]) -> None:
        """Load the state of the last run; raises StateError if it is malformed."""
        bookmarks = bookmarks_in(state)
        super().load_state(state)
        if not bookmarks:
            # The streams are not made yet: a catalog may follow.
            return
        if unknown := bookmarks.keys() - {one.name for one in self.configuration.top.streams}:
            LOG.info(
                "leaving bookmarks of unconfigured streams unchanged: %s",
                some(sorted(unknown), MAX_NAMED_STREAMS),
            )
        for name, stream in self.streams.items():
            stream.reader.check.has_history = has_history(bookmarks.get(name) or {})

    @classmethod
    def parse_configuration(cls, raw: Mapping[str, Any]) -> Config:
        """Parse a configuration; raises ConfigValidationError with every mistake."""
        collector = ErrorCollector()
        config = cls.check_configuration(raw, collector) if raw else None
        for sentence in collector.warnings:
            LOG.warning("%s", sentence)
        if not raw:
            collector.add(
                "",
                "the configuration is empty; use --config FILE, or --config ENV for environment "
                f"variables such as {PREFIX}BASE_URL",
            )
        if config is None or collector.errors:
            raise ConfigValidationError("Config validation failed", errors=collector.errors)
        return config

    @classmethod
    def check_configuration(
        cls, raw: Mapping[str, Any], collector: ErrorCollector
    ) -> Config | None:
        """Parse a configuration; the collector holds each mistake with its place."""
        config = read_config(raw, _SDK_SETTINGS, collector)
        if config is not None:
            check_maps(raw, [stream.name for stream in config.top.streams], collector)
        return config
