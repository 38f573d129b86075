"""Settings from environment variables, as the SDK reads them; what it passes over is said here.

Knows no setting by itself: a schema names them. No value of a variable is ever shown.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import TRUTHY, parse_environment_config
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._typing import is_boolean_type

from tap_oauth2_generic.errors import ConfigurationError
from tap_oauth2_generic.settings.fields import ErrorCollector, reject_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# The SDK's reader takes all that is not true for false.
_BOOLEANS = (*TRUTHY, "false", "0", "no", "off")
_PLUGIN_NAMES = ("MELTANO_EXTRACTOR_NAME", "MELTANO_EXTRACTOR_NAMESPACE")
_LOG = logging.getLogger("tap-oauth2-generic")
# How much is logged is read by the SDK before any setting.
_LOG_LEVEL = "LOGLEVEL"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def check_log_level(prefix: str) -> None:
    """Raise ConfigurationError where the variable for it names no level of Python's logging."""
    for variable in (f"{prefix}{_LOG_LEVEL}", _LOG_LEVEL):
        level = os.environ.get(variable)
        if level and not isinstance(logging.getLevelName(level.upper()), int):
            message = f"{variable} must be one of {', '.join(_LEVELS)}, not {level!r}"
            raise ConfigurationError(message)


def settings_in_environment(schema: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Give the settings whose variables are set; raises ConfigValidationError with every mistake.

    A variable of the prefix that is no setting's is one, as an unknown setting in a file is; under
    Meltano it is a warning.
    """
    collector = ErrorCollector()
    found: dict[str, Any] = {}
    try:
        found = parse_environment_config(schema, prefix)
    except ValueError:
        _check_each(schema, prefix, collector)
    for name, entry in schema["properties"].items():
        text = os.environ.get(f"{prefix}{name.upper()}", "true")
        if is_boolean_type(entry) and text.lower() not in _BOOLEANS:
            collector.add(f"{prefix}{name.upper()}", "must be true or false")
    unknown = _strangers(schema["properties"], prefix)
    # Under Meltano it may be of another plugin, one whose name begins like this one's.
    if _is_run_by_meltano():
        _warn(unknown)
    else:
        collector.errors += unknown
    if collector.errors:
        raise ConfigValidationError("Config validation failed", errors=collector.errors)
    return found


def warn_of_what_meltano_kept(
    schema: Mapping[str, Any], prefix: str, config: Mapping[str, Any]
) -> None:
    """Say which variables are in no configuration that Meltano wrote of the environment."""
    if not _is_run_by_meltano():
        return
    _warn(_strangers(schema["properties"], prefix))
    for name in schema["properties"]:
        if name not in config and os.environ.get(variable := f"{prefix}{name.upper()}"):
            sentence = f"{variable}: is not passed on: declare {name!r} in meltano.yml"
            _warn([sentence])


def _warn(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        _LOG.warning("%s", sentence)


def _strangers(properties: Mapping[str, Any], prefix: str) -> list[str]:
    """Say of each variable that is no setting's which one was probably meant."""
    collector, known = ErrorCollector(), [name.upper() for name in properties]
    for name in _unknown(properties, prefix):
        reject_unknown({name: ""}, known, f"{prefix}{name}", collector)
    return collector.errors


def _check_each(schema: dict[str, Any], prefix: str, collector: ErrorCollector) -> None:
    """Say of each variable that cannot be read what its setting takes."""
    for name, entry in schema["properties"].items():
        try:
            parse_environment_config({"properties": {name: entry}}, prefix)
        except ValueError:
            kind = entry.get("type")
            collector.add(
                f"{prefix}{name.upper()}", f"does not hold what {name} takes, JSON of type {kind}"
            )


def _unknown(properties: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """Give the names after the prefix that are no setting's, and nobody else's either."""
    others = tuple(_exported_by_meltano(properties, prefix))
    for variable in os.environ:
        name = variable.removeprefix(prefix)
        # What begins with an underscore are the plugin's extras in Meltano, unless it is a slip.
        is_extra = name.startswith("_") and name.strip("_").lower() not in properties
        if not variable.startswith(prefix) or is_extra or variable.startswith(others):
            continue
        if name != _LOG_LEVEL and (name != name.upper() or name.lower() not in properties):
            yield name


def _exported_by_meltano(properties: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """Give what the variables begin with that Meltano exports beside those of the settings.

    These are the entries of an object, one by one, and everything once more under the name of
    a plugin that inherits from this one.
    """
    for variable in _PLUGIN_NAMES:
        name = os.environ.get(variable, "").upper().replace("-", "_") + "_"
        if name != prefix and name.startswith(prefix):
            yield name
    if _is_run_by_meltano():
        objects = (name for name, about in properties.items() if "object" in about.get("type", ()))
        yield from (f"{prefix}{name.upper()}_" for name in objects)


def _is_run_by_meltano() -> bool:
    return _PLUGIN_NAMES[0] in os.environ
