"""The scroll token as a cursor, with the SDK's paginator.

"JSONPathPaginator: Paginator class for APIs returning a pagination token in the response body".
https://sdk.meltano.com/en/latest/classes/singer_sdk.pagination.JSONPathPaginator.html
"""

from singer_sdk.pagination import JSONPathPaginator

from comparison.programs.template_client import Client, run


class Items(Client):
    """The rows."""

    name = "items"
    path = "/items"

    def get_new_paginator(self):
        """Find the token in the response."""
        return JSONPathPaginator("$.scroll")

    def get_url_params(self, context, next_page_token):
        """Send the token."""
        return {"scroll": next_page_token} if next_page_token else {}


run(Items)
