"""Grant ``password``: a user's name and password for a token (RFC 6749 section 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tap_oauth2_generic.kinds import NAME
from tap_oauth2_generic.oauth2.grants.base import Grant
from tap_oauth2_generic.settings import setting


@dataclass(frozen=True, kw_only=True)
class Password(Grant):
    """A token for the user, for servers that know no better grant."""

    grant_type: ClassVar[str] = "password"
    needs: ClassVar[str] = "`access_token_url`, `client_id`, `username`, `password`"
    unattended: ClassVar[bool] = True

    username: str | None = setting(NAME, "User name", "User of the `password` grant.", default=None)
    password: str | None = setting(
        NAME, "Password", "Password of the `password` grant.", default=None, secret=True
    )

    @property
    def subject(self) -> str:
        """Give the user's name."""
        return self.username or ""

    def fields(self) -> dict[str, str]:
        """Give name and password."""
        return {
            "grant_type": self.grant_type,
            "username": self.username or "",
            "password": self.password or "",
        }

    def missing(self) -> list[str]:
        """Name what of the two is not set."""
        return [name for name in ("username", "password") if not getattr(self, name)]
