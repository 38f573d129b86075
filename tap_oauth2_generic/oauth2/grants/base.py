"""The base of every grant: its own settings and the fields of its token request.

A grant remembers nothing and sends nothing by itself.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_oauth2_generic.oauth2.assertion import AssertionSettings
    from tap_oauth2_generic.oauth2.token import Token


@dataclass(frozen=True)
class RequestContext:
    """What a grant can use in its token request; ``now`` is in seconds since 1970."""

    client_id: str
    audience: str
    assertion: AssertionSettings
    now: float


class LoginUI(Protocol):
    """Where a person logs in: what a grant shows, asks and sends."""

    def say(self, line: str) -> None:
        """Show a line on the terminal."""

    def endpoint(self, name: str) -> str:
        """Return an endpoint by the name of its setting; raise AuthorizationError."""

    def wait_for_redirect(self, url: str, redirect_uri: str) -> Mapping[str, str]:
        """Send the person's browser to a URL; return the parameters of the redirect."""

    def post(self, url: str, fields: Mapping[str, str]) -> dict[str, Any]:
        """Send a form with the client's authentication; return the JSON object."""

    def fetch_token(self, fields: Mapping[str, Any]) -> Token:
        """Send a token request; raise TokenRequestError with its code."""

    def wait(self, seconds: float) -> None:
        """Wait for the person."""

    def authorization_url(self, endpoint: str, params: Mapping[str, str]) -> str:
        """Return the URL of this client's authorization request."""

    def create_code_challenge(self) -> tuple[str, str]:
        """Return a new code verifier and its S256 challenge (RFC 7636 section 4)."""

    def check_issuer(self, issuer: str) -> None:
        """Raise AuthorizationError if an ``iss`` is not the provider's (RFC 9207)."""


@dataclass(frozen=True, kw_only=True)
class Grant(ABC):
    """A way to get the first token, named by its ``grant_type``."""

    #: The word that selects this grant in the configuration.
    grant_type: ClassVar[str]
    #: Other words for it.
    aliases: ClassVar[tuple[str, ...]] = ()
    #: The settings that a user needs, for the table of grants.
    needs: ClassVar[str]
    #: Whether it gets a token without a person.
    unattended: ClassVar[bool] = True
    #: Whether the client must authenticate, not only identify itself.
    needs_proof: ClassVar[bool] = False
    #: Whether its tokens are renewed by refresh tokens, if the provider issues any.
    refreshes: ClassVar[bool] = True

    def subject(self, assertion: AssertionSettings) -> str:  # noqa: ARG002
        """Return the configured user, which is part of the connection's default name."""
        return ""

    def fields(self, context: RequestContext) -> dict[str, Any]:  # noqa: ARG002
        """Return the parameters of the token request, ``grant_type`` included."""
        return {"grant_type": self.grant_type}

    def login(self, ui: LoginUI) -> Token:
        """Get a token with a person's help; raise AuthorizationError."""
        return ui.fetch_token({})

    def missing(self, assertion: AssertionSettings) -> list[str]:  # noqa: ARG002
        """Return the required settings that are not set."""
        return []
