"""How pages follow one another."""

from __future__ import annotations

from typing import Any

from comparison.scenario import Scenario, rows
from comparison.world import Reply, Seen


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


class EmptyPage(Scenario):
    """A page in the middle is empty."""

    name = "empty_page"
    title = "Empty page between two full ones"
    story = (
        "Cursor paging. The second of four pages is empty, and has a cursor for the third: the "
        "API filtered its rows after it had cut the page."
    )

    def prepare(self) -> None:
        """Serve 90 rows on the other three pages."""
        self.expected["items"] = rows(1, 90)
        self.world.serve("/items", self.page)

    def page(self, seen: Seen) -> Any:
        """Return the page of the cursor."""
        page = int(seen.query.get("cursor", "page-1").removeprefix("page-"))
        first = {1: 0, 2: 90, 3: 30, 4: 60}[page]
        following = f"page-{page + 1}" if page < 4 else None  # noqa: PLR2004
        return {"data": self.expected["items"][first : first + 30], "next": following}


class ScrollToken(Scenario):
    """Each page has the same token."""

    name = "scroll_token"
    title = "Scroll with one token"
    story = (
        "The first response opens a scroll. Its token stays the same, each request with it returns "
        "the next rows, and an empty page is the end. A scroll of Elasticsearch may keep its ID."
    )

    def prepare(self) -> None:
        """Serve 100 rows on 4 pages."""
        self.expected["items"] = rows(1, 100)
        self.position = 0
        self.world.serve("/items", self.page)

    def page(self, seen: Seen) -> Any:
        """Return the next rows of the scroll, or its first ones."""
        self.position = self.position + 25 if seen.query.get("scroll") else 0
        found = self.expected["items"][self.position : self.position + 25]
        return {"data": found, "scroll": "scroll-1"}


class CursorLoop(Scenario):
    """The last page leads back to the second."""

    name = "cursor_loop"
    title = "Cursor that loops"
    story = (
        "Cursor paging with a defect: the last of three pages names the cursor of the second as "
        "its next, so the pages never end."
    )

    def prepare(self) -> None:
        """Serve 90 rows on 3 pages."""
        self.expected["items"] = rows(1, 90)
        self.world.serve("/items", self.page)

    def page(self, seen: Seen) -> Any:
        """Return the page of the cursor."""
        page = int(seen.query.get("cursor", "page-1").removeprefix("page-"))
        following = f"page-{page + 1 if page < 3 else 2}"  # noqa: PLR2004
        return {"data": self.expected["items"][30 * (page - 1) : 30 * page], "next": following}


class ErrorInBody(Scenario):
    """A page is an error that calls itself a success."""

    name = "error_in_200"
    title = "Error inside a 200"
    story = (
        "Page numbers until a page has no rows. The first request for the third page returns an "
        "`error` with status 200, the next one the page."
    )

    def prepare(self) -> None:
        """Serve 100 rows on 5 pages."""
        self.expected["items"] = rows(1, 100)
        self.is_broken = True
        self.world.serve("/items", self.page)

    def page(self, seen: Seen) -> Any:
        """Return the page, once an error."""
        page = int(seen.query.get("page", 1))
        if page == 3 and self.is_broken:  # noqa: PLR2004
            self.is_broken = False
            return Reply({"error": {"code": "timeout", "message": "try again"}})
        return {"data": self.expected["items"][20 * (page - 1) : 20 * page]}
