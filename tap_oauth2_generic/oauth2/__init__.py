"""Tokens: where they come from, how they are kept, and how a request carries one."""

from __future__ import annotations

from tap_oauth2_generic.oauth2.assertion import AssertionSettings
from tap_oauth2_generic.oauth2.authenticator import Authenticator
from tap_oauth2_generic.oauth2.client_auth import SECRET_AUTH
from tap_oauth2_generic.oauth2.discovery import Endpoints
from tap_oauth2_generic.oauth2.grants import DEFAULT_GRANT, Grant, grants
from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tap_oauth2_generic.oauth2.store_engine import check_url
from tap_oauth2_generic.oauth2.token_client import TokenClient

__all__ = [
    "DEFAULT_GRANT",
    "SECRET_AUTH",
    "AssertionSettings",
    "Authenticator",
    "Endpoints",
    "Grant",
    "OAuth2Settings",
    "TokenClient",
    "check_url",
    "grants",
]
