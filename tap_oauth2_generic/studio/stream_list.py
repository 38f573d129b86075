"""The streams of the draft: add one, change one, and take one out with its ancestors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tap_oauth2_generic.config.presets import apply_preset
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.studio.project import Project


def streams_of(project: Project) -> list[dict[str, Any]]:
    """Return the definitions of the draft; what is none is left out."""
    found = apply_preset(project.draft, ErrorCollector()).get("streams")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def set_streams(project: Project, changed: Mapping[int, Any]) -> None:
    """Replace some streams, by index."""
    streams = streams_of(project)
    project.change("streams", [changed.get(n, one) for n, one in enumerate(streams)])


def add_stream(project: Project, definition: Mapping[str, Any]) -> int:
    """Add a stream under a free name; return its index."""
    streams = streams_of(project)
    taken, name = {one.get("name") for one in streams}, str(definition["name"])
    numbered = (name if n == 1 else f"{name}_{n}" for n in range(1, len(streams) + 2))
    free = next(one for one in numbered if one not in taken)
    project.change("streams", [*streams, {**definition, "name": free}])
    return len(streams)


def add_child(project: Project, index: int, field: str) -> int:
    """Add a child of a stream, whose path has the value of a field; return its index."""
    above = streams_of(project)[index]
    parent = str(above.get("name"))
    key = f"{parent}_{re.sub(r'[^A-Za-z0-9_]', '', field.rpartition('.')[2])}"
    path = str(above.get("path", "")).partition("?")[0].rstrip("/")
    child = {
        "name": f"{parent}_child",
        "path": f"{path}/{{parent.{key}}}",
        "parent": {"stream": parent, "keys": {key: field}},
    }
    return add_stream(project, child)


def name_of(path: str) -> str:
    """Return a name for the stream of a path."""
    words = [w for w in path.partition("?")[0].split("/") if w and "{" not in w]
    return re.sub(r"[^A-Za-z0-9_]+", "_", words[-1]).strip("_").lower() if words else "stream"


def configuration_of(project: Project, index: int) -> dict[str, Any]:
    """Return the configuration of one stream and its ancestors."""
    streams = streams_of(project)
    named = {one.get("name"): one for one in streams}
    found = [streams[index]]
    while isinstance(parent := found[0].get("parent"), dict) and parent.get("stream") in named:
        found.insert(0, named[parent["stream"]])
        if len(found) > len(named):
            break
    return {**project.effective(), "streams": found}
