"""Links with the SDK's HATEOAS paginator, as the documentation of that class shows it.

"Next page token is a URL, so we can set the request URL directly."
https://sdk.meltano.com/en/latest/guides/pagination-classes.html
https://sdk.meltano.com/en/latest/classes/singer_sdk.pagination.BaseHATEOASPaginator.html
"""

from singer_sdk.pagination import BaseHATEOASPaginator

from comparison.programs.template_client import Client, run


class Paginator(BaseHATEOASPaginator):
    """Follow the link in the response."""

    def get_next_url(self, response):
        """Return the link."""
        return response.json().get("next")


class Items(Client):
    """The rows."""

    name = "items"
    path = "/items"

    def get_new_paginator(self):
        """Follow links."""
        return Paginator()

    def get_http_request(self, *, page):
        """Request the link."""
        request = super().get_http_request(page=page)
        if page.next_page_token:
            request.url = page.next_page_token.geturl()
        return request


run(Items)
