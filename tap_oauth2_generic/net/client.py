"""One request to the API until it has an answer: signed, paced, retried, redirects guarded.

Knows no stream, no paging and no records; gives bytes.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlencode, urljoin, urlsplit

import msgspec
import requests

from tap_oauth2_generic.errors import ApiError, HostNotAllowedError
from tap_oauth2_generic.net.request_template import encode_pairs, query_string
from tap_oauth2_generic.net.response_rules import first_fitting
from tap_oauth2_generic.net.retry import (
    TOO_MANY_REQUESTS,
    Verdict,
    bounded_wait,
    decide,
    wait_asked,
)
from tap_oauth2_generic.runtime.causes import root_cause
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.runtime.stats import StreamStats
from tap_oauth2_generic.settings.limits import MAX_REDIRECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_oauth2_generic.net.hosts import HostPolicy
    from tap_oauth2_generic.net.rate_limit import ConcurrencyLimit, RateLimiter
    from tap_oauth2_generic.net.request import Request
    from tap_oauth2_generic.net.response_rules import Rule
    from tap_oauth2_generic.net.retry import ResilienceSettings
    from tap_oauth2_generic.net.transport import Transport
    from tap_oauth2_generic.runtime.clock import Clock

_LOG = logging.getLogger("tap-oauth2-generic")
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_EXCERPT_LENGTH = 200
_FORBIDDEN = 403
# Everything printable that may stand in a URL; what else a server's link holds is quoted.
_URL_CHARACTERS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>\\^`{|}')


@dataclass
class Response:
    """An answer to work with, its body read whole and unpacked.

    ``outcome`` is ``ok``, or what a rule made of it: ``ignore`` or ``end``.
    """

    url: str
    status: int
    headers: requests.structures.CaseInsensitiveDict[str]
    content: bytes
    decode: Callable[[bytes], Any]
    outcome: str = "ok"

    @cached_property
    def body(self) -> Any:
        """The decoded body; raises ValueError with what is wrong with it."""
        return self.decode(self.content)

    def readable_body(self) -> Any:
        """Give the body as far as rules can look into it: None where it cannot be decoded."""
        try:
            return self.body
        except ValueError:
            return None


class RequestAuthenticator(Protocol):
    """What the client needs of whoever keeps the access token."""

    def access_token(self) -> str:
        """Return a token that is valid for the next request; raise AuthorizationError."""

    def renew(self, rejected: str) -> str:
        """Return a token in place of one that the API rejected; raise AuthorizationError."""

    def sign(self, request: requests.PreparedRequest, token: str) -> None:
        """Put the token into a prepared request."""


class PutOffError(Exception):
    """A guess failed: it is sent again only if its answer turns out to be wanted."""

    def __init__(self, failures: int, wait: Callable[[], None]) -> None:
        """Keep how often it failed, and what is to be waited for before it is sent again."""
        super().__init__()
        self.failures = failures
        self.wait = wait


def _always() -> bool:
    return True


@dataclass(frozen=True)
class RequestPolicy:
    """What a stream wants of the answers to its requests.

    ``say`` is told of each retry in a sentence; ``rebuild`` makes the request anew where it
    holds something of the token response that was renewed meanwhile. ``tally`` counts what is
    sent, apart what is sent for a sample. ``is_sure`` tells whether the answer is known by now
    to be wanted: a mere guess is not retried.
    """

    base_url: str
    rules: Sequence[Rule]
    decode: Callable[[bytes], Any]
    say: Callable[[str], None]
    rebuild: Callable[[], Request] | None = None
    stats: StreamStats = field(default_factory=StreamStats)
    is_sample: bool = False
    is_sure: Callable[[], bool] = _always


class ApiClient:
    """Sends requests with the connection's token; one for all streams."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts it is made of, each with its own room
        self,
        transport: Transport,
        authenticator: RequestAuthenticator,
        hosts: HostPolicy,
        resilience: ResilienceSettings,
        pace: RateLimiter,
        in_flight: ConcurrencyLimit,
        clock: Clock,
    ) -> None:
        """Put the parts together; sends nothing yet."""
        self._transport = transport
        self._authenticator = authenticator
        self._hosts = hosts
        self._resilience = resilience
        self._pace = pace
        self._in_flight = in_flight
        self._clock = clock

    def fetch(
        self, request: Request, wants: RequestPolicy, put_off: PutOffError | None = None
    ) -> Response:
        """Get an answer, whatever it takes within the settings; goes on after ``put_off``.

        Raises HostNotAllowedError before anything is sent to a foreign host, ApiError where
        the API refuses or goes on failing, AuthorizationError where no token can be had,
        PutOffError where a guess would have to be retried.
        """
        attempt = 0
        renewed = False
        self._check_host(request, wants.base_url)
        if put_off is not None:
            attempt = put_off.failures
            put_off.wait()
        while True:
            token = self._authenticator.access_token()
            try:
                answer, verdict, cause = self._judged(request, wants, token)
            except _TRANSIENT as error:
                verdict, cause = Verdict("retry"), _named(error)
            else:
                if verdict.action in {"ok", "ignore", "end"}:
                    answer.outcome = verdict.action
                    return answer
                if verdict.action == "renew" and not renewed:
                    self._authenticator.renew(token)
                    renewed = True
                    request = wants.rebuild() if wants.rebuild else request
                    continue
                if verdict.action != "retry":
                    raise ApiError(_refusal(request, answer, cause, renewed=renewed))
            attempt += 1
            if attempt > self._resilience.max_retries:
                message = f"{request.name} failed {attempt} times, at last with {cause}"
                raise ApiError(message)
            self._before_retry(verdict, attempt, cause, wants)

    def _before_retry(
        self, verdict: Verdict, attempt: int, cause: str, wants: RequestPolicy
    ) -> None:
        """Wait, or put off a guess: past the end it would keep a thread busy for nothing."""
        if wants.is_sure():
            self._wait(verdict, attempt, cause, wants)
        elif verdict.holds_all:
            # It holds for all, whatever was asked for.
            self._wait(verdict, attempt, cause, wants)
            raise PutOffError(attempt, lambda: None)
        else:
            raise PutOffError(attempt, lambda: self._wait(verdict, attempt, cause, wants))

    def _judged(
        self, request: Request, wants: RequestPolicy, token: str
    ) -> tuple[Response, Verdict, str]:
        """Send once; give the answer, what to do with it and what to call it."""
        response = self._send(request, wants, token)
        status = response.status_code
        answer = Response(response.url, status, response.headers, response.content, wants.decode)
        verdict = decide(status, response.headers, self._resilience, self._clock.time())
        rule = first_fitting(wants.rules, status, answer.readable_body) if wants.rules else None
        if rule is None:
            reason = redact(response.reason or "")[:_EXCERPT_LENGTH]
            return answer, verdict, f"status {status} {reason}".rstrip()
        said = rule.message(answer.readable_body)
        cause = f"status {status}, which a response rule makes {rule.action}"
        asked = wait_asked(response.headers, self._resilience, self._clock.time())
        action = {"refresh": "renew"}.get(rule.action, rule.action)
        made = Verdict(action, asked, holds_all=verdict.holds_all)  # type: ignore[arg-type]
        return answer, made, f"{cause} ({redact(said)[:_EXCERPT_LENGTH]})" if said else cause

    def _wait(self, verdict: Verdict, attempt: int, cause: str, wants: RequestPolicy) -> None:
        chance = random.random()  # noqa: S311  # nosec B311 # jitter, not a secret
        seconds = bounded_wait(verdict, attempt, self._resilience, chance)
        wants.stats.retry()
        wants.say(
            f"{cause}; retry {attempt} of {self._resilience.max_retries} in {seconds:.1f} seconds"
        )
        if verdict.holds_all:
            self._pace.hold(seconds)
        else:
            with wants.stats.waits.wait("before a retry", seconds):
                self._clock.sleep(seconds)

    def _check_host(self, request: Request, base_url: str) -> None:
        """Refuse a foreign host before even a token is asked for."""
        came_from = "the next-page link" if request.verbatim else "the stream's path"
        self._hosts.check(request.url, base_url, came_from)

    def _send(self, request: Request, wants: RequestPolicy, token: str) -> requests.Response:
        prepared = prepare(request)
        came_from = "the request"
        for _ in range(MAX_REDIRECTS):
            self._hosts.check(prepared.url or "", wants.base_url, came_from)
            self._authenticator.sign(prepared, token)
            response = self._sent(prepared, wants)
            if not response.is_redirect:
                return response
            prepared = _redirected(prepared, response)
            came_from = "a redirect"
        message = f"{request.name} was redirected more than {MAX_REDIRECTS} times"
        raise ApiError(message)

    def _sent(self, prepared: requests.PreparedRequest, wants: RequestPolicy) -> requests.Response:
        """Send when there is a place and a turn; too many at once makes the places fewer."""
        with self._in_flight.slot() as era:
            self._pace.wait_for_turn(wants.stats.waits)
            wants.stats.request(is_sample=wants.is_sample)
            response = self._transport.send(prepared)
        if response.status_code == TOO_MANY_REQUESTS:
            self._in_flight.too_many(era)
        else:
            self._in_flight.went_well()
        return response


# What may pass by itself: nothing has been decided, so the request is sent again.
_TRANSIENT = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


def prepare(request: Request) -> requests.PreparedRequest:
    """Encode a request for the wire, not yet signed; raises ApiError where it cannot be."""
    headers = {**request.headers}
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
        message = f"{request.name} cannot be sent: {redact(str(error))}"
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
    try:
        following.url = urljoin(response.url, session.get_redirect_target(response) or "")
    except ValueError:
        message = f"a redirect of {urlsplit(response.url).netloc} leads to what is no URL"
        raise HostNotAllowedError(message) from None
    session.rebuild_method(following, response)
    if following.method == "GET" and prepared.method != "GET":
        following.body = None
        for name in ("Content-Length", "Content-Type", "Transfer-Encoding"):
            following.headers.pop(name, None)
    return following


def _named(error: Exception) -> str:
    """Name what failed on the wire in a few words."""
    if isinstance(error, requests.exceptions.SSLError):
        return f"a TLS failure ({root_cause(error)})"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.exceptions.Timeout):
        return "no whole answer in time"
    if isinstance(error, requests.exceptions.ConnectionError):
        return f"a connection failure ({root_cause(error)})"
    return f"an answer that broke off or cannot be unpacked ({root_cause(error)})"


def _refusal(request: Request, answer: Response, cause: str, *, renewed: bool) -> str:
    excerpt = " ".join(answer.content[:4000].decode("utf-8", "replace").split())
    excerpt = redact(excerpt)[:_EXCERPT_LENGTH]
    sentence = f"{request.name} answered {cause.removeprefix('status ')}"
    if renewed:
        sentence += ", even with a fresh access token"
    sentence = f"{sentence}: {excerpt}" if excerpt else sentence
    # RFC 6750 section 3.1 has a header for it; many say it in the body alone.
    said = f"{answer.headers.get('WWW-Authenticate', '')} {excerpt}".lower()
    if answer.status == _FORBIDDEN and "scope" in said:
        sentence += "; a scope that is missing goes into the setting scopes, before a new login"
    return sentence
