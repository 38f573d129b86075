"""The demo's API rejects bad parameters and bodies, unknown paths and missing tokens."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/contacts", {"page": 0}),
        ("/contacts", {"page": "two"}),
        ("/contacts", {"per_page": 0}),
        ("/contacts", {"per_page": -5}),
        ("/contacts", {"per_page": ""}),
        ("/contacts", {"page": [1, 2]}),
        ("/issues", {"startAt": -1}),
        ("/issues", {"maxResults": "1.5"}),
        ("/people", {"pageToken": "x"}),
        ("/people", {"pageToken": ""}),
        ("/messages", {"$skiptoken": "ä"}),
        ("/events", {"cursor": "MTox"}),
        ("/charges", {"starting_after": "ch_0"}),
        ("/countries", {"updated_after": ""}),
        ("/countries", {"updated_after": "yesterday"}),
        ("/countries", {"updated_after": "2025-06-30T10:00:00"}),
        ("/countries", {"updated_after": "2025-02-30T10:00:00Z"}),
        ("/countries", {"updated_after": "2025-02-28T10:00:00 00:00"}),
        ("/countries", {"updated_after": "0001-01-01T00:00:00+12:00"}),
    ],
)
def test_bad_parameter_is_400(client, path, params):
    response = client.call(path, **params)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"\xff",
        b"[" * 60_000,
        b'{"page": []}',
        b'{"page": {"offset": "0"}}',
        b'{"page": {"size": true}}',
        b'{"page": {"size": 0}}',
        b'{"updated_after": {}}',
        b'{"updated_after": 5}',
    ],
)
def test_bad_body_is_400(client, body):
    """A body must be a JSON object; digits in a string are not a number."""
    token = client.token("client_credentials").json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    url = f"{client.url}/api/v1/search"
    response = client.http.post(url, data=body, headers=headers, timeout=5)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_unknown_path_is_404_and_wrong_method_is_405(client):
    """The 405 names the allowed methods."""
    for path in ("/nothing", "/countries/", "/lists//tasks"):
        response = client.call(path)
        assert (response.status_code, response.json()["error"]) == (404, "not_found")
    wrong = client.call("/countries", method="POST")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer x", "Basic x", "demo"])
def test_every_path_without_a_valid_token_is_401(client, header):
    """The response has an invalid_token challenge."""
    headers = {"Authorization": header} if header else {}
    for path in ("countries", "nothing", "search"):
        response = client.http.get(f"{client.url}/api/v1/{path}", headers=headers, timeout=5)
        assert (response.status_code, response.json()["error"]) == (401, "invalid_token")
        challenge = response.headers["WWW-Authenticate"]
        assert challenge.startswith('Bearer error="invalid_token"')


def test_token_is_accepted_as_bearer_only(client):
    token = client.token("client_credentials").json()["access_token"]
    url = f"{client.url}/api/v1/countries"
    for scheme, status in (("Bearer", 200), ("bearer", 200), ("Basic", 401), ("Token", 401)):
        headers = {"Authorization": f"{scheme} {token}"}
        assert client.http.get(url, headers=headers, timeout=5).status_code == status
