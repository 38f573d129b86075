"""Send requests to the token endpoint (RFC 6749): grants, refreshes, device authorization.

Nothing here stores a token or decides when to renew one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from tap_oauth2_generic.errors import TokenRequestError
from tap_oauth2_generic.net import retry
from tap_oauth2_generic.net.transport import Transport
from tap_oauth2_generic.oauth2.assertion import AssertionSettings, RequestContext, sign_grant
from tap_oauth2_generic.oauth2.client_auth import CLIENT_AUTH, choose_auth, other_auth
from tap_oauth2_generic.oauth2.discovery import Endpoints
from tap_oauth2_generic.oauth2.exchange import build_exchange, read_exchange
from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tap_oauth2_generic.oauth2.token import NO_TOKEN, Token
from tap_oauth2_generic.oauth2.token_request import encode, fill, send
from tap_oauth2_generic.oauth2.token_response import missing_token, read_body, read_token
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.log import LOG
from tap_oauth2_generic.settings.templates import request_scope

if TYPE_CHECKING:
    from tap_oauth2_generic.oauth2.grants.base import Grant

_T = TypeVar("_T")
_UNAUTHORIZED = 401


@dataclass(eq=False, repr=False)
class TokenClient:
    """Send token requests with the client's authentication."""

    _settings: OAuth2Settings
    _grant: Grant
    _assertion: AssertionSettings
    _scope: Mapping[str, Any]
    endpoints: Endpoints
    _transport: Transport
    _resilience: retry.ResilienceSettings
    _clock: Clock
    last_response: requests.Response | None = None

    def __post_init__(self) -> None:
        """Compute what is the same in all requests."""
        settings, signs = self._settings, self._grant.signs
        self._auth = choose_auth(settings.client_auth, self._assertion, signs=signs)
        self._sends_access_token = settings.sends_access_token
        self.client_id = settings.client_id or ""
        self.scope = settings.scope_separator.join(settings.scopes) or None

    def retry(self, get: Callable[[], _T]) -> _T:
        """Get a token; wait and try again while the failure may be temporary.

        The waits are outside ``get``, so that no lock is held in them.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return get()
            except TokenRequestError as error:
                if not error.is_transient or attempt > self._resilience.max_retries:
                    raise
                verdict = retry.Verdict("retry", error.wait_seconds)
                jitter = random.random()  # noqa: S311  # nosec B311 # not a secret
                wait = retry.bounded_wait(verdict, attempt, self._resilience, jitter)
                LOG.warning("%s; retry %d in %.1f seconds", error, attempt, wait)
                self._clock.sleep(wait)

    def fetch_token(
        self,
        build_fields: Callable[[RequestContext], dict[str, Any]],
        grant_type: str,
        previous: Token = NO_TOKEN,
    ) -> Token:
        """Get a token without a person; raise TokenRequestError, transient if worth a retry.

        ``previous`` is the one that it replaces.
        """
        if self._grant.signs_tokens:
            return self._sign()
        url = self.endpoints.resolve("access_token_url")
        fields = self._with_scope(build_fields(self._context(url)))
        response = self._send(url, fields, self._settings.token_params, previous)
        try:
            return self._parse(response, grant_type)
        except TokenRequestError as error:
            raise self._judge(error, response) from None

    def _sign(self) -> Token:
        """Return a token that the tap signs itself."""
        now = self._clock.time()
        lasts_until = now + self._assertion.jwt_lifetime
        return Token(sign_grant(self._context("")), expires_at=lasts_until, obtained_at=now)

    def exchange(self, first: Token) -> Token:
        """Exchange a token for that of the API; raise as ``fetch_token`` does.

        The code of the error is ``invalid_token`` if the first token was rejected.
        """
        settings, now = self._settings.token_exchange, self._clock.time()
        if settings is None:
            return first
        scope = {**self._scope, **request_scope(now)}
        response = send(self._transport, build_exchange(settings, first, scope))
        self.last_response = response
        try:
            return read_exchange(response, settings, first, now)
        except TokenRequestError as error:
            if response.status_code == _UNAUTHORIZED:
                error.code = "invalid_token"
            raise self._judge(error, response) from None

    def _judge(self, error: TokenRequestError, response: requests.Response) -> TokenRequestError:
        """Return an error that says whether and when the request is worth a retry."""
        now = self._clock.time()
        verdict = retry.decide(response.status_code, response.headers, self._resilience, now)
        if verdict.refusal:
            return TokenRequestError(f"{error}; {verdict.refusal}", error.code)
        error.is_transient = verdict.action == "retry"
        error.wait_seconds = verdict.wait_seconds
        return error

    def redeem_code(self, fields: Mapping[str, Any], grant_type: str) -> Token:
        """Exchange a login's code, which can be used once, for a token; send once.

        Raise TokenRequestError, with the code ``unreachable`` if there was no response.
        """
        url = self.endpoints.resolve("access_token_url")
        return self._parse(self._send(url, fields, self._settings.token_params), grant_type)

    def renewal_secret(self, token: Token) -> str | None:
        """Return what a refresh sends for a token: its refresh token, or the token itself."""
        itself = token.own.access_token if self._sends_access_token else ""
        return token.refresh_token or itself or None

    def renews_itself(self, token: Token) -> bool:
        """Return whether an access token is renewed by itself, so only before its end."""
        return self.renewal_secret(token) == token.own.access_token

    def refresh(self, token: Token) -> Token:
        """Get a token for a refresh token (RFC 6749 section 6); send once.

        Raise TokenLostError if the request was sent but got no response: the provider may have
        used up the refresh token, and sending it again could revoke the connection. Raise
        TokenRequestError if the provider rejected it or never received it.
        """
        settings, token = self._settings, token.own
        secret = token.refresh_token or (token.access_token if settings.names_access_token else "")
        fields = {"grant_type": "refresh_token", settings.refresh_token_param: secret}
        url = settings.refresh_token_url or self.endpoints.resolve("access_token_url")
        response = self._send(url, fields, settings.refresh_params, token, once=True)
        return self._parse(response, "refresh_token", token.refresh_token)

    def fill(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Fill the placeholders of parameters for which there is no token yet."""
        return fill(params, {**self._scope, **request_scope(self._clock.time())})

    def post_form(self, url: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Send a form with client authentication; return the JSON object."""
        response = self._send(url, self._with_scope(fields), {})
        body = read_body(response, self._settings, "device authorization")
        return body if isinstance(body, dict) else {}

    def _with_scope(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {**fields, "scope": self.scope}

    def _context(self, url: str) -> RequestContext:
        secret, assertion = self._settings.client_secret or "", self._assertion
        audience = assertion.jwt_audience or url
        now, signs = self._clock.time(), self._grant.signs
        return RequestContext(self.client_id, secret, audience, assertion, now, signs)

    def _parse(
        self, response: requests.Response, request_name: str, refresh_token: str | None = None
    ) -> Token:
        """Return a response's token, with the refresh token in use if it brings no other.

        Raise TokenRequestError if it has none; say which client authentication to try instead.
        """
        settings = self._settings
        try:
            body = read_body(response, settings, request_name)
        except TokenRequestError as error:
            if error.code != "invalid_client":
                raise
            others = other_auth(self._auth, self._assertion)
            advice = f"check client_id, client_secret and client_auth{others}"
            raise TokenRequestError(f"{error}; {advice}", error.code) from None
        fields = body if isinstance(body, dict) else {}
        if token := read_token(fields, settings, self._clock.time(), refresh_token):
            return token
        raise missing_token(response, body, settings.access_token_path)

    def _send(
        self,
        url: str,
        fields: Mapping[str, Any],
        overrides: Mapping[str, Any],
        token: Token = NO_TOKEN,
        *,
        once: bool = False,
    ) -> requests.Response:
        """Send the standard's parameters, changed as the provider's settings say.

        ``token`` is the one to replace. If there is no response, raise TokenLostError for a
        request that may be sent only ``once`` and may have been received, else TokenRequestError.
        """
        settings = self._settings
        proof, headers = CLIENT_AUTH[self._auth](self._context(url))
        scope = {**self._scope, **request_scope(self._clock.time())}
        scope |= {"token": token.fields} if token != NO_TOKEN else {}
        names = {n: getattr(settings, f"{n}_param") for n in ("client_id", "client_secret")}
        standard = {**fields, **proof}
        params = {names.get(n, n): value for n, value in standard.items() if value != ""}
        params |= fill(overrides, scope)
        params = {name: value for name, value in params.items() if value is not None}
        headers = {**headers, **fill(settings.token_headers, scope)}
        request = encode(settings, url, params, headers)
        self.last_response = send(self._transport, request, once=once)
        return self.last_response
