"""HubSpot: its OAuth, and search of CRM objects, which reaches 10,000 results.

https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth
https://developers.hubspot.com/docs/api-reference/2026-03/crm/search-the-crm
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.recipes.fake_provider import FIRST_REFRESH_TOKEN, Provider, at
from tests.support.server import Reply, Seen

LARGEST_PAGE = 200
#: Of the results of a search, only the first ones can be read; fewer here.
REACH = 400
OBJECTS = "/crm/objects/2026-03/"


def error(status: int, category: str, message: str, **more: Any) -> Reply:
    body = {"status": "error", "message": message, "correlationId": "aeb5f871-7f07", **more}
    return Reply({**body, "category": category}, status)


def milliseconds(row: dict[str, Any], name: str) -> float:
    text = row["properties"][name].replace("Z", "+00:00")
    return datetime.fromisoformat(text).timestamp() * 1000


class HubSpot(Provider):
    """Searches by cursor; the refresh token never changes."""

    AUTHORIZE_PATH = "/oauth/authorize"
    TOKEN_PATH = "/oauth/2026-03/token"
    ROTATES = False
    SCOPE = "oauth crm.objects.contacts.read crm.objects.companies.read crm.objects.deals.read"
    LATER = "2024-06-01T10:00:00.000Z"

    def __init__(self) -> None:
        super().__init__()
        self.rows = {
            "contacts": [contact(number) for number in range(1, 451)],
            "companies": [company(number) for number in range(1, 21)],
            "deals": [deal(number) for number in range(1, 21)],
        }

    def change(self, stream: str, key: str) -> None:
        row = self.rows[stream][1]
        inner = {**row["properties"], key: self.LATER}
        self.rows[stream][1] = {**row, key: self.LATER, "properties": inner}

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        # A refresh returns the refresh token that it was sent.
        return {"refresh_token": FIRST_REFRESH_TOKEN, **tokens, "expires_in": 1800}

    def refuse_grant(self) -> Reply:
        body = {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}
        return Reply(body, 400)

    def unauthorized(self) -> Reply:
        said = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
        return error(401, "INVALID_AUTHENTICATION", said)

    def forbidden(self) -> Reply:
        said = "This app hasn't been granted all required scopes to make this call."
        return error(403, "MISSING_SCOPES", said)

    def too_many(self) -> Reply:
        said = "You have reached your secondly limit."
        return error(429, "RATE_LIMITS", said, errorType="RATE_LIMIT", policyName="SECONDLY")

    def data(self, seen: Seen) -> Any:
        stream = seen.path.removeprefix(OBJECTS).removesuffix("/search")
        if seen.method != "POST" or stream not in self.rows:
            return error(404, "OBJECT_NOT_FOUND", "resource not found")
        asked = seen.json
        size, start = asked["limit"], int(asked.get("after", 0))
        if size > LARGEST_PAGE or start + size > REACH:
            return error(400, "VALIDATION_ERROR", "Paging through search results is limited")
        found = self._select(stream, asked)
        body: dict[str, Any] = {"total": len(found), "results": found[start : start + size]}
        if start + size < len(found):
            body["paging"] = {"next": {"after": str(start + size), "link": "?after=NTI1Cg%3D%3D"}}
        return body

    def _select(self, stream: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
        (since, after) = asked["filterGroups"][0]["filters"]
        assert (since["operator"], after["operator"]) == ("GTE", "GT")
        assert asked["sorts"] == [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
        name, start, last = since["propertyName"], int(since["value"]), int(after["value"])
        rows = [r for r in self.rows[stream] if milliseconds(r, name) >= start]
        return [
            {**row, "properties": {n: row["properties"][n] for n in asked["properties"]}}
            for row in ({k: v for k, v in row.items() if k != name} for row in rows)
            if int(row["id"]) > last
        ]


def crm_object(number: int, modified: str, **properties: str | None) -> dict[str, Any]:
    """``modified`` is the property that the tap adds to the record."""
    changed = at(number, "%Y-%m-%dT%H:%M:%S.123Z")
    own = {"hs_object_id": str(number), "createdate": at(0, "%Y-%m-%dT%H:%M:%S.000Z")}
    return {
        "id": str(number),
        "properties": {**properties, **own, "hubspot_owner_id": None, modified: changed},
        "createdAt": at(0, "%Y-%m-%dT%H:%M:%S.000Z"),
        "updatedAt": changed,
        "archived": False,
        "url": f"https://app.hubspot.com/contacts/1/record/0-1/{number}",
        modified: changed,
    }


def contact(number: int) -> dict[str, Any]:
    return crm_object(
        number,
        "lastmodifieddate",
        firstname="Contact",
        lastname=str(number),
        email=f"contact{number}@example.com",
        phone=None,
        company="Company",
        jobtitle=None,
        lifecyclestage="lead",
    )


def company(number: int) -> dict[str, Any]:
    return crm_object(
        number,
        "hs_lastmodifieddate",
        name=f"Company {number}",
        domain="example.com",
        phone=None,
        industry="COMPUTER_SOFTWARE",
        city="Cambridge",
        country="United States",
        numberofemployees="250",
        annualrevenue="1000000",
    )


def deal(number: int) -> dict[str, Any]:
    return crm_object(
        number,
        "hs_lastmodifieddate",
        dealname=f"Deal {number}",
        amount="1500.00",
        dealstage="presentationscheduled",
        pipeline="default",
        closedate="2024-12-07T16:50:06.678Z",
    )
