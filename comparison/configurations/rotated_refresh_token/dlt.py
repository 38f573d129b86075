"""The refresh-token grant as a custom authentication class.

"If the API uses a custom authentication method, you can implement it by subclassing": the page
subclasses OAuth2ClientCredentials and overrides build_access_token_request. It names no place to
keep a token between runs.
https://dlthub.com/docs/general-usage/http/rest-client#oauth-20-authorization
"""

from dlt.common.configuration import configspec
from dlt.sources.helpers.rest_client.auth import OAuth2ClientCredentials


@configspec
class RefreshToken(OAuth2ClientCredentials):
    """Obtain the access token with the refresh token of `access_token_request_data`."""

    def build_access_token_request(self):
        """Send the refresh token instead of asking for client credentials."""
        return {
            "data": {
                "grant_type": "refresh_token",
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                **self.access_token_request_data,
            }
        }


config = {
    "client": {
        "base_url": "${API}/",
        "auth": RefreshToken(
            access_token_url="${API}/token",
            client_id="comparison",
            client_secret="secret-of-the-comparison",
            access_token_request_data={"refresh_token": "refresh-1"},
        ),
        "paginator": "single_page",
    },
    "resources": [
        {
            "name": "items",
            "primary_key": "id",
            "endpoint": {"path": "items", "data_selector": "data"},
        }
    ],
}
