"""Where the records are in a decoded body, and the settings that say so; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tap_oauth2_generic.errors import ResponseError, SettingError
from tap_oauth2_generic.parsing.formats import FORMATS, unpack
from tap_oauth2_generic.runtime.redaction import excerpt, redact
from tap_oauth2_generic.settings.field_types import BOOLEAN, NAME, PATHS, enum
from tap_oauth2_generic.settings.fields import FieldType, setting
from tap_oauth2_generic.settings.paths import MISSING, DottedPath, Path, parse_path
from tap_oauth2_generic.settings.templates import Scope, Template, parse_template
from tap_oauth2_generic.settings.values import text

_MAX_SHOWN = 60


def _records_path(value: Any) -> Path | Template:
    written = text(value)
    template = parse_template(written) if "{" in written else None
    return template if template is not None and template.placeholders else parse_path(written)


def _encoder_for(path: str) -> Callable[[str], str]:
    """Return what makes a value safe inside a path: quoted, or refused with a ValueError."""
    if not path.startswith("$"):
        return lambda value: f"'{value}'" if "." in value and "'" not in value else value
    allowed = re.compile(r"""[^'"\\]*""" if "'" in path or '"' in path else r"[\w-]+")

    def encode(value: str) -> str:
        if not allowed.fullmatch(value):
            message = (
                f"the value {excerpt(value, _MAX_SHOWN)!r} would change the path it is put into"
            )
            raise ValueError(message)
        return value

    return encode


@dataclass(frozen=True, kw_only=True)
class RecordSettings:
    """Where the records are in a response, and what they are made of."""

    records_path: Path | Template = setting(
        FieldType({"type": "string"}, _records_path),
        "Path of the records in the response: a list yields its items, an object one record. "
        "A template.",
        default=parse_path("$"),
    )
    records_are_values: bool = setting(
        BOOLEAN, "Read the values of the object at `records_path` as the records.", default=False
    )
    records_key_field: str | None = setting(
        NAME, "With `records_are_values`: record field that receives the key of the value."
    )
    add_fields: dict[str, Path] = setting(
        PATHS, "Extra top-level fields, each with its path inside the record.", default={}
    )
    response_format: str = setting(
        enum(*FORMATS),
        "Format of the responses: JSON, JSON Lines or CSV, compressed or not.",
        default="json",
    )
    on_missing_records: str = setting(
        enum("warn", "fail", "ignore"),
        "What to do if `records_path` matched no response of a whole run.",
        default="warn",
    )

    def resolve(self, scope: Scope) -> RecordSettings:
        """Fill the placeholders of ``records_path``; a value with a dot in it stays one key."""
        if not isinstance(self.records_path, Template):
            return self
        encode = _encoder_for(self.records_path.text)
        try:
            return replace(self, records_path=parse_path(self.records_path.render(scope, encode)))
        except ValueError as error:
            raise SettingError(f"records_path: {error}") from None

    @property
    def path(self) -> Path:
        """The path to the records, once the settings are resolved."""
        if isinstance(self.records_path, Template):
            raise SettingError("records_path has placeholders without a value")
        return self.records_path

    def decode(self, content: bytes) -> Any:
        """Decode a response of this stream; raise ValueError that says what is wrong."""
        decoder, _ = FORMATS[self.response_format]
        return decoder(unpack(content))

    def contradictions(self) -> list[str]:
        """Return the settings that need one another, a sentence each."""
        if self.records_key_field and not self.records_are_values:
            return ["records_key_field needs records_are_values: true"]
        return []


def extract_records(body: Any, settings: RecordSettings) -> tuple[list[dict[str, Any]], bool, int]:
    """Return the records of a body, whether their path is there, and how many the server sent.

    A filter in the path does not change how many were sent. Raises ResponseError if the value
    at the path cannot be records.
    """
    path = settings.path
    matches = path.find_all(body)
    records: list[dict[str, Any]] = []
    for value in matches:
        if settings.records_are_values:
            records += _from_values(value, settings)
        elif isinstance(value, list):
            records += map(as_record, value)
        elif isinstance(value, dict):
            records.append(value)
        elif value is not None and len(matches) == 1 and isinstance(path, DottedPath):
            raise ResponseError(
                f"records_path {path.text!r} points at {describe(value)}; "
                "expected a list or an object"
            )
        elif value is not None:
            records.append(as_record(value))
    # ``$.data[*]`` finds nothing in an empty list, which is there.
    parent = path.text.removesuffix("[*]")
    found = bool(matches) or (parent != path.text and parse_path(parent).find(body) is not MISSING)
    return records, found, _unfiltered_length(path, body, len(records))


def add_fields(record: dict[str, Any], added: Mapping[str, Path]) -> dict[str, Any]:
    """Return a record with fields from paths inside it; a path that finds nothing adds null."""
    found = {name: path.find(record) for name, path in added.items()}
    # The record's own field stays if the path finds nothing.
    return record | {n: record.get(n) if v is MISSING else v for n, v in found.items()}


def as_record(member: Any) -> dict[str, Any]:
    """Return a list item as a record; a scalar becomes ``{"value": …}``."""
    return member if isinstance(member, dict) else {"value": member}


def describe(value: Any) -> str:
    """Name a JSON value with enough of it to recognize it, never all of it."""
    if isinstance(value, str):
        return f"the string {redact(value)[:40]!r}"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"a list of {len(value)}"
    return "null" if value is None else f"the number {value}"


def _from_values(value: Any, settings: RecordSettings) -> list[dict[str, Any]]:
    if value is None or value == []:
        # Some servers write an empty object of objects as an empty list.
        return []
    if not isinstance(value, dict):
        raise ResponseError(
            f"records_path {settings.path.text!r} points at {describe(value)}; "
            "records_are_values needs an object whose values are the records"
        )
    records = [as_record(member) for member in value.values()]
    if settings.records_key_field:
        for key, record in zip(value, records, strict=True):
            record[settings.records_key_field] = key
    return records


def _unfiltered_length(path: Path, body: Any, length: int) -> int:
    """Return the length of the list that a filter in a JSONPath chooses from."""
    parent, has_filter, _ = path.text.partition("[?")
    try:
        unfiltered = parse_path(parent).find(body) if has_filter else None
    except ValueError:
        # Of ``$..[?``, the part before the filter is no path.
        return length
    return len(unfiltered) if isinstance(unfiltered, list) else length
