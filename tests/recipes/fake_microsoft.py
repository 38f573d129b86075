"""Microsoft: its identity platform, and To Do lists and tasks in Microsoft Graph.

https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow
https://learn.microsoft.com/en-us/graph/api/todo-list-lists
https://learn.microsoft.com/en-us/graph/api/todotasklist-list-tasks
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from tests.recipes.fake_provider import Provider
from tests.support.server import Reply, Seen

LARGEST_PAGE, LISTS_IN_A_PAGE = 30, 2
ROOT = "/v1.0/me/todo/lists"


def error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Reply:
    inner = {"date": "2024-05-05T05:05:05", "request-id": "94fb3b52", "client-request-id": "94fb3b"}
    body = {"error": {"code": code, "message": message, "innerError": inner}}
    return Reply(body, status, headers or {})


class Microsoft(Provider):
    """Lists and their tasks by next links; each refresh returns a new refresh token."""

    AUTHORIZE_PATH = "/common/oauth2/v2.0/authorize"
    TOKEN_PATH = "/common/oauth2/v2.0/token"
    ROTATES = True
    LATER = "2024-07-01T08:00:00.0000001Z"
    SCOPE = "openid Tasks.Read offline_access"

    def __init__(self) -> None:
        super().__init__()
        lists = [task_list(number) for number in range(5)]
        self.rows = {"lists": lists, "tasks": []}
        for index, found in enumerate(lists):
            self.rows["tasks"] += [task(found["id"], number) for number in range(index * 20)]

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        more = {"token_type": "Bearer", "scope": "Tasks.Read", "expires_in": 3736}
        return {**tokens, **more, "ext_expires_in": 3736}

    def refuse_grant(self) -> Reply:
        said = "AADSTS70008: The provided authorization code or refresh token has expired."
        body = {"error": "invalid_grant", "error_description": said, "error_codes": [70008]}
        return Reply({**body, "timestamp": "2024-05-05 05:05:05Z", "trace_id": "255d1aef"}, 400)

    def unauthorized(self) -> Reply:
        said = "Lifetime validation failed, the token is expired."
        return error(401, "InvalidAuthenticationToken", said)

    def forbidden(self) -> Reply:
        return error(403, "accessDenied", "Access is denied. Check credentials and try again.")

    def too_many(self) -> Reply:
        return error(429, "TooManyRequests", "Please retry again later.", {"Retry-After": "0"})

    def data(self, seen: Seen) -> Any:
        path = unquote(seen.path)
        if path == ROOT:
            return self._page(self.rows["lists"], seen, LISTS_IN_A_PAGE)
        name = path.removeprefix(f"{ROOT}/").removesuffix("/tasks")
        if path != f"{ROOT}/{name}/tasks" or name not in {r["id"] for r in self.rows["lists"]}:
            return error(404, "ErrorItemNotFound", "The specified object was not found.")
        found = [t for t in self.rows["tasks"] if t["list_id"] == name]
        sent = [{k: value for k, value in t.items() if k != "list_id"} for t in found]
        return self._page(sent, seen, LARGEST_PAGE)

    def _page(self, rows: list[dict[str, Any]], seen: Seen, largest: int) -> dict[str, Any]:
        start = int(seen.query.get("$skip", 0))
        stop = start + min(int(seen.query.get("$top", largest)), largest)
        body: dict[str, Any] = {"@odata.context": f"{self.url}/v1.0/$metadata#users", "value": []}
        body["value"] = rows[start:stop]
        if stop < len(rows):
            top = f"$top={seen.query['$top']}&" if "$top" in seen.query else ""
            body["@odata.nextLink"] = f"{self.url}{unquote(seen.path)}?{top}$skip={stop}"
        return body


def task_list(number: int) -> dict[str, Any]:
    return {
        "@odata.etag": 'W/"m1fdwWoFiE2YS9yegTKoYwAA/hfr7w=="',
        "displayName": f"List {number}",
        "isOwner": True,
        "isShared": False,
        "wellknownListName": "none" if number else "defaultList",
        "id": f"AAMkADIyAA+/{number}JAAA=",
    }


def task(list_id: str, number: int) -> dict[str, Any]:
    return {
        "list_id": list_id,
        "@odata.etag": 'W/"xzyPKP0BiUGgld+lMKXwbQAAgdhkVw=="',
        "importance": "low",
        "isReminderOn": False,
        "status": "notStarted",
        "title": f"Task {number}",
        "createdDateTime": "2020-07-08T11:15:19.9359889Z",
        "lastModifiedDateTime": f"2024-05-{1 + number % 28:02d}T11:15:20.0614375Z",
        "categories": ["Important"],
        "id": f"{list_id}-{number}",
        "body": {"content": "", "contentType": "text"},
    }
