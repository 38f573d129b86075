"""Client authentication at the token endpoint, seen from the server."""

from __future__ import annotations

import base64

import pytest

from tests.support.server import Reply

STREAM = {"name": "items", "path": "items"}
ODD = {"client_id": "id:of é+1", "client_secret": "se%cret:/+é ü&="}


@pytest.fixture
def token_request(api, tap):
    """Sync one stream and return its token request."""
    api.serve("/items", [{"id": 1}])

    def sync(**settings):
        tap.ok(api.config(STREAM, **settings))
        (request,) = api.requests("/token")
        return request

    return sync


def test_post_sends_id_and_secret_as_parameters(token_request):
    """client_secret_post, the default, sends both in the form and none in a header."""
    request = token_request(**ODD)
    assert ODD.items() <= request.form.items()
    assert "Authorization" not in request.headers


def test_public_client_sends_no_secret_parameter(token_request):
    """Without a client_secret the form has the client_id only."""
    form = token_request(client_secret="").form
    assert form == {"grant_type": "client_credentials", "client_id": "client-of-the-test"}


@pytest.mark.parametrize(
    ("client", "pair"),
    [
        ({}, "client-of-the-test:secret-of-the-test"),
        (ODD, "id%3Aof+%C3%A9%2B1:se%25cret%3A%2F%2B%C3%A9+%C3%BC%26%3D"),
        ({"client_secret": ""}, "client-of-the-test:"),
    ],
    ids=["plain", "odd characters", "no secret"],
)
def test_basic_form_encodes_id_and_secret(token_request, client, pair):
    """client_secret_basic encodes both as RFC 6749 section 2.3.1 requires."""
    request = token_request(**client, client_auth="client_secret_basic")
    scheme, _, encoded = request.headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", pair)
    assert request.form == {"grant_type": "client_credentials"}


def test_none_sends_the_client_id_only(token_request):
    """client_auth none never sends a configured secret."""
    request = token_request(client_auth="none")
    assert request.form == {"grant_type": "client_credentials", "client_id": "client-of-the-test"}
    assert "Authorization" not in request.headers


def test_refresh_is_authenticated_like_the_first_request(token_request):
    """A refresh carries the same client authentication."""
    request = token_request(
        grant_type="refresh_token", refresh_token="seed", client_auth="client_secret_basic"
    )
    pair = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
    assert pair == "client-of-the-test:secret-of-the-test"
    assert request.form == {"grant_type": "refresh_token", "refresh_token": "seed"}


def test_basic_raw_sends_id_and_secret_as_they_are(token_request):
    """client_secret_basic_raw encodes neither, for providers that compare them as they are."""
    client = {"client_id": "id-1", "client_secret": ODD["client_secret"]}
    request = token_request(**client, client_auth="client_secret_basic_raw")
    encoded = request.headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(encoded).decode() == f"id-1:{ODD['client_secret']}"
    assert request.form == {"grant_type": "client_credentials"}


@pytest.mark.parametrize(
    ("settings", "tried"),
    [
        ({}, "client_secret_basic or client_secret_basic_raw"),
        ({"client_auth": "client_secret_basic"}, "client_secret_post or client_secret_basic_raw"),
        (
            {"client_auth": "client_secret_basic_raw"},
            "client_secret_post or client_secret_basic",
        ),
        (
            {"client_auth": "client_secret_post", "private_key": "a key of the test"},
            "private_key_jwt, which uses private_key or client_secret_basic",
        ),
        ({"client_auth": "none"}, None),
    ],
)
def test_refused_client_is_told_what_to_try(api, tap, settings, tried):
    """invalid_client names the methods of client authentication that are left."""
    api.token = lambda _: Reply({"error": "invalid_client"}, 401)
    run = tap(api.config(STREAM, **settings))
    assert run.status == 1
    (line,) = run.error_lines
    assert "check client_id, client_secret and client_auth" in line
    if tried:
        assert f"; try client_auth {tried}" in line
    else:
        assert "try client_auth" not in line
