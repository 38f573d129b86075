"""Microsoft Graph: the users of a directory, and one person's mail folders and messages.

https://learn.microsoft.com/en-us/graph/api/user-list
https://learn.microsoft.com/en-us/graph/api/mailfolder-delta
https://learn.microsoft.com/en-us/graph/api/user-list-messages
https://learn.microsoft.com/en-us/graph/outlook-immutable-id
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from tests.recipes.fake_microsoft import Microsoft, error
from tests.support.server import Reply, Seen

LARGEST_USERS_PAGE, LARGEST_FOLDERS_PAGE, LARGEST_MESSAGES_PAGE = 999, 2, 40
FOLDERS = "/v1.0/me/mailFolders/delta"
SINCE = re.compile(r"lastModifiedDateTime ge (\S+)")
OLDEST, OLD = "2024-05-01T08:00:00Z", "2024-05-02T08:00:00Z"


class MicrosoftMail(Microsoft):
    """Users by skip token, all folders at any depth by delta, messages of each folder."""

    AUTHORIZE_PATH = "/organizations/oauth2/v2.0/authorize"
    TOKEN_PATH = "/organizations/oauth2/v2.0/token"
    SCOPE = "openid User.Read.All Mail.Read offline_access"
    LATER = "2024-07-01T08:00:00Z"

    def __init__(self) -> None:
        super().__init__()
        folders = [mail_folder(number) for number in range(5)]
        self.rows = {"users": [user(number) for number in range(230)], "mail_folders": folders}
        self.rows["messages"] = [
            message(folder["id"], number, OLD if number else OLDEST)
            for index, folder in enumerate(folders)
            for number in range(index * 20)
        ]

    def too_many(self) -> Reply:
        code, said = "ApplicationThrottled", "Application is over its MailboxConcurrency limit."
        return error(429, code, said, {"Retry-After": "0"})

    def data(self, seen: Seen) -> Any:
        # The mailbox is that of the second user.
        owner = f"/v1.0/users/{self.rows['users'][1]['id']}/"
        path = unquote(seen.path).replace(owner, "/v1.0/me/")
        if path == "/v1.0/users":
            return self._skip(self.rows["users"], seen, min(_top(seen, 100), LARGEST_USERS_PAGE))
        if path == FOLDERS:
            return self._delta(seen)
        folder = path.removeprefix("/v1.0/me/mailFolders/").removesuffix("/messages")
        if folder not in {one["id"] for one in self.rows["mail_folders"]}:
            return error(404, "ErrorItemNotFound", "The specified object was not found.")
        match = SINCE.fullmatch(seen.query.get("$filter", ""))
        if match is None or seen.query.get("$orderby") not in (None, "lastModifiedDateTime"):
            said = "The restriction or sort order is too complex for this operation."
            return error(400, "InefficientFilter", said)
        found = self._messages(folder, seen, match[1])
        return self._skip(found, seen, min(_top(seen, 10), LARGEST_MESSAGES_PAGE))

    def _messages(self, folder: str, seen: Seen, since: str) -> list[dict[str, Any]]:
        """Return the changed messages of a folder; by default, their IDs change with the folder."""
        rows = [one for one in self.rows["messages"] if one["folder_id"] == folder]
        names = {"@odata.etag", "id", *seen.query["$select"].split(",")}
        found = [
            {name: value for name, value in one.items() if name in names}
            for one in rows
            if one["lastModifiedDateTime"] >= since
        ]
        if 'IdType="ImmutableId"' not in seen.headers.get("Prefer", ""):
            found = [{**one, "id": f"{one['id']}{folder}"} for one in found]
        return sorted(found, key=lambda one: one["lastModifiedDateTime"])

    def _skip(self, rows: list[dict[str, Any]], seen: Seen, size: int) -> dict[str, Any]:
        start = int(seen.query.get("$skiptoken", 0))
        body: dict[str, Any] = {"@odata.context": f"{self.url}/v1.0/$metadata#users"}
        body["value"] = rows[start : start + size]
        if start + size < len(rows):
            again = "&".join(f"{n}={v}" for n, v in seen.query.items() if n != "$skiptoken")
            body["@odata.nextLink"] = f"{self.url}{seen.path}?{again}&$skiptoken={start + size}"
        return body

    def _delta(self, seen: Seen) -> dict[str, Any]:
        start = int(seen.query.get("$skiptoken", 0))
        folders = self.rows["mail_folders"]
        body: dict[str, Any] = {"@odata.context": f"{self.url}/v1.0/$metadata#mailFolders"}
        body["value"] = folders[start : start + LARGEST_FOLDERS_PAGE]
        if start + LARGEST_FOLDERS_PAGE < len(folders):
            token = start + LARGEST_FOLDERS_PAGE
            body["@odata.nextLink"] = f"{self.url}{seen.path}?$skiptoken={token}"
        else:
            body["@odata.deltaLink"] = f"{self.url}{seen.path}?$deltatoken=end"
        return body


def _top(seen: Seen, default: int) -> int:
    return int(seen.query.get("$top", default))


def user(number: int) -> dict[str, Any]:
    return {
        "id": f"6ea91a8d-e32e-41a1-b7bd-{number:012d}",
        "accountEnabled": True,
        "businessPhones": ["425-555-0100"],
        "companyName": None,
        "createdDateTime": "2023-01-09T10:00:00Z",
        "department": None,
        "displayName": f"User {number}",
        "employeeId": None,
        "givenName": "User",
        "jobTitle": None,
        "mail": f"user{number}@example.com",
        "mobilePhone": None,
        "officeLocation": None,
        "preferredLanguage": "en-US",
        "surname": str(number),
        "usageLocation": "US",
        "userPrincipalName": f"user{number}@example.com",
        "userType": "Member",
    }


def mail_folder(number: int) -> dict[str, Any]:
    """Return a folder inside the one before it, the first one at the root."""
    return {
        "id": f"AQMkADYAAAIB+/{number}AAAA==",
        "displayName": f"Folder {number}",
        "parentFolderId": f"AQMkADYAAAIB+/{number - 1}AAAA==" if number else "AQMkADYAAAIBCAAAAA==",
        "childFolderCount": 1,
        "unreadItemCount": 0,
        "totalItemCount": 30 * number,
        "isHidden": False,
    }


def message(folder: str, number: int, changed: str) -> dict[str, Any]:
    sender = {"emailAddress": {"name": "Sender", "address": "sender@example.com"}}
    return {
        "folder_id": folder,
        "@odata.etag": 'W/"CQAAABYAAADHcgC8Hl9tRZ/hc1wEUs1TAAAwR4Hg"',
        "id": f"AAkALgAAAAAAHYQDEapm{folder}{number}",
        "createdDateTime": "2024-05-01T08:00:00Z",
        "lastModifiedDateTime": changed,
        "receivedDateTime": "2024-05-01T08:00:00Z",
        "sentDateTime": "2024-05-01T07:59:58Z",
        "hasAttachments": False,
        "internetMessageId": f"<{number}@example.com>",
        "subject": f"Message {number}",
        "bodyPreview": "Text",
        "importance": "normal",
        "conversationId": "AAQkAGI2",
        "isRead": True,
        "isDraft": False,
        "webLink": "https://outlook.office365.com/owa/?ItemID=AAkALgAA",
        "categories": [],
        "sender": sender,
        "from": sender,
        "toRecipients": [sender],
        "ccRecipients": [],
        "replyTo": [],
    }
