"""The files that a command is given, read and held to their form: configuration, state, catalog.

Knows no setting and no stream; what stands in them is for others to judge.
"""

from __future__ import annotations

import json
import logging
import re
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tap_oauth2_generic.errors import InputError, StateError
from tap_oauth2_generic.records.declared import is_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOG = logging.getLogger("tap-oauth2-generic")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_object(path: str, what: str) -> dict[str, Any]:
    """Read a JSON object from a file; raises InputError with what is wrong with it."""
    try:
        return loaded(Path(path).read_text(encoding="utf-8"), f"{what} file {path!r}")
    except OSError as error:
        message = f"the {what} file {path!r} cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        message = f"the {what} file {path!r} is not UTF-8"
    raise InputError(message)


def loaded(text: str, what: str) -> dict[str, Any]:
    """Decode the text of a JSON object with exact numbers; a blank text is an empty one."""
    try:
        found = json.loads(
            text if text.strip() else "{}", parse_float=Decimal, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        message = f"the {what} is not JSON: {error}"
        raise InputError(message) from None
    if not isinstance(found, dict):
        message = f"the {what} must be a JSON object"
        raise InputError(message)
    if _ESCAPED_SURROGATE.search(text) and _holds_surrogate(found):
        message = f"the {what} holds half of a surrogate pair (\\ud800 to \\udfff), no character"
        raise InputError(message)
    return found


def text_of(file: IO[str], what: str) -> str:
    """Read an open file; raises InputError where it is not UTF-8."""
    try:
        return file.read()
    except UnicodeDecodeError:
        message = f"the {what} file is not UTF-8"
        raise InputError(message) from None


def read_state(file: IO[str]) -> dict[str, Any]:
    """Read a state; raises InputError or StateError before anything is sent."""
    state = loaded(text_of(file, "state"), "state")
    bookmarks_in(state)
    return state


def read_catalog(file: IO[str]) -> dict[str, Any]:
    """Read a catalog; raises InputError where it is not of the Singer specification's form."""
    catalog = loaded(text_of(file, "catalog"), "catalog")
    streams = catalog.get("streams")
    if not isinstance(streams, list) or not all(_is_entry(entry) for entry in streams):
        message = (
            'the catalog is not of the form {"streams": [{"tap_stream_id": NAME, "schema": '
            '{"properties": {…}}, "metadata": [{"breadcrumb": […], "metadata": {…}}]}]}'
        )
        raise InputError(message)
    for entry in streams:
        _settle(entry)
    return catalog


def bookmarks_in(state: Mapping[str, Any]) -> dict[str, Any]:
    """Give the bookmarks of a state, by stream; raises StateError where it is malformed."""
    bookmarks = state.get("bookmarks", None if state else {})
    if not isinstance(bookmarks, dict) or not all(map(_is_stream_state, bookmarks.values())):
        message = (
            'the state is not of the form {"bookmarks": {"STREAM": {…}}}: of a STATE message it '
            "is the value, of what Meltano keeps the singer_state"
        )
        raise StateError(message)
    return bookmarks


def _is_stream_state(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    partitions = entry.get("partitions", [])
    if not isinstance(partitions, list) or not all(isinstance(one, dict) for one in partitions):
        return False
    markers = [one.get("progress_markers", {}) for one in (entry, *partitions)]
    contexts = [one.get("context") for one in partitions]
    are_named = all(_may_be_text(one.get("replication_key")) for one in (entry, *partitions))
    return are_named and all(isinstance(found, dict) for found in (*markers, *contexts))


def _settle(entry: dict[str, Any]) -> None:
    """Put what a catalog's user chose where the SDK looks for it."""
    roots = [one["metadata"] for one in entry["metadata"] if not one["breadcrumb"]]
    for method in (root.get("replication-method") for root in roots):
        if isinstance(method, str):
            entry["replication_method"] = method
    name, alias = entry["tap_stream_id"], entry.get("stream")
    if alias and alias != name:
        _LOG.warning(
            "The catalog calls the stream %r %r, which is not done: a stream map may rename it",
            name,
            alias,
        )
    entry["stream"] = name


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("tap_stream_id"), str):
        return False
    metadata, keys = entry.setdefault("metadata", []), entry.get("key_properties")
    names = [entry.get(name) for name in ("stream", "replication_key", "replication_method")]
    if not is_schema(entry.get("schema")) or not (keys is None or _are_texts(keys)):
        return False
    are_named = all(map(_may_be_text, names))
    return are_named and isinstance(metadata, list) and all(map(_is_metadata, metadata))


def _is_metadata(entry: Any) -> bool:
    if not isinstance(entry, dict) or not _are_texts(entry.get("breadcrumb")):
        return False
    about = entry.get("metadata")
    if not isinstance(about, dict):
        return False
    names = [about.get(name) for name in ("replication-key", "forced-replication-method")]
    keys = about.get("table-key-properties")
    return all(map(_may_be_text, names)) and (keys is None or _are_texts(keys))


def _may_be_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(member, str) for member in value)


def _no_constant(name: str) -> Any:
    message = f"{name} is no JSON"
    raise ValueError(message)


def _holds_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return True
    return False
