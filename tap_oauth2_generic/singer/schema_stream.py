"""The SDK's stream with a schema that is inferred, remembered, and grows during a sync.

What the SDK marks private is used here and in ``paged_stream``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from singer_sdk.exceptions import MappingError
from singer_sdk.helpers._catalog import get_selected_schema
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import Metadata, SchemaMessage
from singer_sdk.streams.core import Stream

from tap_oauth2_generic.errors import ConfigurationError, StreamError
from tap_oauth2_generic.records.growth import Columns
from tap_oauth2_generic.records.schema_memory import MEMORY
from tap_oauth2_generic.runtime.failures import StreamFailures
from tap_oauth2_generic.singer.schema_keeper import SchemaKeeper


class SchemaStream(Stream):
    """A stream whose SCHEMA is sent when it is known, and again when it has grown."""

    failures: StreamFailures
    keeper: SchemaKeeper
    _sent_schemas: Sequence[SchemaMessage] = ()
    _holds_schema = False
    _since_state = 0

    def replace_columns(self, columns: Columns) -> None:
        """Continue with other columns; send them if there is more than notes of nulls."""
        self.keeper.columns = self.keeper.add_marks(columns)
        if (schema := self.keeper.schema) != self.schema:
            self._schema = schema
            self.register_schema()
            self._write_schema_message()

    def infer_early(self) -> None:
        """Infer the schema; a selected stream without one ends before it begins."""
        try:
            _ = self.schema
        except StreamError as error:
            self._schema = {"type": "object", "properties": {}}
            if self.selected:
                self.failures.add(error)
        except BaseException as error:
            self.failures.stop(error)
            raise

    @property
    def schema(self) -> dict[str, Any]:
        """The schema to send; raise TapError if it cannot be inferred."""
        if self._schema is None:
            self._schema = self.keeper.schema
        return self._schema

    @property
    def known_schema(self) -> dict[str, Any]:
        """The schema as far as it is known without a request."""
        return self._schema or {}

    def use_catalog_schema(self) -> Mapping[str, Any]:
        """Use the schema that the catalog gives; return its columns, none without a schema."""
        schema, self._input_schema = self._input_schema, None
        is_inferred = self.name in getattr(self._tap, "inferred_in_catalog", ())
        self.keeper.use_catalog(schema, is_inferred=is_inferred)
        columns: Mapping[str, Any] = (schema or {}).get("properties", {})
        return columns

    @property
    def given_state(self) -> Mapping[str, Any]:
        """The state of the stream as it stands, without making one."""
        found: Mapping[str, Any] = self._tap_state.get("bookmarks", {}).get(self.name, {})
        return found

    @property
    def flattening(self) -> tuple[int, str]:
        """How deep objects are flattened, and what separates the names; 0 if they are not."""
        options = self._tap.mapper.flattening_options
        return (options.max_level, options.separator) if options else (0, "")

    @property
    def shares_name(self) -> bool:
        """Whether stream maps give a name of this stream to another one."""
        names = getattr(self._tap, "emitted_names", Counter[str]())
        return any(names[one.stream_alias] > 1 for one in self.stream_maps)

    def _select_variants(self, variants: Mapping[str, Any], at: tuple[str, ...] = ()) -> None:
        """Select each variant as the field that it belongs to."""
        for name, owner in variants.items():
            place = (*at, "properties", name)
            if isinstance(owner, str):
                own = (*at, "properties", owner)
                self.mask[place] = self.mask[own]
            else:
                self._select_variants(owner, place)

    def select_keys(self) -> list[str]:
        """Select the keys that a catalog deselects, as Singer requires; return their names."""
        keys = [*self.primary_keys, *filter(None, [self.replication_key])]
        lost = [key for key in dict.fromkeys(keys) if not self.mask["properties", key]]
        if not self.selected:
            return []
        for key in lost:
            self.metadata["properties", key].inclusion = Metadata.InclusionType.AUTOMATIC
        self._mask = None
        return lost

    def register_schema(self) -> None:
        """Let stream maps and flattening use the current schema; raise ConfigurationError."""
        self._select_variants(self.keeper.columns.variants)
        selected = get_selected_schema(self.name, self.schema, self.mask)
        mapper = self._tap.mapper
        # Until there is a column, no record is emitted, and maps may name any.
        mapper.stream_maps[self.name] = [SameRecordTransform(self.name, selected, None, None)]
        if selected["properties"]:
            try:
                mapper.register_raw_stream_schema(self.name, selected, self.primary_keys)
            except MappingError as error:
                raise ConfigurationError(f"stream_maps: {error}") from None
            except ValueError as error:
                # Two fields have one name when they are flattened, or when it is shortened.
                message = (
                    f"stream {self.name!r}: {error}; choose another flattening_separator or a "
                    "larger flattening_max_key_length"
                )
                raise ConfigurationError(message) from None
        self._stream_maps = None

    def release_schema(self) -> bool:
        """Send a schema that waited for the first record; return whether there is one."""
        if self._holds_schema:
            self._holds_schema = False
            self._write_schema_message()
        return bool(self.schema["properties"])

    def _write_schema_message(self) -> None:
        """Send the schema once: a child stream is synced for every record of its parent."""
        if self._holds_schema or not self.schema["properties"]:
            return
        sending = [*self._generate_schema_messages()]
        if sending != self._sent_schemas:
            self._sent_schemas = sending
            if (memory := self.keeper.memory()) != self.stream_state.pop(MEMORY, None):
                # A STATE follows the page, so that a run that is killed later is remembered, too.
                self._since_state = self.STATE_MSG_FREQUENCY
            if memory is not None:
                self.stream_state[MEMORY] = memory
            for message in sending:
                self._tap.write_message(message)
