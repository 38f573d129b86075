"""The refresh-token grant in the SDK's OAuthAuthenticator.

A tap made from the template overrides `oauth_request_body`; the SDK keeps the access token in
memory and names no place to keep a refresh token between runs.
https://sdk.meltano.com/en/latest/classes/singer_sdk.authenticators.OAuthAuthenticator.html
"""

from comparison.programs.template_client import Authenticator, Client, run


class RefreshToken(Authenticator):
    """Obtain access tokens with the refresh token of the configuration."""

    @property
    def oauth_request_body(self):
        """Return the parameters of the token request."""
        return {
            "grant_type": "refresh_token",
            "refresh_token": "refresh-1",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }


class Items(Client):
    """The rows, on one page."""

    name = "items"
    path = "/items"
    authenticator_class = RefreshToken


run(Items)
