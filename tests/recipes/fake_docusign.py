"""Docusign: its authentication service, and the envelopes of an account.

https://developers.docusign.com/platform/auth/confidential-authcode-get-token/
https://developers.docusign.com/docs/esign-rest-api/reference/envelopes/envelopes/liststatuschanges/
https://developers.docusign.com/platform/resource-limits
"""

from __future__ import annotations

import time
from typing import Any

from tests.recipes.fake_provider import Provider
from tests.support.server import Reply, Seen

PATH = "/restapi/v2.1/accounts/8b6a71bb-0000-0000-0000-000000000000"
#: Of the account, whatever is asked for.
LARGEST_PAGE = 100
OLDEST, OLD = "2024-02-08T18:25:00.1230000Z", "2024-03-08T18:25:00.1230000Z"


def error(status: int, code: str, message: str) -> Reply:
    return Reply({"errorCode": code, "message": message}, status)


class Docusign(Provider):
    """Envelopes by start position; all numbers are strings."""

    AUTHORIZE_PATH = "/oauth/auth"
    TOKEN_PATH = "/oauth/token"
    ROTATES = True
    SCOPE = "signature extended"
    LATER = "2024-07-01T08:00:00.0000000Z"

    def __init__(self) -> None:
        super().__init__()
        rows = [envelope(number, OLD if number else OLDEST) for number in range(250)]
        self.rows = {"envelopes": rows}

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        return {**tokens, "token_type": "Bearer", "expires_in": 28800, "scope": self.SCOPE}

    def refuse_grant(self) -> Reply:
        said = "expired_client_token"
        return Reply({"error": "invalid_grant", "error_description": said}, 400)

    def unauthorized(self) -> Reply:
        return error(401, "USER_AUTHENTICATION_FAILED", "One or both of Username and Password")

    def forbidden(self) -> Reply:
        said = "This User lacks sufficient permissions."
        return error(403, "USER_LACKS_PERMISSIONS", said)

    def too_many(self) -> Reply:
        said = "The maximum number of hourly API invocations has been exceeded."
        refusal = error(400, "HOURLY_APIINVOCATION_LIMIT_EXCEEDED", said)
        refusal.headers |= {"X-RateLimit-Limit": "3000", "X-RateLimit-Remaining": "0"}
        refusal.headers["X-RateLimit-Reset"] = str(int(time.time()))
        return refusal

    def data(self, seen: Seen) -> Any:
        if seen.path != f"{PATH}/envelopes":
            return error(404, "RESOURCE_NOT_FOUND", "The URL provided does not resolve.")
        if "from_date" not in seen.query:
            said = "The request contained at least one invalid parameter. from_date is required."
            return error(400, "INVALID_REQUEST_PARAMETER", said)
        since, until = seen.query["from_date"][:19], seen.query.get("to_date", "9")[:19]
        rows = sorted(self.rows["envelopes"], key=changed, reverse=True)
        found = [one for one in rows if since <= changed(one)[:19] < until]
        start = int(seen.query.get("start_position", 0))
        rows = found[start : start + min(int(seen.query.get("count", 100)), LARGEST_PAGE)]
        stop = start + len(rows)
        body = {"resultSetSize": str(len(rows)), "totalSetSize": str(len(found))}
        body |= {"startPosition": str(start), "endPosition": str(max(stop - 1, 0))}
        if stop < len(found):
            asked = f"from_date={since}&start_position={stop}"
            body["nextUri"] = f"/accounts/8b6a71bb/envelopes?{asked}"
        return {**body, "envelopes": rows} if rows else body


def changed(row: dict[str, Any]) -> str:
    return row["statusChangedDateTime"]


def envelope(number: int, at: str) -> dict[str, Any]:
    name = f"4b728be4-4417-4a2a-8a5d-{number:012d}"
    return {
        "envelopeId": name,
        "envelopeUri": f"/envelopes/{name}",
        "status": "completed",
        "emailSubject": "Please sign this document",
        "emailBlurb": "",
        "sender": {"userName": "Sender", "email": "sender@example.com"},
        "createdDateTime": "2024-03-01T18:25:00.1230000Z",
        "sentDateTime": "2024-03-01T18:25:01.0000000Z",
        "deliveredDateTime": "2024-03-02T08:00:00.0000000Z",
        "completedDateTime": at,
        "statusChangedDateTime": at,
        "lastModifiedDateTime": at,
        "expireDateTime": "2024-07-01T18:25:01.0000000Z",
        "expireEnabled": "true",
        "expireAfter": "120",
        "isSignatureProviderEnvelope": "false",
        "signingLocation": "online",
        "allowReassign": "true",
        "purgeState": "unpurged",
        "documentsUri": f"/envelopes/{name}/documents",
        "recipientsUri": f"/envelopes/{name}/recipients",
        "customFieldsUri": f"/envelopes/{name}/custom_fields",
        "notificationUri": f"/envelopes/{name}/notification",
        "attachmentsUri": f"/envelopes/{name}/attachments",
    }
