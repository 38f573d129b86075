"""The JSON Schema of a configuration file, for editors that complete and check it.

Made from what the code declares. The tap has its own parser, which finds more mistakes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.config.presets import READY
from tap_oauth2_generic.config.streams import STREAM_SECTIONS
from tap_oauth2_generic.pagination import styles
from tap_oauth2_generic.replication.bookmark import IncrementalSettings
from tap_oauth2_generic.settings.fields import schema_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_DRAFT = "http://json-schema.org/draft-07/schema#"
_POINTER = {
    "type": "string",
    "title": "Schema",
    "description": "Where an editor finds the schema of this file; the tap ignores it.",
}


def editor_schema(settings: Mapping[str, Any]) -> str:
    """Return the schema file for the settings that ``--about`` prints."""
    properties = {"$schema": _POINTER, **_mended(settings["properties"])}
    properties["streams"] = _streams(properties["streams"])
    schema = {
        "$schema": _DRAFT,
        "title": "Configuration of tap-oauth2-generic",
        "type": "object",
        "properties": properties,
        "required": ["streams"],
        # A preset brings a base URL of its own.
        "anyOf": [{"required": ["base_url"]}, {"required": ["provider"]}],
        "additionalProperties": False,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False, default=sorted) + "\n"


def _streams(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an array of streams, or of the words for those of a preset."""
    word = {"type": "string", "pattern": f"^{READY}(:.+)?$"}
    described = {name: about[name] for name in ("title", "description")}
    listed = {"type": "array", "items": {"anyOf": [_stream(), word]}}
    return {**described, "anyOf": [listed, {"const": READY}]}


def _mended(value: Any) -> Any:
    """Copy a schema, with full schemas where the SDK's ``anyOf`` has only the name of a type."""
    if isinstance(value, dict):
        copy = {name: _mended(member) for name, member in value.items()}
        if isinstance(choices := copy.get("anyOf"), list):
            copy["anyOf"] = [{"type": c} if isinstance(c, str) else c for c in choices]
        return copy
    return [_mended(member) for member in value] if isinstance(value, list) else value


def _stream() -> dict[str, Any]:
    stream = schema_of(*STREAM_SECTIONS, defaults=True)
    properties = stream["properties"]
    incremental = schema_of(IncrementalSettings, defaults=True)["properties"]
    properties["incremental"] = {**properties["incremental"], "properties": incremental}
    properties["pagination"] = {**properties["pagination"], "allOf": _styles()}
    return {**stream, "additionalProperties": False}


def _styles() -> list[dict[str, Any]]:
    """Return a condition per paging style: the settings it has, and those it requires."""
    conditions = []
    for name, style in styles().items():
        own = schema_of(style)
        then: dict[str, Any] = {"propertyNames": {"enum": ["style", *own["properties"]]}}
        if required := own.get("required"):
            then["required"] = required
        chosen = {"properties": {"style": {"const": name}}, "required": ["style"]}
        conditions.append({"if": chosen, "then": then})
    return conditions
