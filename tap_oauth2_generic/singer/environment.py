"""Read settings from environment variables, and report those that the SDK would ignore.

Knows no setting: a schema names them. No value of a variable is ever shown.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from singer_sdk.configuration._dict_config import TRUTHY, parse_environment_config
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._typing import is_boolean_type

from tap_oauth2_generic.errors import ConfigurationError
from tap_oauth2_generic.runtime.log import LOG
from tap_oauth2_generic.settings.fields import near_choice

#: What the name of every variable begins with.
PREFIX = "TAP_OAUTH2_GENERIC_"
# The SDK reads every other word as false.
_BOOLEANS = (*TRUTHY, "false", "0", "no", "off")
_PLUGIN_NAMES = ("MELTANO_EXTRACTOR_NAME", "MELTANO_EXTRACTOR_NAMESPACE")
# The SDK reads this variable before any setting.
_LOG_LEVEL = "LOGLEVEL"
_LEVELS = "DEBUG, INFO, WARNING, ERROR, CRITICAL"


def check_log_level() -> None:
    """Raise ConfigurationError if the variable for it names no level of ``logging``."""
    for variable in (f"{PREFIX}{_LOG_LEVEL}", _LOG_LEVEL):
        level = os.environ.get(variable)
        if level and not isinstance(logging.getLevelName(level.upper()), int):
            raise ConfigurationError(f"{variable} must be one of {_LEVELS}, not {level!r}")


def settings_in_environment(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the settings in variables; raise ConfigValidationError with every mistake.

    An unknown variable with the prefix is an error (under Meltano, a warning).
    """
    try:
        found, errors = parse_environment_config(schema, PREFIX), []
    except ValueError:
        found, errors = {}, [*_malformed(schema["properties"])]
    for name, entry in schema["properties"].items():
        variable = f"{PREFIX}{name.upper()}"
        if is_boolean_type(entry) and os.environ.get(variable, "true").lower() not in _BOOLEANS:
            errors.append(f"{variable}: must be true or false")
    # Under Meltano an unknown one may belong to a plugin whose name begins like this one.
    if _is_run_by_meltano():
        _warn(_unknown(schema["properties"]))
    else:
        errors += _unknown(schema["properties"])
    if errors:
        raise ConfigValidationError("Config validation failed", errors=errors)
    return found


def warn_about_undeclared(schema: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Warn about variables that Meltano did not write into the configuration."""
    if _is_run_by_meltano():
        _warn(_unknown(schema["properties"]))
        for name in schema["properties"]:
            if name not in config and os.environ.get(variable := f"{PREFIX}{name.upper()}"):
                _warn([f"{variable}: is not passed on; declare {name!r} in meltano.yml"])


def _is_run_by_meltano() -> bool:
    return _PLUGIN_NAMES[0] in os.environ


def _warn(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        LOG.warning("%s", sentence)


def _malformed(properties: Mapping[str, Any]) -> Iterator[str]:
    for name, entry in properties.items():
        try:
            parse_environment_config({"properties": {name: entry}}, PREFIX)
        except ValueError:
            yield f"{PREFIX}{name.upper()}: must hold JSON of type {entry.get('type')}"


def _unknown(properties: Mapping[str, Any]) -> Iterator[str]:
    known = [name.upper() for name in properties]
    others = tuple(_exported_by_meltano(properties))
    for variable in os.environ:
        name = variable.removeprefix(PREFIX)
        # Names that begin with an underscore are plugin extras of Meltano, or typos.
        is_extra = name.startswith("_") and name.strip("_").upper() not in known
        if not variable.startswith(PREFIX) or is_extra or variable.startswith(others):
            continue
        if name not in {*known, _LOG_LEVEL}:
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
