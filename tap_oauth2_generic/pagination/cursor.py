"""Style ``cursor``: each answer holds an opaque token for the next page."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote_plus

from tap_oauth2_generic.pagination.base import ParameterStyle, Token, misnamed, nearly
from tap_oauth2_generic.settings.field_types import NAME, PATH, REGEX
from tap_oauth2_generic.settings.fields import setting
from tap_oauth2_generic.settings.paths import MISSING

if TYPE_CHECKING:
    from tap_oauth2_generic.net.request import Request
    from tap_oauth2_generic.parsing.page import Page
    from tap_oauth2_generic.settings.paths import Path
    from tap_oauth2_generic.settings.patterns import Pattern


@dataclass(frozen=True, kw_only=True)
class Cursor(ParameterStyle):
    """``GET /people?pageToken=abc`` answers ``{"people": […], "nextPageToken": "def"}``."""

    style: ClassVar[str] = "cursor"
    fits: ClassVar[str] = '`{"people": […], "nextPageToken": "def"}`, asked by `?pageToken=def`'
    empty_page_ends: ClassVar[bool] = False

    cursor_path: Path | None = setting(
        PATH, "Cursor path", "Where the answer's body holds the next cursor.", default=None
    )
    cursor_header: str | None = setting(
        NAME, "Cursor header", "The response header that holds the next cursor.", default=None
    )
    cursor_param: str = setting(NAME, "Cursor parameter", "Carries the cursor.")
    cursor_pattern: Pattern | None = setting(
        REGEX,
        "Cursor pattern",
        "A regular expression whose first group is the cursor, to cut it out of a URL.",
        default=None,
    )

    def contradictions(self) -> list[str]:
        """Say that the cursor must come from one place."""
        if (self.cursor_path is None) == (self.cursor_header is None):
            return ["style cursor needs either cursor_path or cursor_header"]
        return []

    def place(self, token: Token, request: Request) -> None:
        """Put the cursor exactly as it came; the first request has none."""
        if token is not None:
            # In a query a number goes back with the very digits that came.
            as_came = str(token) if isinstance(token, Decimal) else token
            value = token if self.params_in == "body" else as_came
            request.put(self.cursor_param, value, self.params_in)

    def next(self, token: Token, page: Page) -> Token | None:
        """Give the cursor in the answer; null, false, and what is empty are no cursor."""
        found = self._found(page)
        if found is MISSING or found is None or found is False or found in ("", [], {}):
            return None
        return self._cut_out(found) if self.cursor_pattern else found

    def doubts(self, page: Page) -> str | None:
        """Say that a cursor may be there under another name, or that the pattern missed it."""
        found = self._found(page)
        if self.cursor_pattern is not None and isinstance(found, str) and found:
            return "cursor_pattern matched nothing in the cursor that came"
        if self.cursor_path is not None:
            return misnamed(self.cursor_path, page)
        header = self.cursor_header or ""
        near = None if header in page.headers else nearly(header, page.headers)
        return None if near is None else f"there is no header {header!r}, though there is {near!r}"

    def _found(self, page: Page) -> Any:
        if self.cursor_path is not None:
            return self.cursor_path.find(page.body)
        return page.headers.get(self.cursor_header or "")

    def _cut_out(self, found: Any) -> str | None:
        match = self.cursor_pattern.search(str(found)) if self.cursor_pattern else None
        if match is None or not match.group(1):
            return None
        # Inside a URL the cursor is percent-encoded; as a parameter it is encoded again.
        inside_url = "?" in match.string[: match.start(1)]
        return unquote_plus(match.group(1)) if inside_url else match.group(1)
