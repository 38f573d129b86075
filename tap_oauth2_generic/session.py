"""The parts that all streams of a run share, wired from one parsed configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from tap_oauth2_generic.config.config import Config
from tap_oauth2_generic.config.streams import StreamConfig
from tap_oauth2_generic.net.client import ApiClient
from tap_oauth2_generic.net.hosts import HostPolicy
from tap_oauth2_generic.net.rate_limit import ConcurrencyLimit, RateLimiter
from tap_oauth2_generic.net.transport import Transport
from tap_oauth2_generic.oauth2.authenticator import Authenticator
from tap_oauth2_generic.oauth2.discovery import Endpoints
from tap_oauth2_generic.oauth2.token_client import TokenClient
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.failures import Failures
from tap_oauth2_generic.runtime.progress import Progress
from tap_oauth2_generic.runtime.shutdown import uninterrupted


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
    def of(cls, config: Config, clock: Clock, flush: Callable[[], None]) -> Session:
        """Wire the parts; nothing is sent or read yet."""
        oauth2, grant, resilience = config.oauth2, config.grant, config.resilience
        transport = Transport(config.transport, version("tap-oauth2-generic"))
        endpoints = Endpoints(oauth2, transport, grant)
        tokens = TokenClient(
            oauth2, grant, config.assertion, config.scope, endpoints, transport, resilience, clock
        )
        own_hosts = (config.base_host, *config.hosts.allowed_hosts)
        authenticator = Authenticator(oauth2, grant, config.assertion, tokens, own_hosts, clock)
        hosts, limiter = HostPolicy(config.hosts), RateLimiter(config.rate_limit, clock)
        concurrency = ConcurrencyLimit(config.rate_limit)
        api = ApiClient(transport, authenticator, hosts, resilience, limiter, concurrency, clock)
        return cls(config, authenticator, api, Progress(clock), clock, clock.time(), flush)

    def close(self) -> None:
        """Wake sleeping threads, and wait until a renewed token is stored."""
        self.clock.wake_all()
        if not uninterrupted.forced:
            self.authenticator.close()

    def scope(self, stream: StreamConfig) -> dict[str, Any]:
        """Return a stream's placeholders; get a token only if they use one."""
        scope: dict[str, Any] = dict(self.config.scope)
        if self.config.uses_token(stream):
            scope["token"] = self.authenticator.response()
        return scope
