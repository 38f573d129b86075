"""Read the files a command is given: configuration, state, catalog.

Checks their form; which settings and streams exist is decided elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from msgspec import Struct, ValidationError, convert, field

from tap_oauth2_generic.errors import InputError, StateError
from tap_oauth2_generic.records.declared import is_schema
from tap_oauth2_generic.runtime.log import LOG

_INFERRED = "tap-oauth2-generic.inferred"
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _Progress(Struct):
    replication_key: str | None = None
    progress_markers: dict[str, Any] = field(default_factory=dict)


class _Partition(_Progress, kw_only=True):
    context: dict[str, Any]


class _StreamState(_Progress):
    partitions: list[_Partition] = field(default_factory=list)


class _State(Struct):
    bookmarks: dict[str, _StreamState]


class _Choices(Struct, rename="kebab"):
    replication_key: str | None = None
    replication_method: str | None = None
    forced_replication_method: str | None = None
    table_key_properties: list[str] | None = None


class _Metadata(Struct):
    breadcrumb: list[str]
    metadata: _Choices


class _CatalogEntry(Struct):
    tap_stream_id: str
    schema: dict[str, Any]
    stream: str | None = None
    replication_key: str | None = None
    replication_method: str | None = None
    key_properties: list[str] | None = None
    metadata: list[_Metadata] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not is_schema(self.schema):
            raise ValueError("a schema, or one inside it, is malformed")


class _Catalog(Struct):
    streams: list[_CatalogEntry]


def read_object(path: str, what: str) -> dict[str, Any]:
    """Read a JSON object from a file; raise InputError if there is none."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            return _load(file, f"{what} file {path!r}")
    except OSError as error:
        raise InputError(f"cannot read the {what} file {path!r}: {error.strerror}") from None


def read_state(file: IO[str]) -> dict[str, Any]:
    """Read a state; raise InputError or StateError before anything is sent.

    An empty file would read everything again and be taken for a state.
    """
    state = _load(file, "state", may_be_empty=False)
    bookmarks_in(state)
    return state


def read_catalog(file: IO[str]) -> dict[str, Any]:
    """Read a catalog; raise InputError if it does not follow the Singer specification."""
    catalog = _load(file, "catalog")
    try:
        convert(catalog, _Catalog)
    except ValidationError as error:
        raise InputError(
            f"the catalog is malformed: {error}; compare it with the output of --discover"
        ) from None
    for entry in catalog["streams"]:
        _normalize(entry)
    return catalog


def mark_inferred(entry: dict[str, Any]) -> None:
    """Note in an entry of a catalog that its schema was inferred."""
    for one in entry["metadata"]:
        if not one["breadcrumb"]:
            one["metadata"][_INFERRED] = True


def inferred_streams(catalog: Any) -> frozenset[str]:
    """Return the streams whose schema in a catalog was inferred."""
    entries = catalog.get("streams", []) if type(catalog) is dict else []
    return frozenset(
        entry["tap_stream_id"]
        for entry in entries
        for one in entry.get("metadata", [])
        if not one["breadcrumb"] and one["metadata"].get(_INFERRED) is True
    )


def bookmarks_in(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bookmarks of a state by stream; raise StateError if it is malformed."""
    if not state:
        return {}
    try:
        convert(state, _State)
    except ValidationError as error:
        raise StateError(
            f"the state is malformed: {error}; pass the value of a STATE message, or the "
            "singer_state inside the state of Meltano"
        ) from None
    bookmarks: dict[str, Any] = state["bookmarks"]
    return bookmarks


def _load(file: IO[str], what: str, *, may_be_empty: bool = True) -> dict[str, Any]:
    """Decode a JSON object with exact numbers; an empty file is an empty object if it may be."""
    try:
        string = file.read()
        if not may_be_empty and not string.strip():
            raise InputError(
                f"the {what} file is empty: `tap --state s.json | target > s.json` empties it "
                "before the tap reads it; write to another file and move it, or omit --state"
            )
        found = json.loads(string.strip() or "{}", parse_float=Decimal, parse_constant=_reject)
        if _ESCAPED_SURROGATE.search(string):
            json.dumps(found, ensure_ascii=False, default=str).encode()
    except UnicodeDecodeError:
        raise InputError(f"the {what} is not UTF-8") from None
    except UnicodeEncodeError:
        raise InputError(
            f"the {what} holds half of a surrogate pair (\\ud800 to \\udfff), no character"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"the {what} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise InputError(f"the {what} must be a JSON object")
    return found


def _reject(constant: str) -> Any:
    raise ValueError(f"{constant} is not a JSON value")


def _normalize(entry: dict[str, Any]) -> None:
    """Move the choices of a catalog's user to where the SDK looks for them."""
    for one in entry.setdefault("metadata", []):
        if not one["breadcrumb"] and one["metadata"].get("replication-method"):
            entry["replication_method"] = one["metadata"]["replication-method"]
    name, alias = entry["tap_stream_id"], entry.get("stream")
    if alias and alias != name:
        notice = "Ignoring the catalog's alias %r for stream %r; rename streams with stream_maps"
        LOG.warning(notice, alias, name)
    entry["stream"] = name
