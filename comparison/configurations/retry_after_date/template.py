"""Retries with the default backoff of the SDK: five tries, each waits twice as long as the last.

https://sdk.meltano.com/en/latest/classes/singer_sdk.RESTStream.html
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

    def get_new_paginator(self):
        """Count pages from 1."""
        return Paginator(1)

    def get_url_params(self, context, next_page_token):
        """Send the page number."""
        return {"page": next_page_token}


run(Items)
