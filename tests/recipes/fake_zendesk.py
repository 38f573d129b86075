"""Zendesk: OAuth tokens that expire, incremental exports by cursor, and lists by cursor.

https://developer.zendesk.com/documentation/api-basics/authentication/refresh-token
https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/
https://developer.zendesk.com/documentation/api-basics/pagination/paginating-through-lists-using-cursor-pagination
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.recipes.fake_provider import Provider, at
from tests.support.server import Reply, Seen

LARGEST_PAGE = 100
#: An export has up to 1,000 items a page; fewer here.
LARGEST_EXPORT = 120


def changed(row: dict[str, Any]) -> float:
    """Return what ``start_time`` is compared with; of a ticket it is not ``updated_at``."""
    if "generated_timestamp" in row:
        return float(row["generated_timestamp"])
    return datetime.fromisoformat(row["updated_at"].replace("Z", "+00:00")).timestamp()


class Zendesk(Provider):
    """Tickets, users and organizations; each refresh deletes the tokens before."""

    AUTHORIZE_PATH = "/oauth/authorizations/new"
    TOKEN_PATH = "/oauth/tokens"
    ROTATES = True
    SCOPE = "read"
    LATER = "2024-08-01T10:00:00Z"

    def __init__(self) -> None:
        super().__init__()
        self.rows = {
            "tickets": [ticket(number) for number in range(300)],
            "users": [user(number) for number in range(20)],
            "organizations": [organization(number) for number in range(150)],
        }

    def change(self, stream: str, key: str) -> None:
        super().change(stream, key)
        if stream == "tickets":
            self.rows[stream][1][key] = 1722500000

    def token_fields(self, seen: Seen) -> dict[str, str]:
        # Clients created before May 2026 need this for a refresh token.
        assert seen.json["expires_in"] == 86400
        return seen.json

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        more = {"token_type": "bearer", "scope": "read", "refresh_token_expires_in": 2592000}
        return {**tokens, **more, "expires_in": 86400}

    def refuse_grant(self) -> Reply:
        said = "The provided authorization grant is invalid, expired, or revoked."
        return Reply({"error": "invalid_grant", "error_description": said}, 400)

    def unauthorized(self) -> Reply:
        said = "The access token provided is expired, revoked, malformed or invalid for other."
        return Reply({"error": "invalid_token", "error_description": said}, 401)

    def forbidden(self) -> Reply:
        said = "You do not have access to this page. Please contact the account owner"
        return Reply({"error": {"title": "Forbidden", "message": said}}, 403)

    def too_many(self) -> Reply:
        said = "Number of allowed incremental ticket export API requests per minute exceeded"
        return Reply(
            {"error": "APIRateLimitExceeded", "description": said}, 429, {"Retry-After": "0"}
        )

    def data(self, seen: Seen) -> Any:
        kind = seen.path.removeprefix("/api/v2/")
        if kind == "organizations":
            return self._list(seen)
        name = kind.removeprefix("incremental/").removesuffix("/cursor")
        # Items are exported by the time of their change.
        rows = sorted(self.rows[name], key=changed)
        if "cursor" in seen.query:
            start = int(seen.query["cursor"].removeprefix("after-"))
        else:
            since = int(seen.query["start_time"])
            start = sum(changed(row) < since for row in rows)
        stop = min(start + LARGEST_EXPORT, len(rows))
        # The end has a cursor, too: for the next export.
        cursor = f"after-{stop}"
        after = {"after_cursor": cursor, "after_url": f"{self.url}{seen.path}?cursor={cursor}"}
        before = {"before_cursor": None, "before_url": None}
        end = {"end_of_stream": stop == len(rows)}
        return {name: rows[start:stop], **after, **before, **end}

    def _list(self, seen: Seen) -> Any:
        rows, size = self.rows["organizations"], int(seen.query["page[size]"])
        if size > LARGEST_PAGE:
            return Reply({"error": "InvalidPaginationSize"}, 400)
        start = int(seen.query.get("page[after]", "0"))
        stop = start + size
        meta = {"has_more": stop < len(rows), "after_cursor": str(stop), "before_cursor": "0"}
        links = {"next": f"{self.url}{seen.path}?page[after]={stop}", "prev": None}
        return {"organizations": rows[start:stop], "meta": meta, "links": links}


def ticket(number: int) -> dict[str, Any]:
    return {
        "id": 35436 + number,
        "url": f"https://mycompany.zendesk.com/api/v2/tickets/{35436 + number}.json",
        "external_id": None,
        "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": at(0),
        "updated_at": at(number),
        "generated_timestamp": 1704067200 + number * 3600 + 60,
        "type": "incident",
        "subject": "Help, my printer is on fire!",
        "raw_subject": "Help, my printer is on fire!",
        "description": "The fire is very colorful.",
        "priority": "high",
        "status": "deleted" if number % 10 == 0 else "open",
        "custom_status_id": 123,
        "recipient": "support@example.com",
        "requester_id": 20978392,
        "submitter_id": 76872,
        "assignee_id": 235323,
        "organization_id": None,
        "group_id": 98738,
        "collaborator_ids": [35334, 234],
        "follower_ids": [],
        "email_cc_ids": [],
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": ["enterprise", "other_tag"],
        "custom_fields": [{"id": 27642, "value": "745"}, {"id": 27648, "value": True}],
        "satisfaction_rating": {"score": "unoffered"},
        "sharing_agreement_ids": [84432],
        "ticket_form_id": None,
        "brand_id": 47,
        "allow_attachments": True,
        "from_messaging_channel": False,
    }


def user(number: int) -> dict[str, Any]:
    return {
        "id": 35437 + number,
        "url": f"https://mycompany.zendesk.com/api/v2/users/{35437 + number}.json",
        "name": f"User {number}",
        "email": f"user{number}@example.com",
        "created_at": at(0),
        "updated_at": at(number),
        "time_zone": "Copenhagen",
        "iana_time_zone": "Europe/Copenhagen",
        "phone": None,
        "shared_phone_number": None,
        "photo": None,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": 57542,
        "role": "end-user",
        "verified": True,
        "tags": [],
        "active": True,
        "suspended": False,
        "last_login_at": None,
        "user_fields": {"user_date": "2012-07-23T00:00:00Z", "user_decimal": 5.1},
        "permanently_deleted": False,
    }


def organization(number: int) -> dict[str, Any]:
    return {
        "id": 361398 + number,
        "url": f"https://mycompany.zendesk.com/api/v2/organizations/{361398 + number}.json",
        "name": f"Organization {number}",
        "shared_tickets": False,
        "shared_comments": False,
        "external_id": None,
        "created_at": at(0),
        "updated_at": at(number),
        "domain_names": ["example.com"],
        "details": "",
        "notes": None,
        "group_id": None,
        "tags": [],
        "organization_fields": {"org_dropdown": "option_1", "org_decimal": 5.2},
    }
