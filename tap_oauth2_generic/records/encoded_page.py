"""A page of records that stay the bytes that the server wrote, and what steps know of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import compress
from operator import not_
from typing import Any

import msgspec
from msgspec.structs import replace

from tap_oauth2_generic.parsing.json_list import as_list
from tap_oauth2_generic.runtime.json_encoder import encode_json

Record = dict[str, Any]
_OBJECTS = msgspec.json.Decoder(list[Record], float_hook=Decimal)


class EncodedPage(msgspec.Struct, frozen=True):
    """The records of a page as the server wrote them, without spaces and line breaks.

    ``records`` are the members of the list ``json``, ``members`` the fields of each that steps
    read. ``columns`` are values to add, one for each record; ``constants`` are added to all.
    ``left_out`` counts the records left out, by reason; ``in_order`` are the replication values
    of all records, including those. ``replication_values`` are those of which one may be the
    highest or the lowest; ``without`` counts the records that have none. ``keys`` are the values
    at the paths that child streams take from each record. ``emitted`` are the names of streams,
    each with what stream maps make of each record, None for nothing.
    """

    json: bytes
    records: Sequence[bytes | msgspec.Raw]
    members: Mapping[str, Sequence[bytes | msgspec.UnsetType]] = {}
    columns: Mapping[str, list[bytes]] = {}
    constants: Mapping[str, Any] = {}
    left_out: Mapping[str, int] = {}
    in_order: list[Any] = []
    replication_values: list[Any] = []
    without: int = 0
    keys: Mapping[str, list[bytes]] = {}
    emitted: Sequence[tuple[str, Sequence[bytes | None]]] = ()

    def has(self, name: str, *, always: bool = False) -> bool:
        """Return whether any record has a field, or each has, added ones included."""
        if name in self.columns or name in self.constants:
            return True
        there = (value is not msgspec.UNSET for value in self.members[name])
        return all(there) if always else any(there)

    def member(self, name: str) -> list[bytes]:
        """Return the values of a field, which may be added; null if a record has none."""
        if name in self.columns:
            return self.columns[name]
        if name in self.constants:
            return [encode_json(self.constants[name])] * len(self.records)
        return [b"null" if one is msgspec.UNSET else one for one in self.members[name]]

    def select(self, kept: Sequence[bool], reason: str) -> EncodedPage:
        """Return the page with a part of its records; raise an error if it must be decoded.

        The decoded records show the same: each other one must be an object without added fields.
        """
        if all(kept):
            return self
        others = _OBJECTS.decode(as_list(compress(self.records, map(not_, kept))))
        added = self.columns.keys() | self.constants.keys()
        if not all(others) or any(name in record for name in added for record in others):
            raise LookupError
        records = list(compress(self.records, kept))
        return replace(
            self,
            json=as_list(records),
            records=records,
            members={name: list(compress(all_, kept)) for name, all_ in self.members.items()},
            columns={name: list(compress(all_, kept)) for name, all_ in self.columns.items()},
            left_out={**self.left_out, reason: self.left_out.get(reason, 0) + len(others)},
        )

    @property
    def suffix(self) -> bytes:
        """The constants as members to put before the last brace of each record."""
        return b"," + encode_json(self.constants)[1:-1] if self.constants else b""
