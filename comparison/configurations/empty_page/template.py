"""Cursors with the SDK's paginator, which goes on after an empty page if asked to.

"Override this method to keep the pagination going even if the page retrieved from the API is empty
but the next one may have records": continue_if_empty.
https://sdk.meltano.com/en/latest/classes/singer_sdk.pagination.BaseAPIPaginator.html
"""

from singer_sdk.pagination import JSONPathPaginator

from comparison.programs.template_client import Client, run


class Paginator(JSONPathPaginator):
    """Follow cursors over empty pages."""

    def continue_if_empty(self, response):
        """Go on."""
        return True


class Items(Client):
    """The rows."""

    name = "items"
    path = "/items"

    def get_new_paginator(self):
        """Find the next cursor in the response."""
        return Paginator("$.next")

    def get_url_params(self, context, next_page_token):
        """Send the cursor."""
        return {"cursor": next_page_token} if next_page_token else {}


run(Items)
