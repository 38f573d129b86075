"""The tap: from a configuration to streams that share one connection."""

from __future__ import annotations

import copy
import os
from contextlib import suppress
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import (
    FLATTENING_CONFIG,
    STREAM_MAPS_CONFIG,
    PluginCapabilities,
    TapCapabilities,
)
from singer_sdk.plugin_base import _ConfigInput

from tap_oauth2_generic.config.config import CONFIG_SCHEMA, Config, read_config
from tap_oauth2_generic.config.environment import settings_in_environment, warn_about_undeclared
from tap_oauth2_generic.errors import ConfigurationError, OutputError
from tap_oauth2_generic.extract.prefetch import Prefetcher
from tap_oauth2_generic.records.stream_maps import check_maps
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.redaction import protect_logs
from tap_oauth2_generic.runtime.shutdown import uninterrupted
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.settings.limits import MAX_NAMED_STREAMS
from tap_oauth2_generic.singer.input_files import (
    bookmarks_in,
    read_catalog,
    read_object,
    read_state,
)
from tap_oauth2_generic.singer.message_writer import MessageWriter, write_text
from tap_oauth2_generic.singer.state_writer import ThrottledStateWriter
from tap_oauth2_generic.stream import OAuth2Stream

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from types import FrameType

    import click

_SDK_SETTINGS = frozenset({**STREAM_MAPS_CONFIG["properties"], **FLATTENING_CONFIG["properties"]})


class TapOAuth2Generic(Tap):
    """Singer tap that extracts data from any OAuth2-protected REST API by configuration alone."""

    name = "tap-oauth2-generic"
    package_name = "tap-oauth2-generic"
    # Discovery asks the API, so that a wrong configuration must fail it.
    dynamic_catalog = True
    # A copy: the SDK adds its own settings to it.
    config_jsonschema = copy.deepcopy(CONFIG_SCHEMA)
    message_writer_class = MessageWriter
    capabilities = [  # noqa: RUF012 - the SDK declares it so
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take what the SDK takes; signals count from here on."""
        uninterrupted.begin_run()
        super().__init__(*arguments, **options)

    @cached_property
    def session(self) -> Session:
        """What all streams share."""
        return Session.of(self._parsed(), Clock(), self._flush)

    @cached_property
    def prefetcher(self) -> Prefetcher:
        """What fetches pages ahead, for all streams."""
        return Prefetcher(self._parsed().rate_limit.max_in_flight)

    def discover_streams(self) -> list[OAuth2Stream]:
        """Make the configured streams; their schemas are inferred when they are asked for."""
        # The SDK finds parents and children by class, so each stream has one of its own.
        settings = {stream.name: stream for stream in self._parsed().top.streams}
        classes = {name: _stream_class() for name in settings}
        made = {
            name: classes[name](self, stream, self.session, self.prefetcher)
            for name, stream in settings.items()
        }
        for name, stream in settings.items():
            if stream.contexts.parent is not None:
                classes[name].parent_stream_type = classes[stream.contexts.parent.stream]
                made[name].parent = made[stream.contexts.parent.stream]
        return list(made.values())

    def setup_mapper(self) -> None:
        """Let the streams take the catalog first: what they select of it is in their schemas."""
        strangers = (self.input_catalog or {}).keys() - self.streams.keys()
        if strangers:
            self.logger.warning(
                "The catalog has streams that are not configured, and are not read: %s",
                _listed(strangers),
            )
        if self._config.get("stream_maps") is None:
            # To the SDK a null is no map; to us it is as if it were not there.
            self._config.pop("stream_maps", None)
        try:
            super().setup_mapper()
        except MappingError as error:
            message = f"stream_maps: {error}"
            raise ConfigurationError(message) from None

    def sync_everything(self) -> None:
        """Sync all streams, and say at the end what was read and left out; raises TapError."""
        streams = [s for s in self.streams.values() if s.selected or s.has_selected_descendents]
        if not streams:
            self.logger.warning("No stream is selected, so nothing is read")
        with self.session.progress.show(len(streams)):
            self._sync_everything()

    def _sync_everything(self) -> None:
        """Sync all streams, and say what was left out; raises TapError.

        However it ends, the records that were read and the last safe state go out.
        """
        if isinstance(self.message_writer, MessageWriter):
            self._state_writer = ThrottledStateWriter(
                self.message_writer, Clock(), given=self.state
            )
        try:
            self.sync_all()
        finally:
            # A signal that comes only now must not cut off what is owed.
            with uninterrupted:
                self._wind_up()
        for stream in self.streams.values():
            if isinstance(stream, OAuth2Stream):
                stream.report()

    def _wind_up(self) -> None:
        self.prefetcher.close()
        if not uninterrupted.forced:
            with suppress(OutputError):
                if self.state:
                    self.state_writer.write_state(self.state)
                self._flush()
        self.session.close()

    def _flush(self) -> None:
        if isinstance(self.message_writer, MessageWriter):
            self.message_writer.flush()

    def run_discovery(self) -> str:
        """Print the catalog.

        Meltano asks for one before every command of a plugin, the login included: there it
        must not fail for want of a login. The sync that follows does.
        """
        self.session.waits_for_login = "MELTANO_EXTRACTOR_NAME" in os.environ
        catalog = self.catalog_json_text
        write_text(f"{catalog}\n")
        return catalog

    def load_state(self, state: dict[str, Any]) -> None:
        """Take the state of the last run; raises StateError where it is malformed."""
        strangers = bookmarks_in(state).keys() - {s.name for s in self._parsed().top.streams}
        if strangers:
            self.logger.info(
                "The state has bookmarks of streams that are not configured, which are kept as "
                "they are: %s",
                _listed(strangers),
            )
        super().load_state(state)

    def _parsed(self) -> Config:
        """Parse the configuration once; raises ConfigValidationError with every mistake."""
        if self._parsed_config is None:
            self._parsed_config = self.parsed_configuration(self._config)
        return self._parsed_config

    _parsed_config: Config | None = None

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the configuration with the house's own parser, which finds every mistake."""
        try:
            self._parsed()
        except ConfigValidationError as error:
            if raise_errors:
                raise
            return list(error.errors)
        return []

    # The command line

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Give the SDK's command; from here on no log line shows a secret."""
        protect_logs()
        return super().get_singer_command()

    @classmethod
    def cb_config(
        cls,
        ctx: click.Context,  # noqa: ARG003 - the SDK's
        param: click.Option,  # noqa: ARG003 - the SDK's
        value: tuple[str, ...],
    ) -> _ConfigInput:
        """Read the configuration files; raises TapError where one cannot be read."""
        files = [path for path in value if path != "ENV"]
        config = cls.merged_configuration(files)
        if files == list(value):
            warn_about_undeclared(cls._all_settings(), cls._env_var_prefix, config)
        return _ConfigInput(config, parse_env=len(files) < len(value))

    @classmethod
    def merged_configuration(cls, paths: Sequence[str]) -> dict[str, Any]:
        """Merge configuration files, of which later ones win, and for ``ENV`` the environment.

        What stands there wins over all of them, as with the SDK.
        """
        raw: dict[str, Any] = {}
        for path in paths:
            raw |= {} if path == "ENV" else read_object(path, "configuration")
        return raw | (cls._env_var_config if "ENV" in paths else {})

    @classmethod
    def read_configuration(cls, paths: Sequence[str]) -> Config:
        """Parse the configuration of a command that runs no tap.

        Raises InputError, or ConfigValidationError with every mistake.
        """
        return cls.parsed_configuration(cls.merged_configuration(paths))

    @classmethod
    def parsed_configuration(cls, raw: Mapping[str, Any]) -> Config:
        """Parse a configuration; raises ConfigValidationError with every mistake."""
        collector = ErrorCollector()
        config = read_config(raw, _SDK_SETTINGS, collector) if raw else None
        if config is not None:
            check_maps(raw, [stream.name for stream in config.top.streams], collector)
        for sentence in collector.warnings:
            cls.logger.warning("%s", sentence)
        if not raw:
            message = (
                "the configuration is empty: --config FILE takes it from a file, --config ENV from "
                f"variables such as {cls._env_var_prefix}BASE_URL"
            )
            collector.add("", message)
        if config is None or collector.errors:
            raise ConfigValidationError("Config validation failed", errors=collector.errors)
        return config

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - a property of the class
        return settings_in_environment(cls._all_settings(), cls._env_var_prefix)

    @classmethod
    def _all_settings(cls) -> dict[str, Any]:
        schema: dict[str, Any] = cls.config_jsonschema
        cls.append_builtin_config(schema)
        return schema

    @classmethod
    def invoke(  # type: ignore[override]  # the SDK's own taps narrow its options, too
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """Run the tap; raises TapError where a file or the configuration is wrong."""
        if about:
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        config = config or _ConfigInput()
        try:
            tap = cls(
                config=config.config,
                state=None if state is None else read_state(state),
                catalog=None if catalog is None else read_catalog(catalog),
                parse_env_config=config.parse_env,
            )
        except ConfigValidationError as error:
            # The SDK's command would catch it, and add a line of its own.
            raise ConfigurationError("\n".join(error.errors)) from None
        tap.sync_everything()

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Let a signal end the run where no line is cut and no token lost."""
        uninterrupted.handle(signum)


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(sorted(names)[:MAX_NAMED_STREAMS])
    more = len(names) - MAX_NAMED_STREAMS
    return f"{shown} and {more} more" if more > 0 else shown


def _stream_class() -> type[OAuth2Stream]:
    class ConfiguredStream(OAuth2Stream):
        """One stream of the configuration, told from the others by its class."""

    return ConfiguredStream
