"""Google: OAuth 2.0 for web servers, and contactGroups.list of the People API.

https://developers.google.com/identity/protocols/oauth2/web-server
https://developers.google.com/people/api/rest/v1/contactGroups/list
"""

from __future__ import annotations

from typing import Any

from tests.recipes.fake_provider import Provider
from tests.support.server import Reply, Seen

LARGEST_PAGE, DEFAULT_PAGE = 1000, 30


def error(code: int, status: str, message: str, headers: dict[str, str] | None = None) -> Reply:
    body = {"error": {"code": code, "message": message, "status": status}}
    return Reply(body, code, headers or {})


class Google(Provider):
    """Contact groups by page token; the refresh token never changes."""

    AUTHORIZE_PATH = "/o/oauth2/v2/auth"
    TOKEN_PATH = "/token"
    ROTATES = False
    SCOPE = "https://www.googleapis.com/auth/contacts.readonly"
    ASKED_AT_LOGIN = {"access_type": "offline", "prompt": "consent"}  # noqa: RUF012 - never changed

    def __init__(self) -> None:
        super().__init__()
        groups = [system_group("myContacts"), system_group("starred")]
        self.rows = {"contact_groups": groups + [user_group(number) for number in range(450)]}

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        return {**tokens, "expires_in": 3599, "scope": self.SCOPE, "token_type": "Bearer"}

    def refuse_grant(self) -> Reply:
        said = "Token has been expired or revoked."
        return Reply({"error": "invalid_grant", "error_description": said}, 400)

    def unauthorized(self) -> Reply:
        return error(
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
            "cookie or other valid authentication credential.",
        )

    def forbidden(self) -> Reply:
        return error(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.")

    def too_many(self) -> Reply:
        return error(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Read requests'.")

    def data(self, seen: Seen) -> Any:
        if seen.path != "/v1/contactGroups":
            return error(404, "NOT_FOUND", "Method not found.")
        size = int(seen.query.get("pageSize", DEFAULT_PAGE))
        if not 1 <= size <= LARGEST_PAGE:
            return error(400, "INVALID_ARGUMENT", "Page size must be between 1 and 1000.")
        start = int(seen.query.get("pageToken", "page+0=").strip("page+="))
        rows = self.rows["contact_groups"]
        body: dict[str, Any] = {"contactGroups": rows[start : start + size]}
        body["totalItems"] = len(rows)
        if start + size < len(rows):
            body["nextPageToken"] = f"page+{start + size}="
        else:
            body["nextSyncToken"] = "sync-token"
        return body


def system_group(name: str) -> dict[str, Any]:
    return {
        "resourceName": f"contactGroups/{name}",
        "groupType": "SYSTEM_CONTACT_GROUP",
        "name": name,
        "formattedName": name.title(),
    }


def user_group(number: int) -> dict[str, Any]:
    return {
        "resourceName": f"contactGroups/{number:x}a0b",
        "etag": "PVRUQzsTpww=",
        "metadata": {"updateTime": "2024-03-01T12:00:00.123456Z"},
        "groupType": "USER_CONTACT_GROUP",
        "name": f"Group {number}",
        "formattedName": f"Group {number}",
        "memberCount": number,
    }
