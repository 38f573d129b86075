"""The SDK's stream maps and flattening: their settings checked, and their step of the pipeline.

The SDK evaluates the expressions; an error in one names its stream.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from fnmatch import fnmatch
from typing import Any

import msgspec
from msgspec.structs import replace
from singer_sdk.mapper import PluginMapper, StreamMap

from tap_oauth2_generic.errors import RecordError
from tap_oauth2_generic.parsing.json_list import as_list
from tap_oauth2_generic.records.encoded_page import EncodedPage, Record
from tap_oauth2_generic.records.flattening import Flattening, decode_value
from tap_oauth2_generic.records.pipeline import Slice, Step
from tap_oauth2_generic.records.steps import Encode
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.log import LOG
from tap_oauth2_generic.settings.fields import ErrorCollector, near_choice
from tap_oauth2_generic.settings.values import json_type

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
_FILTER = "__filter__"
_ELSE, _KEYS = "__else__", "__key_properties__"
_NO_EXPRESSIONS = (*_NAMING, _ELSE, _KEYS)
# The names by which an expression may read any field.
_RECORD = frozenset({"record", "_"})


def check_maps(raw: Mapping[str, Any], streams: Collection[str], collector: ErrorCollector) -> None:
    """Report settings that the SDK would fail on, and maps of streams that do not exist."""
    for name, (kind, takes) in _TYPES.items():
        value = raw.get(name)
        if value is not None and type(value) is not kind:
            collector.add(name, f"must be {takes}, not {json_type(value)}")
    maps = raw.get("stream_maps")
    for name, one in maps.items() if isinstance(maps, dict) else ():
        if name == _ELSE:
            _check_member("stream_maps", name, one, collector)
        elif not name.startswith("__"):
            _check_map(name, one, streams, collector)


def _check_map(name: str, one: Any, streams: Collection[str], collector: ErrorCollector) -> None:
    where, source = f"stream_maps.{name}", name
    if isinstance(one, dict):
        source = one.get("__source__", name)
        for field, value in one.items():
            _check_member(where, field, value, collector)
    elif one not in _REMOVED:
        collector.add(where, f"must be an object, or null to leave it out, not {json_type(one)}")
    if not any(fnmatch(stream, str(source)) for stream in streams):
        collector.warn(where, f"there is no stream {source!r}{near_choice(source, streams)}")


def _check_member(where: str, field: str, value: Any, collector: ErrorCollector) -> None:
    """Report a member of a map that the SDK would fail on with an error of its own."""
    has_text = isinstance(value, str) and value != ""
    if field == _KEYS:
        is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
        takes, is_right = "an array with nothing but strings, or null", is_list or value is None
    elif field == _ELSE:
        takes, is_right = "null", value in _REMOVED
    elif field in _NAMING:
        takes, is_right = "a string", has_text
    else:
        takes, is_right = "a string, an expression, or null", has_text or value is None
    if not is_right:
        found = "an empty string" if value == "" else json_type(value)
        collector.add(f"{where}.{field}", f"must be {takes}, not {found}")


def has_filter(raw: Mapping[str, Any], stream: str) -> bool:
    """Return whether a stream map may leave out records of a stream."""
    return any(_FILTER in one for one in _maps_of(raw, stream))


def _maps_of(raw: Mapping[str, Any], stream: str) -> list[dict[str, Any]]:
    maps = (raw.get("stream_maps") or {}).items()
    named = [(name, one) for name, one in maps if isinstance(one, dict)]
    return [one for name, one in named if fnmatch(stream, str(one.get("__source__", name)))]


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
    """Turn each record into those that the stream maps make of it, with the names of streams.

    ``raw`` is the configuration that the maps were made of. ``encodes`` the records that the
    maps make; another program's writer takes them decoded.
    """

    def __init__(
        self, stream: str, maps: Sequence[StreamMap], raw: Mapping[str, Any], *, encodes: bool
    ) -> None:
        self._stream = stream
        self._maps = maps
        self._encodes = encodes
        with suppress(ValueError):
            reads, computed = _fields(_maps_of(raw, stream))
            self._encoded = [_EncodedMap(one, reads, computed) for one in maps]
            self.takes_encoded = encodes

    def apply(self, record: Record, _: Slice, /) -> list[tuple[str, Record | bytes]]:
        """Return the records that the maps keep; raise RecordError if an expression fails."""
        made = ((one, self._transform(one, record)) for one in self._maps)
        finish = encode_json if self._encodes else dict
        return [(one.stream_alias, finish(found)) for one, found in made if found is not None]

    def apply_encoded(self, page: EncodedPage, origin: Slice, /) -> EncodedPage | None:
        """Return the page with the records that the maps emit."""
        if (whole := Encode().apply_encoded(page, origin)) is None:
            return None
        end = whole.suffix + b"}"
        records = as_list(b"".join((memoryview(one)[:-1], end)) for one in whole.records)
        try:
            emitted = [(one.alias, one(records)) for one in self._encoded]
        except Exception:  # noqa: BLE001 - the decoded record raises it, with its stream
            return None
        return replace(whole, emitted=emitted)

    def _transform(self, stream_map: StreamMap, record: Record) -> Record | None:
        try:
            made = stream_map.transform(record)
        except Exception as error:  # an expression may raise anything
            message = f"stream {self._stream!r}: its stream map failed: {_describe(error)}"
            raise RecordError(message) from error
        return None if made is None else _in_columns(self._stream, made, stream_map)


class _EncodedMap:
    """A map of the SDK, given records in which only the fields that it reads are decoded.

    Raises ValueError if it takes only decoded ones.
    """

    def __init__(self, stream_map: StreamMap, reads: set[str], computed: set[str]) -> None:
        self.alias = stream_map.stream_alias
        self._reads_all = bool(reads & _RECORD)
        self._reads = reads
        kind: Any = dict[str, Any] if self._reads_all else dict[str, msgspec.Raw]
        self._records = msgspec.json.Decoder(list[kind], float_hook=Decimal)
        self._map, self._flatten = stream_map, None
        if stream_map.flattening_enabled:
            if self._reads_all:
                raise ValueError
            self._flatten = Flattening(stream_map, reads | computed)
            self._map = copy.copy(stream_map)
            self._map.flattening_options = None

    def __call__(self, page: bytes) -> list[bytes | None]:
        """Return what the map emits of each record, encoded; raise any exception."""
        records = self._records.decode(page)
        if not self._reads_all:
            for name in self._reads:
                for record in records:
                    if name in record:
                        record[name] = decode_value(record[name])
        made = [self._map.transform(one) for one in records]
        if self._flatten is not None:
            flattened = iter(self._flatten([one for one in made if one is not None]))
            made = [one if one is None else next(flattened) for one in made]
        return [one if one is None else encode_json(one) for one in made]


def _fields(maps: Iterable[Mapping[str, Any]]) -> tuple[set[str], set[str]]:
    """Return the fields whose values the expressions look into, and those that they set."""
    reads: set[str] = set()
    computed: set[str] = set()
    for name, expression in (item for one in maps for item in one.items()):
        if name in _NO_EXPRESSIONS or expression in _REMOVED:
            continue
        tree = ast.parse(expression)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        is_name = isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Name)
        computed.add(name)
        # The value that a single name stands for is emitted as it is.
        if name == _FILTER or not is_name or names & _RECORD:
            reads |= names | ({name} if "self" in names else set())
    return reads, computed


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
