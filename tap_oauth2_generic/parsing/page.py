"""One page of a response: decoded once, its records found, its next link at hand.

Nothing here sends a request, decides on a status or knows a paging style.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from requests.structures import CaseInsensitiveDict

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.parsing.archive_records import archive_records
from tap_oauth2_generic.parsing.charset import charset_of
from tap_oauth2_generic.parsing.extract_records import (
    RecordSettings,
    add_fields,
    as_record,
    describe,
    extract_records,
)
from tap_oauth2_generic.parsing.formats import decode, repeated_key
from tap_oauth2_generic.parsing.json_list import LARGE_BYTES, JsonList
from tap_oauth2_generic.parsing.lines import Types
from tap_oauth2_generic.parsing.spool import Source, Spool, as_json_list, as_spool
from tap_oauth2_generic.parsing.unpacking import unpack
from tap_oauth2_generic.runtime.redaction import excerpt
from tap_oauth2_generic.settings.paths import Path

_MAX_NAMED_KEYS = 20
_OK = 200
# The Link header (RFC 8288 section 3).
_TARGET = re.compile(r"[\s,]*<([^>]*)>")
_PARAM = re.compile(r"""\s*;\s*([^\s=;,"<>]*)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?""")


@dataclass
class Page:
    """One page.

    ``found``, ``sent`` and ``is_lone`` are those of ``extract_records``. ``written`` holds the
    records as the server wrote them, if they were kept encoded; ``body`` then holds the rest,
    and ``read_body`` decodes all of it, or says where it cannot be decoded.
    """

    url: str
    status: int
    headers: CaseInsensitiveDict[str]
    body: Any
    found: bool = True
    sent: int | None = None
    is_lone: bool = False
    written: JsonList | None = None
    added: Mapping[str, Path] = field(default_factory=dict)
    checksum: bytes = b""
    read_body: Callable[[], Any] = lambda: None

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The records without added fields; raises ResponseError if one cannot be decoded."""
        listed = [] if self.written is None else self._decode(self.written.text)
        return [as_record(item) for item in listed if item is not None and item != {}]

    @property
    def length(self) -> int:
        """How many records the server sent."""
        if self.sent is not None:
            return self.sent
        return len(self.records) if self.written is None else self.written.length

    @cached_property
    def last_record(self) -> dict[str, Any] | None:
        """The last record with its added fields, None if there is none; raises ResponseError."""
        last = None
        if self.written is not None and self.written.ends:
            last = self._decode(self.written.ends[-1])
        if not isinstance(last, dict) or not last:
            last = self.records[-1] if self.records else None
        return None if last is None else add_fields(last, self.added)

    def _decode(self, written: bytes) -> Any:
        try:
            return decode(written)
        except ValueError as error:
            self.read_body()
            raise ResponseError(f"{error}; its status is {self.status}") from None

    def summary(self) -> Page:
        """Return what ``repeats`` needs: of a large page, the ends of its list and a checksum."""
        if self.written is None or self.written.size <= LARGE_BYTES:
            return self
        return replace(
            self,
            sent=self.length,
            written=JsonList(self.written.ends),
            checksum=self.written.checksum(),
            # It holds the response.
            read_body=lambda: None,
        )

    def repeats(self, other: Page, keys: Sequence[str] = ()) -> bool:
        """Return whether this page holds exactly the records of another one.

        ``keys`` identify records whose other values may differ each time they are sent. What
        was sent may hold no records, as a filter may leave none: then the bodies count.
        """
        if keys and _same_keys(self, other, keys):
            return True
        if self.checksum or other.checksum:
            return self.checksum == other.checksum
        if self.written is not None and other.written is not None:
            if self.written.members == other.written.members:
                return True
            if not _may_be_equal(self.written, other.written):
                return False
        return self.records == other.records and (bool(self.records) or self.body == other.body)

    @property
    def next_link(self) -> str | None:
        """The target of the ``rel="next"`` link of the Link header (RFC 8288 section 3)."""
        return None if self.is_last_by_link else self._next_relation.get("")

    @property
    def is_last_by_link(self) -> bool:
        """Whether the Link header names a next page that has no results, as Sentry's does."""
        return self._next_relation.get("results") == "false"

    @cached_property
    def _next_relation(self) -> dict[str, str]:
        return _next_relation(self.headers.get("Link", ""))

    @property
    def keys(self) -> str:
        """What is at the top of the body, for a message about what is missing."""
        if isinstance(self.body, dict):
            shown = ", ".join(list(self.body)[:_MAX_NAMED_KEYS])
            return f"the keys {shown}" if shown else "an empty object"
        return "no body" if self.body is None else describe(self.body)


def read_page(  # noqa: PLR0913, PLR0917 - a response in its parts
    url: str,
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    settings: RecordSettings,
    decoded: Callable[[], Any] | None = None,
    *,
    keep_encoded: bool = False,
    file: Spool | None = None,
    types: Mapping[str, Types] | None = None,
) -> Page:
    """Find the records of a response; ``decoded`` returns its body if that is known already.

    ``keep_encoded`` leaves the records encoded, if they are a list. ``file`` holds all of a body
    that is too large for memory. ``types``: those of columns of CSV that are more than strings.
    Raises ResponseError if the body cannot be decoded, or what the path finds cannot be records.
    """
    sent = headers if isinstance(headers, CaseInsensitiveDict) else CaseInsensitiveDict(headers)
    charset, source, opened = charset_of(headers), file or content, None
    if decoded is None or settings.is_streamed:
        decoded = partial(settings.decode, source, charset)
    read_body = partial(_read_body, content, status, decoded)
    if keep_encoded or settings.archive_member:
        opened = _read_body(content, status, partial(_open, source, charset, settings, types))
    body, written = opened or (None, None)
    if written is not None:
        added = settings.add_fields
        page = Page(url, status, sent, body, written=written, added=added, read_body=read_body)
        # Paging reads it later, where an error would not name the response.
        _ = page.last_record
        return page
    body = read_body() if opened is None else body
    if body is None and content.strip() == b"" and status == _OK:
        raise ResponseError(
            f"an empty body is not {settings.response_format.upper()}; its status is 200. If it "
            'means no records, add a response rule with "empty": true'
        )
    if settings.records_are_values and settings.response_format == "json":
        key = repeated_key(settings.utf8(content, charset), settings.path)
        if key is not None:
            raise ResponseError(f"the object at records_path has the key {key!r} twice")
    page = Page(url, status, sent, body, added=settings.add_fields)
    if body is not None:
        page.records, page.found, page.sent, page.is_lone = extract_records(body, settings)
    return page


def _open(
    source: Source, charset: str, settings: RecordSettings, types: Mapping[str, Types] | None
) -> tuple[Any, JsonList | None] | None:
    """Return the rest of a response and its records; None if it is decoded as a whole."""
    if not settings.archive_member or source == b"":
        return settings.open_list(source, charset, settings.path, types)
    return [], as_json_list(archive_records(settings, as_spool(source)))


def _read_body(content: bytes, status: int, decode_all: Callable[[], Any]) -> Any:
    try:
        return decode_all()
    except ValueError as error:
        with suppress(ValueError):
            content = unpack(content)
        begins = f"it begins with {excerpt(content, 80)!r}; check path and response_format"
        raise ResponseError(f"{error}; its status is {status} and {begins}") from None


def _same_keys(one: Page, other: Page, keys: Sequence[str]) -> bool:
    """Return whether two pages have records with the same keys, which differ within a page."""
    if one.length != other.length or one.length == 1:
        return False
    with suppress(ResponseError):
        if _identity(one.last_record, keys) == _identity(other.last_record, keys):
            first, second = (
                [_identity(add_fields(record, page.added), keys) for record in page.records]
                for page in (one, other)
            )
            return first == second and len(set(first)) == len(first)
    return False


def _identity(record: Mapping[str, Any] | None, keys: Sequence[str]) -> str:
    return str([(record or {}).get(key) for key in keys])


def _may_be_equal(one: JsonList, other: JsonList) -> bool:
    """Return whether two lists may hold the same: some servers change the order of keys."""
    if len(one.members) != len(other.members) or one.size != other.size:
        return False
    return not one.members or sorted(bytes(one.members[0])) == sorted(bytes(other.members[0]))


def _next_relation(header: str) -> dict[str, str]:
    """Return the parameters of the first link with the relation ``next``, its target as ``""``."""
    position = 0
    while target := _TARGET.match(header, position):
        position = target.end()
        params = {"": target[1].strip()}
        while (param := _PARAM.match(header, position)) and param.end() > position:
            position = param.end()
            # The first rel counts (section 3.3).
            params.setdefault(param[1].lower(), (param[2] or param[3] or "").lower())
        if "next" in params.get("rel", "").split():
            return params
    return {}
