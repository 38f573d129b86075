"""Whether a response without records is an empty page of a stream, or something went wrong.

Remembers where records were found before. Sends nothing and stops nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tap_oauth2_generic.config.streams import StreamConfig
from tap_oauth2_generic.net.request import Response
from tap_oauth2_generic.net.retry import NOT_MODIFIED
from tap_oauth2_generic.pagination import Paginator, Stop
from tap_oauth2_generic.parsing.api_errors import find_error, is_only_error
from tap_oauth2_generic.parsing.charset import charset_of
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.runtime.redaction import excerpt
from tap_oauth2_generic.settings.fields import find_near, near_choice
from tap_oauth2_generic.settings.paths import (
    Path,
    before_choice,
    join_keys,
    parse_path,
    to_jsonpath,
)

# A null at 200 is an empty page; 204 and 205 have no body (RFC 9110 section 15.3).
_MAY_BE_EMPTY = frozenset({200, 204, 205})
_ROOT = parse_path("$")


@dataclass(frozen=True)
class Problem(Stop):
    """Why a response is no page; ``stops``: even if it names a next page."""

    complete: bool = False
    stops: bool = True


@dataclass
class ResponseCheck:
    """Checks the responses of one stream.

    ``matched``: ``records_path`` was found in one of them. ``missing`` describes the responses
    while it was in none. ``has_history``: the state shows that an earlier run found records.
    ``doubt``: why the API may have other records than those that were read. ``misnamed``: which
    element of XML may be meant, while ``records_path`` found none.
    """

    stream: StreamConfig
    has_history: bool = False
    matched: bool = False
    missing: str = ""
    doubt: str = ""
    misnamed: str = ""

    def __post_init__(self) -> None:
        """Expect the names of the declared schema, until a list shows the names of its records."""
        contexts, added = self.stream.contexts, self.stream.records.add_fields
        parent = contexts.parent.keys if contexts.parent else {}
        others = {*added, *parent, *(contexts.partitions or ({},))[0]}
        settings = self.stream.settings
        self._keys = [key for key in settings.primary_keys if key not in others]
        columns = (*settings.primary_keys, settings.replication_key)
        self._columns = [key for key in columns if key and key not in others]
        declared = (self.stream.schema.schema or {}).get("properties", {})
        self._names = frozenset[str]() if added else frozenset[str](declared)
        #: The conditions of keep on whole responses.
        self.keep = [one for one in self.stream.filters.keep if not one.path]
        self._least = 1
        self._has_list = False
        # Where one object may be all there is, a message in it may be its content.
        style = settings.pagination.style
        self._expects_list = bool(self._keys or settings.replication_key or style != "none")

    def find_problem(
        self, page: Page, settings: RecordSettings, response: Response
    ) -> Problem | None:
        """Return why a response is no page; take records that are no records from it."""
        path = settings.path
        if page.body is None:
            is_empty = page.status in _MAY_BE_EMPTY
            reason = f"a response with status {page.status} and no body"
            return None if is_empty else Problem(reason)
        if page.found:
            self.matched, self.missing = True, ""
        has_records = page.records if page.written is None else page.written.ends
        self._note_element(page.body, path, found=bool(has_records))
        if has_records:
            if page.is_lone:
                return self._check_object(page, path)
            if not self._has_list:
                self._has_list = self._expects_list = True
                self._names = frozenset(page.last_record or ())
                self._least = (len(self._names) + 1) // 2
            return None
        ignores = settings.on_missing_records == "ignore"
        if settings.response_format == "csv" and not settings.archive_member and not ignores:
            return self._check_columns(settings, response)
        if error := find_error(page.body, path, found=page.found or ignores):
            return _problem_of(error)
        # The entries of a list may lack the list that a path looks for in them.
        is_known = self.matched or self.has_history
        if page.found or ignores or (page.length and is_known):
            return None
        return self._report_missing(page, path)

    def _note_element(self, body: Any, path: Path, *, found: bool) -> None:
        """Note the first XML without records that has other lists; none of an absent element."""
        *outer, name = before_choice(path).keys or ("",)
        holder = parse_path(join_keys(tuple(map(str, outer)))).find(body) if outer else body
        if found or self._has_list or not isinstance(holder, dict):
            self.misnamed = ""
        elif self.stream.records.response_format == "xml" and name in holder:
            others = {key: one for key, one in holder.items() if key != name}
            lists = [key for key, one in others.items() if isinstance(one, list) and one]
            near = near_choice(str(name), others) or (lists and f"; did you mean {lists[0]!r}?")
            if near:
                self.misnamed = f"records_path {path.text!r} found no element{near}"

    def _check_columns(self, settings: RecordSettings, response: Response) -> Problem | None:
        """Return why a table without rows is none: any text is one, such as a message."""
        content = settings.utf8(response.content, charset_of(response.headers))
        names = settings.table.names(content)
        if not names or not (lacking := [key for key in self._columns if key not in names]):
            return None
        reason = (
            f"a table without rows and without the column {lacking[0]!r}, which begins with "
            f'{excerpt(content, 80)!r}; with on_missing_records "ignore" it is an empty page'
        )
        return Problem(reason, failed=True)

    def note_doubt(
        self, response: Response, page: Page | None, path: Path, paginator: Paginator
    ) -> None:
        """Note why a response leaves open whether there are more records than those read."""
        stop, is_first, reason = paginator.stop, paginator.pages == 1, ""
        is_past_end = response.outcome == "end" and response.status != NOT_MODIFIED and not is_first
        if stop and not stop.complete:
            reason = stop.reason
        elif not (self._shows_records(page, path, is_first=is_first) if page else is_past_end):
            reason = f"status {response.status} with neither records nor an empty list of them"
        elif not all(map(response.meets, self.keep)):
            reason = "left out by keep"
        elif paginator.remarks:
            reason = paginator.remarks[0]
        self.doubt = self.doubt or (reason and f"page {paginator.pages}: {reason}")

    def _shows_records(self, page: Page, path: Path, *, is_first: bool) -> bool:
        """Return whether a page shows which records it has; an empty first one needs a list.

        Later a page without a body, or with null in place of the list, is the end.
        """
        if not is_first or page.last_record is not None:
            return page.found or page.body is None
        empties: Any = ([], {}) if self.stream.records.records_are_values else ([],)
        return page.found and not page.length and before_choice(path).find(page.body) in empties

    def _check_object(self, page: Page, path: Path) -> Problem | None:
        """Decide what one object is: a record, an error, or a list that PHP wrote as an object."""
        (record,) = page.records
        if self._keys and all(record.get(key) is not None for key in self._keys):
            return None
        is_alien = bool(self._names) and len(self._names & record.keys()) < self._least
        error = find_error(record, _ROOT, found=not (self._expects_list or is_alien))
        error = error or find_error(page.body, path, found=True)
        if not is_alien and not (error and is_only_error(record)):
            return None
        page.records, page.sent = [], 0
        if error:
            return _problem_of(error)
        objects = [member for member in record.values() if isinstance(member, dict)]
        if len(objects) == len(record) and all(map(str.isdecimal, record)):
            page.records, page.sent = [*filter(None, objects)], len(objects)
            return None
        return Problem(f"an object instead of records, with {page.keys}", failed=bool(objects))

    def _report_missing(self, page: Page, path: Path) -> Problem:
        records = self.stream.records
        reason = (
            f"records_path {records.records_path.text!r} matched nothing; the responses had "
            f"{page.keys}{_suggest(path, page.body)}"
        )
        if not self.matched and page.body not in ([], {}):
            self.missing = reason
        fails, holds = records.on_missing_records == "fail", self._holds_rows(page.body)
        return Problem(reason, failed=fails, stops=not page.length and (fails or holds))

    def _holds_rows(self, body: Any) -> bool:
        """Return whether a body may hold records elsewhere, or is none around records."""
        paths = vars(self.stream.settings.pagination).values()
        signs = [before_choice(one).keys for one in paths if isinstance(one, Path)]
        return not isinstance(body, dict | list) or _holds_members(body, signs)


def _problem_of(error: str) -> Problem:
    reason = f"a response that names an error instead of records: {error}"
    return Problem(reason, failed=True)


def _holds_members(value: Any, signs: list[tuple[str | int, ...]]) -> bool:
    """Return whether a list with items or an object of objects is in a value.

    What leads to a sign of the next page is none: ``signs`` are the keys from here to each.
    """
    if not isinstance(value, dict | list) or not value:
        return False
    members = dict(value if isinstance(value, dict) else enumerate(value))
    is_list = isinstance(value, list) or all(isinstance(one, dict) for one in members.values())
    return (is_list and not signs) or any(
        _holds_members(one, [keys[1:] for keys in signs if keys[:1] == (key,)])
        for key, one in members.items()
    )


def _suggest(path: Path, body: Any) -> str:
    """Return ``; did you mean 'a.b'?``: the path with its first wrong key mended, or to a list."""
    if isinstance(body, list):
        return "; did you mean '$'?"
    known = before_choice(path)
    keys, rest = known.keys, path.text[len(known.text) :]
    for position, key in enumerate(keys):
        if not isinstance(body, dict):
            break
        if key not in body:
            lists = [name for name, value in body.items() if isinstance(value, list)]
            near = find_near(key, body)
            found = [[near, *keys[position + 1 :]]] if near else [[name] for name in lists]
            if len(found) != 1:
                return ""
            whole = tuple(map(str, (*keys[:position], *found[0])))
            meant = to_jsonpath(whole) + rest if rest else join_keys(whole)
            return f"; did you mean {meant!r}?"
        body = body[key]
    return ""
