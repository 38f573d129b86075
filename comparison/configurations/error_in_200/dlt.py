"""A custom retry condition on the session.

"You may even supply a custom retry condition in the form of a predicate. This is sometimes needed
when loading from non-standard APIs which don't use HTTP error codes."
https://dlthub.com/docs/dlt-ecosystem/verified-sources/rest_api/advanced#customizing-retry-settings
"""

from dlt.sources.helpers import requests


def retry_if_error_key(response, exception):
    """Retry responses with an `error`."""
    return response is not None and "error" in response.json()


config = {
    "client": {
        "base_url": "${API}/",
        "session": requests.Client(
            raise_for_status=False, retry_condition=retry_if_error_key
        ).session,
        "auth": {
            "type": "oauth2_client_credentials",
            "access_token_url": "${API}/token",
            "client_id": "comparison",
            "client_secret": "secret-of-the-comparison",
        },
        "paginator": {"type": "page_number", "base_page": 1, "total_path": None},
    },
    "resources": [
        {
            "name": "items",
            "primary_key": "id",
            "endpoint": {"path": "items", "data_selector": "data"},
        }
    ],
}
