"""How pages follow one another."""

from __future__ import annotations

from typing import Any

from comparison.scenario import Scenario, rows
from comparison.world import Seen


class PageCap(Scenario):
    """A page holds fewer rows than the client asks for."""

    name = "page_cap"
    title = "Page cap below the page size"
    story = (
        "Offset paging. The client asks for 100 rows a page, the API returns 50 at most and does "
        "not say so. Its `total` is right."
    )

    def prepare(self) -> None:
        """Serve 230 rows."""
        self.expected["items"] = rows(1, 230)
        self.world.serve("/items", self.page)

    def page(self, seen: Seen) -> Any:
        """Return at most 50 rows from the offset."""
        offset, limit = int(seen.query.get("offset", 0)), int(seen.query.get("limit", 50))
        found = self.expected["items"][offset : offset + min(limit, 50)]
        return {"data": found, "total": len(self.expected["items"])}


class RepeatedPage(Scenario):
    """Beyond the last page, the last page comes again."""

    name = "repeated_page"
    title = "Last page repeated forever"
    story = (
        "Page numbers without a total. Beyond the last page the API returns the last page again "
        "instead of an empty one."
    )

    def prepare(self) -> None:
        """Serve 90 rows on 3 pages."""
        self.expected["items"] = rows(1, 90)
        self.world.serve("/items", self.page)

    def page(self, seen: Seen) -> Any:
        """Return the page, at most the third."""
        page = min(int(seen.query.get("page", 1)), 3)
        return {"data": self.expected["items"][30 * (page - 1) : 30 * page]}
