"""Salesforce: its web server flow with refresh token rotation, and SOQL by QueryAll.

https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_refresh_token_flow.htm&type=5
https://developer.salesforce.com/docs/platform/api-rest/guide/resources-queryall.html
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from tests.recipes.fake_provider import Provider, at
from tests.support.server import Reply, Seen

#: A batch has up to 2,000 records, fewer if they are large.
LARGEST_PAGE = 60
QUERIES = "/services/data/v65.0/query"
SOQL = r"SELECT (.+) FROM (\w+) WHERE SystemModstamp >= (\S+) ORDER BY SystemModstamp ASC, Id ASC"
STREAMS = {"Account": "accounts", "Contact": "contacts", "Opportunity": "opportunities"}


def error(status: int, code: str, message: str) -> Reply:
    return Reply([{"message": message, "errorCode": code}], status)


def modified(row: dict[str, Any]) -> datetime:
    return datetime.strptime(row["SystemModstamp"], "%Y-%m-%dT%H:%M:%S.%f%z")


class Salesforce(Provider):
    """Records by query locator, at the instance that the token names; refresh tokens rotate."""

    AUTHORIZE_PATH = "/services/oauth2/authorize"
    TOKEN_PATH = "/services/oauth2/token"
    ROTATES = True
    SCOPE = "api refresh_token"
    LATER = "2024-06-01T10:00:00.000+0000"

    def __init__(self) -> None:
        super().__init__()
        self.rows = {
            "accounts": [account(number) for number in range(150)],
            "contacts": [contact(number) for number in range(70)],
            "opportunities": [opportunity(number) for number in range(10)],
        }
        self.locators: dict[str, list[dict[str, Any]]] = {}

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        # There is no expires_in.
        more = {"instance_url": self.url, "id": f"{self.url}/id/00D/005", "token_type": "Bearer"}
        return {
            **tokens,
            **more,
            "issued_at": "1278448384422",
            "signature": "CMJ4l",
            "scope": "api",
        }

    def refuse_grant(self) -> Reply:
        body = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
        return Reply(body, 400)

    def unauthorized(self) -> Reply:
        return error(401, "INVALID_SESSION_ID", "Session expired or invalid")

    def forbidden(self) -> Reply:
        said = "The REST API is not enabled for this Organization."
        return error(403, "API_DISABLED_FOR_ORG", said)

    def too_many(self) -> Reply:
        return error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

    def data(self, seen: Seen) -> Any:
        if seen.path == f"{QUERIES}All":
            return self._query(seen.query["q"])
        locator, _, start = seen.path.removeprefix(f"{QUERIES}/").partition("-")
        if locator not in self.locators:
            return error(404, "NOT_FOUND", "The requested resource does not exist")
        return self._batch(locator, int(start))

    def _query(self, soql: str) -> Reply:
        match = re.fullmatch(SOQL, soql)
        if match is None:
            return error(400, "MALFORMED_QUERY", "unexpected token: 'query'")
        since = datetime.strptime(match[3], "%Y-%m-%dT%H:%M:%S%z")
        rows = [row for row in self.rows[STREAMS[match[2]]] if modified(row) >= since]
        fields = ["attributes", *match[1].split(", ")]
        rows.sort(key=lambda row: (modified(row), row["Id"]))
        locator = f"01gRO00000{len(self.locators):08}"
        self.locators[locator] = [{name: row[name] for name in fields} for row in rows]
        return self._batch(locator, 0)

    def _batch(self, locator: str, start: int) -> Reply:
        rows, stop = self.locators[locator], start + LARGEST_PAGE
        body: dict[str, Any] = {"totalSize": len(rows), "done": stop >= len(rows)}
        if stop < len(rows):
            body["nextRecordsUrl"] = f"{QUERIES}/{locator}-{stop}"
        return Reply({**body, "records": rows[start:stop]})


def record(kind: str, prefix: str, number: int) -> dict[str, Any]:
    name = f"{prefix}RO00000{number:07}YAA"
    changed = at(number, "%Y-%m-%dT%H:%M:%S.000+0000")
    return {
        "attributes": {"type": kind, "url": f"/services/data/v65.0/sobjects/{kind}/{name}"},
        "Id": name,
        "Name": f"{kind} {number}",
        "OwnerId": "005RO000000ExBVYA0",
        "IsDeleted": number % 10 == 0,
        "CreatedDate": "2023-12-01T08:00:00.000+0000",
        "LastModifiedDate": changed,
        "SystemModstamp": changed,
    }


def account(number: int) -> dict[str, Any]:
    return {
        **record("Account", "001", number),
        "Type": "Customer - Direct",
        "Industry": "Energy",
        "Phone": "(785) 241-6200",
        "Website": None,
        "BillingStreet": "620 SW 5th Avenue\nPortland, Oregon 97204",
        "BillingCity": "Portland",
        "BillingState": "OR",
        "BillingPostalCode": "97204",
        "BillingCountry": "USA",
        "AnnualRevenue": 950000000.0,
        "NumberOfEmployees": 1680 + number,
        "ParentId": None,
    }


def contact(number: int) -> dict[str, Any]:
    return {
        **record("Contact", "003", number),
        "AccountId": f"001RO00000{number:07}YAA",
        "FirstName": "Contact",
        "LastName": str(number),
        "Title": "VP, Facilities",
        "Email": f"contact{number}@example.com",
        "Phone": "(312) 596-1000",
        "MobilePhone": None,
        "MailingStreet": None,
        "MailingCity": "Chicago",
        "MailingState": "IL",
        "MailingPostalCode": "60606",
        "MailingCountry": "USA",
        "LeadSource": "Web",
    }


def opportunity(number: int) -> dict[str, Any]:
    return {
        **record("Opportunity", "006", number),
        "AccountId": f"001RO00000{number:07}YAA",
        "StageName": "Qualification",
        "Amount": 15000.5,
        "Probability": 10.0,
        "CloseDate": "2024-03-31",
        "Type": None,
        "LeadSource": "Purchased List",
        "IsClosed": False,
        "IsWon": False,
        "ForecastCategoryName": "Pipeline",
    }
