"""Read a raw configuration: its secrets, preset and settings, and the rules across settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from tap_oauth2_generic.config.checks import find_errors, find_warnings
from tap_oauth2_generic.config.config import CONFIG_SECTIONS, TOP_SECTIONS, Config
from tap_oauth2_generic.config.presets import add_required_scopes, apply_preset
from tap_oauth2_generic.oauth2.grants import DEFAULT_GRANT, Grant, grants
from tap_oauth2_generic.runtime.redaction import register
from tap_oauth2_generic.runtime.secret_values import of_header, of_string
from tap_oauth2_generic.settings.fields import (
    WRONG,
    ErrorCollector,
    names_of,
    read,
    reject_unknown,
)
from tap_oauth2_generic.settings.limits import MIN_MASKED_LENGTH
from tap_oauth2_generic.settings.values import from_json

# An error about a wrong one names it.
_PLACEHOLDER = re.compile(r"\{[\w.]+\}")
# The settings that have another, named ``…_file``, as containers mount secrets.
_IN_FILES = ("client_secret", "refresh_token", "password", "token_store_key", "private_key")


def read_config(
    raw: Mapping[str, Any], others: frozenset[str], collector: ErrorCollector
) -> Config | None:
    """Parse a configuration; return None if there are errors.

    ``others`` are the names of settings that the SDK reads itself.
    """
    raw = _read_secret_files(raw, collector)
    _register_secrets(raw)
    raw = apply_preset(raw, collector)
    reject_unknown(raw, [*names_of(*TOP_SECTIONS), *others, "$schema"], "", collector)
    grant_type = raw.get("grant_type") or DEFAULT_GRANT
    grant = grants().get(grant_type) if isinstance(grant_type, str) else None
    if grant is not None and not grant.unattended:
        # Only the session of a person can be kept alive by a scope.
        raw = add_required_scopes(raw)
    sections = [grant if section is Grant else section for section in CONFIG_SECTIONS]
    parsed: list[Any] = [read(one, raw, collector) if one else WRONG for one in sections]
    config = Config(*parsed, scope=_scope(raw))
    collector.found += (("", error) for error in find_errors(config))
    if collector.errors:
        return None
    collector.warnings += find_warnings(config, raw)
    return config


def _read_secret_files(raw: Mapping[str, Any], collector: ErrorCollector) -> Mapping[str, Any]:
    """Return a configuration with the secrets that its files hold."""
    found = {}
    for name in _IN_FILES:
        path = raw.get(f"{name}_file")
        if not isinstance(path, str) or not path:
            continue
        if raw.get(name):
            collector.add("", f"set either {name} or {name}_file, not both")
            continue
        try:
            # Editors end a file with a line break, which is no part of the secret.
            secret = re.sub(r"\r?\n\Z", "", Path(path).read_bytes().decode())
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
            collector.add("", f"{name}_file: cannot read {path!r}: {reason}")
            continue
        if secret:
            found[name] = secret
        else:
            collector.add("", f"{name}_file: the file {path!r} is empty")
    return {**raw, **found}


def _register_secrets(raw: Mapping[str, Any]) -> None:
    """Register the values of all secret settings, before any of them is parsed."""
    for declared in (declared for section in TOP_SECTIONS for declared in fields(section)):
        value = raw.get(declared.name)
        if declared.metadata["secret"] and value:
            decoded, parts = from_json(value), declared.metadata["type"].schema.get("properties")
            if parts and isinstance(decoded, Mapping):
                # Only some of its members are secret.
                value = [decoded.get(name) for name in parts if parts[name].get("secret")]
            elif isinstance(decoded, Mapping) and isinstance(value, str):
                # An object as a JSON string: each of its values is a secret, too.
                value = [value, decoded]
            # The values of an object may be words such as json.
            shortest = MIN_MASKED_LENGTH if isinstance(value, Mapping) else 0
            found = (one for one in _strings(value) if not _PLACEHOLDER.fullmatch(one))
            register(*(one for one in found if len(one) >= shortest))


def _strings(value: Any, secrets: Callable[[str], list[str]] = of_string) -> list[str]:
    if isinstance(value, Mapping):
        return [found for member in value.values() for found in _strings(member, of_header)]
    if isinstance(value, list | tuple):
        return [found for member in value for found in _strings(member, secrets)]
    return [] if value is None or isinstance(value, bool) else secrets(str(value))


def _scope(raw: Mapping[str, Any]) -> dict[str, str | int | Decimal]:
    """Return the settings that templates may use: scalars that are set and not secret."""
    declared = {f.name: f.metadata["secret"] for section in TOP_SECTIONS for f in fields(section)}
    return {
        name: value
        for name, value in raw.items()
        if name != "base_url" and declared.get(name) is False
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool)
    }
