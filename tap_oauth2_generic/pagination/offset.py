"""Style ``offset``: each request says how many records to skip."""

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
    """``GET /search?startAt=50`` returns ``{"issues": […], "total": 118}``."""

    style: ClassVar[str] = "offset"
    fits: ClassVar[str] = '`{"issues": […], "total": 118}`; requested by `?startAt=50`'

    offset_param: str = setting(
        NAME, "Carries the offset of the page's first record.", default="offset"
    )
    page_start: int = setting(
        integer(0), "The first page number or offset, usually 0 or 1.", default=0
    )

    def first(self) -> Token:
        """Return the offset of the first record."""
        return self.page_start

    def place(self, token: Token, request: Request) -> None:
        """Put the offset."""
        request.put(self.offset_param, token, self.params_in)

    def next(self, token: Token, page: Page) -> Token | None:
        """Advance by the number of records received, so a server-side cap never skips any."""
        return token + page.length

    def predict(self, token: Token, length: int) -> Token | None:
        """Advance by the length that the page is expected to have."""
        return token + length
