"""An error in the body is made retriable in validate_response.

"Developers are encouraged to override this method if their APIs use HTTP status codes in
non-conventional ways, or if they communicate errors differently (e.g. in the response body)."
https://sdk.meltano.com/en/latest/classes/singer_sdk.RESTStream.html
"""

from singer_sdk.exceptions import RetriableAPIError
from singer_sdk.pagination import PageNumberPaginator

from comparison.programs.template_client import Client, run


class Items(Client):
    """The rows."""

    name = "items"
    path = "/items"

    def get_new_paginator(self):
        """Count pages from 1."""
        return PageNumberPaginator(1)

    def get_url_params(self, context, next_page_token):
        """Send the page number."""
        return {"page": next_page_token}

    def validate_response(self, response):
        """Retry responses with an `error`."""
        super().validate_response(response)
        if "error" in response.json():
            raise RetriableAPIError(response.text, response)


run(Items)
