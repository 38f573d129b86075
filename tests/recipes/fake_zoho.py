"""Zoho CRM as documented for API version 8: Get Records of the module Leads.

https://www.zoho.com/crm/developer/docs/api/v8/get-records.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.recipes.fake_provider import Provider
from tests.support.server import Reply, Seen

LARGEST_PAGE = 200
#: So many records may be asked for by page number; those beyond need a page token.
REACHED_BY_NUMBER = 2000


def error(status: int, code: str, message: str) -> Reply:
    return Reply({"code": code, "details": {}, "message": message, "status": "error"}, status)


class Zoho(Provider):
    """Leads by page number or page token; the refresh token never changes."""

    AUTHORIZE_PATH = "/oauth/v2/auth"
    TOKEN_PATH = "/oauth/v2/token"
    TOKEN_TYPE = "Zoho-oauthtoken"
    ROTATES = False
    LATER = "2024-06-01T10:00:00+05:30"
    SCOPE = "ZohoCRM.modules.leads.READ"
    ASKED_AT_LOGIN = {"access_type": "offline", "prompt": "consent"}  # noqa: RUF012 - never changed

    def __init__(self) -> None:
        super().__init__()
        first = [lead(number, "2023-12-24T10:00:00+05:30") for number in range(1, 301)]
        last = [lead(number, "2024-01-01T10:00:00+05:30") for number in range(301, 451)]
        self.rows = {"leads": first + last}

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        more = {"api_domain": self.url, "token_type": "Bearer", "expires_in": 3600}
        return {**tokens, "scope": self.SCOPE, **more}

    def refuse_grant(self) -> Reply:
        # With a good status, and with a word of its own.
        return Reply({"error": "invalid_code"})

    def unauthorized(self) -> Reply:
        return error(401, "INVALID_TOKEN", "invalid oauth token")

    def forbidden(self) -> Reply:
        return error(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")

    def too_many(self) -> Reply:
        return error(429, "TOO_MANY_REQUESTS", "Reached the maximum number of requests")

    def data(self, seen: Seen) -> Any:
        if seen.path != "/crm/v8/Leads":
            return error(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is")
        asked = seen.query
        if not asked.get("fields"):
            return error(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing")
        if "page" in asked and "page_token" in asked:
            return error(400, "AMBIGUITY_DURING_PROCESSING", "page and page_token")
        since = datetime.fromisoformat(seen.headers["If-Modified-Since"])
        rows = self.rows["leads"]
        found = [r for r in rows if datetime.fromisoformat(r["Modified_Time"]) >= since]
        if rows and not found:
            return Reply(b"", 304)
        return self._page(found, asked)

    def _page(self, found: list[dict[str, Any]], asked: dict[str, str]) -> Reply:
        size = min(int(asked.get("per_page", LARGEST_PAGE)), LARGEST_PAGE)
        number = int(asked.get("page") or asked.get("page_token", "page-1").removeprefix("page-"))
        if "page_token" not in asked and number * size > REACHED_BY_NUMBER:
            return error(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", "use page_token")
        rows = found[(number - 1) * size : number * size]
        if not rows:
            return Reply(b"", 204)
        more = number * size < len(found)
        info = {"call": False, "per_page": size, "count": len(rows), "page": number}
        info |= {"next_page_token": f"page-{number + 1}" if more else None, "more_records": more}
        info |= {"previous_page_token": None, "page_token_expiry": None, "email": False}
        return Reply({"data": rows, "info": info})


def lead(number: int, modified: str) -> dict[str, Any]:
    return {
        "id": f"4876876000000{number:06d}",
        "First_Name": None,
        "Last_Name": f"Lead {number}",
        "Company": "Company",
        "Email": f"lead{number}@example.com",
        "Phone": "555-0100",
        "Lead_Source": "Trade Show",
        "Lead_Status": None,
        "Owner": {"name": "Owner", "id": "4876876000000327001", "email": "owner@example.com"},
        "Created_Time": "2023-05-12T18:52:08+05:30",
        "Modified_Time": modified,
    }
