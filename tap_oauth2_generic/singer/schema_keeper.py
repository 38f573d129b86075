"""The columns of one stream over its runs: declared, remembered, of a catalog, or inferred.

How columns grow is decided in ``records/growth.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from tap_oauth2_generic.records.declared import SchemaSettings
from tap_oauth2_generic.records.growth import Columns
from tap_oauth2_generic.records.infer import without_nulls
from tap_oauth2_generic.records.schema_memory import MEMORY, recall, remember
from tap_oauth2_generic.runtime.log import StreamLog

_NOTHING: dict[str, Any] = {"type": "object", "properties": {}}


@dataclass
class SchemaKeeper:
    """Keeps the columns of a stream; ``infer`` samples it, and may raise TapError.

    ``state`` is the stream's state as it was given, and ``marks`` are columns that every schema
    has. A catalog made by hand counts as a declared schema, one of ``--discover`` says what was
    inferred.
    """

    settings: SchemaSettings
    log: StreamLog
    infer: Callable[[], dict[str, Any]]
    state: Callable[[], Mapping[str, Any]]
    marks: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Start with the schema of the configuration, if it declares one."""
        self.given = self.settings.schema
        self.is_inferred = self.given is None
        self._is_remembered = False

    def use_catalog(self, schema: dict[str, Any] | None, *, is_inferred: bool) -> None:
        """Use the schema of a catalog, None for a stream that it lacks."""
        if schema is None:
            # Not selected, so nothing is sampled for it.
            self.given = self.given or _NOTHING
        elif schema.get("properties") and not (is_inferred and self.settings.schema):
            self.given, self.is_inferred = schema, is_inferred

    @cached_property
    def columns(self) -> Columns:
        """The current columns; raise TapError if they cannot be inferred."""
        if (found := self._recall()) is not None:
            self._is_remembered = True
            return self.add_marks(found)
        return self.add_marks(Columns(self.infer() if self.given is None else self.given))

    def add_marks(self, columns: Columns) -> Columns:
        """Return the columns with the marks; without a record, a stream has none."""
        if not (properties := columns.schema["properties"]):
            return columns
        marked = {**columns.schema, "properties": {**properties, **self.marks}}
        return replace(columns, schema=marked)

    @property
    def schema(self) -> dict[str, Any]:
        """The columns to send: those that had a value, or are declared."""
        schema = self.columns.schema
        return without_nulls(schema) if self.is_inferred else dict(schema)

    def needs_records(self, keys: Iterable[str]) -> bool:
        """Return whether the schema may be sent only with records.

        What a sample shows is not what the target's table has, if the sync brings no record.
        """
        columns = self.columns.schema["properties"]
        return self.is_inferred and not (self._is_remembered and {*keys} <= columns.keys())

    def memory(self) -> dict[str, Any] | None:
        """Return what the state is to remember, None if nothing."""
        if not self.settings.remember_schema:
            return None
        if self.is_inferred:
            return remember(self.columns)
        given, columns = self.given or _NOTHING, self.columns
        declared = {**self.marks, **given["properties"]}
        added = {
            name: column
            for name, column in columns.schema["properties"].items()
            if column.get("type") != declared.get(name, {}).get("type")
        }
        kept = remember(Columns({"properties": added}, columns.variants))
        return {**kept, "declared": True} if added else None

    def _recall(self) -> Columns | None:
        kept = self.state().get(MEMORY)
        is_declared = isinstance(kept, Mapping) and kept.get("declared") is True
        if kept is None or not self.settings.remember_schema or is_declared == self.is_inferred:
            return None
        try:
            found = recall(kept)
        except (ValueError, RecursionError):
            self.log.warning("ignoring the remembered schema in the state, which is malformed")
            return None
        if self.is_inferred:
            return found
        given = self.given or _NOTHING
        properties = {**found.schema["properties"], **given["properties"]}
        if self.settings.on_type_change == "widen":
            # The target's column has the wider type already.
            properties |= found.schema["properties"]
        return Columns({**given, "properties": properties}, found.variants)
