"""Read the value at a path from each record of an encoded page; the rest stays undecoded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Optional, Union

import msgspec

from tap_oauth2_generic.parsing.formats import decode
from tap_oauth2_generic.parsing.json_list import as_list
from tap_oauth2_generic.records.encoded_page import EncodedPage
from tap_oauth2_generic.records.msgspec_types import make_struct
from tap_oauth2_generic.records.pipeline import Step
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.settings.paths import MISSING, DottedPath, Path, before_choice

# The steps of a JSONPath that look at nothing but the value before them.
_INWARD = re.compile(r"\$(\.{1,2}[\w*]+|\[[^\]$`]*\])+")


class ValuesAt:
    """Reads the values at a path; ``names`` are the fields of the record that it reads.

    Raises ValueError for a path that may need all of the record.
    """

    def __init__(self, path: Path) -> None:
        first, *inner = before_choice(path).keys or (None,)
        is_dotted = isinstance(path, DottedPath)
        if not isinstance(first, str) or not (is_dotted or _INWARD.fullmatch(path.text)):
            raise ValueError
        self.path, self._first, self._inner = path, first, inner
        # A bare path that is itself a key of the record is that key.
        self._spelling = first if path.text.startswith("$") else path.text
        self.names = frozenset({first, self._spelling})
        self._decoder: msgspec.json.Decoder[Any] | None = None
        # A name that JSON has to escape has no such type.
        with suppress(ValueError):
            kind: Any = _type_of(inner)
            self._decoder = msgspec.json.Decoder(list[kind]) if is_dotted else None

    def read(self, page: EncodedPage) -> list[bytes]:
        """Return each record's value as it is written, null if it has none.

        Raises an error if the page has to be decoded: see ``Step.apply_encoded``.
        """
        if self._spelling != self._first and page.has(self._spelling):
            if not page.has(self._spelling, always=True):
                raise LookupError
            return [bytes(member) for member in page.member(self._spelling)]
        members = page.member(self._first)
        if not self._inner and isinstance(self.path, DottedPath):
            return [bytes(member) for member in members]
        text = as_list(members)
        if self._decoder is not None:
            with suppress(msgspec.ValidationError):
                return [self._value(found) for found in self._decoder.decode(text)]
        all_found = [self.path.find({self._first: member}) for member in decode(text)]
        return [b"null" if found is MISSING else encode_json(found) for found in all_found]

    def _value(self, found: Any) -> bytes:
        for key in self._inner:
            if found is None or found is MISSING:
                return b"null"
            if isinstance(key, str):
                found = found.f0
            else:
                found = found[key] if key < len(found) else MISSING
        return b"null" if found is MISSING else bytes(found)


class PathStep(Step):
    """A step that reads values at paths; one that may need all of a record needs it decoded."""

    def __init__(self, paths: Iterable[Path]) -> None:
        with suppress(ValueError):
            self._values = [ValuesAt(path) for path in paths]
            self.reads = frozenset[str]().union(*(one.names for one in self._values))
            self.takes_encoded = True


def _type_of(keys: Sequence[str | int]) -> Any:
    """Return the type that keeps the value at the end of the keys encoded."""
    kind: Any = msgspec.Raw
    for key in reversed(keys):
        # Of types that are not classes: the operator does not take them all.
        if isinstance(key, str):
            fields = {key: Union[kind, msgspec.UnsetType]}  # noqa: UP007
            kind = Optional[make_struct(fields, msgspec.UNSET)]  # noqa: UP045
        else:
            kind = Optional[list[kind]]  # noqa: UP045
    return kind
