"""One response as the house sees it: decoded once, its records found, its links at hand.

Nothing here sends a request, decides on a status or knows a paging style.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from requests.structures import CaseInsensitiveDict

from tap_oauth2_generic.errors import ResponseError, SettingError
from tap_oauth2_generic.parsing.formats import FORMATS, unpacked
from tap_oauth2_generic.parsing.json_text import JsonList, decode, open_envelope
from tap_oauth2_generic.parsing.link_header import next_link
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.settings.field_types import BOOLEAN, NAME, PATHS, enum, text
from tap_oauth2_generic.settings.fields import FieldType, setting
from tap_oauth2_generic.settings.paths import MISSING, DottedPath, Path, parse_path
from tap_oauth2_generic.settings.templates import Scope, Template, parse_template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NAMED_KEYS = 20
_SHOWN_LENGTH = 60
_ERROR_NAMES = ("error", "errors", "error_code", "errorCode", "fault")
_OK = 200


def _records_path(value: Any) -> Path | Template:
    written = text(value)
    template = parse_template(written) if "{" in written else None
    return template if template is not None and template.placeholders else parse_path(written)


RECORDS_PATH = FieldType({"type": "string"}, _records_path)


def _as_part_of(written: str) -> Callable[[str], str]:
    """Give what puts a value into a JSONPath: as a name, or inside the quotes that it has."""
    allowed = re.compile(r"""[^'"\\]*""" if "'" in written or '"' in written else r"[\w-]+")

    def encode(value: str) -> str:
        if not allowed.fullmatch(value):
            message = f"the value {value[:_SHOWN_LENGTH]!r} would change the path it is put into"
            raise ValueError(message)
        return value

    return encode


def _as_key(value: str) -> str:
    return f"'{value}'" if "." in value and "'" not in value else value


@dataclass(frozen=True, kw_only=True)
class RecordSettings:
    """Where in an answer the records are, and what they are made of."""

    records_path: Path | Template = setting(
        RECORDS_PATH,
        "Records path",
        "Where the records are in the answer: a list gives its items, a single object one record. "
        "A template.",
        default=parse_path("$"),
    )
    records_are_values: bool = setting(
        BOOLEAN,
        "Records are values",
        "Take the values of the object at `records_path` as the records.",
        default=False,
    )
    records_key_field: str | None = setting(
        NAME,
        "Records key field",
        "With `records_are_values`: the field of a record that keeps the key it stood under.",
        default=None,
    )
    add_fields: dict[str, Path] = setting(
        PATHS,
        "Added fields",
        "Extra top-level fields, each taken from a path inside the record.",
        default={},
    )
    response_format: str = setting(
        enum(*FORMATS),
        "Response format",
        "What the answers are: JSON, JSON Lines or CSV, compressed or not.",
        default="json",
    )
    on_missing_records: str = setting(
        enum("warn", "fail", "ignore"),
        "On missing records",
        "What to do when `records_path` matched nothing in a whole run though answers came.",
        default="warn",
    )

    def resolved(self, scope: Scope) -> RecordSettings:
        """Fill the holes of ``records_path``; a value with a dot in it stays one key."""
        if not isinstance(self.records_path, Template):
            return self
        written = self.records_path.text
        encode = _as_part_of(written) if written.startswith("$") else _as_key
        try:
            return replace(self, records_path=parse_path(self.records_path.render(scope, encode)))
        except ValueError as error:
            message = f"records_path: {error}"
            raise SettingError(message) from None

    @property
    def path(self) -> Path:
        """The path to the records, of settings that are resolved."""
        if isinstance(self.records_path, Template):
            message = "records_path has holes that are not filled"
            raise SettingError(message)
        return self.records_path

    def decode(self, content: bytes) -> Any:
        """Decode an answer of this stream; raises ValueError with what is wrong."""
        decoder, _ = FORMATS[self.response_format]
        return decoder(unpacked(content))

    def contradictions(self) -> list[str]:
        """Say which settings need one another."""
        if self.records_key_field and not self.records_are_values:
            return ["records_key_field needs records_are_values: true"]
        return []


@dataclass
class Page:
    """One answer.

    ``found`` tells whether the records path was there at all (a null counts, an absent key
    does not). ``written`` holds the records as the server wrote them, where they were kept so;
    the body then holds everything else.
    """

    url: str
    status: int
    headers: CaseInsensitiveDict[str]
    body: Any
    found: bool = True
    filtered_from: int | None = None
    written: JsonList | None = None
    added: Mapping[str, Path] = field(default_factory=dict)

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The records of the body, with their added fields in them.

        Raises ResponseError where what was kept as it was written cannot be decoded.
        """
        if self.written is None:
            return []
        records = [_record(member) for member in self._decoded(self.written.text)]
        return _with_added(records, self.added)

    @property
    def length(self) -> int:
        """How many records the server sent, a filter in ``records_path`` apart."""
        if self.filtered_from is not None:
            return self.filtered_from
        return len(self.records if self.written is None else self.written.members)

    @property
    def last_record(self) -> dict[str, Any] | None:
        """The last record, None where there is none; raises ResponseError as ``records`` does."""
        if self.written is not None and self.written.members:
            return _record(self._decoded(bytes(self.written.members[-1])))
        return self.records[-1] if self.records else None

    def _decoded(self, written: bytes) -> Any:
        try:
            return decode(written)
        except ValueError as error:
            message = f"{error}, though the status is {self.status}"
            raise ResponseError(message) from None

    def repeats(self, other: Page) -> bool:
        """Tell whether this page holds the very records of another one."""
        if self.written is not None and other.written is not None:
            if self.written.text == other.written.text:
                return True
            if not _may_be_equal(self.written, other.written):
                return False
        return bool(self.records) and self.records == other.records

    @property
    def names_an_error(self) -> bool:
        """Whether the answer looks like an error that came with a good status."""
        return isinstance(self.body, dict) and any(self.body.get(name) for name in _ERROR_NAMES)

    @cached_property
    def next_link(self) -> str | None:
        """The target of the ``rel="next"`` link of the Link header (RFC 8288 section 3)."""
        return next_link(self.headers.get("Link", ""))

    @property
    def keys(self) -> str:
        """What stands at the top of the answer, for a message about what is missing."""
        if isinstance(self.body, dict):
            shown = ", ".join(list(self.body)[:_NAMED_KEYS])
            return f"the keys {shown}" if shown else "an empty object"
        if isinstance(self.body, list):
            return f"a list of {len(self.body)}"
        return "no body" if self.body is None else described(self.body)


def read_page(  # noqa: PLR0913, PLR0917 - an answer in its parts
    url: str,
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    settings: RecordSettings,
    decoded: Callable[[], Any] | None = None,
    *,
    keeps_text: bool = False,
) -> Page:
    """Find the records of an answer; ``decoded`` gives its body where that is known already.

    ``keeps_text`` leaves the records as they were written, where they are a list. Raises
    ResponseError where the body cannot be decoded, or what is found cannot be records.
    """
    opened = open_envelope(unpacked(content), settings.path) if keeps_text else None
    if opened is not None:
        body, written = opened
        sent = CaseInsensitiveDict(headers)
        return Page(url, status, sent, body, written=written, added=settings.add_fields)
    try:
        body = settings.decode(content) if decoded is None else decoded()
    except ValueError as error:
        message = f"{error}, though the status is {status}; it begins with {_shown(content)}"
        raise ResponseError(message) from None
    if body is None and content.strip() == b"" and status == _OK:
        message = "an empty body, which is not JSON, though the status is 200"
        raise ResponseError(message)
    page = Page(url, status, CaseInsensitiveDict(headers), body)
    if body is not None:
        found = settings.path.find_all(body)
        page.found = bool(found) or _is_emptied(settings.path, body)
        page.filtered_from = _unfiltered(settings.path, body)
        page.records = list(_records(found, settings))
    return page


def _may_be_equal(one: JsonList, other: JsonList) -> bool:
    """Tell whether two texts may mean the same: some servers write keys in a changing order."""
    if len(one.text) != len(other.text) or len(one.members) != len(other.members):
        return False
    return not one.members or sorted(bytes(one.members[0])) == sorted(bytes(other.members[0]))


def _is_emptied(path: Path, body: Any) -> bool:
    """Tell whether ``$.data[*]`` found nothing because the list there is empty."""
    parent = path.text.removesuffix("[*]")
    return parent != path.text and parse_path(parent).find(body) is not MISSING


def _unfiltered(path: Path, body: Any) -> int | None:
    """Give the length of the list that a filter in a JSONPath chooses from."""
    parent, has_filter, _ = path.text.partition("[?")
    try:
        whole = parse_path(parent).find(body) if has_filter else None
    except ValueError:
        # Of ``$..[?``, what stands before the filter is no path.
        return None
    return len(whole) if isinstance(whole, list) else None


def _shown(content: bytes) -> str:
    with suppress(ValueError):
        content = unpacked(content)
    # Masked before it is cut: a part of a secret would not be known as one.
    return repr(redact(" ".join(content[:4000].decode("utf-8", "replace").split()))[:80])


def _records(found: list[Any], settings: RecordSettings) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    for value in found:
        if settings.records_are_values:
            records += _values(value, settings)
        elif isinstance(value, list):
            records += [_record(member) for member in value]
        elif isinstance(value, dict):
            records.append(value)
        elif value is not None:
            records.append(_scalar(value, settings, alone=len(found) == 1))
    return _with_added(records, settings.add_fields)


def _with_added(records: list[dict[str, Any]], added: Mapping[str, Path]) -> list[dict[str, Any]]:
    for record in records if added else ():
        found = {name: path.find(record) for name, path in added.items()}
        for name, value in found.items():
            # What is not there takes nothing away.
            record[name] = record.get(name) if value is MISSING else value
    return records


def _record(member: Any) -> dict[str, Any]:
    return member if isinstance(member, dict) else {"value": member}


def _scalar(value: Any, settings: RecordSettings, *, alone: bool) -> dict[str, Any]:
    """Make a record of a scalar that a JSONPath with many matches found among others."""
    if alone and isinstance(settings.path, DottedPath):
        message = (
            f"records_path {settings.records_path.text!r} found {described(value)}, "
            "which cannot be records: it should lead to a list or an object"
        )
        raise ResponseError(message)
    return {"value": value}


def _values(value: Any, settings: RecordSettings) -> list[dict[str, Any]]:
    if value is None or value == []:
        # Some servers write an empty object of objects as an empty list.
        return []
    if not isinstance(value, dict):
        message = (
            f"records_path {settings.records_path.text!r} found {described(value)}, but "
            "records_are_values needs an object whose values are the records"
        )
        raise ResponseError(message)
    records = []
    for key, member in value.items():
        record = _record(member)
        if settings.records_key_field:
            record[settings.records_key_field] = key
        records.append(record)
    return records


def described(value: Any) -> str:
    """Name what a value is, with enough of it to recognise, never the whole."""
    if isinstance(value, str):
        return f"the text {redact(value)[:40]!r}"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"a list of {len(value)}"
    return "null" if value is None else f"the number {value}"
