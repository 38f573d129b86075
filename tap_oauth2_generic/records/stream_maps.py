"""The SDK's stream maps and flattening: their settings checked, and their step of the pipeline.

The SDK evaluates the expressions; an error in one names its stream.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatch
from typing import Any

from singer_sdk.mapper import PluginMapper, StreamMap

from tap_oauth2_generic.errors import RecordError
from tap_oauth2_generic.records.pipeline import Slice, Step
from tap_oauth2_generic.runtime.log import LOG
from tap_oauth2_generic.settings.fields import ErrorCollector, near_choice
from tap_oauth2_generic.settings.values import json_type

Record = dict[str, Any]
# The SDK takes these from the configuration as they are; to it the string 'false' is true.
_TYPES: dict[str, tuple[type, str]] = {
    "stream_maps": (dict, "an object"),
    "stream_map_config": (dict, "an object"),
    "faker_config": (dict, "an object"),
    "flattening_enabled": (bool, "true or false"),
    "flattening_max_depth": (int, "a whole number"),
    "flattening_max_key_length": (int, "a whole number"),
    "flattening_separator": (str, "a string"),
}
# The options of a map that decide the name of its stream.
_NAMING = ("__source__", "__alias__")
_REMOVED = (None, "__NULL__")


def check_maps(raw: Mapping[str, Any], streams: Collection[str], collector: ErrorCollector) -> None:
    """Report settings that the SDK would fail on, and maps of streams that do not exist."""
    for name, (kind, takes) in _TYPES.items():
        value = raw.get(name)
        if value is not None and type(value) is not kind:
            collector.add(name, f"must be {takes}, not {json_type(value)}")
    maps = raw.get("stream_maps")
    for name, one in maps.items() if isinstance(maps, dict) else ():
        if not name.startswith("__"):
            _check_map(name, one, streams, collector)


def _check_map(name: str, one: Any, streams: Collection[str], collector: ErrorCollector) -> None:
    where, source = f"stream_maps.{name}", name
    if isinstance(one, dict):
        source = one.get("__source__", name)
        for field, value in one.items():
            if not isinstance(value, str | None) and field != "__key_properties__":
                sentence = f"must be a string, an expression, or null, not {json_type(value)}"
                collector.add(f"{where}.{field}", sentence)
    elif one not in _REMOVED:
        collector.add(where, f"must be an object, or null to leave it out, not {json_type(one)}")
    if not any(fnmatch(stream, str(source)) for stream in streams):
        collector.warn(where, f"there is no stream {source!r}{near_choice(source, streams)}")


def has_filter(raw: Mapping[str, Any], stream: str) -> bool:
    """Return whether a stream map may leave out records of a stream."""
    maps = (raw.get("stream_maps") or {}).items()
    filters = [(name, one) for name, one in maps if isinstance(one, dict) and "__filter__" in one]
    return any(fnmatch(stream, str(one.get("__source__", name))) for name, one in filters)


def names_after_maps(raw: Mapping[str, Any], streams: Iterable[str]) -> Counter[str]:
    """Return how many streams have each name after the stream maps."""
    maps = (raw.get("stream_maps") or {}).items()
    named = {
        name: {option: one[option] for option in _NAMING if option in one}
        for name, one in maps
        if isinstance(one, dict)
    }
    plugin_config: dict[str, Any] = {"stream_maps": named}
    mapper = PluginMapper(plugin_config, LOG)
    for stream in streams:
        mapper.register_raw_stream_schema(stream, {"properties": {}}, None)
    return Counter(one.stream_alias for made in mapper.stream_maps.values() for one in made)


class MapStreams(Step):
    """Turn each record into those that the stream maps make of it, with the names of streams."""

    def __init__(self, stream: str, maps: Sequence[StreamMap]) -> None:
        self._stream = stream
        self._maps = maps

    def apply(self, record: Record, _: Slice, /) -> list[tuple[str, Record]]:
        """Return the records that the maps keep; raise RecordError if an expression fails."""
        made = ((one, self._transform(one, record)) for one in self._maps)
        return [(one.stream_alias, found) for one, found in made if found is not None]

    def _transform(self, stream_map: StreamMap, record: Record) -> Record | None:
        try:
            made = stream_map.transform(record)
        except Exception as error:  # an expression may raise anything
            message = f"stream {self._stream!r}: its stream map failed: {_describe(error)}"
            raise RecordError(message) from error
        return None if made is None else _in_columns(self._stream, made, stream_map)


def _describe(error: Exception) -> str:
    """Describe why an expression failed; the numbers of a record are decimals."""
    cause = f" ({error.__cause__})" if error.__cause__ else ""
    sentence = f"{error}{cause}" if cause else f"{type(error).__name__}: {error}"
    return sentence + ("; float() makes a decimal a fraction" if "decimal" in sentence else "")


def _in_columns(stream: str, made: Record, stream_map: StreamMap) -> Record:
    """Return a record without the nulls that flattening leaves in place of objects.

    Raise RecordError if such a value is not null: the flattened schema has no column for it.
    """
    columns = stream_map.transformed_schema.get("properties", {})
    if not stream_map.flattening_enabled or made.keys() <= columns.keys():
        return made
    for name, value in made.items():
        if name not in columns and value is not None:
            raise RecordError(
                f"stream {stream!r}: the value of {name!r} has no column in the flattened schema: "
                "declare it with a single type"
            )
    return {name: value for name, value in made.items() if name in columns}
