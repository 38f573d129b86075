"""Grant ``none``: no authentication, or an API key in ``headers`` or ``params``."""

from __future__ import annotations

from tap_oauth2_generic.oauth2.grants.base import Grant


class NoGrant(Grant):
    """Nothing is added to a request; what is in the configuration is sent as it is."""

    grant_type = "none"
    needs = "nothing; an API key belongs in `headers` or `params`"
    requests_tokens = False
    rejected = (
        "the API returned status 401, and grant_type none adds no credentials; check the API key "
        "in headers or params, or set another grant_type"
    )
