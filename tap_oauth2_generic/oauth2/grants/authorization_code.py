"""Grant ``authorization_code``: a person consented once; the refresh token keeps it alive.

RFC 6749 section 4.1. A refresh token from elsewhere, or one that is stored, stands for the
consent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tap_oauth2_generic.oauth2.grants.base import Grant


@dataclass(frozen=True, kw_only=True)
class AuthorizationCode(Grant):
    """A token for a user, renewed by its refresh token."""

    grant_type: ClassVar[str] = "authorization_code"
    aliases: ClassVar[tuple[str, ...]] = ("refresh_token",)
    needs: ClassVar[str] = "`access_token_url`, `client_id`, `refresh_token`"
    unattended: ClassVar[bool] = False

    def fields(self) -> dict[str, str]:
        """Give the grant type; a code comes from a person, never from the configuration."""
        return {"grant_type": self.grant_type}
