"""Read a raw configuration: its preset, its settings, and the rules across settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from tap_oauth2_generic.config.checks import find_errors, find_warnings
from tap_oauth2_generic.config.config import PLAIN_SECTIONS, TOP_SECTIONS, Config, TopSettings
from tap_oauth2_generic.config.presets import add_required_scopes, apply_preset
from tap_oauth2_generic.config.secret_settings import register_secrets
from tap_oauth2_generic.oauth2.assertion import AssertionSettings
from tap_oauth2_generic.oauth2.grants import DEFAULT_GRANT, grants
from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tap_oauth2_generic.settings.fields import ErrorCollector, names_of, read, reject_unknown


def read_config(
    raw: Mapping[str, Any], others: frozenset[str], collector: ErrorCollector
) -> Config | None:
    """Parse a configuration; return None if there are errors.

    ``others`` are the names of settings that the SDK reads itself.
    """
    register_secrets(raw, TOP_SECTIONS)
    raw = apply_preset(raw, collector)
    reject_unknown(raw, [*names_of(*TOP_SECTIONS), *others, "$schema"], "", collector)
    grant_type = raw.get("grant_type") or DEFAULT_GRANT
    grant = grants().get(grant_type) if isinstance(grant_type, str) else None
    if grant is not None and not grant.unattended:
        # Only the session of a person can be kept alive by a scope.
        raw = add_required_scopes(raw)
    sections = (TopSettings, OAuth2Settings, grant, AssertionSettings, *PLAIN_SECTIONS)
    parsed = [section and read(section, raw, collector) for section in sections]
    if None in parsed:
        return None
    config = Config(*parsed, scope=_scope(raw))  # type: ignore[arg-type]
    collector.errors += find_errors(config)
    collector.warnings += find_warnings(config, raw)
    return None if collector.errors else config


def _scope(raw: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that templates may use: scalars that are set and not secret."""
    declared = {f.name: f.metadata["secret"] for section in TOP_SECTIONS for f in fields(section)}
    return {
        name: str(value)
        for name, value in raw.items()
        if name != "base_url" and declared.get(name) is False
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool)
    }
