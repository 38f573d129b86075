"""Style ``none``: one response holds all records."""

from __future__ import annotations

from typing import ClassVar

from tap_oauth2_generic.pagination.base import ParameterStyle, Token
from tap_oauth2_generic.parsing.page import Page


class NoPaging(ParameterStyle):
    """``GET /states`` returns ``[{"id": 1}, {"id": 2}]``."""

    style: ClassVar[str] = "none"
    fits: ClassVar[str] = '`[{"id": 1}, {"id": 2}]`, all records in one response'
    end_reason: ClassVar[str] = "no pagination is configured"

    def next(self, token: Token, page: Page) -> Token | None:
        """Return None: there is no other page."""
        return None
