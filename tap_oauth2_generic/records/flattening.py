"""Flatten records whose members are still encoded, to what the SDK makes of decoded ones.

The SDK itself names the columns, and flattens the values that an expression computed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from singer_sdk.mapper import StreamMap
from singer_sdk.singerlib.json import serialize_json

from tap_oauth2_generic.parsing.json_list import as_list
from tap_oauth2_generic.records.infer import named_types
from tap_oauth2_generic.runtime.json_encoder import encode_json

Members = dict[str, Any]
_Held = tuple[Members, str, msgspec.Raw]
#: Decode a value as the records of a page are decoded.
decode_value = msgspec.json.Decoder(float_hook=Decimal).decode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw] | None).decode
_JSON_IN_STRING = frozenset({"array", "object"})
# The SDK may write a number or a string in another way than the API: found in a string in which
# digits are 0 or 1, and all ends of a number are commas.
_SHAPES = bytes.maketrans(b"E23456789]}", b"e11111111,,")
_OTHER_SPELLINGS = (b"\\", b"\x7f", b"-0,", b"0.000000")
_EXPONENT = re.compile(rb"[0-9][eE][-+]?[0-9]+[,\]}]")


@dataclass
class _Object:
    """The flattened names of an object's members, and the objects among them.

    ``json_names`` are those of members that may be lists or objects, kept as strings.
    """

    flatten_other: Callable[[str, Any], Members]
    names: dict[str, str] = field(default_factory=dict)
    json_names: dict[str, str] = field(default_factory=dict)
    objects: dict[str, _Object] = field(default_factory=dict)

    def flatten(self, members: Members, into: Members, held: list[_Held]) -> None:
        """Add the members, and those of the objects; list those to be turned into strings."""
        for name, value in members.items():
            if name in self.names:
                into[self.names[name]] = value
            elif name in self.json_names:
                flat = self.json_names[name]
                into[flat] = value
                held.append((into, flat, value))
            elif name not in self.objects:
                into.update(self.flatten_other(name, value))
            elif inner := _decode_object(value):
                self.objects[name].flatten(inner, into, held)


class Flattening:
    """Flattens records of ``msgspec.Raw`` members for a stream map of the SDK.

    The ``computed`` fields are those that an expression reads or sets: they may be decoded.
    """

    def __init__(self, stream_map: StreamMap, computed: Collection[str]) -> None:
        self._map = stream_map
        self._columns = stream_map.transformed_schema["properties"]
        columns = stream_map.raw_schema.get("properties", {})
        own = {name: column for name, column in columns.items() if name not in computed}
        self._root = self._object(own, (), self._flatten_computed)

    def __call__(self, records: Sequence[Members]) -> list[Members]:
        """Return the flattened records; raise any exception for one to be decoded first."""
        flattened: list[Members] = [{} for _ in records]
        held: list[_Held] = []
        for record, into in zip(records, flattened, strict=True):
            self._root.flatten(record, into, held)
        if held:
            strings = json_in_strings([value for _, _, value in held])
            for (into, name, _), string in zip(held, strings, strict=True):
                into[name] = string
        return flattened

    def _flatten_computed(self, name: str, value: Any) -> Members:
        decoded = decode_value(value) if type(value) is msgspec.Raw else value
        made: Members = self._map.flatten_record({name: decoded})
        if not made.keys() <= self._columns.keys():
            raise KeyError(name)
        return made

    def _object(
        self,
        columns: Mapping[str, Any],
        at: tuple[str, ...],
        flatten_other: Callable[[str, Any], Members],
    ) -> _Object:
        made = _Object(flatten_other)
        for name, column in columns.items():
            place = (*at, name)
            if (flat := self._flat_name(place)) is None:
                made.objects[name] = self._object(column.get("properties", {}), place, _refuse)
                continue
            # With such a name, the SDK reads a part of the schema as the schema of the field.
            if flat not in self._columns or name in self._map.transformed_schema.keys() - {"type"}:
                continue
            types = named_types(column)
            may_be_json = types & _JSON_IN_STRING or not types
            (made.json_names if may_be_json else made.names)[name] = flat
        return made

    def _flat_name(self, place: tuple[str, ...]) -> str | None:
        """Return the name of a field's column; None if an object in it is flattened."""
        probe: Any = {}
        for key in reversed(place):
            probe = {key: probe}
        return next(iter(self._map.flatten_record(probe)), None)


def _refuse(name: str, _: Any) -> Members:
    raise KeyError(name)


def json_in_strings(values: Sequence[msgspec.Raw]) -> list[msgspec.Raw]:
    """Return the values, objects and lists as strings of JSON as the SDK writes it."""
    lines = b"\n".join(values)
    shape = lines.translate(_SHAPES)
    ascii_lines = lines.decode().encode("ascii", "backslashreplace")
    if (
        any(one in shape for one in _OTHER_SPELLINGS)
        or b"\\U" in ascii_lines
        or ((b"0e" in shape or b"1e" in shape) and _EXPONENT.search(lines))
        or msgspec.json.format(written := as_list(values), indent=-1) != written
    ):
        texts = [encode_json(serialize_json(decode_value(value))) for value in values]
    else:
        escaped = ascii_lines.replace(rb"\x", rb"\u00").replace(b"\\", rb"\\")
        escaped = escaped.replace(b'"', rb"\"").replace(b"\n", b'"\n"')
        texts = (b'"' + escaped + b'"').split(b"\n")
    return [
        msgspec.Raw(text) if text[1:2] in (b"[", b"{") else value
        for text, value in zip(texts, values, strict=True)
    ]
