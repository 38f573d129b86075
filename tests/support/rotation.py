"""A provider that rotates refresh tokens for several accounts, and a person who logs in."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.server import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.server import ApiServer, Seen


class RotatingProvider:
    """Accept each refresh token once; a second use revokes all tokens of its account.

    ``/items`` returns a record with the account of the access token as its ID.
    """

    def __init__(self, api: ApiServer) -> None:
        self.live: dict[str, str] = {}
        self.spent: dict[str, str] = {}
        self.access: dict[str, str] = {}
        self.reused: list[str] = []
        self.count = 0
        self._lock = threading.Lock()
        api.token, api.routes["/items"] = self._token, self._items

    def issue(self, account: str) -> str:
        """Return a new refresh token, as obtained elsewhere."""
        self.count += 1
        token = f"refresh-{account}-{self.count}"
        self.live[token] = account
        return token

    def expire(self) -> None:
        """Let every access token end."""
        self.access.clear()

    def revoke(self, account: str) -> None:
        """Revoke every token of an account."""
        for tokens in (self.live, self.access):
            for token in [token for token, owner in tokens.items() if owner == account]:
                del tokens[token]

    def _token(self, seen: Seen) -> Any:
        form = seen.form
        with self._lock:
            if form["grant_type"] == "authorization_code":
                return self._respond(form["code"])
            sent = form["refresh_token"]
            if sent in self.spent:
                self.reused.append(sent)
                self.revoke(self.spent[sent])
            if sent not in self.live:
                return Reply({"error": "invalid_grant"}, 400)
            self.spent[sent] = self.live.pop(sent)
            return self._respond(self.spent[sent])

    def _respond(self, account: str) -> dict[str, Any]:
        refresh_token = self.issue(account)
        access_token = f"access-{account}-{self.count}"
        self.access[access_token] = account
        return {"access_token": access_token, "refresh_token": refresh_token, "expires_in": 3600}

    def _items(self, seen: Seen) -> Any:
        account = self.access.get(seen.headers["Authorization"].removeprefix("Bearer "))
        return [{"id": account}] if account else Reply({}, 401)


class Person:
    """A ``LoginUI`` whose person consents at once; the code is the name of the account."""

    def __init__(self, account: str) -> None:
        self._account = account

    def say(self, line: str) -> None:
        """Show nothing."""

    def wait(self, seconds: float) -> None:
        """Wait for nobody."""

    def wait_for_redirect(self, url: str, redirect_uri: str) -> Mapping[str, str]:  # noqa: ARG002
        """Return the parameters of the redirect."""
        state = dict(parse_qsl(urlsplit(url).query))["state"]
        return {"code": self._account, "state": state}
