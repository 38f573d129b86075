"""How much a test read reads, and from which bookmark: declared as settings are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tap_oauth2_generic.settings.field_types import integer
from tap_oauth2_generic.settings.fields import (
    ErrorCollector,
    FieldType,
    Settings,
    read,
    schema_of,
    setting,
)
from tap_oauth2_generic.settings.limits import MAX_PREVIEW_PAGES
from tap_oauth2_generic.settings.values import from_json, text
from tap_oauth2_generic.studio.form_fields import FormField, declared_field, with_value


def _bookmark(value: Any) -> Any:
    found = from_json(value)
    return found if isinstance(found, int) and not isinstance(found, bool) else text(value)


class ReadLimits(Settings):
    """The limits of a test read; none of them becomes part of the configuration."""

    pages: int = setting(
        integer(1, maximum=100), "Stop after so many pages.", default=MAX_PREVIEW_PAGES
    )
    records: int = setting(
        integer(1, maximum=1_000_000),
        "Stop at the page that reaches so many records.",
        default=10_000,
    )
    bookmark: Any = setting(
        FieldType({"type": "string"}, _bookmark),
        "Read from this bookmark on, as a later run would; leave it empty for a first run.",
    )


def limit_fields(typed: Mapping[str, str]) -> list[FormField]:
    """Return the fields of the limits with what was typed."""
    return [with_value(one, typed.get(one.name)) for one in _FIELDS]


def read_limits(typed: Mapping[str, str]) -> tuple[ReadLimits, list[FormField]]:
    """Return the typed limits, and the fields with their mistakes, none if there is none."""
    collector = ErrorCollector()
    raw = {name.partition(".")[2]: text for name, text in typed.items()}
    limits = read(ReadLimits, raw, collector)
    errors = {f"read.{name}": [sentence] for name, sentence in collector.found}
    fields = [with_value(one, typed.get(one.name), errors.get(one.name, ())) for one in _FIELDS]
    return limits, fields if errors else []


_LABELS = {"pages": "Pages at Most", "records": "Records at Most", "bookmark": "Bookmark Before"}
_FIELDS = [
    replace(declared_field(name, one, _LABELS[name]), name=f"read.{name}")
    for name, one in schema_of(ReadLimits, defaults=True)["properties"].items()
]
