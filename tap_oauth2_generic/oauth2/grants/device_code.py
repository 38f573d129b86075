"""Grant ``device_code``: a person confirms a short code on another device (RFC 8628)."""

from __future__ import annotations

from typing import Any

from tap_oauth2_generic.errors import AuthorizationError, TokenRequestError
from tap_oauth2_generic.oauth2.grants.base import Grant, LoginUI
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.oauth2.token_client import TokenClient
from tap_oauth2_generic.runtime.redaction import register
from tap_oauth2_generic.runtime.timestamps import read_number
from tap_oauth2_generic.settings import limits
from tap_oauth2_generic.settings.field_types import URL
from tap_oauth2_generic.settings.fields import setting


class DeviceCode(Grant):
    """A token for a user who logs in on any machine with a browser."""

    grant_type = "device_code"
    needs = "`device_authorization_url`, `access_token_url`, `client_id`, and a login"
    unattended = False

    device_authorization_url: str | None = setting(URL, "Endpoint of the `device_code` grant.")

    def login(self, ui: LoginUI, client: TokenClient) -> Token:
        """Show the code; poll until it is confirmed, denied or expired."""
        response = client.post_form(client.endpoints.resolve("device_authorization_url"), {})
        device_code = str(response.get("device_code") or "")
        address = response.get("verification_uri") or response.get("verification_url")
        if not (device_code and address and response.get("user_code")):
            raise AuthorizationError(
                "the device authorization endpoint returned no device_code, user_code or "
                f"verification_uri; the response has: {', '.join(response) or 'nothing'}"
            )
        register(device_code)
        ui.say(f"Open this address on any device:\n\n  {address}\n")
        ui.say(f"and enter this code:\n\n  {response['user_code']}\n")
        if response.get("verification_uri_complete"):
            ui.say(f"or open both in one:\n\n  {response['verification_uri_complete']}\n")
        return _poll(ui, client, device_code, response)


def _poll(ui: LoginUI, client: TokenClient, device_code: str, response: dict[str, Any]) -> Token:
    kind = "urn:ietf:params:oauth:grant-type:device_code"
    # The interval of RFC 8628 section 3.2, and the usual lifetime of providers.
    interval = _seconds(response.get("interval"), 5.0, limits.MAX_DEVICE_INTERVAL_SECONDS)
    left = _seconds(response.get("expires_in"), 900.0, limits.MAX_DEVICE_LIFETIME_SECONDS)
    while left > 0:
        ui.wait(interval)
        left -= interval
        try:
            fields = {"grant_type": kind, "device_code": device_code}
            return client.redeem_code(fields, "device_code")
        except TokenRequestError as error:
            if error.code == "slow_down":
                interval += 5.0  # RFC 8628 section 3.5
            elif error.code == "access_denied":
                raise AuthorizationError(
                    "the login was denied on the other device; run the login again"
                ) from None
            elif error.code == "expired_token":
                break
            elif error.code not in {"authorization_pending", "unreachable"}:
                raise
    raise AuthorizationError("the code expired before it was confirmed; run the login again")


def _seconds(value: Any, default: float, longest: float) -> float:
    seconds = read_number(value) or 0.0
    # A tiny interval would make endless polls of any lifetime.
    return max(min(seconds, longest), 1.0) if seconds > 0 else default
