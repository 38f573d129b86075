"""Style ``cursor``: each response holds an opaque token for the next page."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import unquote_plus

from tap_oauth2_generic.pagination.base import (
    EndValues,
    FollowingStyle,
    ParameterStyle,
    Token,
    doubt_name,
    doubt_path,
)
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.settings.field_types import NAME, PATH, REGEX
from tap_oauth2_generic.settings.fields import setting
from tap_oauth2_generic.settings.paths import Path
from tap_oauth2_generic.settings.patterns import Pattern


class Cursor(ParameterStyle, FollowingStyle, EndValues):
    """``GET /people?pageToken=abc`` returns ``{"people": […], "nextPageToken": "def"}``."""

    style: ClassVar[str] = "cursor"
    fits: ClassVar[str] = '`{"people": […], "nextPageToken": "def"}`; requested by `?pageToken=def`'
    placeholder: ClassVar[str] = "cursor"

    cursor_path: Path | None = setting(PATH, "Path of the next cursor in the body of the response.")
    cursor_header: str | None = setting(NAME, "Response header that holds the next cursor.")
    cursor_param: str | None = setting(
        NAME, "Carries the cursor; required unless a template has `{cursor}`."
    )
    cursor_pattern: Pattern | None = setting(
        REGEX, "Regular expression whose first group is the cursor, to extract it from a URL."
    )

    def contradictions(self) -> list[str]:
        """Return a sentence unless the cursor comes from one place."""
        if (self.cursor_path is None) == (self.cursor_header is None):
            return ["style cursor needs either cursor_path or cursor_header"]
        return []

    def next(self, token: Token, page: Page) -> Token | None:
        """Return the cursor in the response; null, false and empty values are none."""
        path, header = self.cursor_path, self.cursor_header or ""
        found = page.headers.get(header) if path is None else path.find(page.body)
        # A 0 may be a cursor.
        if found is False or (not found and found != 0) or self.is_end(found):
            return None
        if self.cursor_pattern is None:
            return found
        match = self.cursor_pattern.search(str(found))
        if match is None or not match.group(1) or self.is_end(match.group(1)):
            return None
        # Inside a URL the cursor is percent-encoded; as a parameter it is encoded again.
        inside_url = "?" in match.string[: match.start(1)]
        return unquote_plus(match.group(1)) if inside_url else match.group(1)

    def doubts(self, page: Page) -> str | None:
        """Return a doubt if the cursor has a similar name."""
        if self.cursor_path is not None:
            return doubt_path(self.cursor_path, page)
        header = self.cursor_header or ""
        return None if header in page.headers else doubt_name(header, page.headers)
