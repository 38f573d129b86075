"""What all streams of a run share: the parsed configuration and the parts made of it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from tap_oauth2_generic.net.client import ApiClient
from tap_oauth2_generic.net.hosts import HostPolicy
from tap_oauth2_generic.net.rate_limit import ConcurrencyLimit, RateLimiter
from tap_oauth2_generic.net.transport import Transport
from tap_oauth2_generic.oauth2 import Authenticator, Endpoints, TokenClient
from tap_oauth2_generic.runtime.progress import Progress
from tap_oauth2_generic.runtime.shutdown import uninterrupted

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_oauth2_generic.config.config import Config
    from tap_oauth2_generic.config.streams import StreamConfig
    from tap_oauth2_generic.runtime.clock import Clock


@dataclass
class Session:
    """What all streams share: the parsed configuration, one authenticator, one fetcher.

    ``progress`` counts what is read and shows it; ``started_at`` is the time of the run in
    seconds since 1970, the upper bound of its reads; ``flush`` sends what was emitted so far on
    its way; ``waits_for_login`` lets a catalog be made before anybody has logged in.
    """

    config: Config
    authenticator: Authenticator
    token_client: TokenClient
    api_client: ApiClient
    progress: Progress
    clock: Clock
    started_at: float
    flush: Callable[[], None]
    waits_for_login: bool = False

    @classmethod
    def of(cls, config: Config, clock: Clock, flush: Callable[[], None]) -> Session:
        """Put the parts together; nothing is sent or read yet."""
        transport = Transport(config.transport, _version())
        endpoints = Endpoints(config.oauth2, config.grant, transport)
        token_client = TokenClient(
            config.oauth2, config.assertion, endpoints, transport, config.resilience, clock
        )
        authenticator = Authenticator(
            config.oauth2, config.grant, config.assertion, token_client, clock
        )
        api_client = ApiClient(
            transport,
            authenticator,
            HostPolicy(config.hosts),
            config.resilience,
            RateLimiter(config.rate_limit, clock),
            ConcurrencyLimit(config.rate_limit),
            clock,
        )
        progress = Progress(clock)
        return cls(
            config, authenticator, token_client, api_client, progress, clock, clock.time(), flush
        )

    def close(self) -> None:
        """End with the connection in order: a token that is being renewed is still stored."""
        self.clock.wake_all()
        if not uninterrupted.forced:
            self.authenticator.close()

    def scope(self, stream: StreamConfig) -> dict[str, Any]:
        """Give what a stream's templates may use; a token is had only where one is used."""
        scope: dict[str, Any] = dict(self.config.scope)
        if self.config.uses_token(stream):
            scope["token"] = self.authenticator.response()
        return scope


def _version() -> str:
    try:
        return version("tap-oauth2-generic")
    except PackageNotFoundError:
        return "0"
