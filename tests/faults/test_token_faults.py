"""Faults in the response to a refresh: its token is sent once a run, whatever happens."""

from __future__ import annotations

import threading

import pytest

from tests.faults.fault_kinds import HTML, RETRIED, body, half, status
from tests.support.server import Drop, Reply

STREAM = {"name": "items", "path": "items", "schema": {"properties": {"id": {"type": "integer"}}}}
LOST = {
    **RETRIED,
    "HTML with status 200": body(HTML),
    "an empty body": body(b""),
    "JSON that is cut": body(half),
    "502 with a page": status("502 Bad Gateway", Content_Type="text/html"),
}


@pytest.fixture
def provider(api, proxy):
    """A provider that accepts each refresh token once; return the tokens it received."""
    asked = []

    def token(seen):
        asked.append(seen.form["refresh_token"])
        if len(asked) != len(set(asked)):
            return Reply({"error": "invalid_grant"}, 400)
        return {
            "access_token": "an-access-token",
            "refresh_token": "another-refresh-token",
            "expires_in": 3600,
        }

    api.token = token
    api.serve("/items", [])
    proxy.is_faulty = lambda _: True
    return asked


def config(api, proxy):
    seeded = {"grant_type": "refresh_token", "refresh_token": "seed-of-the-test", "timeout": 1}
    url = f"http://{proxy.host}/token"
    return api.config(STREAM, **seeded, access_token_url=url, max_retries=3, max_wait=0.01)


def assert_reported_and_explained(tap, proxy, provider, settings):
    """Assert one error and one request; the next run explains what may have happened."""
    run = tap(settings)
    assert run.status == 1
    assert len(run.error_lines) == 1
    assert "Traceback" not in run.errors
    assert provider == ["seed-of-the-test"]
    proxy.fault = None
    run = tap(settings)
    assert run.status == 1
    assert "interrupted before its response was stored" in run.error_lines[0]
    assert "tap-oauth2-generic login" in run.error_lines[0]


@pytest.mark.parametrize("fault", LOST)
def test_lost_response_to_a_refresh_is_reported_and_explained(api, proxy, provider, tap, fault):
    """The refresh is not repeated; the next run explains what may have happened."""
    proxy.fault = LOST[fault]
    assert_reported_and_explained(tap, proxy, provider, config(api, proxy))


@pytest.mark.parametrize(
    "fault", ["closed before the response", "reset before the response", "silence"]
)
def test_refresh_that_a_proxy_loses_counts_as_sent(api, proxy, provider, tap, fault):
    """Behind a proxy, too, a refresh that was sent is not repeated."""
    proxy.fault = LOST[fault]
    proxy.is_faulty = lambda target: target.endswith("/token")
    way = {"proxy": f"http://{proxy.host}", "access_token_url": f"{api.url}/token"}
    assert_reported_and_explained(tap, proxy, provider, config(api, proxy) | way)


@pytest.mark.parametrize("reply", [Drop, Reply(b"<html>", 502), Reply({"error": "no"}, 400)])
def test_threads_do_not_repeat_a_failed_refresh(api, tap, reply):
    """If a refresh fails for one page, the pages fetched with it do not retry it."""
    asked, together = [], threading.Barrier(4)

    def token(seen):
        asked.append(seen.form["refresh_token"])
        good = {"access_token": "a-token", "refresh_token": "the-next-token", "expires_in": 3600}
        return good if len(asked) == 1 else reply

    def items(seen):
        if seen.query["page"] == "1":
            return {"d": [{"id": 1}], "pages": 5}
        together.wait(30)
        return Reply({}, 401)

    api.token, api.routes["/items"] = token, items
    paging = {"style": "page_number", "total_pages_path": "pages"}
    stream = {**STREAM, "records_path": "d", "pagination": paging}
    seeded = {"grant_type": "refresh_token", "refresh_token": "seed-of-the-test"}
    run = tap(api.config(stream, **seeded, max_in_flight=4))
    assert run.status == 1
    assert len(run.error_lines) == 1
    assert asked == ["seed-of-the-test", "the-next-token"]


@pytest.mark.parametrize("fault", ["reset after the head", "whole"])
def test_complete_response_to_a_refresh_is_stored(api, proxy, provider, tap, fault):
    """A complete response is stored, whatever happens to the connection next."""

    def send(good, client):
        client.send(good.whole())
        client.reset()

    proxy.fault = send if fault != "whole" else None
    for _ in range(2):
        tap.ok(config(api, proxy))
    assert provider == ["seed-of-the-test"]
