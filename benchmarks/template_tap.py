"""A tap made from the SDK's project template, for this API, paged by page number.

It has the template's hooks and the SDK's defaults, untuned.
"""

from __future__ import annotations

import decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import BearerTokenAuthenticator
from singer_sdk.helpers.jsonpath import extract_jsonpath
from singer_sdk.pagination import BaseAPIPaginator

from benchmarks.records import PRIMARY_KEY, REPLICATION_KEY, SCHEMA, STREAM

if TYPE_CHECKING:
    from collections.abc import Iterable

    import requests
    from singer_sdk.helpers.types import Auth, Context


class PagePaginator(BaseAPIPaginator[int]):
    """Count pages up to the number in the response."""

    def has_more(self, response: requests.Response) -> bool:
        """Return whether pages follow."""
        return self.current_value < int(response.json()["pages"])

    def get_next(self, response: requests.Response) -> int | None:  # noqa: ARG002 - the SDK's hook
        """Return the number of the next page."""
        return self.current_value + 1


class OrdersStream(RESTStream[int]):
    """The one stream."""

    name = STREAM
    path = "/0/orders"
    primary_keys = (PRIMARY_KEY,)
    replication_key = REPLICATION_KEY
    records_jsonpath = "$.data[*]"
    schema = SCHEMA

    @property
    def url_base(self) -> str:
        """URL of the API."""
        return str(self.config["api_url"])

    @cached_property
    def authenticator(self) -> Auth:
        """Send a fixed token."""
        return BearerTokenAuthenticator(token=self.config["auth_token"])

    def get_new_paginator(self) -> PagePaginator:
        """Start at the first page."""
        return PagePaginator(1)

    def get_url_params(
        self,
        context: Context | None,  # noqa: ARG002 - the SDK's hook
        next_page_token: int | None,
    ) -> dict[str, Any]:
        """Request a page."""
        return {"page": next_page_token} if next_page_token else {}

    def parse_response(self, response: requests.Response) -> Iterable[dict[str, Any]]:
        """Yield the records of a response."""
        body = response.json(parse_float=decimal.Decimal)
        yield from extract_jsonpath(self.records_jsonpath, input=body)


class TemplateTap(Tap):
    """The tap of that stream."""

    name = "tap-template"
    config_jsonschema = th.PropertiesList(
        th.Property("api_url", th.StringType, required=True),
        th.Property("auth_token", th.StringType, required=True, secret=True),
    ).to_dict()

    def discover_streams(self) -> list[OrdersStream]:
        """Return the one stream."""
        return [OrdersStream(tap=self)]


if __name__ == "__main__":
    TemplateTap.cli()
