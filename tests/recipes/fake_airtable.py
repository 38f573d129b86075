"""Airtable: OAuth with PKCE and rotating refresh tokens, and the records of a table.

https://airtable.com/developers/web/api/oauth-reference
https://airtable.com/developers/web/api/list-records
https://airtable.com/developers/web/api/rate-limits
"""

from __future__ import annotations

import re
from typing import Any

from tests.recipes.fake_provider import Provider
from tests.support.server import Reply, Seen

LARGEST_PAGE = 100
TABLE = "/v0/appXXXXXXXXXXXXXX/tblXXXXXXXXXXXXXX"
CHANGED = r"NOT\(IS_BEFORE\(LAST_MODIFIED_TIME\(\), '(\S+)'\)\)"
FORMULA = re.compile(rf"IF\(LAST_MODIFIED_TIME\(\), {CHANGED}, TRUE\(\)\)")
OLDEST, OLD = "2024-02-08T18:25:00.000Z", "2024-03-08T18:25:00.000Z"


def error(status: int, kind: str, message: str) -> Reply:
    return Reply({"error": {"type": kind, "message": message}}, status)


class Airtable(Provider):
    """Records by offset token."""

    AUTHORIZE_PATH = "/oauth2/v1/authorize"
    TOKEN_PATH = "/oauth2/v1/token"
    ROTATES = True
    SCOPE = "data.records:read"
    LATER = "2024-07-01T08:00:00.000Z"

    def __init__(self) -> None:
        super().__init__()
        rows = [record(number, OLD if number else OLDEST) for number in range(250)]
        self.rows = {"records": rows}

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        more = {"token_type": "Bearer", "scope": self.SCOPE, "expires_in": 3600}
        return {**tokens, **more, "refresh_expires_in": 5184000}

    def refuse_grant(self) -> Reply:
        said = "The refresh token is invalid, expired, or revoked."
        return Reply({"error": "invalid_grant", "error_description": said}, 400)

    def unauthorized(self) -> Reply:
        return error(401, "AUTHENTICATION_REQUIRED", "Authentication required")

    def forbidden(self) -> Reply:
        kind = "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"
        return error(403, kind, "Invalid permissions, or the requested model was not found.")

    def too_many(self) -> Reply:
        return Reply({"errors": [{"error": "RATE_LIMIT_REACHED"}]}, 429)

    def change(self, stream: str, key: str) -> None:  # noqa: ARG002
        self.rows[stream][1] = record(1, self.LATER)

    def data(self, seen: Seen) -> Any:
        size = int(seen.query.get("pageSize", LARGEST_PAGE))
        if seen.path != TABLE or not 1 <= size <= LARGEST_PAGE:
            return error(422, "INVALID_REQUEST_UNKNOWN", "Invalid request: parameter validation.")
        match = FORMULA.fullmatch(seen.query.get("filterByFormula", ""))
        if match is None:
            said = "The formula for filtering records is invalid"
            return error(422, "INVALID_FILTER_BY_FORMULA", said)
        rows = [
            {name: row[name] for name in ("id", "createdTime", "fields")}
            for row in self.rows["records"]
            if row["last_modified"] >= match[1]
        ]
        start = int(seen.query.get("offset", "itrSJ1l4jlPyxEG6c/0").partition("/")[2])
        body: dict[str, Any] = {"records": rows[start : start + size]}
        if start + size < len(rows):
            body["offset"] = f"itrSJ1l4jlPyxEG6c/{start + size}"
        return body


def record(number: int, modified: str) -> dict[str, Any]:
    """Return a record; empty fields are left out."""
    fields = {"Name": f"Record {number}", "Points": number, "Last modified": modified}
    return {
        "id": f"rec{number:014d}",
        "createdTime": "2024-01-01T10:00:00.000Z",
        "fields": {**fields, "Done": True} if number % 2 else fields,
        "last_modified": modified,
    }
