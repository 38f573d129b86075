"""One request to the API until it has an answer: signed, paced, retried, redirects guarded.

Knows no stream, no paging and no records; gives bytes.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urljoin, urlsplit

import msgspec
import requests

from tap_oauth2_generic.errors import ApiError
from tap_oauth2_generic.redaction import redact
from tap_oauth2_generic.request import encode_pairs, query_string
from tap_oauth2_generic.resilience import Verdict, bounded_wait, judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_oauth2_generic.clock import Clock
    from tap_oauth2_generic.hosts import HostPolicy
    from tap_oauth2_generic.oauth2 import Authenticator
    from tap_oauth2_generic.pace import Pace
    from tap_oauth2_generic.placement import Request
    from tap_oauth2_generic.resilience import ResilienceSettings
    from tap_oauth2_generic.transport import Transport

_LOG = logging.getLogger("tap-oauth2-generic")
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_MOST_REDIRECTS = 10
_MOST_CAUSES = 10
_EXCERPT_LENGTH = 200
# Everything printable that may stand in a URL; what else a server's link holds is quoted.
_URL_CHARACTERS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>\\^`{|}')


@dataclass
class Answer:
    """An answer with a status in the 200s, its body read whole and unpacked."""

    url: str
    status: int
    headers: requests.structures.CaseInsensitiveDict[str]
    content: bytes
    elapsed_seconds: float


class Fetcher:
    """Sends requests with the connection's token; one for all streams."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts it is made of, each with its own room
        self,
        transport: Transport,
        authenticator: Authenticator,
        hosts: HostPolicy,
        resilience: ResilienceSettings,
        pace: Pace,
        clock: Clock,
    ) -> None:
        """Put the parts together; sends nothing yet."""
        self._transport = transport
        self._authenticator = authenticator
        self._hosts = hosts
        self._resilience = resilience
        self._pace = pace
        self._clock = clock

    def fetch(self, request: Request, base_url: str, on_retry: Callable[[str], None]) -> Answer:
        """Get an answer, whatever it takes within the settings.

        ``on_retry`` is told, in a sentence, of each retry. Raises HostNotAllowedError before
        anything is sent to a foreign host, ApiError where the API refuses or goes on
        failing, AuthorizationError where no token can be had.
        """
        attempt = 0
        renewed = False
        self._check_host(request, base_url)
        while True:
            token = self._authenticator.access_token()
            try:
                response = self._send(request, base_url, token)
            except _TRANSIENT as error:
                verdict, cause = Verdict("retry"), _named(error)
            else:
                verdict = judge(
                    response.status_code, response.headers, self._resilience, self._clock.time()
                )
                if verdict.action == "ok":
                    return _answer(response)
                cause = f"status {response.status_code}"
                if verdict.action == "renew" and not renewed:
                    self._authenticator.renew(token)
                    renewed = True
                    continue
                if verdict.action != "retry":
                    raise ApiError(_refusal(request, response, renewed=renewed))
            attempt += 1
            if attempt > self._resilience.max_retries:
                message = f"{_place(request)} failed {attempt} times, at last with {cause}"
                raise ApiError(message)
            self._wait(verdict, attempt, cause, on_retry)

    def _wait(
        self, verdict: Verdict, attempt: int, cause: str, on_retry: Callable[[str], None]
    ) -> None:
        chance = random.random()  # noqa: S311 - jitter, not a secret
        seconds = bounded_wait(verdict, attempt, self._resilience, chance)
        on_retry(
            f"{cause}; retry {attempt} of {self._resilience.max_retries} in {seconds:.1f} seconds"
        )
        if verdict.holds_all:
            self._pace.hold(seconds)
        else:
            self._clock.sleep(seconds)

    def _check_host(self, request: Request, base_url: str) -> None:
        """Refuse a foreign host before even a token is asked for."""
        came_from = "the next-page link" if request.verbatim else "the stream's path"
        self._hosts.check(request.url, base_url, came_from)

    def _send(self, request: Request, base_url: str, token: str) -> requests.Response:
        prepared = prepare(request)
        came_from = "the request"
        for _ in range(_MOST_REDIRECTS):
            self._hosts.check(prepared.url or "", base_url, came_from)
            self._authenticator.sign(prepared, token)
            self._pace.wait_for_turn()
            response = self._transport.send(prepared)
            if not response.is_redirect:
                return response
            prepared = _redirected(prepared, response)
            came_from = "a redirect"
        message = f"{_place(request)} was redirected more than {_MOST_REDIRECTS} times"
        raise ApiError(message)


# What may pass by itself: nothing has been decided, so the request is sent again.
_TRANSIENT = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


def prepare(request: Request) -> requests.PreparedRequest:
    """Encode a request for the wire, not yet signed; raises ApiError where it cannot be."""
    headers = {"Accept": "application/json", **request.headers}
    data: bytes | None = None
    if request.body is not None and request.body_format == "form":
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        data = urlencode(encode_pairs(request.body)).encode()
    elif request.body is not None:
        headers.setdefault("Content-Type", "application/json")
        data = _ENCODER.encode(request.body)
    query = query_string(request.params)
    url = f"{request.url}?{query}" if query else request.url
    try:
        prepared = requests.Request(request.method, url, headers=headers, data=data).prepare()
    except requests.exceptions.RequestException as error:
        message = f"{_place(request)} cannot be sent: {redact(str(error))}"
        raise ApiError(message) from None
    if request.verbatim:
        # requests would re-quote an address that must go back as it came.
        prepared.url = quote(request.url.partition("#")[0], safe=_URL_CHARACTERS)
    return prepared


def _redirected(
    prepared: requests.PreparedRequest, response: requests.Response
) -> requests.PreparedRequest:
    """Make the request that a redirect asks for, unsigned (RFC 9110 section 15.4)."""
    session = requests.Session()
    following = prepared.copy()
    following.url = urljoin(response.url, session.get_redirect_target(response) or "")
    session.rebuild_method(following, response)
    if following.method == "GET" and prepared.method != "GET":
        following.body = None
        for name in ("Content-Length", "Content-Type", "Transfer-Encoding"):
            following.headers.pop(name, None)
    return following


def _answer(response: requests.Response) -> Answer:
    return Answer(
        url=response.url,
        status=response.status_code,
        headers=response.headers,
        content=response.content,
        elapsed_seconds=response.elapsed.total_seconds(),
    )


def _place(request: Request) -> str:
    """Name a request without its query, which may hold secrets."""
    parts = urlsplit(request.url)
    return f"{request.method} {parts.scheme}://{parts.netloc}{parts.path}"


def _named(error: Exception) -> str:
    """Name what failed on the wire in a few words."""
    if isinstance(error, requests.exceptions.SSLError):
        return f"a TLS failure ({_innermost(error)})"
    if isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ConnectionError):
        return f"a connection failure ({_innermost(error)})"
    return f"an answer that broke off or cannot be unpacked ({_innermost(error)})"


def _innermost(error: BaseException) -> str:
    """Give the first cause, which says more than the layers that were put around it."""
    seen = 0
    while (cause := error.__cause__ or error.__context__) is not None and seen < _MOST_CAUSES:
        error, seen = cause, seen + 1
    text = " ".join(str(error).split())
    return redact(text[:_EXCERPT_LENGTH]) or type(error).__name__


def _refusal(request: Request, response: requests.Response, *, renewed: bool) -> str:
    excerpt = " ".join(response.content[:4000].decode("utf-8", "replace").split())
    excerpt = redact(excerpt)[:_EXCERPT_LENGTH]
    sentence = f"{_place(request)} answered {response.status_code} {response.reason}".rstrip()
    if renewed:
        sentence += ", even with a fresh access token"
    return f"{sentence}: {excerpt}" if excerpt else sentence
