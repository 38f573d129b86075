"""Slack: OAuth with token rotation, the channels of an app, and their history.

https://docs.slack.dev/authentication/using-token-rotation
https://docs.slack.dev/reference/methods/users.conversations
https://docs.slack.dev/reference/methods/conversations.history
https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

from tests.recipes.fake_provider import Provider
from tests.support.server import Reply, Seen

#: Pages may have fewer items than asked for, and at most so many.
CHANNELS_IN_A_PAGE, MESSAGES_IN_A_PAGE = 2, 15


def error(name: str, **more: Any) -> Reply:
    """Return an error as Slack sends nearly all: with status 200."""
    return Reply({"ok": False, "error": name, **more})


class Slack(Provider):
    """Channels and their messages by cursor, newest first."""

    AUTHORIZE_PATH = "/oauth/v2/authorize"
    TOKEN_PATH = "/api/oauth.v2.access"
    ROTATES = True
    PKCE = False
    SCOPE = "channels:read,channels:history"
    LATER = "1678229664.302199"

    def __init__(self) -> None:
        super().__init__()
        channels = [channel(number) for number in range(5)]
        self.rows = {"conversations": channels, "messages": []}
        for found, count in zip(channels, (40, 15, 1, 0, 20), strict=True):
            self.rows["messages"] += [message(found["id"], number) for number in range(count)]

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        more = {"ok": True, "token_type": "bot", "scope": self.SCOPE, "expires_in": 43200}
        team = {"team": {"name": "Team", "id": "T9TK3CUKW"}, "enterprise": None}
        return {**tokens, **more, **team, "bot_user_id": "U0KRQLJ9H", "app_id": "A0KRD7HC3"}

    def refuse_grant(self) -> Reply:
        return error("invalid_refresh_token")

    def unauthorized(self) -> Reply:
        return error("token_expired")

    def forbidden(self) -> Reply:
        return error("missing_scope", needed="channels:read", provided="channels:history")

    def too_many(self) -> Reply:
        return Reply({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "0"})

    def data(self, seen: Seen) -> Any:
        if seen.path == "/api/users.conversations":
            return self._page("channels", self.rows["conversations"], seen, CHANNELS_IN_A_PAGE)
        if seen.path != "/api/conversations.history":
            return error("unknown_method", req_method=seen.path.removeprefix("/api/"))
        name, oldest = seen.query.get("channel"), Decimal(seen.query.get("oldest", 0))
        if name not in {one["id"] for one in self.rows["conversations"]}:
            return error("channel_not_found")
        there = [one for one in self.rows["messages"] if one["channel_id"] == name]
        found = [
            {field: value for field, value in one.items() if field != "channel_id"}
            for one in sorted(there, key=lambda one: one["ts"], reverse=True)
            if Decimal(one["ts"]) > oldest
        ]
        return self._page("messages", found, seen, MESSAGES_IN_A_PAGE)

    def _page(self, name: str, rows: list[Any], seen: Seen, largest: int) -> dict[str, Any]:
        start = int(base64.b64decode(seen.query.get("cursor", "")).removeprefix(b"next:") or 0)
        stop = start + min(int(seen.query.get("limit", 100)), largest)
        cursor = base64.b64encode(f"next:{stop}".encode()).decode() if stop < len(rows) else ""
        body = {"ok": True, name: rows[start:stop], "response_metadata": {"next_cursor": cursor}}
        return {**body, "has_more": bool(cursor)} if name == "messages" else body


def channel(number: int) -> dict[str, Any]:
    return {
        "id": f"C012AB{number:04d}",
        "name": f"channel-{number}",
        "is_channel": True,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": False,
        "created": 1449252889,
        "is_archived": False,
        "is_general": number == 0,
        "is_shared": False,
        "creator": "U012A3CDE",
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "Anything", "creator": "U012A3CDE", "last_set": 1449252889},
        "updated": 1678229664302,
    }


def message(channel_id: str, number: int) -> dict[str, Any]:
    return {
        "channel_id": channel_id,
        "type": "message",
        "user": "U123ABC456",
        "text": f"Message {number}",
        "ts": f"{1512085950 + number}.000216",
        "reactions": [{"name": "tada", "users": ["U222BBB222"], "count": 1}],
    }
