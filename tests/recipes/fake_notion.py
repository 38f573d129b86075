"""Notion: OAuth with rotating refresh tokens, and the pages of a data source.

https://developers.notion.com/reference/query-a-data-source
https://developers.notion.com/reference/refresh-a-token
https://developers.notion.com/reference/request-limits
https://developers.notion.com/guides/data-apis/query-large-data-sources
"""

from __future__ import annotations

from typing import Any

from tests.recipes.fake_provider import Provider, basic_client
from tests.support.server import Reply, Seen

VERSION = "2026-03-11"
LARGEST_PAGE = 100
OLDEST, OLD = "2024-02-08T18:25:00.000Z", "2024-03-08T18:25:00.000Z"
DATA_SOURCE = "d9824bdc-8445-4327-be8b-5b47500af6ce"
OTHER = "248104cd-477e-80af-bc30-000bd28de8f9"


def error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Reply:
    body = {"object": "error", "status": status, "code": code, "message": message}
    return Reply({**body, "request_id": "8ddbd0d1"}, status, headers or {})


class Notion(Provider):
    """Data sources by search, and pages by query, both by POST with a cursor in the body.

    A query returns at most ``largest_query`` pages, and says then that it is incomplete.
    """

    AUTHORIZE_PATH = "/v1/oauth/authorize"
    TOKEN_PATH = "/v1/oauth/token"
    ROTATES = True
    SCOPE = None
    LATER = "2024-07-01T08:00:00.000Z"
    ASKED_AT_LOGIN = {"owner": "user"}  # noqa: RUF012 - never changed

    def __init__(self) -> None:
        super().__init__()
        self.largest_query = 10_000
        self.rows = {"data_sources": [data_source(DATA_SOURCE), data_source(OTHER)]}
        first = [page(DATA_SOURCE, number, OLD if number else OLDEST) for number in range(250)]
        self.rows["pages"] = first + [page(OTHER, number, OLD) for number in range(900, 903)]

    def token_fields(self, seen: Seen) -> dict[str, str]:
        assert seen.headers["Notion-Version"] == VERSION
        return {**seen.json, **basic_client(seen)}

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        owner = {"type": "user", "user": {"object": "user", "id": "c2f20311-9e54-4d11-8c79"}}
        more = {"token_type": "bearer", "bot_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a"}
        more |= {"workspace_name": "Workspace", "workspace_id": "7f1a4b4e", "request_id": "a1"}
        return {**tokens, **more, "owner": owner}

    def refuse_grant(self) -> Reply:
        return Reply({"error": "invalid_grant", "error_description": "Invalid refresh token."}, 400)

    def unauthorized(self) -> Reply:
        return error(401, "unauthorized", "API token is invalid.")

    def forbidden(self) -> Reply:
        return error(403, "restricted_resource", "Insufficient permissions for this endpoint.")

    def too_many(self) -> Reply:
        said = "You have been rate limited. Please try again in a few minutes."
        return error(429, "rate_limited", said, {"Retry-After": "0"})

    def data(self, seen: Seen) -> Any:
        if seen.headers.get("Notion-Version") != VERSION:
            return error(400, "missing_version", "Notion-Version header failed validation.")
        if int(seen.json.get("page_size", LARGEST_PAGE)) > LARGEST_PAGE:
            said = "body failed validation: body.page_size should be ≤ `100`"
            return error(400, "validation_error", said)
        if seen.path == "/v1/search":
            assert seen.json["filter"] == {"property": "object", "value": "data_source"}
            return self._page(self.rows["data_sources"], seen)
        name = seen.path.removeprefix("/v1/data_sources/").removesuffix("/query")
        if name not in {one["id"] for one in self.rows["data_sources"]}:
            return error(404, "object_not_found", "Could not find data source.")
        first, last = [bound["last_edited_time"] for bound in seen.json["filter"]["and"]]
        after, before = first["on_or_after"], last["before"]
        found = [
            {field: value for field, value in row.items() if field != "data_source_id"}
            for row in self.rows["pages"]
            if row["data_source_id"] == name and after <= row["last_edited_time"] < before
        ]
        return self._page(found, seen)

    def _page(self, rows: list[dict[str, Any]], seen: Seen) -> dict[str, Any]:
        start = int(seen.json.get("start_cursor", "cursor-0").removeprefix("cursor-"))
        stop = start + int(seen.json.get("page_size", LARGEST_PAGE))
        more = stop < min(len(rows), self.largest_query)
        cursor = f"cursor-{stop}" if more else None
        body = {"object": "list", "results": rows[start:stop], "next_cursor": cursor}
        body |= {"has_more": more, "type": "page_or_data_source", "request_id": "a1"}
        if len(rows) > self.largest_query:
            cut = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
            body["request_status"] = cut
        return body


def data_source(name: str) -> dict[str, Any]:
    return {
        "object": "data_source",
        "id": name,
        "created_time": "2023-01-01T10:00:00.000Z",
        "last_edited_time": OLD,
        "created_by": {"object": "user", "id": "c2f20311-9e54-4d11-8c79-7398424ae41e"},
        "last_edited_by": {"object": "user", "id": "c2f20311-9e54-4d11-8c79-7398424ae41e"},
        "title": [{"type": "text", "plain_text": "Tasks"}],
        "description": [],
        "icon": None,
        "cover": None,
        "parent": {"type": "database_id", "database_id": "6ee911d9-189c-4844-93e8"},
        "database_parent": {"type": "workspace", "workspace": True},
        "properties": {"Name": {"id": "title", "type": "title", "title": {}}},
        "is_inline": False,
        "in_trash": False,
        "url": "https://www.notion.so/6ee911d9",
        "public_url": None,
    }


def page(data_source_id: str, number: int, edited: str) -> dict[str, Any]:
    return {
        "data_source_id": data_source_id,
        "object": "page",
        "id": f"be633bf1-dfa0-436d-b259-{number:012d}",
        "created_time": "2023-02-01T10:00:00.000Z",
        "last_edited_time": edited,
        "created_by": {"object": "user", "id": "c2f20311-9e54-4d11-8c79-7398424ae41e"},
        "last_edited_by": {"object": "user", "id": "9188c6a5-7381-452f-b3dc-d4865aa89bdf"},
        "cover": None,
        "icon": {"type": "emoji", "emoji": "🐞"},
        "parent": {"type": "data_source_id", "data_source_id": data_source_id},
        "in_trash": False,
        "is_locked": False,
        "properties": {"Points": {"id": "a", "type": "number", "number": number}},
        "url": "https://www.notion.so/be633bf1",
        "public_url": None,
    }
