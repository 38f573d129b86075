"""One API request until it has a response: signed, rate limited, retried, redirects checked.

Knows no stream, no paging and no records; returns bytes.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import requests

from tap_oauth2_generic.errors import (
    ApiError,
    AuthorizationError,
    StreamError,
    TapError,
    UnreachableError,
)
from tap_oauth2_generic.net import graphql, retry
from tap_oauth2_generic.net.hosts import HostPolicy
from tap_oauth2_generic.net.rate_limit import RateLimiter, Slot
from tap_oauth2_generic.net.remaining import read_remaining
from tap_oauth2_generic.net.request import Request, Response, prepare, redirect, without_secrets
from tap_oauth2_generic.net.response_rules import Rule
from tap_oauth2_generic.net.transport import Transport
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.log import LOG, StreamLog
from tap_oauth2_generic.runtime.redaction import excerpt
from tap_oauth2_generic.runtime.stats import StreamStats
from tap_oauth2_generic.settings.limits import MAX_REDIRECTS

_FORBIDDEN = 403


class RequestAuthenticator(Protocol):
    """Keeps and renews the access token for the client."""

    def access_token(self) -> str:
        """Return a token that is valid for the next request; raise AuthorizationError."""

    def renew(self, rejected: str) -> str:
        """Return a token in place of one that the API rejected; raise AuthorizationError."""

    def sign(self, request: requests.PreparedRequest, token: str) -> None:
        """Put the token into a prepared request."""


@dataclass(frozen=True)
class RequestPolicy:
    """What a stream wants of its responses, and where its requests are logged and counted."""

    rules: Sequence[Rule]
    decode: Callable[..., object]
    log: StreamLog | logging.Logger = LOG
    stats: StreamStats = field(default_factory=StreamStats)
    is_sample: bool = False
    is_graphql: bool = False
    spools: bool = False


@dataclass(frozen=True)
class _Attempt:
    """A request that was sent once; ``outcome`` describes its result, or even ``says_all``."""

    verdict: retry.Verdict
    outcome: str
    response: Response | None = None
    is_unreachable: bool = False
    # It was refused, perhaps because others were in flight.
    may_do_alone: bool = False
    says_all: bool = False


@dataclass(frozen=True)
class ApiClient:
    """Sends requests with the connection's token; shared by all streams."""

    transport: Transport
    authenticator: RequestAuthenticator
    hosts: HostPolicy
    resilience: retry.ResilienceSettings
    limiter: RateLimiter
    clock: Clock

    def fetch(
        self,
        build: Callable[[], Request],
        policy: RequestPolicy,
        *,
        is_guess: bool = False,
        alone: bool = False,
    ) -> Response:
        """Send a request until it has a response that can be used, and return that.

        ``build`` makes the request anew for each attempt: a template may hold a field of the token
        response, or the time. A guess is sent once and in silence. A request that is refused while
        others are in flight is sent again, ``alone``.

        Raises HostNotAllowedError before anything is sent to a foreign host, ApiError if the
        API refuses or keeps failing, UnreachableError if its host cannot be reached,
        AuthorizationError if there is no token.
        """
        failures, renewed = 0, False
        while True:
            request = build()
            # Refused before even a token is requested.
            self.hosts.check(request.url, request.base_url, request.source, is_link=request.is_link)
            token = self._token()
            attempt = self._attempt(request, policy, token, alone=alone)
            action, response = attempt.verdict.action, attempt.response
            if response is not None and action in {"ok", "ignore", "end"}:
                response.outcome = action
                return response
            if is_guess:
                if attempt.verdict.holds_all:
                    # A 429 concerns the requests of every thread.
                    self.limiter.hold(self._seconds(attempt.verdict, 1))
                raise ApiError(f"{request.name} {attempt.outcome}")
            if action == "refresh" and not renewed:
                self._renew(token, response)
                renewed = True
                continue
            if attempt.may_do_alone and not alone:
                alone = True
                continue
            if response is not None and action != "retry":
                said = _refusal(response, attempt, renewed=renewed)
                raise ApiError(said, response.status, response=response)
            failures += 1
            if failures > self.resilience.max_retries:
                raise _final_error(request, attempt, failures)
            self._wait(attempt, failures, policy)

    def _renew(self, token: str, response: Response | None) -> None:
        try:
            self.authenticator.renew(token)
        except AuthorizationError as error:
            error.response = response
            raise

    def _token(self) -> str:
        """Return a token; a setting that prevents it concerns every stream."""
        try:
            return self.authenticator.access_token()
        except StreamError as error:
            raise AuthorizationError(str(error)) from None

    def _attempt(
        self, request: Request, policy: RequestPolicy, token: str, *, alone: bool
    ) -> _Attempt:
        """Send once and decide what to do with the response."""
        try:
            raw, slot, has_token = self._send(request, policy, token, alone=alone)
        except retry.TRANSIENT as error:
            outcome, never_left = retry.describe_failure(error), retry.was_not_sent(error)
            return _Attempt(retry.Verdict("retry"), outcome, is_unreachable=never_left)
        response = Response.of(request, raw, policy.decode)
        status, headers, now = response.status, response.headers, self.clock.time()
        verdict = retry.decide(status, headers, self.resilience, now)
        if verdict.action == "refresh" and not has_token:
            verdict = retry.Verdict("fail")
        rule = next((one for one in policy.rules if one.fits(response)), None)
        if rule is None:
            if policy.is_graphql and verdict.action == "ok":
                verdict, outcome, seconds = graphql.decide(response, self.resilience, now)
                self.limiter.hold(seconds)
                return _Attempt(verdict, outcome, response, says_all=True)
            outcome = f"returned status {status} {excerpt(raw.reason or '')}".rstrip()
            refused = verdict.action == "fail" and not verdict.refusal
            return _Attempt(verdict, outcome, response, may_do_alone=refused and slot.is_shared)
        holds_all, verdict = verdict.holds_all, retry.Verdict(rule.action)
        if rule.action == "retry":
            verdict = retry.wait_and_retry(
                headers, self.resilience, now, is_limit=True, holds_all=holds_all
            )
        outcome = f"returned status {status}, response rule {rule.action!r}"
        if message := excerpt(rule.message(response)):
            outcome += f" ({message})"
        return _Attempt(verdict, outcome, response)

    def _wait(self, attempt: _Attempt, failures: int, policy: RequestPolicy) -> None:
        seconds = self._seconds(attempt.verdict, failures)
        policy.stats.retry()
        notice = f"retry {failures} of {self.resilience.max_retries} in {seconds:.1f} seconds"
        policy.log.warning("request %s; %s", attempt.outcome, notice)
        if attempt.verdict.holds_all:
            self.limiter.hold(seconds)
        else:
            with policy.stats.waits.wait("retry", seconds):
                self.clock.sleep(seconds)

    def _seconds(self, verdict: retry.Verdict, failures: int) -> float:
        chance = random.random()  # noqa: S311  # nosec B311 # jitter, not a secret
        return retry.bounded_wait(verdict, failures, self.resilience, chance)

    def _send(
        self, request: Request, policy: RequestPolicy, token: str, *, alone: bool
    ) -> tuple[requests.Response, Slot, bool]:
        """Send as soon as the limits allow, and return whether the token was sent, too.

        A 429 lowers the limit on concurrency. A redirect that has left the allowed hosts never
        gets the token again.
        """
        prepared, came_from, has_token = prepare(request), request.source, True
        link, is_link = request.link or prepared.url or "", request.is_link
        for _ in range(MAX_REDIRECTS):
            url = prepared.url or ""
            has_token &= self.hosts.check(url, request.base_url, came_from, is_link=is_link)
            if has_token:
                self.authenticator.sign(prepared, token)
            else:
                prepared = without_secrets(prepared, link, came_from)
            budget = self.limiter.budget(prepared.url or "", request.base_url)
            with self.limiter.slot(budget, policy.stats.waits, alone=alone) as slot:
                policy.stats.request(is_sample=policy.is_sample)
                response = self.transport.send(prepared, shows_cert=has_token, spools=policy.spools)
                slot.status = response.status_code
                header, now = budget.remaining_header, self.clock.time()
                slot.left = read_remaining(response, header, self.resilience, now)
            if not response.is_redirect:
                return response, slot, has_token
            prepared, came_from, is_link = redirect(prepared, response), "a redirect", True
            link = prepared.url or ""
        raise ApiError(f"{request.name} was redirected more than {MAX_REDIRECTS} times")


def _final_error(request: Request, attempt: _Attempt, failures: int) -> TapError:
    before = f"failed after {failures} attempts; the last one " if failures > 1 else ""
    is_fatal = attempt.is_unreachable and request.goes_to_base
    message = f"{request.name} {before}{attempt.outcome}"
    if is_fatal:
        return UnreachableError(f"{message}; check base_url")
    return ApiError(f"{message}; run again later", response=attempt.response)


def _refusal(response: Response, attempt: _Attempt, *, renewed: bool) -> str:
    body = "" if attempt.says_all else excerpt(response.content)
    even = ", even with a fresh access token" if renewed else ""
    message = f"{response.request.name} {attempt.outcome}{even}{': ' if body else ''}{body}"
    if attempt.verdict.refusal:
        return f"{message}; {attempt.verdict.refusal}"
    # RFC 6750 section 3.1 has a header for it; many APIs say it in the body only.
    details = f"{response.headers.get('WWW-Authenticate', '')} {body}".lower()
    if response.status == _FORBIDDEN and "scope" in details:
        message += "; add the missing scope to the setting scopes and log in again"
    return message
