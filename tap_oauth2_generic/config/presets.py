"""Apply presets of known providers: one data file each in ``providers/``.

A new provider is a new file; nothing here knows any of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from tap_oauth2_generic.settings.field_types import STRINGS
from tap_oauth2_generic.settings.fields import ErrorCollector, near_choice, reject_unknown
from tap_oauth2_generic.settings.values import from_json, json_type, map_leaves

#: Stands for all streams of the preset; with a colon and a name, for one of them.
READY = "preset"
_FOLDER = files(__package__) / "providers"
_PLACEHOLDER = re.compile(r"\{provider\.(\w+)\}")
# Characters of a host name or path segment, so that no value leads to another host.
_PARAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@cache
def names() -> tuple[str, ...]:
    """Return the names of all presets, sorted."""
    found = (entry.name for entry in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in found if name.endswith(".json")))


@cache
def preset(name: str) -> dict[str, Any]:
    """Read the data file of a preset."""
    found: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def apply_preset(raw: Mapping[str, Any], collector: ErrorCollector) -> Mapping[str, Any]:
    """Return the configuration completed by its ``provider``.

    The user's settings win; objects are merged, and a null removes an entry.
    """
    name = raw.get("provider")
    if name not in names():
        if raw.get("provider_params"):
            collector.add("provider_params", "needs the setting 'provider'")
        return _with_streams(raw, {}, collector)
    chosen = preset(str(name))
    params = _read_params(raw.get("provider_params"), chosen.get("params", {}), collector)

    def fill(leaf: Any) -> Any:
        if not isinstance(leaf, str):
            return leaf
        return _PLACEHOLDER.sub(lambda placeholder: params.get(placeholder[1], ""), leaf)

    filled = map_leaves(chosen["settings"], fill)
    merged = {**filled, **{key: value for key, value in raw.items() if value is not None}}
    for key, value in filled.items():
        if isinstance(value, dict) and isinstance(raw.get(key), Mapping):
            merged[key] = {**value, **raw[key]}
    ready = {one["name"]: map_leaves(one, fill) for one in chosen.get("streams", [])}
    completed = _with_streams(merged, ready, collector)
    if completed is merged or raw.get("scopes") or raw.get("grant_type"):
        return completed
    return {**completed, "scopes": chosen.get("scopes", [])}


def _with_streams(
    raw: Mapping[str, Any], ready: Mapping[str, Any], collector: ErrorCollector
) -> Mapping[str, Any]:
    """Return the configuration with the preset's streams in place of the words for them.

    A stream of the user's own replaces the preset's stream of that name.
    """
    given = from_json(raw.get("streams"))
    listed = [given] if given and isinstance(given, str) else given
    if not isinstance(listed, list) or not any(isinstance(one, str) for one in listed):
        return raw
    names_of = (one.get("name") for one in listed if isinstance(one, Mapping))
    own = {name for name in names_of if isinstance(name, str)}
    streams: list[Any] = []
    for index, one in enumerate(listed):
        if not isinstance(one, str):
            streams.append(one)
            continue
        word, _, name = one.partition(":")
        if word != READY:
            collector.add(f"streams[{index}]", f"must be an object or {READY!r}, not {one!r}")
        elif not ready:
            collector.add(f"streams[{index}]", f"{one!r} needs a provider that has streams")
        elif name and name not in ready:
            known = f"the preset has no stream {name!r}; it has: {', '.join(ready)}"
            collector.add(f"streams[{index}]", known + near_choice(name, ready))
        else:
            chosen = [name] if name else ready
            streams += [ready[stream] for stream in chosen if stream not in own]
    return {**raw, "streams": streams}


def add_required_scopes(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration with the scopes that its provider needs for refresh tokens."""
    name = raw.get("provider")
    required = preset(str(name)).get("required_scopes", []) if name in names() else []
    try:
        scopes = STRINGS.parse(raw.get("scopes") or [])
    except ValueError:
        return raw
    missing = [scope for scope in required if scope not in scopes]
    return {**raw, "scopes": [*scopes, *missing]} if missing else raw


def _read_params(
    given: Any, declared: Mapping[str, Mapping[str, str]], collector: ErrorCollector
) -> dict[str, str]:
    where, found = "provider_params", given or {}
    if not isinstance(found, Mapping):
        collector.add(where, f"must be an object, not {json_type(found)}")
        return {}
    reject_unknown(found, declared, where, collector)
    values = {}
    for name, about in declared.items():
        value = str(found.get(name, about.get("default", "")))
        if not value:
            collector.add(where, f"{name!r} is required: {about['description']}")
        elif not _PARAM.fullmatch(value):
            collector.add(where, f"{name!r} may contain only letters, digits, dots and dashes")
        values[name] = value
    return values
