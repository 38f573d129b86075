"""What the Singer SDK's template generates for an OAuth2 API, common to its taps here.

The template (`cookiecutter https://github.com/meltano/sdk --directory cookiecutter/tap-template`)
asks for the source's name, REST and OAuth2, and makes a client with these hooks.
"""

from __future__ import annotations

import decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import OAuthAuthenticator
from singer_sdk.helpers.jsonpath import extract_jsonpath
from singer_sdk.pagination import PageNumberPaginator

if TYPE_CHECKING:
    from collections.abc import Iterable

    import requests
    from singer_sdk.helpers.types import Auth


class Authenticator(OAuthAuthenticator):
    """Obtain access tokens with client credentials."""

    @property
    def oauth_request_body(self) -> dict[str, Any]:
        """Return the parameters of the token request."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }


class Client(RESTStream[Any]):
    """The base of a tap's streams."""

    records_jsonpath = "$.data[*]"
    next_page_token_jsonpath = "$.next"  # noqa: S105 # nosec B105
    primary_keys = ("id",)
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType),
        th.Property("name", th.StringType),
        th.Property("updated_at", th.DateTimeType),
    ).to_dict()
    authenticator_class: type[OAuthAuthenticator] = Authenticator

    @property
    def url_base(self) -> str:
        """URL of the API."""
        return str(self.config["api_url"])

    @cached_property
    def authenticator(self) -> Auth:
        """Obtain tokens."""
        return self.authenticator_class(
            client_id=self.config["client_id"],
            client_secret=self.config["client_secret"],
            auth_endpoint=self.url_base + "/token",
        )

    def parse_response(self, response: requests.Response) -> Iterable[dict[str, Any]]:
        """Yield the records of a response."""
        body = response.json(parse_float=decimal.Decimal)
        yield from extract_jsonpath(self.records_jsonpath, input=body)


class CountedPages(PageNumberPaginator):
    """Count pages up to the number in the response."""

    def has_more(self, response: requests.Response) -> bool:
        """Return whether pages follow."""
        return bool(self.current_value < response.json()["pages"])


class NumberedPages(Client):
    """A stream whose pages have numbers, and whose responses say how many there are."""

    def get_new_paginator(self) -> CountedPages:
        """Count pages from 1."""
        return CountedPages(1)

    def get_url_params(
        self,
        context: object,  # noqa: ARG002 - the SDK passes it
        next_page_token: Any,
    ) -> dict[str, Any]:
        """Send the page number."""
        return {"page": next_page_token}


def run(*streams: type[Client]) -> None:
    """Run a tap of these streams by its command line."""
    TemplateTap.streams_here = streams
    TemplateTap.cli()


class TemplateTap(Tap):
    """The tap; its streams are those of the scenario."""

    name = "tap-template"
    streams_here: tuple[type[Client], ...] = ()
    config_jsonschema = th.PropertiesList(
        th.Property("api_url", th.StringType, required=True),
        th.Property("client_id", th.StringType, required=True),
        th.Property("client_secret", th.StringType, required=True, secret=True),
    ).to_dict()

    def discover_streams(self) -> list[Client]:
        """Return the streams."""
        return [stream(tap=self) for stream in self.streams_here]
