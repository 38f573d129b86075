"""The token request: built, sent, its answer read and its errors translated (RFC 6749).

Nothing here stores a token or decides when to renew one.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

from tap_oauth2_generic.errors import TokenLostError, TokenRequestError
from tap_oauth2_generic.net.retry import Verdict, bounded_wait, decide
from tap_oauth2_generic.oauth2.assertion import sign
from tap_oauth2_generic.oauth2.client_auth import CLIENT_AUTH, Client
from tap_oauth2_generic.oauth2.grants.base import Asking
from tap_oauth2_generic.oauth2.token import Token, read_token
from tap_oauth2_generic.parsing.json_text import decode
from tap_oauth2_generic.runtime.causes import root_cause
from tap_oauth2_generic.runtime.redaction import MASK, redact, register
from tap_oauth2_generic.settings.templates import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_oauth2_generic.net.retry import ResilienceSettings
    from tap_oauth2_generic.net.transport import Transport
    from tap_oauth2_generic.oauth2.assertion import AssertionSettings
    from tap_oauth2_generic.oauth2.discovery import Endpoints
    from tap_oauth2_generic.oauth2.grants import Grant
    from tap_oauth2_generic.oauth2.settings import OAuth2Settings
    from tap_oauth2_generic.runtime.clock import Clock

_LOG = logging.getLogger("tap-oauth2-generic")
_ENCODER = msgspec.json.Encoder(decimal_format="number")
#: The code of an error where nothing was sent, or nothing came of what serves once.
UNREACHABLE = "unreachable"
_OK = range(200, 300)
# RFC 6750 section 2.1; no word of a sentence is that long.
_TOKEN_LIKE = re.compile(r"[A-Za-z0-9._~+/=-]{16,}")
# What to look at, by the error codes of RFC 6749 section 5.2.
_ADVICE = {
    "invalid_client": "check client_id, client_secret and client_auth",
    "invalid_scope": "check scopes and scope_separator",
    "unauthorized_client": "the provider does not allow this grant to this client",
    "unsupported_grant_type": "check grant_type and access_token_url",
    "invalid_request": "compare token_params, token_request_format and client_auth with the "
    "provider's documentation",
}


class TokenClient:
    """Asks the token endpoint."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts it is made of, each with its own room
        self,
        settings: OAuth2Settings,
        assertion: AssertionSettings,
        endpoints: Endpoints,
        transport: Transport,
        resilience: ResilienceSettings,
        clock: Clock,
    ) -> None:
        """Put the parts together; sends nothing yet."""
        self._settings = settings
        self._assertion = assertion
        self.endpoints = endpoints
        self._transport = transport
        self._resilience = resilience
        self._clock = clock

    def fetch_token(self, grant: Grant, random: Callable[[], float]) -> Token:
        """Get a token by a grant that needs no person; repeated for a passing failure.

        ``random`` draws the jitter of each wait, from 0 to 1. Raises TokenRequestError.
        """
        url = self.endpoints.resolve("access_token_url")
        attempt = 0
        while True:
            attempt += 1
            fields = grant.fields(self._asking(url))
            if self.scope is not None:
                fields["scope"] = self.scope
            try:
                response = self._send(url, fields, self._settings.token_params)
            except requests.exceptions.RequestException as error:
                wait = self._retry_wait(None, attempt, random())
                cause = f"{_host(url)} cannot be reached: {_said(error)}"
            else:
                wait = self._retry_wait(response, attempt, random())
                if wait is None:
                    return self._token(response, grant.grant_type, None)
                cause = f"the token endpoint answered {response.status_code}"
            if wait is None:
                message = f"no access token could be had: {cause}"
                raise TokenRequestError(message)
            _LOG.warning("%s; retry %d in %.1f seconds", cause, attempt, wait)
            self._clock.sleep(wait)

    def redeem_code(self, fields: Mapping[str, Any], grant_type: str) -> Token:
        """Get a token for what a person did; sent once, since a code serves once.

        Raises TokenRequestError, with the code ``unreachable`` where no answer came.
        """
        url = self.endpoints.resolve("access_token_url")
        try:
            response = self._send(url, fields, self._settings.token_params)
        except requests.exceptions.RequestException as error:
            message = f"{_host(url)} cannot be reached: {_said(error)}. Run the login again"
            raise TokenRequestError(message, UNREACHABLE) from None
        return self._token(response, grant_type, None)

    def refresh(self, refresh_token: str) -> Token:
        """Get a token for a refresh token (RFC 6749 section 6); sent once.

        Raises TokenLostError where the request went out and no answer came: the provider may
        have spent the refresh token, and sending it again could revoke the whole connection.
        Raises TokenRequestError where the provider refused.
        """
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        url = self._settings.refresh_token_url or self.endpoints.resolve("access_token_url")
        try:
            response = self._send(url, fields, self._settings.refresh_params)
        except requests.exceptions.RequestException as error:
            if _was_not_sent(error):
                message = f"no access token could be had: {_host(url)} cannot be reached: "
                raise TokenRequestError(message + _said(error), UNREACHABLE) from None
            message = (
                f"the refresh request to {_host(url)} was sent and its answer was lost "
                f"({_said(error)}). It is not sent again by itself, since the provider may have "
                "spent the refresh token. Run again; if the provider then says invalid_grant, "
                "log in anew with tap-oauth2-generic login"
            )
            raise TokenLostError(message) from None
        return self._token(response, "refresh_token", refresh_token)

    def waited_to_send_again(
        self, error: Exception, attempt: int, random: Callable[[], float]
    ) -> bool:
        """Wait where a refresh request never left, so that it may be sent; False for any other end.

        ``attempt`` counts from 1, ``random`` draws the jitter, from 0 to 1.
        """
        if not isinstance(error, TokenRequestError) or error.code != UNREACHABLE:
            return False
        wait = self._retry_wait(None, attempt, random())
        if wait is not None:
            _LOG.warning("%s; retry %d in %.1f seconds", error, attempt, wait)
            self._clock.sleep(wait)
        return wait is not None

    def post(self, url: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Send a form with the client's proof, give the JSON object of the answer.

        Raises TokenRequestError.
        """
        scope = {} if self.scope is None else {"scope": self.scope}
        try:
            response = self._send(url, {**fields, **scope}, {})
        except requests.exceptions.RequestException as error:
            message = f"{_host(url)} cannot be reached: {_said(error)}"
            raise TokenRequestError(message) from None
        answer = _decoded(response)
        refused = self._refusal(answer, response, "device authorization")
        if refused is not None:
            raise refused
        return answer if isinstance(answer, dict) else {}

    @property
    def scope(self) -> str | None:
        """The scopes as a request carries them, None where there are none."""
        return self._settings.scope_separator.join(self._settings.scopes) or None

    def _asking(self, url: str) -> Asking:
        audience = self._assertion.jwt_audience or url
        client_id = self._settings.client_id or ""
        return Asking(client_id, audience, self._assertion, self._clock.time())

    def _client(self, url: str) -> Client:
        settings = self._settings

        def assertion() -> str:
            asking = self._asking(url)
            claims = {"iss": settings.client_id, "sub": settings.client_id, "aud": asking.audience}
            return sign(self._assertion, claims, asking.now)

        return Client(settings.client_id or "", settings.client_secret or "", assertion)

    def _retry_wait(
        self, response: requests.Response | None, attempt: int, random: float
    ) -> float | None:
        """Give the seconds before a retry, None where there is to be none."""
        verdict = Verdict("retry")
        if response is not None:
            now = self._clock.time()
            verdict = decide(response.status_code, response.headers, self._resilience, now)
        if verdict.action != "retry" or attempt > self._resilience.max_retries:
            return None
        return bounded_wait(verdict, attempt, self._resilience, random)

    def _send(
        self, url: str, fields: Mapping[str, Any], overrides: Mapping[str, Any]
    ) -> requests.Response:
        """Send a token request: the standard's parameters, then the provider's peculiarities."""
        settings = self._settings
        proof = CLIENT_AUTH[settings.client_auth](self._client(url))
        if basic := proof.headers.get("Authorization"):
            register(basic.removeprefix("Basic "))
        names = {
            "client_id": settings.client_id_param,
            "client_secret": settings.client_secret_param,
        }
        standard = {**fields, **proof.params}
        params = {names.get(n, n): value for n, value in standard.items() if value != ""}
        params = {n: value for n, value in {**params, **overrides}.items() if value is not None}
        headers = {"Accept": "application/json", **proof.headers}
        request = _encoded(settings, url, params, headers | settings.token_headers)
        return self._transport.send(request.prepare(), new_connection=True)

    def _token(
        self, response: requests.Response, grant_type: str, refresh_token: str | None
    ) -> Token:
        answer = _decoded(response)
        refused = self._refusal(answer, response, grant_type)
        token = None
        if refused is None and isinstance(answer, dict):
            token = read_token(answer, self._settings, self._clock.time(), refresh_token)
        if token is not None:
            return token
        if refused is None:
            keys = ", ".join(answer) if isinstance(answer, dict) else "no JSON object"
            refused = TokenRequestError(
                f"the token endpoint {_host(response.url)} answered {response.status_code} without "
                f"an access token at {self._settings.access_token_path.text!r}; the answer has: "
                f"{keys or 'nothing'}. Set access_token_path to where the token is"
            )
        raise refused

    def _refusal(
        self,
        answer: Any,
        response: requests.Response,
        grant_type: str,
    ) -> TokenRequestError | None:
        """Give the error that an answer means (RFC 6749 section 5.2), also inside a 200."""
        answer = answer if isinstance(answer, dict) else {}
        paths = (self._settings.access_token_path, self._settings.refresh_token_path)
        register(*(path.find(answer) for path in paths))
        code, description = _error_of(answer)
        found = self._settings.access_token_path.find(answer)
        has_token = isinstance(found, str) and bool(found)
        if response.status_code in _OK and (not code or has_token):
            return None
        said = ": ".join(part for part in (code, description) if part)
        said = redact(said or _excerpt(response.text))[:200] or "nothing more"
        sentence = (
            f"the token endpoint {_host(response.url)} refused the {grant_type} request with "
            f"status {response.status_code} ({said})"
        )
        if response.is_redirect:
            sentence += (
                "; token requests follow no redirects, set access_token_url to the new place"
            )
        if advice := _ADVICE.get(code):
            sentence += f"; {advice}"
        return TokenRequestError(sentence, code)


def _encoded(
    settings: OAuth2Settings, url: str, params: Mapping[str, Any], headers: dict[str, str]
) -> requests.Request:
    pairs = [(name, as_text(value)) for name, value in params.items()]
    method, form = settings.token_request_method, settings.token_request_format
    if form == "query" or method == "GET":
        return requests.Request(method, url, params=pairs, headers=headers)
    if form == "json":
        headers = {"Content-Type": "application/json", **headers}
        return requests.Request(method, url, data=_ENCODER.encode(params), headers=headers)
    headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    return requests.Request(method, url, data=urlencode(pairs).encode(), headers=headers)


def _decoded(response: requests.Response) -> Any:
    """Decode an answer: JSON, or the form encoding that some older servers use."""
    try:
        return decode(response.content)
    except ValueError:
        pairs = dict(parse_qsl(response.text))
        return pairs if "access_token" in pairs or "error" in pairs else None


def _error_of(answer: Mapping[str, Any]) -> tuple[str, str]:
    """Find error code and description, as the standard and its cousins place them."""
    error = answer.get("error")
    if isinstance(error, dict):
        return str(error.get("code", "")), str(error.get("message", ""))
    description = answer.get("error_description") or answer.get("message") or ""
    return (error if isinstance(error, str) else ""), redact(str(description))[:200]


def _excerpt(text: str) -> str:
    """Give a page that nobody could read without what may be a token in it."""
    return _TOKEN_LIKE.sub(MASK, " ".join(text.split()))


def _was_not_sent(error: requests.exceptions.RequestException) -> bool:
    """Tell whether a request failed before any of it could have reached the server."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    if isinstance(error, requests.exceptions.SSLError):
        # A connection may also break inside TLS, after the request; a refused handshake is safe.
        return "CERTIFICATE_VERIFY_FAILED" in str(error) or "WRONG_VERSION_NUMBER" in str(error)
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(reason, ProxyError):
        # urllib3 calls every failure so after which the connection to the proxy is closed.
        reason = reason.original_error
        if str(reason).startswith("Tunnel connection failed"):
            return True
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _said(error: Exception) -> str:
    if isinstance(error, requests.exceptions.Timeout):
        return "timed out"
    return root_cause(error)


def _host(url: str | None) -> str:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
