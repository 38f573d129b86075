"""Style ``offset``: each request says how many records to skip."""

from __future__ import annotations

from typing import ClassVar

from tap_oauth2_generic.pagination.base import CountedStyle, Token
from tap_oauth2_generic.settings.field_types import NAME, integer
from tap_oauth2_generic.settings.fields import setting


class Offset(CountedStyle):
    """``GET /search?startAt=50`` returns ``{"issues": […], "total": 118}``."""

    style: ClassVar[str] = "offset"
    fits: ClassVar[str] = '`{"issues": […], "total": 118}`; requested by `?startAt=50`'
    placeholder: ClassVar[str] = "offset"

    offset_param: str = setting(
        NAME, "Carries the offset of the page's first record.", default="offset"
    )
    page_start: int = setting(
        integer(0), "The first page number or offset, usually 0 or 1.", default=0
    )

    def predict(self, token: Token, length: int) -> Token | None:
        """Advance by the number of records on the page."""
        return token + length
