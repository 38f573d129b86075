"""Records that are passed on as they came: checked against the schema, their values never rebuilt.

What does not fit is no error: it goes the general way, through the shaper.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from tap_oauth2_generic.records.msgspec_types import (
    ColumnTypes,
    NoTypeError,
    at_path,
    found_at,
    takes_null,
)
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.settings.paths import DottedPath

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tap_oauth2_generic.parsing.json_text import JsonList
    from tap_oauth2_generic.records.columns import Select
    from tap_oauth2_generic.settings.paths import Path

_BLANKS = b" \t\r\n"
Text = bytes | msgspec.Raw


class NotPassthroughError(Exception):
    """The schema needs records to be looked at one by one."""


@dataclass(frozen=True)
class EncodedRecords:
    """Records of one page that fit the schema.

    ``records`` are their texts, ``more`` what is to be put at the end of each, before its brace.
    ``replication_values`` are those of which the highest may be the bookmark, as they were
    written; ``without`` counts the records that have none.
    """

    records: Sequence[Text]
    more: bytes
    replication_values: list[Any]
    without: int


class Passthrough:
    """Makes the texts of a page's records, where each fits the schema as it was written.

    ``given`` are fields that the tap itself gives every record, ``added`` those that it takes
    from a path inside; a record that brings one of them goes the general way. ``is_ordered``
    asks for every replication value, in order.
    """

    def __init__(  # noqa: PLR0913 - what a stream knows about its records
        self,
        schema: Mapping[str, Any],
        selected: Select,
        *,
        inferred: bool,
        given: Collection[str],
        added: Mapping[str, Path],
        replication_key: str | None,
        is_ordered: bool,
    ) -> None:
        """Make the types; raises NotVerbatimError where there are none for the schema."""
        columns = schema.get("properties", {})
        types = ColumnTypes(selected, inferred=inferred)
        brought = {name: columns.get(name) for name in (*given, *added)}
        if not columns.keys() >= brought.keys() or not set(given).isdisjoint(added):
            # Of a field that both bring the general way takes what the path finds.
            raise NotPassthroughError
        if not types.is_whole(brought):
            raise NotPassthroughError
        own = {n: column for n, column in columns.items() if n not in given and n not in added}
        try:
            picked: Any = types.picked(own)
            self._records = msgspec.json.Decoder(list[types.checked(own)])  # type: ignore[misc]
            self._picked = msgspec.json.Decoder(list[picked]) if picked is not None else None
            self._added = [
                _Added(
                    name,
                    path,
                    types.value(columns[name], ("properties", name)),
                    own,
                    takes_null=takes_null(columns[name]),
                )
                for name, path in added.items()
            ]
            self._key = None
            if replication_key is not None:
                self._key = _Key(replication_key, own, self._added, is_ordered=is_ordered)
        except (NoTypeError, TypeError, ValueError) as error:
            # A ValueError: the decoder takes no names that JSON has to escape.
            raise NotPassthroughError from error

    def check(self, written: JsonList, more: bytes) -> EncodedRecords | None:
        """Give what may be passed on of a page, or None where a record does not fit.

        ``more`` are members to put at the end of each record, encoded, with their comma.
        """
        texts: Sequence[Text] = written.members
        try:
            checked = self._records.decode(written.text)
            added = [one.values(written.text) for one in self._added]
            if self._picked is not None:
                texts = [encode_json(record) for record in self._picked.decode(written.text)]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        if (more or added) and any(_is_empty(text) for text in texts):
            # What is put at the end begins with a comma.
            return None
        values, without = self._key.values(written, checked, added) if self._key else ([], 0)
        if added:
            columns = [one.members(written.text) for one in self._added]
            texts = [
                b"".join((memoryview(text)[:-1], *members, b"}"))
                for text, *members in zip(texts, *columns, strict=True)
            ]
        return EncodedRecords(texts, more, values, without)


class _Added:
    """A field taken from a path inside each record."""

    def __init__(
        self, name: str, path: Path, kind: Any, own: Mapping[str, Any], *, takes_null: bool
    ) -> None:
        # A bare path that is itself a key is that key.
        if not isinstance(path, DottedPath) or name in own or path.text in own:
            raise NoTypeError
        keys = [key for key in path.keys if isinstance(key, str)]
        if not keys or len(keys) != len(path.keys):
            raise NoTypeError
        self.name = name
        self._depth = len(keys)
        self._takes_null = takes_null
        self._values = msgspec.json.Decoder(list[at_path(keys, kind)])  # type: ignore[misc]
        self._texts = msgspec.json.Decoder(list[at_path(keys, msgspec.Raw)])  # type: ignore[misc]
        self._begin = b"," + encode_json(name) + b":"

    def values(self, text: bytes) -> list[Any]:
        """Give each record's value, UNSET where it has none; raises ValidationError."""
        found = [found_at(record, self._depth) for record in self._values.decode(text)]
        if not self._takes_null and msgspec.UNSET in found:
            raise msgspec.ValidationError
        return found

    def texts(self, text: bytes) -> list[bytes]:
        """Give each record's value as it was written; what is not there is null."""
        found = (found_at(record, self._depth) for record in self._texts.decode(text))
        return [b"null" if value is msgspec.UNSET else bytes(value) for value in found]

    def members(self, text: bytes) -> list[bytes]:
        """Give the member to put at the end of each record."""
        return [self._begin + value for value in self.texts(text)]


class _Key:
    """Where the replication value of a record is, and which of a page's values matter."""

    def __init__(
        self, name: str, own: Mapping[str, Any], added: Sequence[_Added], *, is_ordered: bool
    ) -> None:
        names = [one.name for one in added]
        if name not in own and name not in names:
            raise NotPassthroughError
        self._added = names.index(name) if name in names else None
        self._source = added[self._added] if self._added is not None else None
        self._field = "" if self._source else f"f{list(own).index(name)}"
        self._is_ordered = is_ordered
        key: Any = msgspec.defstruct("Key", [("key", Any, None)], rename={"key": name})
        self._decoder = msgspec.json.Decoder(list[key], float_hook=Decimal)

    def values(
        self, written: JsonList, checked: list[Any], added: list[list[Any]]
    ) -> tuple[list[Any], int]:
        """Give the values of which the highest may be the bookmark, and how many have none."""
        if self._added is None:
            values = [getattr(record, self._field) for record in checked]
        else:
            values = [None if v is msgspec.UNSET else v for v in added[self._added]]
        there = [value for value in values if value is not None]
        without = len(values) - len(there)
        kinds = set(map(type, there))
        if kinds <= {int, str}:
            return there, without
        highest = None
        if kinds == {datetime} and not self._is_ordered and _are_absolute(there):
            highest = max(there)
        # As they were written, with every digit: cut to microseconds, different ones are equal.
        return [
            value
            for value, checked_value in zip(self._written(written.text), values, strict=True)
            if checked_value is not None and (highest is None or checked_value == highest)
        ], without

    def _written(self, text: bytes) -> list[Any]:
        if self._source is None:
            return [record.key for record in self._decoder.decode(text)]
        decode = msgspec.json.Decoder(float_hook=Decimal).decode
        return [decode(value) for value in self._source.texts(text)]


def _are_absolute(times: list[datetime]) -> bool:
    return all(time.tzinfo is not None for time in times)


def _is_empty(text: Text) -> bool:
    return not bytes(text)[1:-1].strip(_BLANKS)
