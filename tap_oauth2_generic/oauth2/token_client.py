"""Send requests to the token endpoint (RFC 6749): grants, refreshes, device authorization.

Nothing here stores a token or decides when to renew one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import requests

from tap_oauth2_generic.errors import TokenLostError, TokenRequestError
from tap_oauth2_generic.net import retry
from tap_oauth2_generic.net.transport import Transport
from tap_oauth2_generic.oauth2.assertion import AssertionSettings, RequestContext
from tap_oauth2_generic.oauth2.client_auth import CLIENT_AUTH
from tap_oauth2_generic.oauth2.discovery import Endpoints
from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.oauth2.token_response import endpoint_name, parse_token, read_body
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.log import LOG
from tap_oauth2_generic.settings.templates import as_text

#: Error code of a request that never reached the endpoint, or of a login without a response.
UNREACHABLE = "unreachable"


class TokenClient:
    """Send token requests with the client's authentication."""

    def __init__(  # noqa: PLR0913, PLR0917 - each part has a module of its own
        self,
        settings: OAuth2Settings,
        assertion: AssertionSettings,
        endpoints: Endpoints,
        transport: Transport,
        resilience: retry.ResilienceSettings,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._assertion = assertion
        self.endpoints = endpoints
        self._transport = transport
        self._resilience = resilience
        self._clock = clock
        self.client_id = settings.client_id or ""
        self.scope = settings.scope_separator.join(settings.scopes) or None

    def fetch_token(
        self, build_fields: Callable[[RequestContext], dict[str, Any]], grant_type: str
    ) -> Token:
        """Get a token without a person; retry transient failures."""
        url = self.endpoints.resolve("access_token_url")
        attempt = 0
        while True:
            attempt += 1
            fields = self._with_scope(build_fields(self._context(url)))
            response = None
            try:
                response = self._send(url, fields, self._settings.token_params)
                cause = f"the token endpoint returned status {response.status_code}"
            except requests.exceptions.RequestException as error:
                cause = _unreachable(url, error)
            if self._wait_to_retry(response, cause, attempt):
                continue
            if response is None:
                raise TokenRequestError(f"could not obtain an access token: {cause}")
            return parse_token(response, self._settings, grant_type, self._clock.time())

    def redeem_code(self, fields: Mapping[str, Any], grant_type: str) -> Token:
        """Exchange a login's code, which can be used once, for a token; send once.

        Raise TokenRequestError, with the code ``unreachable`` if there was no response.
        """
        url = self.endpoints.resolve("access_token_url")
        try:
            response = self._send(url, fields, self._settings.token_params)
        except requests.exceptions.RequestException as error:
            raise TokenRequestError(
                f"{_unreachable(url, error)}; run the login again", UNREACHABLE
            ) from None
        return parse_token(response, self._settings, grant_type, self._clock.time())

    def refresh(self, refresh_token: str) -> Token:
        """Get a token for a refresh token (RFC 6749 section 6); send once.

        Raise TokenLostError if the request was sent but got no response: the provider may have
        used up the refresh token, and sending it again could revoke the connection. Raise
        TokenRequestError if the provider rejected it or never received it.
        """
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        url = self._settings.refresh_token_url or self.endpoints.resolve("access_token_url")
        try:
            response = self._send(url, fields, self._settings.refresh_params)
        except requests.exceptions.RequestException as error:
            if retry.was_not_sent(error):
                raise TokenRequestError(
                    f"could not obtain an access token: {_unreachable(url, error)}", UNREACHABLE
                ) from None
            raise TokenLostError(
                f"the refresh request to {endpoint_name(url)} was sent, but its response was lost "
                f"({_reason(error)}); it is never repeated automatically, because the provider may "
                "have used up the refresh token. Run again; if the provider then returns "
                "invalid_grant, log in with tap-oauth2-generic login"
            ) from None
        now = self._clock.time()
        return parse_token(response, self._settings, "refresh_token", now, refresh_token)

    def wait_to_resend(self, error: Exception, attempt: int) -> bool:
        """Wait and return True if a request never left and has retries left."""
        was_not_sent = isinstance(error, TokenRequestError) and error.code == UNREACHABLE
        return was_not_sent and self._wait_to_retry(None, str(error), attempt)

    def post_form(self, url: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Send a form with client authentication; return the JSON object."""
        try:
            response = self._send(url, self._with_scope(fields), {})
        except requests.exceptions.RequestException as error:
            raise TokenRequestError(_unreachable(url, error)) from None
        body = read_body(response, self._settings, "device authorization")
        return body if isinstance(body, dict) else {}

    def _with_scope(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {**fields} if self.scope is None else {**fields, "scope": self.scope}

    def _context(self, url: str) -> RequestContext:
        secret, assertion = self._settings.client_secret or "", self._assertion
        audience = assertion.jwt_audience or url
        return RequestContext(self.client_id, secret, audience, assertion, self._clock.time())

    def _wait_to_retry(self, response: requests.Response | None, cause: str, attempt: int) -> bool:
        """Wait before a retry; return False if the request is not to be retried."""
        verdict = retry.Verdict("retry")
        if response is not None:
            now = self._clock.time()
            verdict = retry.decide(response.status_code, response.headers, self._resilience, now)
        if verdict.refusal:
            raise TokenRequestError(f"could not obtain an access token: {cause}; {verdict.refusal}")
        if verdict.action != "retry" or attempt > self._resilience.max_retries:
            return False
        jitter = random.random()  # noqa: S311  # nosec B311 # not a secret
        wait = retry.bounded_wait(verdict, attempt, self._resilience, jitter)
        LOG.warning("%s; retry %d in %.1f seconds", cause, attempt, wait)
        self._clock.sleep(wait)
        return True

    def _send(
        self, url: str, fields: Mapping[str, Any], overrides: Mapping[str, Any]
    ) -> requests.Response:
        """Send the standard's parameters, changed as the provider's settings say."""
        settings = self._settings
        proof, headers = CLIENT_AUTH[settings.client_auth](self._context(url))
        names = {
            "client_id": settings.client_id_param,
            "client_secret": settings.client_secret_param,
        }
        standard = {**fields, **proof}
        params = {names.get(n, n): value for n, value in standard.items() if value != ""}
        params = {n: value for n, value in {**params, **overrides}.items() if value is not None}
        headers = {"Accept": "application/json", **headers, **settings.token_headers}
        request = _encode(settings, url, params, headers)
        return self._transport.send(request.prepare(), new_connection=True)


def _encode(
    settings: OAuth2Settings, url: str, params: Mapping[str, Any], headers: Mapping[str, str]
) -> requests.Request:
    pairs = [(name, as_text(value)) for name, value in params.items()]
    method, encoding = settings.token_request_method, settings.token_request_format
    if encoding == "query" or method == "GET":
        return requests.Request(method, url, params=pairs, headers=headers)
    if encoding == "form":
        return requests.Request(method, url, data=pairs, headers=headers)
    headers = {"Content-Type": "application/json", **headers}
    return requests.Request(method, url, data=encode_json(params), headers=headers)


def _unreachable(url: str, error: Exception) -> str:
    return f"{endpoint_name(url)} is unreachable: {_reason(error)}"


def _reason(error: Exception) -> str:
    is_timeout = isinstance(error, requests.exceptions.Timeout)
    return "timed out" if is_timeout else retry.root_cause(error)
