"""Tokens and requests: how a connection stays alive, and where its tokens go."""

from __future__ import annotations

import time
from email.utils import formatdate
from math import ceil
from typing import Any

from comparison.scenario import Row, Scenario, rows
from comparison.world import Reply, Seen, bearer


class RevokedToken(Scenario):
    """The access token ends long before its time."""

    name = "revoked_token"
    title = "401 in mid-run"
    story = (
        "Client credentials. After three of six pages the API no longer accepts the access token, "
        "which should last an hour. The token endpoint issues another."
    )

    def prepare(self) -> None:
        """Serve 120 rows on 6 pages."""
        self.expected["items"] = rows(1, 120)
        self.world.serve("/items", self.page)

    def page(self, seen: Seen) -> Any:
        """Return the page; after the third, revoke its token."""
        page = int(seen.query.get("page", 1))
        if page == 3:  # noqa: PLR2004
            self.world.live.clear()
        return {"data": self.expected["items"][20 * (page - 1) : 20 * page], "pages": 6}


class RotatedRefreshToken(Scenario):
    """Each refresh returns a new refresh token and ends the old one."""

    name = "rotated_refresh_token"
    title = "Rotated refresh token"
    story = (
        "Every refresh returns a new refresh token. An old one that is sent again ends the "
        "connection, as RFC 9700 section 4.14.2 recommends. The access token ends between the "
        "runs."
    )
    runs = 2

    def prepare(self) -> None:
        """Serve 40 rows, 20 in the first run."""
        self.expected["items"] = rows(1, 40)
        self.available: list[Row] = []
        self.refresh_token = "refresh-1"  # noqa: S105 # nosec B105
        self.world.issued.append(self.refresh_token)
        self.world.api.token = self.world.note_accepted(self.token)
        self.world.serve("/items", lambda _: {"data": self.available})

    def before(self, run: int) -> None:
        """End all access tokens; the second run finds more rows."""
        self.world.live.clear()
        self.available = self.expected["items"][: 20 * run]

    def token(self, seen: Seen) -> Any:
        """Accept the newest refresh token only."""
        if seen.form.get("refresh_token") != self.refresh_token:
            self.refresh_token = ""
            return Reply({"error": "invalid_grant"}, 400)
        self.refresh_token = f"refresh-{len(self.world.issued) + 1}"
        self.world.issued.append(self.refresh_token)
        return self.world.grant(refresh_token=self.refresh_token)


class ForeignLink(Scenario):
    """A next link leads to another host."""

    name = "foreign_link"
    title = "Next link to a foreign host"
    story = (
        "Paging by links. The link on the second page leads to a host that is not the API's, and "
        "serves rows to whoever sends it a token. No rows are expected from there."
    )
    fails = None  # an error is better, but a tool may read on at the API's own host

    def prepare(self) -> None:
        """Serve 40 rows on 2 pages."""
        self.expected["items"] = rows(1, 40)
        self.world.serve("/items", self.page)
        self.world.foreign.routes["/items"] = self.bait

    def page(self, seen: Seen) -> Any:
        """Return the page with the link to the next."""
        page = int(seen.query.get("page", 1))
        following = f"{self.world.api.url}/items?page=2" if page == 1 else None
        return {
            "data": self.expected["items"][20 * (page - 1) : 20 * page],
            "next": following or f"{self.world.foreign_url}/items?page=3",
        }

    @staticmethod
    def bait(seen: Seen) -> Any:
        """Return rows for a token."""
        return {"data": rows(41, 60), "next": None} if bearer(seen) else Reply({}, 401)


class RetryAfterDate(Scenario):
    """A 429 says until when to wait, as a date."""

    name = "retry_after_date"
    title = "`Retry-After` as a date"
    story = (
        "The third of four pages returns 429 until a moment 4 seconds ahead, which its "
        "`Retry-After` names as an HTTP date (RFC 9110 section 10.2.3)."
    )

    def prepare(self) -> None:
        """Serve 80 rows on 4 pages."""
        self.expected["items"] = rows(1, 80)
        self.free_at: int | None = None
        self.world.serve("/items", self.page)

    def page(self, seen: Seen) -> Any:
        """Return the page, or 429 before its time."""
        page = int(seen.query.get("page", 1))
        if page == 3:  # noqa: PLR2004
            self.free_at = self.free_at or ceil(time.time()) + 4
            if time.time() < self.free_at:
                return Reply({}, 429, {"Retry-After": formatdate(self.free_at, usegmt=True)})
        return {"data": self.expected["items"][20 * (page - 1) : 20 * page], "pages": 4}


class FailingStream(Scenario):
    """One of three streams fails."""

    name = "failing_stream"
    title = "One failing stream"
    story = (
        "Three streams. The second returns 403, since the connection may not read it. The rows of "
        "the other two are expected, and an exit status other than 0."
    )
    fails = True

    def prepare(self) -> None:
        """Serve 20 rows of the first and 20 of the third."""
        for stream in ("first", "third"):
            self.expected[stream] = rows(1, 20)
            self.world.serve(f"/{stream}", lambda _: {"data": rows(1, 20)})
        self.world.serve("/second", lambda _: Reply({"error": "missing scope"}, 403))
