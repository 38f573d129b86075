"""Grant ``password``: a user's name and password for a token (RFC 6749 section 4.3)."""

from __future__ import annotations

from typing import Any

from tap_oauth2_generic.oauth2.assertion import RequestContext
from tap_oauth2_generic.oauth2.grants.base import Grant
from tap_oauth2_generic.oauth2.grants.user import UserSettings
from tap_oauth2_generic.settings.field_types import NAME
from tap_oauth2_generic.settings.fields import setting


class Password(UserSettings, Grant):
    """A token for a user, at providers that support no better grant."""

    grant_type = "password"
    needs = "`access_token_url`, `client_id`, `username`, `password`"
    requires = ("username", "password")
    user_setting = "username"

    username_param: str = setting(NAME, "Name of the `username` parameter.", default="username")
    password_param: str = setting(NAME, "Name of the `password` parameter.", default="password")

    def fields(self, context: RequestContext) -> dict[str, Any]:
        """Return user name and password."""
        user = {self.username_param: self.username, self.password_param: self.password}
        return super().fields(context) | user
