"""Jira Data Center: its OAuth 2.0 provider, and issue search by JQL and offset.

https://confluence.atlassian.com/adminjiraserver/jira-oauth-2-0-provider-api-1115659070.html
https://docs.atlassian.com/software/jira/docs/api/REST/9.17.0/
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.recipes.fake_provider import Provider
from tests.support.server import Reply, Seen

#: What an administrator set jira.search.views.default.max to.
LARGEST_PAGE = 50
#: JQL reads times in the zone of the user who asks.
ZONE_OF_THE_USER = timezone(timedelta(hours=-10))
JQL = r'updated >= "(\d{4}-\d\d-\d\d \d\d:\d\d)" ORDER BY key ASC'


def errors(status: int, *messages: str) -> Reply:
    return Reply({"errorMessages": list(messages), "errors": {}}, status)


def updated(issue: dict[str, Any]) -> datetime:
    return datetime.strptime(issue["updated"], "%Y-%m-%dT%H:%M:%S.%f%z")


def chosen(issues: list[dict[str, Any]], jql: str) -> list[dict[str, Any]] | None:
    """Return the issues that JQL selects, or None for JQL that these fakes do not know.

    Without ``updated``, which the tap adds.
    """
    match = re.fullmatch(JQL, jql)
    if match is None:
        return None
    naive = datetime.strptime(match[1], "%Y-%m-%d %H:%M")  # noqa: DTZ007 - its zone comes next
    found = [i for i in issues if updated(i) >= naive.replace(tzinfo=ZONE_OF_THE_USER)]
    return [{name: value for name, value in one.items() if name != "updated"} for one in found]


class JiraDataCenter(Provider):
    """Issues by offset; refresh tokens rotate."""

    AUTHORIZE_PATH = "/rest/oauth2/latest/authorize"
    TOKEN_PATH = "/rest/oauth2/latest/token"
    ROTATES = True
    SCOPE = "READ"
    LATER = "2024-01-15T11:00:00.000+0000"

    def __init__(self) -> None:
        super().__init__()
        first = [issue(number, "2023-12-24T00:00:00.000+0000") for number in range(1, 61)]
        last = [issue(number, "2024-01-15T09:30:00.123+0000") for number in range(61, 121)]
        self.rows = {"issues": first + last}

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        return {**tokens, "token_type": "Bearer", "expires_in": 7200, "created_at": 1607635748}

    def refuse_grant(self) -> Reply:
        return Reply({"error": "invalid_grant", "error_description": "Refresh token expired"}, 400)

    def unauthorized(self) -> Reply:
        message = "Client must be authenticated to access this resource."
        return Reply({"message": message, "status-code": 401}, 401)

    def forbidden(self) -> Reply:
        return errors(403, "You do not have the permission to see the specified issues.")

    def too_many(self) -> Reply:
        headers = {
            "X-RateLimit-Limit": "15",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-FillRate": "5",
            "X-RateLimit-Interval-Seconds": "60",
            "retry-after": "0",
        }
        return Reply({"message": "Rate limit exceeded."}, 429, headers)

    def change(self, stream: str, key: str) -> None:  # noqa: ARG002
        self.rows[stream][1] = issue(2, self.LATER)

    def data(self, seen: Seen) -> Any:
        found = chosen(self.rows["issues"], seen.query["jql"])
        if seen.path != "/rest/api/2/search" or found is None:
            return errors(400, "Error in the JQL Query: The query cannot be understood.")
        start = int(seen.query.get("startAt", 0))
        size = min(int(seen.query.get("maxResults", LARGEST_PAGE)), LARGEST_PAGE)
        return {
            "expand": "names,schema",
            "startAt": start,
            "maxResults": size,
            "total": len(found),
            "issues": found[start : start + size],
        }


def issue(number: int, changed: str) -> dict[str, Any]:
    return {
        "expand": "operations,versionedRepresentations,editmeta,changelog,renderedFields",
        "id": str(10000 + number),
        "self": f"https://jira.example.com/rest/api/2/issue/{10000 + number}",
        "key": f"PROJ-{number}",
        "updated": changed,
        "fields": {
            "summary": f"Issue {number}",
            "created": "2023-12-01T08:00:00.000+0000",
            "updated": changed,
            "status": {"name": "To Do", "id": "10000"},
            "assignee": None,
            "labels": [],
        },
    }
