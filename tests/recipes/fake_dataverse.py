"""Dynamics 365: its tables in Microsoft Dataverse, by OData.

https://learn.microsoft.com/en-us/power-apps/developer/data-platform/webapi/query/page-results
https://learn.microsoft.com/en-us/power-apps/developer/data-platform/api-limits
"""

from __future__ import annotations

import re
from typing import Any

from tests.recipes.fake_microsoft import Microsoft
from tests.support.server import Reply, Seen

ROOT = "/api/data/v9.2"
#: A larger preference is ignored; the service may send fewer rows at any time.
LARGEST_PAGE = 80
SINCE = re.compile(r"modifiedon ge (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")
OLDEST, OLD = "2024-02-01T10:00:00Z", "2024-03-01T10:00:00Z"


def error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Reply:
    return Reply({"error": {"code": code, "message": message}}, status, headers or {})


class Dataverse(Microsoft):
    """Rows by next links; the same identity platform as Microsoft Graph."""

    AUTHORIZE_PATH = "/organizations/oauth2/v2.0/authorize"
    TOKEN_PATH = "/organizations/oauth2/v2.0/token"
    SCOPE = "https://yourorg.crm.dynamics.com/user_impersonation offline_access"
    LATER = "2024-07-01T08:00:00Z"

    def __init__(self) -> None:
        super().__init__()
        self.rows = {
            "accounts": [account(number, OLD if number else OLDEST) for number in range(200)],
            "contacts": [contact(number, OLD if number else OLDEST) for number in range(5)],
        }

    def unauthorized(self) -> Reply:
        return Reply(b"", 401, {"WWW-Authenticate": "Bearer authorization_uri=https://login"})

    def forbidden(self) -> Reply:
        said = "Principal user is missing prvReadAccount privilege"
        return error(403, "0x80040220", said)

    def too_many(self) -> Reply:
        said = "Number of requests exceeded the limit of 6000 over time window of 300 seconds."
        return error(429, "0x80072322", said, {"Retry-After": "0"})

    def data(self, seen: Seen) -> Any:
        name = seen.path.removeprefix(f"{ROOT}/")
        if name not in self.rows:
            said = f"Resource not found for the segment '{name}'."
            return error(404, "0x80060888", said)
        if seen.query.keys() & {"$top", "$skip"}:
            return error(400, "0x80060888", "Skip Clause is not supported in CRM")
        match = SINCE.fullmatch(seen.query.get("$filter", ""))
        if match is None or seen.headers.get("OData-Version") != "4.0":
            return error(400, "0x0", "There is a syntax error at position 0 in the filter.")
        rows = [row for row in self.rows[name] if row["modifiedon"] >= match[1]]
        return self._chosen(rows, seen)

    def _chosen(self, rows: list[dict[str, Any]], seen: Seen) -> Reply:
        wish = re.search(r"odata\.maxpagesize=(\d+)", seen.headers.get("Prefer", ""))
        size = min(int(wish[1]) if wish else LARGEST_PAGE, LARGEST_PAGE)
        start = int(seen.query.get("$skiptoken", "page:0").removeprefix("page:"))
        # The primary key comes unasked.
        names = {"@odata.etag", "accountid", "contactid", *seen.query["$select"].split(",")}
        body: dict[str, Any] = {"@odata.context": f"{self.url}{ROOT}/$metadata#rows", "value": []}
        for row in rows[start : start + size]:
            body["value"].append({name: value for name, value in row.items() if name in names})
        if start + size < len(rows):
            again = "&".join(f"{n}={v}" for n, v in seen.query.items() if n != "$skiptoken")
            link = f"{self.url}{seen.path}?{again}&$skiptoken=page:{start + size}"
            body["@odata.nextLink"] = link.replace(" ", "%20")
        return Reply(body, headers={"OData-Version": "4.0"})


def account(number: int, modified: str) -> dict[str, Any]:
    return {
        "@odata.etag": f'W/"{72201545 + number}"',
        "accountid": f"a8a19cdd-88df-e311-b8e5-{number:012d}",
        "name": f"Account {number}",
        "accountnumber": None,
        "emailaddress1": "account@example.com",
        "telephone1": "555-0150",
        "websiteurl": None,
        "industrycode": 1,
        "customertypecode": 3,
        "numberofemployees": 4800,
        "revenue": 80000.5,
        "creditonhold": False,
        "address1_line1": "123 Main Street",
        "address1_city": "Dallas",
        "address1_stateorprovince": "TX",
        "address1_postalcode": "75001",
        "address1_country": "U.S.",
        "statecode": 0,
        "statuscode": 1,
        "_ownerid_value": "4026be43-6b69-e111-8f65-78e7d1620f5e",
        "_parentaccountid_value": None,
        "_primarycontactid_value": "49b0be2e-d01c-ed11-b83e-000d3a572421",
        "_transactioncurrencyid_value": "228f42f8-e646-e111-8eb7-78e7d162ced1",
        "createdon": "2023-09-01T10:00:00Z",
        "modifiedon": modified,
        "versionnumber": 72201545 + number,
    }


def contact(number: int, modified: str) -> dict[str, Any]:
    return {
        "@odata.etag": f'W/"{80648695 + number}"',
        "contactid": f"49b0be2e-d01c-ed11-b83e-{number:012d}",
        "fullname": f"Contact {number}",
        "firstname": "Contact",
        "lastname": str(number),
        "emailaddress1": "contact@example.com",
        "telephone1": None,
        "mobilephone": None,
        "jobtitle": None,
        "birthdate": "1980-01-31",
        "donotemail": False,
        "address1_city": None,
        "address1_country": None,
        "statecode": 0,
        "statuscode": 1,
        "_ownerid_value": "4026be43-6b69-e111-8f65-78e7d1620f5e",
        "_parentcustomerid_value": None,
        "createdon": "2023-09-01T10:00:00Z",
        "modifiedon": modified,
        "versionnumber": 80648695 + number,
    }
