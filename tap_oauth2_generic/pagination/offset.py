"""Style ``offset``: each request names how many records to pass over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tap_oauth2_generic.pagination.base import CountedStyle, Token
from tap_oauth2_generic.settings.field_types import NAME, integer
from tap_oauth2_generic.settings.fields import setting

if TYPE_CHECKING:
    from tap_oauth2_generic.net.request import Request
    from tap_oauth2_generic.parsing.page import Page


@dataclass(frozen=True, kw_only=True)
class Offset(CountedStyle):
    """``GET /search?startAt=50`` answers ``{"issues": […], "total": 118}``."""

    style: ClassVar[str] = "offset"
    fits: ClassVar[str] = '`{"issues": […], "total": 118}`, asked by `?startAt=50`'

    offset_param: str = setting(
        NAME, "Offset parameter", "Carries the offset of the page's first record.", default="offset"
    )
    page_start: int = setting(
        integer(0), "Page start", "The first page number or offset: 0 or 1 as a rule.", default=0
    )

    def first(self) -> Token:
        """Give the offset of the first record, be it 0."""
        return self.page_start

    def place(self, token: Token, request: Request) -> None:
        """Put the offset."""
        request.put(self.offset_param, token, self.params_in)

    def next(self, token: Token, page: Page) -> Token | None:
        """Advance by the records that came, however many were asked for."""
        return token + page.length

    def predict(self, token: Token, length: int) -> Token | None:
        """Advance by as many records as the page is taken to hold."""
        return token + length
