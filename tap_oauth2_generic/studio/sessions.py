"""The sessions of the studio: one for each action, made of the draft as it is then.

All of them end with the server, so that no renewed token is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tap_oauth2_generic.cli.boundary import describe_error
from tap_oauth2_generic.config.config import Config
from tap_oauth2_generic.errors import ConfigurationError, LoginNeededError
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.studio.project import STAND_IN, Project

_OPEN: list[Session] = []
#: The last token request and response of each connection since the start, masked.
EXCHANGES: dict[str, dict[str, Any]] = {}


@contextmanager
def open_session(config: Config) -> Iterator[Session]:
    """Wire a session; whoever waits for a person sends no request twice."""
    at_once = replace(config, resilience=replace(config.resilience, max_retries=0))
    session = Session.of(at_once, Clock(), lambda: None)
    with keep_session(session):
        yield session


@contextmanager
def keep_session(session: Session) -> Iterator[None]:
    """Close a session after use, or when the server ends."""
    _OPEN.append(session)
    try:
        yield
    finally:
        session.close()
        _OPEN.remove(session)
        if (found := session.authenticator.last_exchange) is not None:
            EXCHANGES[session.authenticator.connection] = found


def close_sessions() -> None:
    """Wait until each renewed token is stored."""
    for session in [*_OPEN]:
        session.close()


def connection_config(project: Project) -> Config:
    """Return the parsed connection; raise ConfigurationError if it has mistakes."""
    config, collector = project.check([STAND_IN])
    if config is None:
        raise ConfigurationError("\n".join(collector.errors))
    return config


def sentence(error: BaseException) -> str:
    """Return an error as one masked sentence; never a traceback."""
    lines = describe_error(error)
    if isinstance(error, LoginNeededError):
        lines.append("in the studio, press Save and connect")
    return redact(" ".join("; ".join(lines).split()))
