"""Style ``next_url``: the body of each response holds the URL of the next page."""

from __future__ import annotations

from typing import Any, ClassVar

from tap_oauth2_generic.errors import ResponseError
from tap_oauth2_generic.pagination.base import (
    EndValues,
    LinkStyle,
    Token,
    doubt_path,
    join_link,
)
from tap_oauth2_generic.parsing.page import Page
from tap_oauth2_generic.settings.field_types import PATH
from tap_oauth2_generic.settings.fields import setting
from tap_oauth2_generic.settings.paths import Path


class NextUrl(LinkStyle, EndValues):
    """``GET /tasks`` returns ``{"value": […], "@odata.nextLink": "https://…"}``."""

    style: ClassVar[str] = "next_url"
    fits: ClassVar[str] = '`{"value": […], "@odata.nextLink": "https://…"}`, followed untouched'

    next_url_path: Path = setting(
        PATH,
        "Path of the next page's URL in the body of the response, absolute or relative.",
        required=True,
    )

    def doubts(self, page: Page) -> str | None:
        """Return a doubt if the response has a similar name."""
        return doubt_path(self.next_url_path, page)

    def next(self, token: Token, page: Page) -> Token | None:
        """Return the absolute address of the next page."""
        found: Any = self.next_url_path.find(page.body)
        if not found or self.is_end(found):
            return None
        if not isinstance(found, str):
            raise ResponseError(
                f"next_url_path {self.next_url_path.text!r} points at something else than a URL"
            )
        return join_link(page, found)
