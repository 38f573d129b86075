"""Style ``page_number``: pages are numbered, and each request names one."""

from __future__ import annotations

from typing import ClassVar

from tap_oauth2_generic.pagination.base import CountedStyle, Token
from tap_oauth2_generic.settings.field_types import NAME, integer
from tap_oauth2_generic.settings.fields import setting


class PageNumber(CountedStyle):
    """``GET /leads?page=2`` returns ``{"data": […], "info": {"more_records": true}}``."""

    style: ClassVar[str] = "page_number"
    fits: ClassVar[str] = '`{"data": […], "info": {"more_records": true}}`; requested by `?page=2`'
    placeholder: ClassVar[str] = "page"

    page_param: str = setting(NAME, "Carries the page number.", default="page")
    page_start: int = setting(
        integer(0), "The first page number or offset, usually 0 or 1.", default=1
    )

    def predict(self, token: Token, length: int) -> Token | None:
        """Add one, however many records the page has."""
        return token + 1
