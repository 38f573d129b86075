"""An incremental stream that is sorted, so that its bookmark advances during the read.

"is_sorted: Set to True if stream is sorted by the replication key value. Only applies to streams
which use replication. When True, incremental streams will attempt to resume if unexpectedly
interrupted."
https://sdk.meltano.com/en/latest/incremental_replication.html
"""

from singer_sdk.pagination import PageNumberPaginator

from comparison.programs.template_client import Client, run


class Paginator(PageNumberPaginator):
    """Count pages up to the number in the response."""

    def has_more(self, response):
        """Return whether pages follow."""
        return self.current_value < response.json()["pages"]


class Items(Client):
    """The rows."""

    name = "items"
    path = "/items"
    replication_key = "updated_at"
    is_sorted = True

    def get_new_paginator(self):
        """Count pages from 1."""
        return Paginator(1)

    def get_url_params(self, context, next_page_token):
        """Send the page number and the bookmark."""
        params = {"page": next_page_token}
        if start := self.get_starting_timestamp(context):
            params["since"] = start.isoformat()
        return params


run(Items)
