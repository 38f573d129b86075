"""Grant ``basic``: HTTP Basic on every API request, and no token (RFC 7617)."""

from __future__ import annotations

import base64

from tap_oauth2_generic.oauth2.grants.base import Grant
from tap_oauth2_generic.oauth2.grants.user import UserSettings
from tap_oauth2_generic.runtime.redaction import register


class Basic(UserSettings, Grant):
    """The user's name and password, or an API key in place of either."""

    grant_type = "basic"
    needs = "`username`, `password` (may be empty if `username` is an API key)"
    requires = ("username",)
    user_setting = "username"
    requests_tokens = False
    rejected = "the API rejected username and password; check both"

    def credentials(self) -> str:
        """Return user name and password as RFC 7617 section 2 encodes them."""
        user, password = self.username or "", self.password or ""
        encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
        register(encoded, *([] if password else [user]))
        return f"Basic {encoded}"
