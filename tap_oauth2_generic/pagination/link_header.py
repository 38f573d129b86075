"""Style ``link_header``: the response header ``Link`` names the next page (RFC 8288)."""

from __future__ import annotations

from typing import ClassVar

from tap_oauth2_generic.pagination.base import LinkStyle, Token, join_link
from tap_oauth2_generic.parsing.page import Page


class LinkHeader(LinkStyle):
    """``GET /events`` returns ``Link: <https://…?cursor=abc>; rel="next"``."""

    style: ClassVar[str] = "link_header"
    fits: ClassVar[str] = 'the header `Link: <https://…?cursor=abc>; rel="next"`'

    def next(self, token: Token, page: Page) -> Token | None:
        """Return the absolute address of the link with the relation ``next``."""
        return join_link(page, page.next_link) if page.next_link else None
