"""Security schemes become grants; a credential is named, and never made up."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.importers.openapi_documents import (
    document,
    imported,
    in_version,
    list_of,
    listing,
    record,
)
from tests.support.settings import valid_config

if TYPE_CHECKING:
    from tap_oauth2_generic.importers.imported import Imported
    from tests.support.runs import TapRunner
    from tests.support.server import ApiServer

AUTHORIZE, TOKEN = "https://login.example.com/authorize", "https://login.example.com/token"
CODE = {"authorizationUrl": AUTHORIZE, "tokenUrl": TOKEN, "scopes": {"read": "", "write": ""}}


def _with(
    schemes: dict[str, Any],
    security: list[Any],
    url: str = "https://api.example.com",
    ways: Any = None,
) -> dict[str, Any]:
    item = listing(list_of(record()), **({} if ways is None else {"security": ways}))
    return document(
        {"/items": item}, url, components={"securitySchemes": schemes}, security=security
    )


def _one(scheme: dict[str, Any], url: str = "https://api.example.com") -> Imported:
    return imported(_with({"it": scheme}, [{"it": []}], url))


@pytest.mark.parametrize(
    ("scheme", "config", "secrets"),
    [
        (
            {
                "type": "oauth2",
                "flows": {"authorizationCode": {**CODE, "refreshUrl": TOKEN + "/r"}},
            },
            {
                "grant_type": "authorization_code",
                "authorize_url": AUTHORIZE,
                "access_token_url": TOKEN,
                "refresh_token_url": TOKEN + "/r",
                "client_id": "YOUR_CLIENT_ID",
            },
            {"client_secret": None},
        ),
        (
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/oauth/token"}}},
            {
                "grant_type": "client_credentials",
                "access_token_url": "https://api.example.com/oauth/token",
            },
            {"client_secret": None},
        ),
        (
            {"type": "oauth2", "flows": {"password": {"tokenUrl": TOKEN}}},
            {"grant_type": "password", "username": "YOUR_USERNAME"},
            {"client_secret": None, "password": None},
        ),
        (
            {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": AUTHORIZE}}},
            {"authorize_url": AUTHORIZE},
            {"access_token": None},
        ),
        (
            {"type": "oauth2", "flows": {"clientCredentials": CODE, "authorizationCode": CODE}},
            {"grant_type": "authorization_code"},
            {"client_secret": None},
        ),
        (
            {"type": "openIdConnect", "openIdConnectUrl": "https://id.example.com/"},
            {"issuer": "https://id.example.com/", "grant_type": "authorization_code"},
            {"client_secret": None},
        ),
        ({"type": "http", "scheme": "bearer"}, {}, {"access_token": None}),
        (
            {"type": "http", "scheme": "Basic"},
            {"grant_type": "basic", "username": "YOUR_USERNAME"},
            {"password": None},
        ),
        (
            {"type": "apiKey", "in": "header", "name": "X-Key"},
            {"grant_type": "none"},
            {"headers": {"X-Key": None}},
        ),
        (
            {"type": "apiKey", "in": "query", "name": "key"},
            {"grant_type": "none"},
            {"params": {"key": None}},
        ),
        (
            {"type": "apiKey", "in": "cookie", "name": "sid"},
            {"grant_type": "none"},
            {"headers": {"Cookie": None}},
        ),
        (
            {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Bearer X"},
            {},
            {"access_token": None},
        ),
        ({"type": "http", "scheme": "digest"}, {"grant_type": "none"}, {}),
    ],
)
def test_scheme_becomes_a_grant(
    scheme: dict[str, Any], config: dict[str, Any], secrets: dict[str, Any]
) -> None:
    """With the secrets that it names, each configuration is accepted."""
    made = _one(scheme)
    assert made.config | config == made.config
    assert made.secrets == secrets
    given = json.loads(json.dumps(secrets).replace("null", '"brought-by-the-user"'))
    valid_config({**made.config, **given})


@pytest.mark.parametrize(
    ("flow", "grant"),
    [
        ("accessCode", "authorization_code"),
        ("application", "client_credentials"),
        ("password", "password"),
    ],
)
def test_flow_of_version_2_becomes_a_grant(flow: str, grant: str) -> None:
    """Its names differ from those of version 3."""
    raw = in_version("2.0", _with({}, [{"it": ["read"]}]))
    raw["securityDefinitions"] = {"it": {"type": "oauth2", "flow": flow, **CODE}}
    made = imported(raw)
    assert (made.config["grant_type"], made.config["access_token_url"]) == (grant, TOKEN)
    assert made.config["scopes"] == ["read"]


def test_scopes_are_those_that_the_streams_need() -> None:
    """Of several ways, one that only reads is enough; no scope is requested beyond."""
    ways = [{"it": ["items.write"]}, {"it": ["items.read"]}]
    scheme = {"type": "oauth2", "flows": {"authorizationCode": CODE}}
    assert imported(_with({"it": scheme}, [], ways=ways)).config["scopes"] == ["items.read"]
    made = _one(scheme)
    assert "scopes" not in made.config
    assert any(line.startswith("scopes:") for line in made.unsure)


def test_schemes_that_go_together_are_joined() -> None:
    """A token and a key, as one requirement names both; alternatives are reported."""
    schemes = {
        "token": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        "other": {"type": "http", "scheme": "basic"},
    }
    made = imported(_with(schemes, [{"token": [], "key": []}, {"other": []}]))
    assert made.secrets == {"access_token": None, "headers": {"X-Key": None}}
    assert any("other (basic)" in line for line in made.unsure)


def test_scheme_that_most_streams_need_is_taken() -> None:
    """What a few operations require is reported."""
    basic = {"type": "http", "scheme": "basic"}
    schemes = {"most": basic, "few": {"type": "http", "scheme": "bearer"}}
    paths = {
        f"/{name}": listing(list_of(record()), security=[{name[:-1]: []}])
        for name in ("most1", "few1", "most2")
    }
    made = imported(document(paths, components={"securitySchemes": schemes}))
    assert made.config["grant_type"] == "basic"
    assert any("few (bearer)" in line for line in made.unsure)


def test_document_without_schemes_is_unsure() -> None:
    """The API may need credentials that the document does not name."""
    made = imported(document({"/items": listing(list_of(record()))}))
    assert made.config["grant_type"] == "none"
    assert any(line.startswith("security:") for line in made.unsure)


@pytest.mark.parametrize(
    ("scheme", "given", "sent"),
    [
        (
            {"type": "http", "scheme": "bearer"},
            {"access_token": "token-1"},
            ("Authorization", "Bearer token-1"),
        ),
        (
            {"type": "http", "scheme": "basic"},
            {"username": "u", "password": "p"},
            ("Authorization", f"Basic {base64.b64encode(b'u:p').decode()}"),
        ),
        (
            {"type": "apiKey", "in": "header", "name": "X-Key"},
            {"headers": {"X-Key": "key-1"}},
            ("X-Key", "key-1"),
        ),
        (
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/token"}}},
            {"client_id": "c", "client_secret": "s"},
            ("Authorization", "Bearer token-of-the-test"),
        ),
    ],
)
def test_credentials_are_sent_as_documented(
    scheme: dict[str, Any],
    given: dict[str, Any],
    sent: tuple[str, str],
    tap: TapRunner,
    api: ApiServer,
) -> None:
    """A run with what the user brings is authenticated."""
    api.serve("/items", {"data": [{"id": 1}]})
    made = _one(scheme, api.url)
    run = tap.ok({**made.config, **given, "max_retries": 0})
    assert run.ids() == [1]
    assert api.requests("/items")[0].headers[sent[0]] == sent[1]


@pytest.mark.parametrize(
    ("about", "base_url", "said"),
    [
        ({"servers": [{"url": "https://a.example/v2/"}]}, "https://a.example/v2", ""),
        ({"servers": [{"url": "/v2"}]}, "https://YOUR-HOST/v2", "YOUR-HOST"),
        ({"servers": []}, "https://YOUR-HOST", "YOUR-HOST"),
        ({"servers": [{"url": "http://a.example"}]}, "https://a.example", "plain http"),
        (
            {"servers": [{"url": "http://a.example"}, {"url": "https://b.example"}]},
            "https://b.example",
            "http://a.example",
        ),
        (
            {
                "servers": [
                    {
                        "url": "https://{region}.a.example/{base}",
                        "variables": {
                            "region": {"default": "eu", "enum": ["eu", "us"]},
                            "base": {"default": "v3"},
                        },
                    }
                ]
            },
            "https://eu.a.example/v3",
            "or us",
        ),
        ({"servers": [{"url": "https://{shop}.a.example"}]}, "https://YOUR-SHOP.a.example", "shop"),
    ],
)
def test_server_becomes_base_url(about: dict[str, Any], base_url: str, said: str) -> None:
    """What the document leaves open is said."""
    made = imported({**document({"/items": listing(list_of(record()))}), **about})
    assert made.config["base_url"] == base_url
    assert not said or any(said in line for line in made.unsure)


@pytest.mark.parametrize(
    ("about", "base_url"),
    [
        ({"host": "a.example", "basePath": "/v1"}, "https://a.example/v1"),
        ({"host": "a.example", "schemes": ["http", "https"]}, "https://a.example"),
        ({"basePath": "/v1"}, "https://YOUR-HOST/v1"),
    ],
)
def test_host_of_version_2_becomes_base_url(about: dict[str, Any], base_url: str) -> None:
    """Of its schemes, https is taken."""
    raw = in_version("2.0", document({"/items": listing(list_of(record()))}))
    for name in ("host", "basePath", "schemes"):
        del raw[name]
    assert imported({**raw, **about}).config["base_url"] == base_url
