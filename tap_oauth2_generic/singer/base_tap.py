"""The SDK's tap with its private names: options, files, signals and STATE messages.

Knows no setting: the subclass reads the configuration.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from types import FrameType
from typing import IO, Any

import click
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.singerlib import Catalog
from singer_sdk.tap_base import CliTestOptionValue, Tap

from tap_oauth2_generic.errors import ConfigurationError, OutputError
from tap_oauth2_generic.records.stream_maps import names_after_maps
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.redaction import protect_logs
from tap_oauth2_generic.runtime.shutdown import uninterrupted
from tap_oauth2_generic.singer.environment import add_environment
from tap_oauth2_generic.singer.input_files import (
    inferred_streams,
    mark_inferred,
    read_catalog,
    read_object,
    read_state,
)
from tap_oauth2_generic.singer.message_writer import MessageWriter
from tap_oauth2_generic.singer.schema_stream import SchemaStream
from tap_oauth2_generic.singer.state_writer import ThrottledStateWriter


class BaseTap(Tap):
    """A tap that checks its configuration, and writes what it has read however it ends."""

    message_writer_class = MessageWriter
    message_writer: MessageWriter
    #: Begins the report of a sync; raises TapError.
    begin_report: Callable[[], None]
    #: Syncs all selected streams; raises TapError.
    sync_everything: Callable[[], None]

    def __init__(self, *arguments: Any, setup_mapper: bool = True, **options: Any) -> None:
        uninterrupted.begin_run()
        self.inferred_in_catalog = inferred_streams(options.get("catalog"))
        # The state goes first: it may hold the schemas that the mapper gets.
        super().__init__(*arguments, setup_mapper=False, **options)
        if setup_mapper:
            self.setup_mapper()

    @property
    def catalog_dict(self) -> dict[str, Any]:
        """The catalog as a dict, in which inferred schemas are marked."""
        catalog: dict[str, Any] = super().catalog_dict
        for entry in catalog["streams"]:
            stream = self.streams[entry["tap_stream_id"]]
            if isinstance(stream, SchemaStream) and stream.keeper.is_inferred:
                mark_inferred(entry)
        return catalog

    @property
    @abstractmethod
    def configuration(self) -> object:
        """The parsed configuration; raises ConfigValidationError with every mistake."""

    @abstractmethod
    def summarize(self) -> str:
        """Return how many records of each stream were read."""

    @cached_property
    def emitted_names(self) -> Counter[str]:
        """How many streams have each name after the stream maps, emitted in this run or not."""
        return names_after_maps(self.config, self.streams)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        if raise_errors:
            _ = self.configuration
        return []

    def setup_mapper(self) -> None:
        """Prepare the stream maps; raise ConfigurationError if the SDK rejects one."""
        if self._config.get("stream_maps") is None:
            # The SDK takes null for a faulty map; here it means that there are no maps.
            self._config.pop("stream_maps", None)
        try:
            # The SDK's tap would map streams that are not emitted, and have no columns, too.
            super(Tap, self).setup_mapper()
        except MappingError as error:
            raise ConfigurationError(f"stream_maps: {error}") from None
        except ConfigValidationError as error:
            raise ConfigurationError("\n".join(error.errors)) from None

    def throttle_state(self) -> None:
        """Write STATE messages less often as the state grows, from now on."""
        self._state_writer = ThrottledStateWriter(self.message_writer, Clock(), given=self.state)

    def send_state(self) -> None:
        """Send the state if it is due."""
        if isinstance(self._state_writer, ThrottledStateWriter) and self._state_writer.is_due:
            self._state_writer.write_state(self.state)

    def write_rest(self) -> None:
        """Write the last state and flush, unless stdout is closed or the end is forced."""
        with suppress(OutputError):
            if uninterrupted.forced:
                return
            self.message_writer.close_files()
            if self.state and isinstance(self._state_writer, ThrottledStateWriter):
                self._state_writer.write_last(self.state)
            self.message_writer.flush()

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the SDK's command; from here on no log line shows a secret."""
        protect_logs()
        cls.logger.addFilter(_is_true)
        # At DEBUG it tells of each field, again for each field inside it, with its whole path.
        logging.getLogger("singer_sdk.singerlib.catalog").setLevel(logging.INFO)
        return super().get_singer_command()

    @classmethod
    def cb_config(
        cls,
        ctx: click.Context,  # noqa: ARG003 - the SDK's
        param: click.Option,  # noqa: ARG003 - the SDK's
        value: tuple[str, ...],
    ) -> _ConfigInput:
        """Read the ``--config`` options; raises TapError or ConfigValidationError."""
        return _ConfigInput(cls.merge_configuration(value))

    @classmethod
    def merge_configuration(cls, paths: Sequence[str]) -> dict[str, Any]:
        """Merge configuration files, later ones winning, and the environment.

        With ``ENV`` it wins over all files, as with the SDK; without, it adds the secrets that no
        file holds. Raises InputError if a file cannot be read, ConfigValidationError if a
        variable is wrong.
        """
        schema: dict[str, Any] = cls.config_jsonschema
        cls.append_builtin_config(schema)
        config: dict[str, Any] = {}
        for path in paths:
            config |= {} if path == "ENV" else read_object(path, "configuration")
        return add_environment(schema, config, wins="ENV" in paths) if paths else config

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Read a record of each stream, and say what was read; raises TapError."""
        if value == CliTestOptionValue.All.value:
            tap = cls(config=ctx.params.get("config", _ConfigInput()).config)
            tap.run_connection_test()
            cls.logger.info("ok: %s", tap.summarize())
            ctx.exit()
        super().cb_test(ctx, param, value)

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
        """Run the tap; raises TapError if a file or the configuration is wrong."""
        if about:
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        try:
            tap = cls(config=(config or _ConfigInput()).config, setup_mapper=False)
        except ConfigValidationError as error:
            # The SDK's command would catch it and log a line of its own.
            raise ConfigurationError("\n".join(error.errors)) from None
        tap.begin_report()
        if catalog is not None:
            content = read_catalog(catalog)
            tap.inferred_in_catalog = inferred_streams(content)
            tap._input_catalog = Catalog.from_dict(content)
        if state is not None:
            tap.load_state(read_state(state))
        tap.sync_everything()

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        uninterrupted.handle(signum)


def _is_true(record: logging.LogRecord) -> bool:
    # The SDK says so of every run; ``--config ENV`` has read the environment before.
    return "Skipping parse of env var" not in str(record.msg)
