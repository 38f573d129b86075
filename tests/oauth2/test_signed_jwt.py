"""Grant ``jwt``: the tap signs the access token itself, seen from servers that check it."""

from __future__ import annotations

import jwt
import pytest

from tests.oauth2.test_assertions import key_of, pem
from tests.support.server import Reply

STREAM = {"name": "items", "path": "items"}
SECRET = "a shared secret of the test, long enough"


def config_of(api, **settings):
    return {"base_url": api.url, "grant_type": "jwt", "streams": [STREAM], **settings}


def bearer(request):
    return request.headers["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "HS256"])
def test_signed_jwt_is_the_access_token(api, tap, algorithm):
    """The API can verify it, it has the configured claims, and no endpoint is asked for it."""
    api.serve("/items", [{"id": 1}])
    key = SECRET if algorithm == "HS256" else key_of(algorithm)
    given = {
        "private_key": SECRET if key == SECRET else pem(key),
        "private_key_id": "key-1",
        "jwt_algorithm": algorithm,
        "jwt_issuer": "issuer-1",
        "jwt_audience": "appstoreconnect-v1",
        "jwt_lifetime": 900,
        "jwt_claims": {"scope": ["GET /items"]},
    }
    run = tap.ok(config_of(api, **given))
    token = bearer(api.seen[0])
    public = key if key == SECRET else key.public_key()
    claims = jwt.decode(token, public, [algorithm], audience="appstoreconnect-v1")
    assert jwt.get_unverified_header(token)["kid"] == "key-1"
    assert (claims["iss"], claims["scope"]) == ("issuer-1", ["GET /items"])
    assert claims["exp"] - claims["iat"] == 900
    assert {seen.path for seen in api.seen} == {"/items"}
    assert token not in run.errors


def test_claims_that_are_not_set_are_left_out(api, tap):
    """Without an endpoint there is no default audience."""
    api.serve("/items", [{"id": 1}])
    tap.ok(config_of(api, private_key=SECRET, jwt_algorithm="HS256"))
    claims = jwt.decode(bearer(api.seen[0]), SECRET, ["HS256"])
    assert set(claims) == {"iat", "exp", "jti"}


def test_rejected_jwt_is_signed_anew(api, tap):
    """A 401 leads to a new JWT, as with every other token."""
    api.serve("/items", Reply({}, 401), [{"id": 1}])
    run = tap.ok(config_of(api, private_key=SECRET, jwt_algorithm="HS256"))
    first, second = map(bearer, api.seen[:2])
    assert run.ids() == [1]
    assert first != second


def test_signed_jwt_is_exchanged_for_the_token_of_an_installation(api, tap):
    """token_exchange takes it as the first token, as an app of GitHub needs."""
    api.serve("/items", [{"id": 1}])
    api.serve("/app/installations/7/access_tokens", Reply({"token": "of-the-installation"}, 201))
    exchange = {
        "url": f"{api.url}/app/installations/7/access_tokens",
        "headers": {"Authorization": "Bearer {token.access_token}"},
        "access_token_path": "token",
    }
    key = key_of("RS256")
    tap.ok(config_of(api, private_key=pem(key), jwt_issuer="app-1", token_exchange=exchange))
    asked, read = api.seen[:2]
    assert jwt.decode(bearer(asked), key.public_key(), ["RS256"])["iss"] == "app-1"
    assert bearer(read) == "of-the-installation"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "setting 'private_key' is required with grant_type jwt"),
        ({"private_key": "no key"}, "the private key cannot sign with RS256"),
    ],
    ids=["none", "no PEM key"],
)
def test_key_that_cannot_sign_is_one_line(api, tap, settings, expected):
    api.serve("/items", [{"id": 1}])
    run = tap(config_of(api, **settings))
    assert run.status == 1
    assert expected in run.errors
    assert "Traceback" not in run.errors
    assert not api.seen
