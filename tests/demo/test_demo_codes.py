"""Authorization codes, PKCE and the public client at the demo's token endpoint."""

from __future__ import annotations

import pytest

from tests.support.demo_client import CHALLENGE, PUBLIC, REDIRECT, USER, VERIFIER, refused


def test_code_buys_access_and_refresh_token(client, browser):
    body = client.token("authorization_code", code=browser.code(), redirect_uri=REDIRECT).json()
    assert client.works(body["access_token"])
    assert client.token("refresh_token", refresh_token=body["refresh_token"]).ok


def test_reused_code_revokes_its_tokens(client, browser):
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
def test_code_is_bound_to_redirect_uri_verifier_and_client(client, browser, changes, error):
    code = browser.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    form = {"redirect_uri": REDIRECT, "code_verifier": VERIFIER, **changes}
    assert refused(client.token("authorization_code", code=code, **form), error)


def test_verifier_without_challenge_is_rejected(client, browser):
    """It would be a PKCE downgrade."""
    form = {"code": browser.code(), "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    assert refused(client.token("authorization_code", **form), "invalid_grant")


def test_public_client_needs_pkce_and_no_secret(client, browser):
    code = browser.code(
        client_id="demo-public", code_challenge=CHALLENGE, code_challenge_method="S256"
    )
    form = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    body = client.token("authorization_code", client=PUBLIC, **form).json()
    assert client.works(body["access_token"])
    refresh = {"refresh_token": body["refresh_token"]}
    assert client.token("refresh_token", client=PUBLIC, **refresh).ok


@pytest.mark.parametrize("grant_type", ["client_credentials", "password"])
def test_public_client_may_not_use_grants_with_a_secret(client, grant_type):
    response = client.token(grant_type, client=PUBLIC, **USER)
    assert refused(response, "unauthorized_client")


def test_public_client_with_a_secret_is_rejected(client):
    form = {**PUBLIC, "client_secret": "guess"}
    assert refused(client.token("refresh_token", client=form), "invalid_client", 401)
