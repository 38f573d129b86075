"""Where the records are in a decoded body, and the settings that say so; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tap_oauth2_generic.errors import ResponseError, SettingError
from tap_oauth2_generic.parsing.content import ContentSettings
from tap_oauth2_generic.parsing.list_steps import (
    before_wildcard,
    choose_items,
    chooses_items,
    is_there,
    lists_of,
)
from tap_oauth2_generic.parsing.outer_fields import add_outer, problems_of, split_path
from tap_oauth2_generic.parsing.path_template import TEMPLATED_PATH, render_path
from tap_oauth2_generic.parsing.rows import COLUMNS, FIRST_ROW, Columns, name_rows
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.settings.field_types import BOOLEAN, NAME, PATHS, enum
from tap_oauth2_generic.settings.fields import setting
from tap_oauth2_generic.settings.paths import (
    MISSING,
    DottedPath,
    JsonPath,
    Path,
    before_choice,
    parse_path,
)
from tap_oauth2_generic.settings.templates import Scope, Template, as_text


class RecordSettings(ContentSettings):
    """Where the records are in a response, and what they are made of."""

    records_path: Path | Template = setting(
        TEMPLATED_PATH,
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
    record_columns: Columns | None = setting(
        COLUMNS,
        "For records that are lists of values: the names of the columns, `first_row`, or the path "
        "from `$` to the names in the response.",
    )
    outer_fields: dict[str, Path] = setting(
        PATHS,
        "Fields from around unnested records, each with its path from the root: "
        "`$.orders[*].id` for the `records_path` `$.orders[*].lines[*]`.",
        default={},
    )
    add_fields: dict[str, Path] = setting(
        PATHS, "Extra top-level fields, each with its path inside the record.", default={}
    )
    on_missing_records: str = setting(
        enum("auto", "warn", "fail", "ignore"),
        "What to do if `records_path` matches nothing in a response: warn, fail, or ignore, which "
        "makes it an empty page. auto: warn, but fail if it has never matched.",
        default="auto",
    )

    def resolve(self, scope: Scope) -> RecordSettings:
        """Fill the placeholders of ``records_path``; a value with a dot in it stays one key."""
        if not isinstance(self.records_path, Template):
            return self
        try:
            path = render_path(self.records_path, scope)
        except ValueError as error:
            raise SettingError(f"records_path: {error}") from None
        return replace(self, records_path=path)

    @property
    def path(self) -> Path:
        """The path to the records, once the settings are resolved."""
        if isinstance(self.records_path, Template):
            raise SettingError("records_path has placeholders without a value")
        return self.records_path

    @property
    def streamed_keys(self) -> tuple[str, ...]:
        """The names that lead to the records, if those can be read one by one."""
        others = self.record_columns, self.records_are_values, self.outer_fields
        keys = self.records_path.keys if isinstance(self.records_path, DottedPath) else ()
        names = tuple(key for key in keys if isinstance(key, str))
        return names if names == keys and not any(others) else ()

    @property
    def list_keys(self) -> list[tuple[str, ...]]:
        """The names that lead to lists of XML elements, the records among them."""
        own = [] if isinstance(self.records_path, Template) else lists_of(self.records_path)
        return [*self.xml_list_paths, *own]

    def contradictions(self) -> list[str]:
        """Return the settings that need one another, a sentence each."""
        if self.records_key_field and not self.records_are_values:
            return ["records_key_field needs records_are_values: true"]
        if self.records_key_field and self.record_columns is not None:
            return ["records_key_field does not go with record_columns"]
        missing = super().contradictions()
        if isinstance(self.records_path, Template):
            return missing
        return missing + problems_of(self.records_path, self.outer_fields)


def extract_records(
    body: Any, settings: RecordSettings
) -> tuple[list[dict[str, Any]], bool, int, bool]:
    """Return the records of a body; raise ResponseError if the value there cannot be records.

    Also whether their path is there, how many items the outermost list has that it goes through,
    as the server counts, and whether there was one object instead of a list.
    """
    if settings.outer_fields:
        return _extract_unnested(body, settings)
    path, columns = settings.path, settings.record_columns
    matches = path.find_all(body)
    parent = before_wildcard(path)
    if parent and columns is None and not settings.records_are_values:
        matches = choose_items(parent, body, matches)
    lists = [_items(value, settings) for value in matches]
    if not settings.records_are_values and chooses_items(path):
        lists = [matches]
    items = [item for members in lists for item in members]
    if columns is not None:
        records = [record for rows in lists for record in name_rows(rows, columns, body)]
    else:
        records = [as_record(item) for item in items if item is not None and item != {}]
    sent, found = len(items), bool(matches)
    if isinstance(path, JsonPath):
        outer = before_choice(path).find(body)
        sent = len(outer) if isinstance(outer, list) else sent
        found = found or (outer is not MISSING and not outer) or is_there(path.text, body)
    if columns == FIRST_ROW and len(lists) == 1:
        sent = max(sent - 1, 0)
    is_lone = records == matches and (
        isinstance(path, DottedPath)
        or (isinstance(parent, DottedPath) and records == parent.find_all(body))
    )
    return records, found, sent, is_lone


def _extract_unnested(
    body: Any, settings: RecordSettings
) -> tuple[list[dict[str, Any]], bool, int, bool]:
    unnesting, records = split_path(settings.path, settings.outer_fields), list[dict[str, Any]]()
    inner = replace(settings, records_path=unnesting.inner, outer_fields={})
    outermost = unnesting.lists[0].find(body) if unnesting.lists else MISSING
    found, sent = outermost is not MISSING and not outermost, 0
    for outer, value in unnesting.around(body):
        members, is_there_too, length, _ = extract_records(value, inner)
        records += [add_outer(member, outer) for member in members]
        found, sent = found or is_there_too, sent + length
    sent = len(outermost) if isinstance(outermost, list) else sent
    return records, found, sent, False


def _items(value: Any, settings: RecordSettings) -> list[Any]:
    """Return what may be records in a value at the path."""
    if value is None or value in ([], {}):
        # Some servers write an empty object of objects as an empty list.
        return []
    if settings.records_are_values:
        return _values(value, settings)
    if isinstance(value, list):
        return value
    if not isinstance(value, dict) and isinstance(settings.path, DottedPath):
        raise ResponseError(
            f"records_path {settings.path.text!r} points at {describe(value)}; "
            "expected a list or an object"
        )
    return [value]


def _values(value: Any, settings: RecordSettings) -> list[Any]:
    if not isinstance(value, dict):
        raise ResponseError(
            f"records_path {settings.path.text!r} points at {describe(value)}; "
            "records_are_values needs an object whose values are the records"
        )
    name = settings.records_key_field
    if not name:
        return list(value.values())
    keyed = []
    for key, member in value.items():
        record = {} if member is None else as_record(member)
        if (own := record.get(name)) is not None and as_text(own) != key:
            raise ResponseError(
                f"records_key_field {name!r} would replace a field of the record {key!r}; "
                "choose another name"
            )
        keyed.append({**record, name: key if own is None else own} if record else {})
    return keyed


def add_fields(record: dict[str, Any], added: Mapping[str, Path]) -> dict[str, Any]:
    """Return a record with fields from paths inside it; a path that finds nothing adds null."""
    found = {name: path.find(record) for name, path in added.items()}
    # The record's own field stays if the path finds nothing.
    return record | {n: record.get(n) if v is MISSING else v for n, v in found.items()}


def as_record(member: Any) -> dict[str, Any]:
    """Return a list item as a record; a scalar becomes ``{"value": …}``, a list is an error."""
    if isinstance(member, list):
        raise ResponseError("a record is a list of values; name them with record_columns")
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
