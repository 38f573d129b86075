"""A field of any type in the declared schema.

https://sdk.meltano.com/en/latest/typing.html
"""

from singer_sdk import typing as th
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
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType),
        th.Property("name", th.StringType),
        th.Property("updated_at", th.DateTimeType),
        th.Property("value", th.AnyType()),
    ).to_dict()

    def get_new_paginator(self):
        """Count pages from 1."""
        return Paginator(1)

    def get_url_params(self, context, next_page_token):
        """Send the page number."""
        return {"page": next_page_token}


run(Items)
