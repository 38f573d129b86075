"""Offset paging with the SDK's paginator.

"OffsetPaginator: Paginator class for APIs that use page offset"; its hook has_more decides the end.
https://sdk.meltano.com/en/latest/guides/pagination-classes.html
"""

from singer_sdk.pagination import OffsetPaginator

from comparison.programs.template_client import Client, run


class Paginator(OffsetPaginator):
    """Stop at the total of the response."""

    def has_more(self, response):
        """Return whether rows follow."""
        return self.current_value + self.page_size < response.json()["total"]


class Items(Client):
    """The rows."""

    name = "items"
    path = "/items"

    def get_new_paginator(self):
        """Ask for 100 rows a page."""
        return Paginator(start_value=0, page_size=100)

    def get_url_params(self, context, next_page_token):
        """Send offset and limit."""
        return {"offset": next_page_token, "limit": 100}


run(Items)
