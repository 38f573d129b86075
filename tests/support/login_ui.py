"""A ``LoginUI`` in the test process: it records what a person is shown, and never sleeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tap_oauth2_generic.session import Session
from tests.support.settings import valid_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_oauth2_generic.oauth2.token import Token


class RecordingUI:
    """A person who is redirected with these parameters, and the state of the login."""

    def __init__(self, **redirect: str) -> None:
        self.redirect = redirect
        self.shown: list[str] = []
        self.waits: list[float] = []
        self.address = self.redirect_uri = ""

    @property
    def asked(self) -> dict[str, str]:
        """The parameters of the address that the person was sent to."""
        return dict(parse_qsl(urlsplit(self.address).query, keep_blank_values=True))

    def say(self, line: str) -> None:
        self.shown.append(line)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    def wait_for_redirect(self, url: str, redirect_uri: str) -> Mapping[str, str]:
        self.address, self.redirect_uri = url, redirect_uri
        return {"state": self.asked["state"], **self.redirect}

    def log_in(self, raw: dict[str, Any], clock: Any) -> Token:
        """Log in with a configuration."""
        return Session.of(valid_config(raw), clock, lambda: None).authenticator.login(self)
