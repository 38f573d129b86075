"""Links with the SDK's HATEOAS paginator, whose query goes into the next request.

"BaseHATEOASPaginator: Paginator class for APIs supporting HATEOAS links in their response bodies."
Its example sends the query of the link with the stream's own address.
https://sdk.meltano.com/en/latest/classes/singer_sdk.pagination.BaseHATEOASPaginator.html
"""

from urllib.parse import parse_qsl

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

    def get_url_params(self, context, next_page_token):
        """Send the query of the link."""
        return dict(parse_qsl(next_page_token.query)) if next_page_token else {}


run(Items)
