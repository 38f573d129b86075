"""The endpoints of a provider: configured or discovered, and whose response a login takes."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.errors import AuthorizationError
from tap_oauth2_generic.net.transport import Transport, TransportSettings
from tap_oauth2_generic.oauth2.discovery import Endpoints
from tap_oauth2_generic.oauth2.grants.device_code import DeviceCode
from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tests.support.server import Drop, Reply
from tests.support.settings import valid_settings

NAMES = {
    "authorize_url": "authorization_endpoint",
    "access_token_url": "token_endpoint",
    "device_authorization_url": "device_authorization_endpoint",
}
OPENID, OAUTH = "openid-configuration", "oauth-authorization-server"


def endpoints_of(*configured, **settings):
    oauth2 = valid_settings(OAuth2Settings, settings)
    return Endpoints(oauth2, Transport(TransportSettings(), "0"), *configured)


def document_of(api, issuer=""):
    return {"issuer": api.url + issuer, **{n: f"{api.url}/{n}" for n in NAMES.values()}}


@pytest.mark.parametrize(
    ("settings", "known"),
    [
        ({}, False),
        ({"refresh_token_url": "https://a.example"}, False),
        ({"issuer": "https://a.example"}, True),
        ({"access_token_url": "https://a.example"}, True),
    ],
)
def test_token_endpoint_is_known_from_its_url_or_the_issuer(settings, known):
    assert endpoints_of(**settings).known is known


def test_all_endpoints_are_in_one_document(api):
    """It is requested once, as JSON."""
    api.serve(f"/.well-known/{OPENID}", document_of(api))
    endpoints = endpoints_of(issuer=api.url)
    assert {n: endpoints.resolve(n) for n in NAMES} == {
        name: f"{api.url}/{field}" for name, field in NAMES.items()
    }
    assert [seen.headers["Accept"] for seen in api.seen] == ["application/json"]


def test_endpoint_of_the_grant_is_configured(api):
    grant = DeviceCode(device_authorization_url="https://a.example/device")
    endpoints = endpoints_of(grant, issuer=api.url)
    assert endpoints.resolve("device_authorization_url") == "https://a.example/device"
    assert not api.seen


@pytest.mark.parametrize("name", NAMES)
def test_endpoint_that_nothing_names_is_one_sentence(api, name):
    with pytest.raises(AuthorizationError, match=f"setting '{name}' is required"):
        endpoints_of(DeviceCode()).resolve(name)
    api.serve(f"/.well-known/{OPENID}", {"issuer": api.url})
    with pytest.raises(AuthorizationError, match=f"names no {NAMES[name]}; set {name}"):
        endpoints_of(issuer=api.url).resolve(name)


@pytest.mark.parametrize(
    ("path", "tried"),
    [
        ("", [f"/.well-known/{OPENID}", f"/.well-known/{OAUTH}"]),
        ("/", [f"/.well-known/{OPENID}", f"/.well-known/{OAUTH}"]),
        (
            "/t/one/",
            [
                f"/t/one/.well-known/{OPENID}",
                f"/.well-known/{OPENID}/t/one",
                f"/t/one/.well-known/{OAUTH}",
                f"/.well-known/{OAUTH}/t/one",
            ],
        ),
    ],
)
def test_document_is_looked_for_where_both_standards_say(api, path, tried):
    """Each address is tried once; the error names all of them."""
    with pytest.raises(AuthorizationError) as caught:
        endpoints_of(issuer=api.url + path).resolve("access_token_url")
    causes = "; ".join(f"{api.url}{one}: status 404" for one in tried)
    assert str(caught.value).endswith(f"has no discovery document ({causes})")
    assert [seen.path for seen in api.seen] == tried


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (Drop, "ConnectionError"),
        (Reply(b"<html>"), "ValueError"),
        (Reply([1]), "status 200"),
        (Reply({"issuer": "another"}, 500), "status 500"),
    ],
)
def test_address_without_a_document_is_passed_over(api, reply, cause):
    """The next one counts; without any, the error says what each returned."""
    api.routes[f"/.well-known/{OPENID}"] = lambda _: reply
    with pytest.raises(AuthorizationError, match=f"{OPENID}: {cause}; .*: status 404"):
        endpoints_of(issuer=api.url).resolve("access_token_url")
    api.serve(f"/.well-known/{OAUTH}", document_of(api))
    found = endpoints_of(issuer=api.url).resolve("access_token_url")
    assert found == f"{api.url}/token_endpoint"


@pytest.mark.parametrize("given", ["", "/"])
@pytest.mark.parametrize("named", ["", "/"])
def test_slash_at_the_end_of_an_issuer_does_not_matter(api, given, named):
    api.serve(f"/.well-known/{OPENID}", document_of(api, named))
    assert endpoints_of(issuer=api.url + given).resolve("access_token_url")


@pytest.mark.parametrize("issuer", [None, 5, "https://evil.example"])
def test_document_of_another_issuer_is_refused(api, issuer):
    """The next address is not tried."""
    api.serve(f"/.well-known/{OPENID}", {**document_of(api), "issuer": issuer})
    with pytest.raises(AuthorizationError, match="names another issuer"):
        endpoints_of(issuer=api.url).resolve("access_token_url")
    assert len(api.seen) == 1


class Page:
    """A grant with a login page."""

    authorize_url = "https://login.example/authorize"


TOKEN_URL = {"access_token_url": "https://token.example/token"}
ISSUER = {"issuer": "https://login.example/t/one"}


@pytest.mark.parametrize(
    ("settings", "issuer"),
    [
        ({}, "https://login.example"),
        ({}, "https://login.example/any/path"),
        ({}, "https://token.example"),
        (ISSUER, "https://login.example/t/one"),
        (ISSUER, "https://login.example/t/one/"),
        ({"issuer": "https://login.example/t/one/"}, "https://login.example/t/one"),
    ],
)
def test_response_of_the_provider_is_taken(settings, issuer):
    """Without a configured issuer, it is on the host of an endpoint."""
    endpoints_of(Page(), **TOKEN_URL, **settings).check_issuer(issuer)


@pytest.mark.parametrize(
    ("settings", "issuer"),
    [
        ({}, "https://evil.example"),
        ({}, "https://login.example.evil.example"),
        ({}, "login.example"),
        ({}, "https://[login.example"),
        (ISSUER, "https://login.example"),
        (ISSUER, "https://login.example/t/two"),
        (ISSUER, "https://token.example"),
    ],
)
def test_response_of_another_provider_is_refused(settings, issuer):
    endpoints = endpoints_of(Page(), **TOKEN_URL, **settings)
    with pytest.raises(AuthorizationError) as caught:
        endpoints.check_issuer(issuer)
    assert f"came from another provider (iss {issuer!r})" in str(caught.value)


def test_long_issuer_of_another_provider_is_cut():
    endpoints = endpoints_of(Page(), **TOKEN_URL)
    with pytest.raises(AuthorizationError) as caught:
        endpoints.check_issuer("x" * 300)
    assert f"(iss {'x' * 200!r})" in str(caught.value)
