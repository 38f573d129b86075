"""The laws of authorization codes, PKCE and the public client at the demo's token endpoint."""

from __future__ import annotations

import pytest

from tests.support.demo_client import CHALLENGE, PUBLIC, REDIRECT, USER, VERIFIER, refused


def test_a_code_gives_tokens(client, browser):
    """An authorization code with its redirect URI gives an access and a refresh token."""
    body = client.token("authorization_code", code=browser.code(), redirect_uri=REDIRECT).json()
    assert client.works(body["access_token"])
    assert client.token("refresh_token", refresh_token=body["refresh_token"]).ok


def test_a_code_used_twice_revokes_its_tokens(client, browser):
    """The second use of a code is invalid_grant and ends the tokens of the first."""
    form = {"code": browser.code(), "redirect_uri": REDIRECT}
    body = client.token("authorization_code", **form).json()
    assert refused(client.token("authorization_code", **form), "invalid_grant")
    assert not client.works(body["access_token"])
    again = client.token("refresh_token", refresh_token=body["refresh_token"])
    assert refused(again, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": REDIRECT + "/"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"client": PUBLIC}, "invalid_grant"),
    ],
)
def test_a_code_is_bound_to_its_request(client, browser, changes, error):
    """A code with another redirect URI, verifier or client than it was asked with gives nothing."""
    code = browser.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    form = {"redirect_uri": REDIRECT, "code_verifier": VERIFIER, **changes}
    assert refused(client.token("authorization_code", code=code, **form), error)


def test_a_verifier_without_a_challenge_is_refused(client, browser):
    """A code that was asked for without PKCE cannot be redeemed with a verifier."""
    form = {"code": browser.code(), "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    assert refused(client.token("authorization_code", **form), "invalid_grant")


def test_the_public_client_needs_no_secret_but_pkce(client, browser):
    """The public client gets and refreshes tokens by client_id and code verifier alone."""
    code = browser.code(
        client_id="demo-public", code_challenge=CHALLENGE, code_challenge_method="S256"
    )
    form = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    body = client.token("authorization_code", client=PUBLIC, **form).json()
    assert client.works(body["access_token"])
    refresh = {"refresh_token": body["refresh_token"]}
    assert client.token("refresh_token", client=PUBLIC, **refresh).ok


@pytest.mark.parametrize("grant_type", ["client_credentials", "password"])
def test_the_public_client_may_use_no_other_grant(client, grant_type):
    """The public client is unauthorized for the grants that need a secret."""
    response = client.token(grant_type, client=PUBLIC, **USER)
    assert refused(response, "unauthorized_client")


def test_the_public_client_with_a_secret_is_refused(client):
    """A secret from a client that has none is a wrong secret."""
    form = {**PUBLIC, "client_secret": "guess"}
    assert refused(client.token("refresh_token", client=form), "invalid_client", 401)
