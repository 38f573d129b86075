"""Shared by the fake providers: consent, codes, expiring tokens, refusals.

Each fake says in a file of its own how its provider words them; none knows anything of the tap.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote, urlencode

from tests.support.server import ApiServer, Reply

if TYPE_CHECKING:
    from tests.support.server import Seen

CLIENT = {"client_id": "client-of-the-recipe", "client_secret": "secret-of-the-recipe"}
FIRST_REFRESH_TOKEN = "refresh-token-0"


class Provider(ApiServer):
    """An OAuth2 provider and its API.

    ``limited`` requests are refused for their rate; with ``lacks_scope`` all are refused for a
    missing scope; ``token_ends_after`` responses with data the access token expires. ``rows`` are
    the records by stream, with what the tap adds to them; a fake sends them without.
    """

    AUTHORIZE_PATH: ClassVar[str]
    TOKEN_PATH: ClassVar[str]
    TOKEN_TYPE: ClassVar[str] = "Bearer"
    ROTATES: ClassVar[bool]
    ASKED_AT_LOGIN: ClassVar[dict[str, str]] = {}
    SCOPE: ClassVar[str | None]
    PKCE: ClassVar[bool] = True
    #: When ``change`` changes a row, as the provider writes times.
    LATER: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.refresh_tokens = {FIRST_REFRESH_TOKEN}
        self.refreshed_with: list[str] = []
        self.access_tokens: set[str] = set()
        self.codes: dict[str, dict[str, str]] = {}
        self.issued = 0
        self.limited = 0
        self.lacks_scope = False
        self.token_ends_after: int | None = None
        self._lock = threading.Lock()

    # Formats that differ between providers

    def token_fields(self, seen: Seen) -> dict[str, str]:
        return {**seen.form, **basic_client(seen)}

    def token_of(self, seen: Seen) -> str | None:
        """Return the access token that a request carries."""
        kind, _, token = seen.headers.get("Authorization", "").partition(" ")
        return token if kind == self.TOKEN_TYPE else None

    def token_response(self, tokens: dict[str, str]) -> dict[str, Any]:
        raise NotImplementedError

    def refuse_grant(self) -> Reply:
        raise NotImplementedError

    def unauthorized(self) -> Reply:
        raise NotImplementedError

    def forbidden(self) -> Reply:
        raise NotImplementedError

    def too_many(self) -> Reply:
        raise NotImplementedError

    def data(self, seen: Seen) -> Any:
        raise NotImplementedError

    # What a test does to it

    def expire(self) -> None:
        """End every access token."""
        self.access_tokens.clear()

    def revoke(self) -> None:
        """Revoke the connection."""
        self.access_tokens.clear()
        self.refresh_tokens.clear()

    def change(self, stream: str, key: str) -> None:
        """Change the second row of a stream; ``key`` is its time of change."""
        self.rows[stream][1] = {**self.rows[stream][1], key: self.LATER}

    # The same for all

    def _respond(self, seen: Seen) -> Any:
        with self._lock:
            if seen.path == self.AUTHORIZE_PATH:
                return self._consent(seen.query)
            if seen.path == self.TOKEN_PATH:
                return self._exchange(self.token_fields(seen))
            return self._guarded(seen)

    def _consent(self, query: dict[str, str]) -> Reply:
        """Redirect the browser with a code, as after login and consent."""
        wanted = {**self.ASKED_AT_LOGIN, "scope": self.SCOPE, "response_type": "code"}
        found = {name: query.get(name) for name in wanted}
        if found != wanted or query.get("client_id") != CLIENT["client_id"]:
            return Reply({"error": "invalid_request", "found": found}, 400)
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        back = urlencode({"code": code, "state": query["state"]})
        return Reply(b"", 302, {"Location": f"{query['redirect_uri']}?{back}"})

    def _exchange(self, fields: dict[str, str]) -> Any:
        if {name: fields.get(name) for name in CLIENT} != CLIENT:
            return Reply({"error": "invalid_client"}, 401)
        if fields["grant_type"] == "authorization_code":
            asked = self.codes.pop(fields["code"], None)
            if asked is None or (self.PKCE and not _is_verifier_valid(asked, fields)):
                return self.refuse_grant()
            return self._issue(with_refresh_token=True)
        self.refreshed_with.append(fields["refresh_token"])
        if fields["refresh_token"] not in self.refresh_tokens:
            return self.refuse_grant()
        if self.ROTATES:
            self.refresh_tokens.discard(fields["refresh_token"])
        return self._issue(with_refresh_token=self.ROTATES)

    def _issue(self, *, with_refresh_token: bool) -> dict[str, Any]:
        self.issued += 1
        tokens = {"access_token": f"access-token-{self.issued}"}
        self.access_tokens.add(tokens["access_token"])
        if with_refresh_token:
            tokens["refresh_token"] = f"refresh-token-{self.issued}"
            self.refresh_tokens.add(tokens["refresh_token"])
        return self.token_response(tokens)

    def _guarded(self, seen: Seen) -> Any:
        if self.token_of(seen) not in self.access_tokens:
            return self.unauthorized()
        if self.lacks_scope:
            return self.forbidden()
        if self.limited:
            self.limited -= 1
            return self.too_many()
        if self.token_ends_after is not None:
            self.token_ends_after -= 1
            if self.token_ends_after == 0:
                self.expire()
        return self.data(seen)


def basic_client(seen: Seen) -> dict[str, str]:
    """Return the client that HTTP Basic names (RFC 6749 section 2.3.1), or nothing."""
    kind, _, encoded = seen.headers.get("Authorization", "").partition(" ")
    if kind != "Basic":
        return {}
    name, _, secret = base64.b64decode(encoded).decode().partition(":")
    return {"client_id": unquote(name), "client_secret": unquote(secret)}


def at(number: int, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    """Return a time, an hour later for each number."""
    return (datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(hours=number)).strftime(form)


def _is_verifier_valid(asked: dict[str, str], fields: dict[str, str]) -> bool:
    """Check the code verifier of a code (RFC 7636)."""
    digest = hashlib.sha256(fields["code_verifier"].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    same_place = fields["redirect_uri"] == asked["redirect_uri"]
    return same_place and challenge == asked["code_challenge"]
