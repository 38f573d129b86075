"""GitHub: user access tokens of a GitHub App, and lists by Link header.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
https://docs.github.com/en/rest/issues/issues#list-repository-issues
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from tests.recipes.fake_provider import Provider, at
from tests.support.server import Reply, Seen

DEFAULT_PAGE, LARGEST_PAGE = 30, 100


def error(status: int, message: str, headers: dict[str, str] | None = None) -> Reply:
    body = {"message": message, "documentation_url": "https://docs.github.com/rest"}
    return Reply({**body, "status": str(status)}, status, headers or {})


class GitHub(Provider):
    """Repositories of a user and their issues; refresh tokens rotate."""

    AUTHORIZE_PATH = "/login/oauth/authorize"
    TOKEN_PATH = "/login/oauth/access_token"
    ROTATES = True
    SCOPE = None
    LATER = "2024-08-01T10:00:00Z"

    def __init__(self) -> None:
        super().__init__()
        self.rows = {
            "repositories": [repository(number) for number in range(3)],
            "issues": [issue(number, "repository-1") for number in range(250)]
            + [issue(number, "repository-2") for number in range(250, 260)],
        }

    def token_fields(self, seen: Seen) -> dict[str, str]:
        # The default is a form.
        assert seen.headers["Accept"] == "application/json"
        return seen.form

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        more = {"expires_in": 28800, "refresh_token_expires_in": 15897600}
        return {**tokens, **more, "scope": "", "token_type": "bearer"}

    def refuse_grant(self) -> Reply:
        # With a good status.
        said = "The refresh token passed is incorrect or expired."
        return Reply({"error": "bad_refresh_token", "error_description": said})

    def unauthorized(self) -> Reply:
        return error(401, "Bad credentials")

    def forbidden(self) -> Reply:
        return error(403, "Resource not accessible by integration")

    def too_many(self) -> Reply:
        said = "You have exceeded a secondary rate limit. Please wait a few minutes."
        return error(403, said, {"Retry-After": "0"})

    def data(self, seen: Seen) -> Any:
        if seen.path == "/user/repos":
            return self._page(self.rows["repositories"], seen)
        _, repos, owner, name, issues = seen.path.split("/")
        if (repos, owner, issues) != ("repos", "octocat", "issues"):
            return error(404, "Not Found")
        # Closed issues come only when asked for.
        assert seen.query["state"] == "all"
        since = datetime.fromisoformat(seen.query["since"].replace("Z", "+00:00"))
        found = [
            {one: value for one, value in row.items() if one not in {"owner", "repository"}}
            for row in self.rows["issues"]
            if row["repository"] == name
            and datetime.fromisoformat(row["updated_at"].replace("Z", "+00:00")) >= since
        ]
        return self._page(found, seen)

    def _page(self, rows: list[dict[str, Any]], seen: Seen) -> Reply:
        number = int(seen.query.get("page", 1))
        size = min(int(seen.query.get("per_page", DEFAULT_PAGE)), LARGEST_PAGE)
        headers = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4987"}
        if number * size < len(rows):
            query = urlencode({**seen.query, "page": number + 1})
            headers["Link"] = f'<{self.url}{seen.path}?{query}>; rel="next"'
        return Reply(rows[(number - 1) * size : number * size], 200, headers)


def repository(number: int) -> dict[str, Any]:
    name = f"repository-{number}"
    url = f"https://api.github.com/repos/octocat/{name}"
    return {
        "id": 1296269 + number,
        "node_id": "MDEwOlJlcG9zaXRvcnkxMjk2MjY5",
        "name": name,
        "full_name": f"octocat/{name}",
        "owner": {"login": "octocat", "id": 1, "type": "User", "site_admin": False},
        "private": False,
        "html_url": f"https://github.com/octocat/{name}",
        "description": None,
        "fork": False,
        "url": url,
        "issues_url": f"{url}/issues{{/number}}",
        "clone_url": f"https://github.com/octocat/{name}.git",
        "homepage": None,
        "language": "Python",
        "default_branch": "main",
        "visibility": "public",
        "topics": ["octocat", "api"],
        "license": {"key": "mit", "name": "MIT License", "spdx_id": "MIT"},
        "permissions": {"admin": False, "push": False, "pull": True},
        "size": 108,
        "forks_count": 9,
        "stargazers_count": 80,
        "watchers_count": 80,
        "open_issues_count": number,
        "has_issues": True,
        "archived": False,
        "disabled": False,
        "created_at": at(0),
        "updated_at": at(number),
        "pushed_at": at(number),
    }


def issue(number: int, repository_name: str) -> dict[str, Any]:
    url = f"https://api.github.com/repos/octocat/{repository_name}"
    return {
        # The first two as the tap adds them.
        "owner": "octocat",
        "repository": repository_name,
        "id": 2000000000 + number,
        "node_id": "MDU6SXNzdWUx",
        "url": f"{url}/issues/{number}",
        "repository_url": url,
        "html_url": f"https://github.com/octocat/{repository_name}/issues/{number}",
        "number": number,
        "title": f"Issue {number}",
        "body": "I'm having a problem with this.",
        "state": "closed" if number % 2 else "open",
        "state_reason": None,
        "locked": False,
        "active_lock_reason": None,
        "user": {"login": "octocat", "id": 1},
        "author_association": "COLLABORATOR",
        "assignee": None,
        "assignees": [],
        "labels": [{"id": 208045946, "name": "bug", "default": True}],
        "milestone": None,
        "comments": 0,
        "created_at": at(0),
        "updated_at": at(number),
        "closed_at": None,
    }
