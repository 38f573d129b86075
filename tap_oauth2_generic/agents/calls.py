"""One call of a tool: its arguments, and what it opens.

Knows no tool and no protocol.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tap_oauth2_generic.agents.own_imports import relate
from tap_oauth2_generic.agents.owner import CallConfig, Owner
from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.imported import Imported
from tap_oauth2_generic.runtime.clock import WokenError
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.fields import near_choice
from tap_oauth2_generic.settings.limits import MAX_ARGUMENT_BYTES
from tap_oauth2_generic.settings.values import from_json, json_type
from tap_oauth2_generic.tap import TapOAuth2Generic

_JSON_TYPES: dict[str, type] = {"object": dict, "string": str, "integer": int}


class Call:
    """One call of a tool, and what it has opened."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._sessions: list[Session] = []
        self._lock, self._has_ended = threading.Lock(), False
        #: What was not used of the owner's, and why, if that may explain a failure.
        self.remark = ""
        #: What was read before a failure.
        self.partial: Mapping[str, Any] | None = None

    def combine(self, given: Mapping[str, Any]) -> CallConfig:
        """Return the configuration of the call; raise InputError."""
        config = self._owner.combine(given)
        self.remark = config.remark
        return config

    def relate(self, made: Imported, missing: list[str]) -> list[str]:
        """Leave to the owner's connection what it has of an import; return what is missing."""
        return relate(self._owner.raw, made, missing)

    @contextmanager
    def open(self, given: Mapping[str, Any]) -> Iterator[TapOAuth2Generic]:
        """Open the tap of a configuration until the call ends; raise ConfigValidationError."""
        tap = self.combine(given).open_tap()
        with self._lock:
            if self._has_ended:
                raise WokenError
            self._sessions.append(tap.session)
        try:
            yield tap
        finally:
            tap.session.close()

    def end(self) -> None:
        """Send nothing more; wait until a renewed token is stored."""
        with self._lock:
            self._has_ended = True
        for session in self._sessions:
            session.close()


@dataclass(frozen=True)
class Tool:
    """A tool: ``parameters`` are JSON Schemas; one with a default may be left out."""

    name: str
    about: str
    parameters: Mapping[str, Mapping[str, Any]]
    function: Callable[..., Any]
    #: Whether it may send requests.
    sends: bool = False

    @property
    def required(self) -> list[str]:
        """The names of the parameters that must be given."""
        return [name for name, about in self.parameters.items() if "default" not in about]


def read_arguments(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a tool, numbers exact; raise InputError if one is wrong."""
    encoded = encode_json(arguments)
    if len(encoded) > MAX_ARGUMENT_BYTES:
        raise InputError(
            f"the arguments of {tool.name} have {len(encoded):,} bytes, more than "
            f"{MAX_ARGUMENT_BYTES:,}; leave out what the call does not need"
        )
    given = {n: v for n, v in from_json(encoded.decode()).items() if v is not None}
    for name in given.keys() - tool.parameters.keys():
        near = near_choice(name, tool.parameters)
        raise InputError(f"{tool.name} has no parameter {name!r}{near}")
    for name in tool.required:
        if name not in given:
            raise InputError(f"{tool.name} needs the parameter {name!r}")
    return {
        name: _check(tool, name, given[name]) if name in given else about["default"]
        for name, about in tool.parameters.items()
    }


def _check(tool: Tool, name: str, value: Any) -> Any:
    about = tool.parameters[name]
    kind = about["type"]
    # Some clients send an object as the JSON of one.
    value = from_json(value) if kind == "object" else value
    if type(value) is not _JSON_TYPES[kind]:
        article = "an" if kind[0] in "aeiou" else "a"
        raise InputError(f"{tool.name}: {name} must be {article} {kind}, not {json_type(value)}")
    if value not in about.get("enum", [value]):
        choices = ", ".join(about["enum"])
        near = near_choice(value, about["enum"])
        raise InputError(f"{tool.name}: {name} must be one of {choices}, not {value!r}{near}")
    if "minimum" in about and value < about["minimum"]:
        raise InputError(f"{tool.name}: {name} must be at least {about['minimum']}")
    return value
