"""Cursors with the SDK's paginator, which stops if a token is "identical to prior token".

https://sdk.meltano.com/en/latest/classes/singer_sdk.pagination.JSONPathPaginator.html
"""

from singer_sdk.pagination import JSONPathPaginator

from comparison.programs.template_client import Client, run


class Items(Client):
    """The rows."""

    name = "items"
    path = "/items"
    ABORT_AT_RECORD_COUNT = 1000  # ends with an error what would not end otherwise

    def get_new_paginator(self):
        """Find the next cursor in the response."""
        return JSONPathPaginator("$.next")

    def get_url_params(self, context, next_page_token):
        """Send the cursor."""
        return {"cursor": next_page_token} if next_page_token else {}


run(Items)
