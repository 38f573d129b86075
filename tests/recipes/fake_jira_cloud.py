"""Jira Cloud: OAuth 2.0 (3LO) with rotating refresh tokens, and issue search by token.

https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/
"""

from __future__ import annotations

from typing import Any

from tests.recipes.fake_jira_data_center import JiraDataCenter, chosen, errors
from tests.support.server import Reply, Seen

#: A page may have fewer issues than asked for, the fewer the more fields they have.
LARGEST_PAGE = 50
CLOUD_ID = "11223344-a1b2-3b33-c444-def123456789"


class JiraCloud(JiraDataCenter):
    """The same issues by page token, with Atlassian's token endpoint, which accepts JSON."""

    AUTHORIZE_PATH = "/authorize"
    TOKEN_PATH = "/oauth/token"
    SCOPE = "read:jira-work offline_access"
    ASKED_AT_LOGIN = {"audience": "api.atlassian.com", "prompt": "consent"}  # noqa: RUF012 - fixed

    def token_fields(self, seen: Seen) -> dict[str, str]:
        assert seen.headers["Content-Type"] == "application/json"
        return seen.json

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        return {**tokens, "expires_in": 3600, "token_type": "Bearer", "scope": self.SCOPE}

    def refuse_grant(self) -> Reply:
        said = "Unknown or invalid refresh token."
        return Reply({"error": "invalid_grant", "error_description": said}, 403)

    def unauthorized(self) -> Reply:
        return Reply({"code": 401, "message": "Unauthorized"}, 401)

    def forbidden(self) -> Reply:
        return Reply({"code": 401, "message": "Unauthorized; scope does not match"}, 401)

    def too_many(self) -> Reply:
        headers = {"Retry-After": "0", "X-RateLimit-Reset": "2021-05-10T11:00Z"}
        headers["RateLimit-Reason"] = "jira-quota-based"
        return Reply({"code": 429, "message": "Rate limit exceeded"}, 429, headers)

    def data(self, seen: Seen) -> Any:
        found = chosen(self.rows["issues"], seen.query["jql"])
        if seen.path != f"/ex/jira/{CLOUD_ID}/rest/api/3/search/jql" or found is None:
            return errors(400, "Error in the JQL Query: The query cannot be understood.")
        start = int(seen.query.get("nextPageToken", "token:0").removeprefix("token:"))
        stop = start + min(int(seen.query.get("maxResults", 50)), LARGEST_PAGE)
        rows = found[start:stop]
        if not seen.query.get("fields"):
            rows = [{"id": row["id"]} for row in rows]
        if stop >= len(found):
            return {"issues": rows, "isLast": True}
        return {"issues": rows, "nextPageToken": f"token:{stop}", "isLast": False}
