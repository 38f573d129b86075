"""Faults on demand, and the list of all endpoints."""

from __future__ import annotations

import pytest
import requests

PATH = "/changes/iso"


def plan(client, **wish):
    url = f"{client.url}/demo/faults"
    return client.http.post(url, json={"path": PATH, **wish}, timeout=10)


def statuses(client, count):
    """Return the outcome of each of ``count`` requests: a status, or how it failed."""
    got = []
    for _ in range(count):
        try:
            got.append(client.call(PATH).status_code)
        except requests.exceptions.ChunkedEncodingError:
            got.append("cut")
        except requests.exceptions.ConnectionError:
            got.append("drop")
    return got


@pytest.mark.parametrize(
    ("wish", "fails"),
    [({}, 503), ({"status": 429}, 429), ({"kind": "drop"}, "drop"), ({"kind": "cut"}, "cut")],
)
def test_planned_number_of_requests_fails(own_client, wish, fails):
    """Only at the planned path, after the planned number of good responses."""
    assert plan(own_client, after=1, times=2, **wish).ok
    assert own_client.call("/countries").ok
    assert statuses(own_client, 5) == [200, fails, fails, 200, 200]


def test_fault_has_the_planned_body_and_retry_after(own_client):
    plan(own_client, status=429, retry_after=7, body={"ok": False})
    response = own_client.call(PATH)
    assert (response.json(), response.headers["Retry-After"]) == ({"ok": False}, "7")
    plan(own_client)
    assert "Retry-After" not in own_client.call(PATH).headers


def test_fault_can_be_limited_to_a_query(own_client):
    plan(own_client, having="offset=10", times=9)
    found = [own_client.call(PATH, offset=offset).status_code for offset in (0, 10, 20)]
    assert found == [200, 503, 200]


def test_fault_can_be_cancelled(own_client):
    """The response tells how many requests were still to fail."""
    plan(own_client, times=5)
    assert statuses(own_client, 1) == [503]
    ended = own_client.http.delete(f"{own_client.url}/demo/faults", timeout=10)
    assert ended.json() == {"left": 4}
    assert statuses(own_client, 1) == [200]


@pytest.mark.parametrize("wish", [{"kind": "flood"}, {"times": 0}, {"after": -1}])
def test_invalid_plan_is_400(own_client, wish):
    assert plan(own_client, **wish).status_code == 400


def test_index_lists_every_endpoint_without_a_token(client):
    listed = client.http.get(f"{client.url}/", timeout=10).json()["endpoints"]
    assert all(entry["methods"] and entry["about"] for entry in listed)
    collections = [entry["path"] for entry in listed if entry["path"].startswith("/api/v1/")]
    for path in collections:
        if "{" not in path and path != "/api/v1/search":
            assert client.call(path.removeprefix("/api/v1")).ok, path
