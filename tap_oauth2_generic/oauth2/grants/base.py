"""What every grant is: the settings of its own and the fields of its token request.

A grant remembers nothing and sends nothing; its file holds that grant alone.
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
class Asking:
    """What a grant may need to know for its token request; ``now`` is in seconds since 1970."""

    client_id: str
    audience: str
    assertion: AssertionSettings
    now: float


class LoginUI(Protocol):
    """Where a person logs in: what a grant may show and ask, and whom it may send to."""

    def say(self, text: str) -> None:
        """Show a line on the terminal."""

    def endpoint(self, name: str) -> str:
        """Give the URL of an endpoint; raises AuthorizationError where it is not known."""

    def wait_for_redirect(self, address: str, redirect_uri: str) -> Mapping[str, str]:
        """Send the person's browser to an address, give the parameters it came back with."""

    def post(self, url: str, fields: Mapping[str, str]) -> dict[str, Any]:
        """Send a form with the client's proof, give the JSON object of the answer."""

    def fetch_token(self, fields: Mapping[str, Any]) -> Token:
        """Send a token request of these fields; raises TokenRequestError with its code."""

    def wait(self, seconds: float) -> None:
        """Wait for the person."""

    def authorization_address(self, url: str, params: Mapping[str, str]) -> str:
        """Give the address of an authorization request of this client (RFC 6749 section 4.1.1)."""

    def create_code_challenge(self) -> tuple[str, str]:
        """Give a new code verifier and its S256 challenge (RFC 7636 section 4)."""

    def check_issuer(self, issuer: str) -> None:
        """Raise AuthorizationError where an ``iss`` is not the provider's (RFC 9207)."""


@dataclass(frozen=True, kw_only=True)
class Grant(ABC):
    """A way to a first token, by the ``grant_type`` words of RFC 6749 and its family."""

    #: The word that chooses this grant in the configuration.
    grant_type: ClassVar[str]
    #: Other words for it.
    aliases: ClassVar[tuple[str, ...]] = ()
    #: What a user needs for it, for the table of grants.
    needs: ClassVar[str]
    #: Whether a token can be had without a person.
    unattended: ClassVar[bool] = True
    #: Whether the client must prove itself, and not only say its name.
    needs_proof: ClassVar[bool] = False
    #: Whether its tokens are renewed by refresh tokens where the provider gives any.
    refreshes: ClassVar[bool] = True

    def subject(self, assertion: AssertionSettings) -> str:  # noqa: ARG002
        """Give whose token it is, as far as the configuration says; names the connection."""
        return ""

    def fields(self, asking: Asking) -> dict[str, Any]:  # noqa: ARG002
        """Give the parameters of the token request, ``grant_type`` among them."""
        return {"grant_type": self.grant_type}

    def login(self, ui: LoginUI) -> Token:
        """Get a token with the help of a person; raises AuthorizationError where that fails."""
        return ui.fetch_token({})

    def missing(self, assertion: AssertionSettings) -> list[str]:  # noqa: ARG002
        """Name the settings that it cannot do without."""
        return []
