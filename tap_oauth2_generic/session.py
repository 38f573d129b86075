"""The parts that all streams of a run share, wired from one parsed configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any

from tap_oauth2_generic.config.config import Config
from tap_oauth2_generic.net.client import ApiClient
from tap_oauth2_generic.net.hosts import HostPolicy
from tap_oauth2_generic.net.rate_limit import RateLimiter
from tap_oauth2_generic.net.transport import Transport
from tap_oauth2_generic.oauth2.authenticator import Authenticator
from tap_oauth2_generic.oauth2.discovery import Endpoints
from tap_oauth2_generic.oauth2.token_client import TokenClient
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.failures import Failures
from tap_oauth2_generic.runtime.progress import Progress
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.runtime.shutdown import uninterrupted
from tap_oauth2_generic.settings.templates import request_scope


@dataclass
class Session:
    """The shared parts of a run.

    ``started_at``, in seconds since 1970, is the upper bound of all reads; ``flush`` sends the
    messages written so far; ``waits_for_login`` permits a catalog before the first login.
    """

    config: Config
    authenticator: Authenticator
    api_client: ApiClient
    progress: Progress
    clock: Clock
    started_at: float
    flush: Callable[[], None]
    waits_for_login: bool = False
    failures: Failures = field(default_factory=Failures)

    @classmethod
    def of(
        cls, config: Config, clock: Clock, flush: Callable[[], None], *, is_confined: bool = False
    ) -> Session:
        """Wire the parts; nothing is sent or read yet."""
        oauth2, grant, resilience = config.oauth2, config.grant, config.resilience
        transport = Transport(config.transport, version("tap-oauth2-generic"))
        endpoints = Endpoints(oauth2, transport, grant)
        tokens = TokenClient(
            oauth2, grant, config.assertion, config.scope, endpoints, transport, resilience, clock
        )
        own_hosts = (config.base_host, *config.hosts.allowed_hosts)
        parts = oauth2, grant, config.assertion, tokens, own_hosts, clock
        authenticator = Authenticator(*parts, is_confined)
        hosts, limiter = HostPolicy(config.hosts), RateLimiter(config.rate_limit, clock)
        api = ApiClient(transport, authenticator, hosts, resilience, limiter, clock)
        progress = Progress(clock)
        progress.streams = [s.name for s in config.top.streams if s.settings.selected]
        return cls(config, authenticator, api, progress, clock, clock.time(), flush)

    def report(self, status: str, exit_status: int) -> dict[str, Any]:
        """Return the report of the run, which has ended."""
        streams = [stats.report() for stats in self.progress.of_run()]
        return {
            "tap": "tap-oauth2-generic",
            "version": version("tap-oauth2-generic"),
            "started_at": datetime.fromtimestamp(self.started_at, timezone.utc),
            "ended_at": datetime.fromtimestamp(self.clock.time(), timezone.utc),
            "status": status,
            "exit_status": exit_status,
            "connection": redact(self.authenticator.connection) or None,
            "requests": sum(stream["requests"] for stream in streams),
            "streams": streams,
        }

    def close(self) -> None:
        """Wake sleeping threads, and wait until a renewed token is stored."""
        self.clock.wake_all()
        self.api_client.limiter.close()
        if not uninterrupted.forced:
            self.authenticator.close()

    def scope(self, *, uses_token: bool) -> dict[str, Any]:
        """Return the placeholders of a new request; get a token only if they use one."""
        scope: dict[str, Any] = {**self.config.scope, **request_scope(self.clock.time())}
        if uses_token:
            scope["token"] = self.authenticator.response()
        return scope
