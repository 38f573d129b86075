"""Faults in the answer to a refresh: whatever happens to it, its token goes out once a run."""

from __future__ import annotations

import pytest
from fault_kinds import HTML, RETRIED, body, half, status
from server import Reply

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
    """A provider whose refresh tokens serve once; gives the tokens that it was asked with."""
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
    proxy.spoils = lambda _: True
    return asked


def config(api, proxy):
    seeded = {"grant_type": "refresh_token", "refresh_token": "seed-of-the-test", "timeout": 0.3}
    url = f"http://{proxy.host}/token"
    return api.config(STREAM, **seeded, access_token_url=url, max_retries=3, max_wait=0.01)


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_to_a_refresh_is_said_and_explained(api, proxy, provider, tap, fault):
    """A refresh whose answer is lost is not repeated; the next run says what may have happened."""
    proxy.fault = LOST[fault]
    run = tap(config(api, proxy))
    assert run.status == 1
    assert len(run.error_lines) == 1
    assert "Traceback" not in run.errors
    assert provider == ["seed-of-the-test"]
    proxy.fault = None
    run = tap(config(api, proxy))
    assert run.status == 1
    assert "cut off before its answer was stored" in run.error_lines[0]
    assert "tap-oauth2-generic-login" in run.error_lines[0]


@pytest.mark.parametrize("fault", ["reset after the head", "whole"])
def test_a_whole_answer_to_a_refresh_is_kept(api, proxy, provider, tap, fault):
    """An answer that came whole is stored, whatever happens to the connection next."""

    def send(good, client):
        client.send(good.whole())
        client.reset()

    proxy.fault = send if fault != "whole" else None
    for _ in range(2):
        run = tap(config(api, proxy))
        assert run.status == 0, run.errors
    assert provider == ["seed-of-the-test"]
