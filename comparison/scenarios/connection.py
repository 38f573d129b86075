"""Tokens: how a connection stays alive, and where its tokens go."""

from __future__ import annotations

from typing import Any

from comparison.scenario import Scenario, rows
from comparison.world import Reply, Seen


class RotatedRefreshToken(Scenario):
    """Each refresh returns a new refresh token and ends the old one."""

    name = "rotated_refresh_token"
    title = "Rotated refresh token, over two runs"
    story = (
        "Every refresh returns a new refresh token. An old one that is sent again ends the "
        "connection, as RFC 9700 section 4.14.2 recommends. The access token ends between the "
        "nights."
    )
    runs = 2

    def prepare(self) -> None:
        """Serve 40 rows, 20 a night."""
        self.expected["items"] = rows(1, 40)
        self.available: list[dict[str, Any]] = []
        self.refresh_token = "refresh-1"  # noqa: S105 # nosec B105
        self.world.issued.append(self.refresh_token)
        self.world.api.token = self.world.counted(self.token)
        self.world.serve("/items", lambda _: {"data": self.available})

    def before(self, run: int) -> None:
        """End all access tokens; the second night has more rows."""
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
