"""Read settings from environment variables, and report those that the SDK would ignore.

Knows no setting: a schema names them. No value of a variable is ever shown.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dotenv import find_dotenv
from singer_sdk.configuration._dict_config import TRUTHY, parse_environment_config
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._typing import is_boolean_type

from tap_oauth2_generic.runtime.log import LOG, LOG_LEVEL, PREFIX
from tap_oauth2_generic.settings.fields import near_choice

# The SDK reads every other word as false.
_BOOLEANS = (*TRUTHY, "false", "0", "no", "off")
_PLUGIN_NAMES = ("MELTANO_EXTRACTOR_NAME", "MELTANO_EXTRACTOR_NAMESPACE")


def add_environment(
    schema: Mapping[str, Any], config: dict[str, Any], *, wins: bool
) -> dict[str, Any]:
    """Return a configuration completed by variables; raise ConfigValidationError if one is wrong.

    Variables win over it, or only secrets that it lacks are taken. If they win, an unknown variable
    with the prefix is an error; under Meltano it is always a warning.
    """
    properties: dict[str, Any] = schema["properties"]
    errors: list[str] = []
    secrets = {
        name: entry
        for name, entry in properties.items()
        if entry.get("secret") and name not in config and os.environ.get(_variable(name)) != ""
    }
    found = _parse(properties if wins else secrets, errors)
    # Under Meltano an unknown one may belong to a plugin whose name begins like this one.
    if _is_run_by_meltano():
        _warn(_unknown(properties))
    elif wins:
        errors += _unknown(properties)
    if errors:
        raise ConfigValidationError("Config validation failed", errors=errors)
    if not wins:
        _warn(_ignored(properties, config | found))
    return config | found


def _parse(properties: Mapping[str, Any], errors: list[str]) -> dict[str, Any]:
    for name, entry in properties.items():
        if (
            is_boolean_type(entry)
            and os.environ.get(_variable(name), "true").lower() not in _BOOLEANS
        ):
            errors.append(f"{_variable(name)}: must be true or false")
    # The SDK looks for one above its own files, which may be another project with its secrets.
    env_file = find_dotenv(usecwd=True) or ".env"
    try:
        return parse_environment_config({"properties": properties}, PREFIX, env_file)
    except ValueError:
        for name, entry in properties.items():
            try:
                parse_environment_config({"properties": {name: entry}}, PREFIX, env_file)
            except ValueError:
                errors.append(f"{_variable(name)}: must hold JSON of type {entry.get('type')}")
        return {}


def _ignored(properties: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    for name in properties:
        if name not in config and os.environ.get(_variable(name)):
            is_undeclared = f"is not passed on; declare {name!r} in meltano.yml"
            why = is_undeclared if _is_run_by_meltano() else "is ignored without --config ENV"
            yield f"{_variable(name)}: {why}"


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def _is_run_by_meltano() -> bool:
    return _PLUGIN_NAMES[0] in os.environ


def _warn(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        LOG.warning("%s", sentence)


def _unknown(properties: Mapping[str, Any]) -> Iterator[str]:
    known = [name.upper() for name in properties]
    others = tuple(_exported_by_meltano(properties))
    for variable in os.environ:
        name = variable.removeprefix(PREFIX)
        # Names that begin with an underscore are plugin extras of Meltano, or typos.
        is_extra = name.startswith("_") and name.strip("_").upper() not in known
        if not variable.startswith(PREFIX) or is_extra or variable.startswith(others):
            continue
        if name not in {*known, LOG_LEVEL}:
            yield f"{variable}: unknown setting {name!r}{near_choice(name, known)}"


def _exported_by_meltano(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield the prefixes of other variables that Meltano exports.

    It exports each entry of an object, and all settings again for a plugin that inherits from
    this one.
    """
    for variable in _PLUGIN_NAMES:
        name = os.environ.get(variable, "").upper().replace("-", "_") + "_"
        if name != PREFIX and name.startswith(PREFIX):
            yield name
    if _is_run_by_meltano():
        objects = (name for name, about in properties.items() if "object" in about.get("type", ()))
        yield from (f"{PREFIX}{name.upper()}_" for name in objects)
