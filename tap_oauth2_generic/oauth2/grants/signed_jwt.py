"""Grant ``jwt``: a JWT that the tap signs is the access token; no endpoint issues one."""

from __future__ import annotations

from tap_oauth2_generic.oauth2.grants.base import Grant


class SignedJwt(Grant):
    """A token for as long as ``jwt_lifetime``; signing a new one takes no request."""

    grant_type = "jwt"
    needs = (
        "`private_key` or `private_key_file`; `jwt_issuer`, `jwt_subject`, `jwt_audience`, "
        "`jwt_claims` if the provider requires them"
    )
    requires = ("private_key",)
    user_setting = "jwt_issuer"
    refreshes = False
    signs = True
    signs_tokens = True
