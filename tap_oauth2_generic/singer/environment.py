"""Read settings from environment variables, and report those that the SDK would ignore.

Knows no setting: a schema names them. No value of a variable is ever shown.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from singer_sdk.exceptions import ConfigValidationError

from tap_oauth2_generic.errors import ConfigurationError
from tap_oauth2_generic.runtime.log import LOG
from tap_oauth2_generic.settings.fields import ErrorCollector, reject_unknown
from tap_oauth2_generic.singer.sdk_private import (
    TRUTHY,
    is_boolean_type,
    parse_environment_config,
)

#: What the name of every variable begins with.
PREFIX = "TAP_OAUTH2_GENERIC_"
# The SDK reads every other word as false.
_BOOLEANS = (*TRUTHY, "false", "0", "no", "off")
_PLUGIN_NAMES = ("MELTANO_EXTRACTOR_NAME", "MELTANO_EXTRACTOR_NAMESPACE")
# The SDK reads this variable before any setting.
_LOG_LEVEL = "LOGLEVEL"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def check_log_level() -> None:
    """Raise ConfigurationError if the variable for it names no level of ``logging``."""
    for variable in (f"{PREFIX}{_LOG_LEVEL}", _LOG_LEVEL):
        level = os.environ.get(variable)
        if level and not isinstance(logging.getLevelName(level.upper()), int):
            levels = ", ".join(_LEVELS)
            raise ConfigurationError(f"{variable} must be one of {levels}, not {level!r}")


def settings_in_environment(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the settings in variables; raise ConfigValidationError with every mistake.

    An unknown variable with the prefix is an error (under Meltano, a warning).
    """
    collector = ErrorCollector()
    found: dict[str, Any] = {}
    try:
        found = parse_environment_config(schema, PREFIX)
    except ValueError:
        _check_each(schema, collector)
    for name, entry in schema["properties"].items():
        text = os.environ.get(f"{PREFIX}{name.upper()}", "true")
        if is_boolean_type(entry) and text.lower() not in _BOOLEANS:
            collector.add(f"{PREFIX}{name.upper()}", "must be true or false")
    unknown = _unknown_settings(schema["properties"])
    # Under Meltano it may belong to a plugin whose name begins like this one.
    if _is_run_by_meltano():
        _warn(unknown)
    else:
        collector.errors += unknown
    if collector.errors:
        raise ConfigValidationError("Config validation failed", errors=collector.errors)
    return found


def warn_about_undeclared(schema: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Warn about variables that Meltano did not write into the configuration."""
    if not _is_run_by_meltano():
        return
    _warn(_unknown_settings(schema["properties"]))
    for name in schema["properties"]:
        if name not in config and os.environ.get(variable := f"{PREFIX}{name.upper()}"):
            _warn([f"{variable}: is not passed on; declare {name!r} in meltano.yml"])


def _warn(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        LOG.warning("%s", sentence)


def _unknown_settings(properties: Mapping[str, Any]) -> list[str]:
    """Return an error for each unknown variable, with the nearest setting."""
    collector, known = ErrorCollector(), [name.upper() for name in properties]
    for name in _unknown(properties):
        reject_unknown({name: ""}, known, f"{PREFIX}{name}", collector)
    return collector.errors


def _check_each(schema: dict[str, Any], collector: ErrorCollector) -> None:
    """Add an error for each variable that the SDK cannot parse."""
    for name, entry in schema["properties"].items():
        try:
            parse_environment_config({"properties": {name: entry}}, PREFIX)
        except ValueError:
            collector.add(f"{PREFIX}{name.upper()}", f"must hold JSON of type {entry.get('type')}")


def _unknown(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names after the prefix that belong neither to a setting nor to Meltano."""
    others = tuple(_exported_by_meltano(properties))
    for variable in os.environ:
        name = variable.removeprefix(PREFIX)
        # Names that begin with an underscore are plugin extras of Meltano, or typos.
        is_extra = name.startswith("_") and name.strip("_").lower() not in properties
        if not variable.startswith(PREFIX) or is_extra or variable.startswith(others):
            continue
        if name != _LOG_LEVEL and (name != name.upper() or name.lower() not in properties):
            yield name


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


def _is_run_by_meltano() -> bool:
    return _PLUGIN_NAMES[0] in os.environ
