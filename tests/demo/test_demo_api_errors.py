"""The laws of what the demo's API refuses: bad parameters and bodies, no path, no token."""

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
def test_a_bad_parameter_is_a_400(client, path, params):
    """A parameter that cannot be meant is a 400 in JSON, never guessed at."""
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
def test_a_bad_body_is_a_400(client, body):
    """A body that is no JSON object of the right shape is a 400 in JSON; a number stays one."""
    token = client.token("client_credentials").json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    url = f"{client.url}/api/v1/search"
    response = client.http.post(url, data=body, headers=headers, timeout=5)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_an_unknown_path_is_a_404_and_a_wrong_method_a_405(client):
    """What is not there is a JSON 404; what is there for another method names that method."""
    for path in ("/nothing", "/countries/", "/lists//tasks"):
        response = client.call(path)
        assert (response.status_code, response.json()["error"]) == (404, "not_found")
    wrong = client.call("/countries", method="POST")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer x", "Basic x", "demo"])
def test_without_a_token_there_is_only_a_401(client, header):
    """Whatever is asked, without a good token the answer is 401 with an invalid_token challenge."""
    headers = {"Authorization": header} if header else {}
    for path in ("countries", "nothing", "search"):
        response = client.http.get(f"{client.url}/api/v1/{path}", headers=headers, timeout=5)
        assert (response.status_code, response.json()["error"]) == (401, "invalid_token")
        challenge = response.headers["WWW-Authenticate"]
        assert challenge.startswith('Bearer error="invalid_token"')


def test_a_good_token_counts_as_bearer_only(client):
    """A token that opens the API does not open it under another scheme."""
    token = client.token("client_credentials").json()["access_token"]
    url = f"{client.url}/api/v1/countries"
    for scheme, status in (("Bearer", 200), ("bearer", 200), ("Basic", 401), ("Token", 401)):
        headers = {"Authorization": f"{scheme} {token}"}
        assert client.http.get(url, headers=headers, timeout=5).status_code == status
