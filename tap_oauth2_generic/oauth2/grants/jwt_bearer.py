"""Grant ``jwt_bearer``: a signed assertion for a token (RFC 7523 section 2.1)."""

from __future__ import annotations

from typing import Any

from tap_oauth2_generic.oauth2.assertion import RequestContext, sign_grant
from tap_oauth2_generic.oauth2.grants.base import Grant


class JwtBearer(Grant):
    """A token for the assertion's subject, as long as the provider trusts the key."""

    grant_type = "jwt_bearer"
    needs = (
        "`access_token_url`, `private_key` or `private_key_file`, and `client_id` or `jwt_issuer`; "
        "`jwt_subject`, `jwt_audience`, `jwt_claims` if the provider requires them"
    )
    requires = ("private_key",)
    user_setting = "jwt_subject"
    refreshes = False
    signs = True

    def fields(self, context: RequestContext) -> dict[str, Any]:
        """Return a new assertion."""
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": sign_grant(context),
        }
