"""Page numbers with the SDK's paginator, until a page is empty, which is its default.

https://sdk.meltano.com/en/latest/guides/pagination-classes.html
"""

from singer_sdk.pagination import PageNumberPaginator

from comparison.programs.template_client import Client, run


class Items(Client):
    """The rows."""

    name = "items"
    path = "/items"
    ABORT_AT_RECORD_COUNT = 1000  # ends with an error what would not end otherwise

    def get_new_paginator(self):
        """Count pages from 1."""
        return PageNumberPaginator(1)

    def get_url_params(self, context, next_page_token):
        """Send the page number."""
        return {"page": next_page_token}


run(Items)
