"""Grant ``client_credentials``: the client requests its own token (RFC 6749 section 4.4)."""

from __future__ import annotations

from tap_oauth2_generic.oauth2.grants.base import Grant


class ClientCredentials(Grant):
    """A token for the client; requesting a new one is as cheap as a refresh."""

    grant_type = "client_credentials"
    needs = "`access_token_url`, `client_id`, `client_secret`"
    needs_proof = True
    refreshes = False
