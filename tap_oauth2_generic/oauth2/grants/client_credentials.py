"""Grant ``client_credentials``: the client requests its own token (RFC 6749 section 4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tap_oauth2_generic.oauth2.grants.base import Grant


@dataclass(frozen=True, kw_only=True)
class ClientCredentials(Grant):
    """A token for the client; requesting a new one is as cheap as a refresh."""

    grant_type: ClassVar[str] = "client_credentials"
    needs: ClassVar[str] = "`access_token_url`, `client_id`, `client_secret`"
    needs_proof: ClassVar[bool] = True
    refreshes: ClassVar[bool] = False
