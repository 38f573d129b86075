"""The base of every grant: its own settings and the fields of its token request.

A grant remembers nothing and sends nothing by itself.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from tap_oauth2_generic.oauth2.assertion import RequestContext
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.oauth2.token_client import TokenClient
from tap_oauth2_generic.settings.fields import Settings


class LoginUI(Protocol):
    """Where a person logs in."""

    def say(self, line: str) -> None:
        """Show a line on the terminal."""

    def wait_for_redirect(self, url: str, redirect_uri: str) -> Mapping[str, str]:
        """Send the person's browser to a URL; return the redirect's parameters."""

    def wait(self, seconds: float) -> None:
        """Wait for the person."""


class Grant(Settings, ABC):
    """A way to get the first token, named by its ``grant_type``."""

    #: The word that selects this grant in the configuration.
    grant_type: ClassVar[str]
    #: Other words for it.
    aliases: ClassVar[tuple[str, ...]] = ()
    #: The settings that a user needs, for the table of grants.
    needs: ClassVar[str]
    #: Which settings, of its own or of JWTs, it cannot do without.
    requires: ClassVar[tuple[str, ...]] = ()
    #: The setting, of its own or of JWTs, that names the user.
    user_setting: ClassVar[str] = ""
    #: Whether it gets a token without a person.
    unattended: ClassVar[bool] = True
    #: Whether the client must authenticate, not only identify itself.
    needs_proof: ClassVar[bool] = False
    #: Whether it signs an assertion of its own with the private key.
    signs: ClassVar[bool] = False
    #: Whether that assertion is the access token itself, so that no endpoint issues one.
    signs_tokens: ClassVar[bool] = False
    #: Whether its tokens are renewed by refresh tokens, if the provider issues any.
    refreshes: ClassVar[bool] = True
    #: Whether it requests tokens; if not, its ``credentials`` go with every API request.
    requests_tokens: ClassVar[bool] = True
    #: What to tell a user when the API rejects what nothing can renew.
    rejected: ClassVar[str] = (
        "the API rejected access_token, which cannot be renewed without access_token_url; set a "
        "new access_token"
    )

    def credentials(self) -> str:
        """Return the value of ``auth_header`` without tokens, an empty string for none."""
        return ""

    def fields(self, context: RequestContext) -> dict[str, Any]:  # noqa: ARG002
        """Return the parameters of the token request, ``grant_type`` included."""
        return {"grant_type": self.grant_type}

    def login(self, ui: LoginUI, client: TokenClient) -> Token:  # noqa: ARG002
        """Get the first token, with a person's help if the grant needs it."""
        return client.retry(lambda: client.fetch_token(self.fields, self.grant_type))
