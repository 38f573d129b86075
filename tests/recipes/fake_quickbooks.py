"""QuickBooks Online: Intuit's OAuth 2.0, and its query language.

https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0
https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from tests.recipes.fake_provider import Provider, at
from tests.support.server import Reply, Seen

LARGEST_PAGE = 1000
PATH = "/v3/company/9341453000000000/query"
QUERY = (
    r"SELECT \* FROM (\w+) WHERE (Active IN \(true, false\) AND )?MetaData.LastUpdatedTime >= "
    r"'([\d:TZ-]+)' ORDERBY Id STARTPOSITION (\d+) MAXRESULTS (\d+)"
)
STREAMS = {"Customer": "customers", "Invoice": "invoices"}


def fault(status: int, kind: str, code: str, message: str) -> Reply:
    error = {"message": message, "detail": None, "code": code, "element": None}
    return Reply({"fault": {"error": [error], "type": kind}, "requestId": None}, status)


def updated(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["LastUpdatedTime"])


class QuickBooks(Provider):
    """Records of one company, with inactive ones where the query asks for them."""

    AUTHORIZE_PATH = "/connect/oauth2"
    TOKEN_PATH = "/oauth2/v1/tokens/bearer"
    ROTATES = True
    SCOPE = "com.intuit.quickbooks.accounting"
    LATER = "2024-08-01T10:00:00-07:00"

    def __init__(self) -> None:
        super().__init__()
        self.rows = {
            "customers": [customer(number) for number in range(1, 451)],
            "invoices": [invoice(number) for number in range(1, 31)],
        }

    def change(self, stream: str, key: str) -> None:
        super().change(stream, key)
        row = self.rows[stream][1]
        row["MetaData"] = {**row["MetaData"], key: self.LATER}

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        # A refresh returns the newest refresh token, which changes about once a day.
        more = {"expires_in": 3600, "x_refresh_token_expires_in": 8726400}
        return {**tokens, **more, "token_type": "bearer"}

    def refuse_grant(self) -> Reply:
        said = "Incorrect or invalid refresh token"
        return Reply({"error": "invalid_grant", "error_description": said}, 400)

    def unauthorized(self) -> Reply:
        said = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
        return fault(401, "AUTHENTICATION", "3200", said)

    def forbidden(self) -> Reply:
        said = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
        return fault(403, "AUTHORIZATION", "3100", said)

    def too_many(self) -> Reply:
        said = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
        return fault(429, "THROTTLE", "3001", said)

    def data(self, seen: Seen) -> Any:
        match = re.fullmatch(QUERY, seen.query["query"])
        # XML is the default.
        if seen.path != PATH or match is None or seen.headers["Accept"] != "application/json":
            return fault(400, "ValidationFault", "4000", "Error parsing query")
        kind, with_inactive, since, start, size = match.groups()
        found = [
            {name: value for name, value in row.items() if name != "LastUpdatedTime"}
            for row in self.rows[STREAMS[kind]]
            if updated(row) >= datetime.fromisoformat(since.replace("Z", "+00:00"))
            and (with_inactive or row.get("Active", True))
        ]
        first = int(start) - 1
        page = found[first : first + min(int(size), LARGEST_PAGE)]
        if not page:
            return {"QueryResponse": {}, "time": "2024-09-01T10:00:00.000-07:00"}
        body = {kind: page, "startPosition": int(start), "maxResults": len(page)}
        return {"QueryResponse": body, "time": "2024-09-01T10:00:00.000-07:00"}


def entity(number: int) -> dict[str, Any]:
    changed = at(number, "%Y-%m-%dT%H:%M:%S-08:00")
    return {
        "Id": str(number),
        "SyncToken": "0",
        "domain": "QBO",
        "sparse": False,
        # As the tap adds it.
        "LastUpdatedTime": changed,
        "MetaData": {"CreateTime": "2023-12-01T08:00:00-08:00", "LastUpdatedTime": changed},
        "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
        "BillAddr": {"Id": "2", "Line1": "4581 Finch St.", "City": "Bayshore", "Lat": "INVALID"},
    }


def customer(number: int) -> dict[str, Any]:
    return {
        **entity(number),
        "DisplayName": f"Customer {number}",
        "FullyQualifiedName": f"Customer {number}",
        "PrintOnCheckName": f"Customer {number}",
        "GivenName": "Customer",
        "FamilyName": str(number),
        "CompanyName": "Company",
        "Active": number % 10 != 0,
        "Job": False,
        "BillWithParent": False,
        "Taxable": False,
        "Balance": 239.5,
        "BalanceWithJobs": 239.5,
        "PreferredDeliveryMethod": "Print",
        "PrimaryPhone": {"FreeFormNumber": "(555) 555-5555"},
        "PrimaryEmailAddr": {"Address": f"customer{number}@example.com"},
    }


def invoice(number: int) -> dict[str, Any]:
    return {
        **entity(number),
        "DocNumber": str(1000 + number),
        "TxnDate": "2024-01-05",
        "DueDate": "2024-02-04",
        "CustomerRef": {"value": str(number), "name": f"Customer {number}"},
        "CustomerMemo": {"value": "Thank you for your business."},
        "Line": [{"Id": "1", "LineNum": 1, "Amount": 275.0, "DetailType": "SalesItemLineDetail"}],
        "TxnTaxDetail": {"TotalTax": 0},
        "LinkedTxn": [],
        "CustomField": [{"DefinitionId": "1", "Name": "Crew #", "Type": "StringType"}],
        "TotalAmt": 362.07,
        "Balance": 362.07,
        "ApplyTaxAfterDiscount": False,
        "PrintStatus": "NeedToPrint",
        "EmailStatus": "NotSet",
        "BillEmail": {"Address": f"customer{number}@example.com"},
        "AllowIPNPayment": False,
        "AllowOnlinePayment": False,
    }
