"""Xero: its OAuth 2.0 with rotating refresh tokens, and contacts and invoices by page number.

https://developer.xero.com/documentation/guides/oauth2/auth-flow
https://developer.xero.com/documentation/api/accounting/invoices
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from tests.recipes.fake_provider import Provider
from tests.support.server import Reply, Seen

DEFAULT_PAGE, LARGEST_PAGE = 100, 1000
TENANT = "45e4708e-d862-4111-ab3a-dd8cd03913e1"
KEYS = {"Contacts": "ContactID", "Invoices": "InvoiceID"}


def problem(status: int, title: str, detail: str) -> Reply:
    body = {"Type": None, "Title": title, "Status": status, "Detail": detail, "Extensions": {}}
    return Reply(body, status)


def net_date(number: int) -> str:
    """Return a time as Microsoft's JSON writes it, an hour later for each number."""
    return f"/Date({1704067200000 + number * 3600000}+0000)/"


def changed(row: dict[str, Any]) -> datetime:
    milliseconds = int(row["UpdatedDateUTC"].removeprefix("/Date(").partition("+")[0])
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).replace(tzinfo=None)


class Xero(Provider):
    """Records of one organisation; 60 calls a minute."""

    AUTHORIZE_PATH = "/identity/connect/authorize"
    TOKEN_PATH = "/connect/token"
    ROTATES = True
    SCOPE = "accounting.contacts.read accounting.invoices.read offline_access"
    LATER = net_date(5000)

    def __init__(self) -> None:
        super().__init__()
        self.rows = {
            "connections": [connection()],
            "contacts": [contact(number) for number in range(450)],
            "invoices": [invoice(number) for number in range(30)],
        }

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        return {**tokens, "expires_in": 1800, "token_type": "Bearer", "scope": self.SCOPE}

    def refuse_grant(self) -> Reply:
        return Reply({"error": "invalid_grant"}, 400)

    def unauthorized(self) -> Reply:
        return problem(401, "Unauthorized", "TokenExpired: token expired at 01/01/2024 00:00:00")

    def forbidden(self) -> Reply:
        return problem(403, "Forbidden", "AuthenticationUnsuccessful")

    def too_many(self) -> Reply:
        return Reply(b"", 429, {"Retry-After": "0", "X-Rate-Limit-Problem": "minute"})

    def data(self, seen: Seen) -> Any:
        if seen.path == "/connections":
            return self.rows["connections"]
        if seen.headers.get("Xero-Tenant-Id") != TENANT:
            return self.forbidden()
        name = seen.path.removeprefix("/api.xro/2.0/")
        # XML is the default.
        assert seen.headers["Accept"] == "application/json"
        assert seen.query["order"] == f"{KEYS[name]} ASC"
        since = datetime.fromisoformat(seen.headers["If-Modified-Since"])
        found = [row for row in self.rows[name.lower()] if changed(row) >= since]
        number, size = int(seen.query["page"]), int(seen.query.get("pageSize", DEFAULT_PAGE))
        assert size <= LARGEST_PAGE
        pages = {"page": number, "pageSize": size, "itemCount": len(found)}
        pages["pageCount"] = -(-len(found) // size)
        head = {"Id": "e997d6d7-6dad-4458-beb8-d9c1bf7f2edf", "Status": "OK"}
        return {**head, "pagination": pages, name: found[(number - 1) * size : number * size]}


def connection() -> dict[str, Any]:
    return {
        "id": "e1eede29-f875-4a5d-8470-17f6a29a88b1",
        "authEventId": "d99ecdfe-391d-43d2-b834-17636ba90e8d",
        "tenantId": TENANT,
        "tenantType": "ORGANISATION",
        "tenantName": "Organisation",
        "createdDateUtc": "2024-01-01T23:40:30.1833130",
        "updatedDateUtc": "2024-01-01T23:40:30.1833130",
    }


def contact(number: int) -> dict[str, Any]:
    return {
        "ContactID": f"bd2270c3-8706-4c11-9cfb-{number:012x}",
        "AccountNumber": f"C{number}",
        "ContactStatus": "ARCHIVED" if number % 10 == 0 else "ACTIVE",
        "Name": f"Contact {number}",
        "EmailAddress": f"contact{number}@example.com",
        "Addresses": [{"AddressType": "STREET", "City": "Wellington"}],
        "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": "1111111", "PhoneAreaCode": "04"}],
        "IsSupplier": False,
        "IsCustomer": True,
        "DefaultCurrency": "NZD",
        "PaymentTerms": {"Bills": {"Day": 15, "Type": "OFCURRENTMONTH"}},
        "ContactGroups": [],
        "ContactPersons": [],
        "Discount": 5.5,
        "Balances": {"AccountsReceivable": {"Outstanding": 760.0, "Overdue": 920.25}},
        "HasAttachments": False,
        "HasValidationErrors": False,
        "UpdatedDateUTC": net_date(number),
    }


def invoice(number: int) -> dict[str, Any]:
    return {
        "InvoiceID": f"243216c5-369e-4056-ac67-{number:012x}",
        "Type": "ACCREC",
        "InvoiceNumber": f"OIT{number:05}",
        "Reference": "Ref",
        "Status": "PAID",
        "LineAmountTypes": "Exclusive",
        "Contact": {"ContactID": f"bd2270c3-8706-4c11-9cfb-{number:012x}", "Name": "Contact"},
        "LineItems": [{"Description": "Consulting", "Quantity": 10.0, "UnitAmount": 180.0}],
        "Payments": [{"PaymentID": "0d666415-cf77-43fa-80c7-56775591d426", "Amount": 2025.0}],
        "CreditNotes": [],
        "Prepayments": [],
        "Overpayments": [],
        "Date": "/Date(1704067200000+0000)/",
        "DateString": "2024-01-01T00:00:00",
        "DueDate": "/Date(1704067200000+0000)/",
        "DueDateString": "2024-01-01T00:00:00",
        "FullyPaidOnDate": "/Date(1704067200000+0000)/",
        "SubTotal": 1800.0,
        "TotalTax": 225.0,
        "Total": 2025.0,
        "AmountDue": 0.0,
        "AmountPaid": 2025.0,
        "AmountCredited": 0.0,
        "CurrencyCode": "NZD",
        "CurrencyRate": 1.0,
        "BrandingThemeID": None,
        "SentToContact": True,
        "IsDiscounted": False,
        "HasAttachments": False,
        "HasErrors": False,
        "UpdatedDateUTC": net_date(number),
    }
