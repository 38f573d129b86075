"""Grants that request no token: HTTP Basic, API keys, and APIs that anybody may read."""

from __future__ import annotations

import base64

import pytest

from tests.support.commands import run_program, write_config
from tests.support.server import Reply

STREAM = {"name": "items", "path": "items"}
USER = {"username": "ann@example.com", "password": "pass wörd+&=%:"}


def config_of(api, **settings):
    """Return a configuration without token endpoint and client."""
    return {"base_url": api.url, "max_retries": 0, "streams": [STREAM], **settings}


def pair_of(request):
    return base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()


def test_basic_sends_user_and_password_with_each_request(api, tap):
    """They go with every page as RFC 7617 encodes them, and no token is requested."""
    pages = {"1": {"data": [{"id": 1}], "next": "/items?page=2"}, "2": {"data": [{"id": 2}]}}
    api.routes["/items"] = lambda seen: pages[seen.query.get("page", "1")]
    paging = {"style": "next_url", "next_url_path": "next"}
    stream = {**STREAM, "records_path": "data", "pagination": paging}
    run = tap.ok(config_of(api, grant_type="basic", streams=[stream], **USER))
    assert run.ids() == [1, 2]
    assert {pair_of(request) for request in api.seen} == {":".join(USER.values())}


@pytest.mark.parametrize("password", [None, "", "x"])
def test_basic_takes_an_api_key_as_user_name(api, tap, password):
    """The password may be missing or empty; then the user name is the secret."""
    api.routes["/items"] = lambda seen: Reply({"echo": dict(seen.headers)}, 400)
    key = "key-of-the-test-1234"
    run = tap(config_of(api, grant_type="basic", username=key, password=password))
    assert pair_of(api.seen[0]) == f"{key}:{password or ''}"
    assert run.status == 1
    if not password:
        assert key not in run.errors


def test_basic_credentials_are_masked(api, tap):
    """An API that echoes the header shows neither the password nor its encoding."""
    api.routes["/items"] = lambda seen: Reply({"error": seen.headers["Authorization"]}, 400)
    run = tap(config_of(api, grant_type="basic", **USER))
    assert api.seen[0].headers["Authorization"].removeprefix("Basic ") not in run.errors
    assert USER["password"] not in run.errors


def test_none_sends_no_authorization(api, tap):
    """An API without authentication needs base_url and streams only."""
    api.serve("/items", [{"id": 1}])
    assert tap.ok(config_of(api, grant_type="none")).ids() == [1]
    assert "Authorization" not in api.seen[0].headers


@pytest.mark.parametrize(
    ("place", "name"),
    [("headers", "X-API-Key"), ("headers", "Authorization"), ("params", "api_key")],
)
def test_api_key_goes_where_it_is_configured(api, tap, place, name):
    """It goes with every request, without a token, and is masked in output."""
    api.routes["/items"] = lambda seen: Reply({"error": [seen.query, dict(seen.headers)]}, 400)
    run = tap(config_of(api, grant_type="none", **{place: {name: "Token key-of-the-test"}}))
    (request,) = api.seen
    sent = request.headers if place == "headers" else request.query
    assert sent[name] == "Token key-of-the-test"
    assert "key-of-the-test" not in run.errors


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"grant_type": "basic", **USER}, "check both"),
        ({"grant_type": "none"}, "set another grant_type"),
    ],
    ids=["basic", "none"],
)
def test_rejected_credentials_end_the_run_at_once(api, tap, settings, advice):
    """A 401 is one line after one request: nothing can be renewed."""
    api.routes["/items"] = lambda _: Reply({}, 401)
    run = tap(config_of(api, **settings))
    assert run.status == 1
    (line,) = run.error_lines
    assert advice in line
    assert len(api.seen) == 1


def test_basic_without_user_is_one_error(api, tap):
    """The user name is required; nothing is sent without it."""
    run = tap(config_of(api, grant_type="basic", password="pass-word"))
    assert run.status == 1
    assert "setting 'username' is required with grant_type basic" in run.errors
    assert not api.seen


def test_placeholder_for_a_token_that_is_not_requested_is_one_error(api, tap):
    """{token.NAME} is unknown to a grant that has no token response."""
    run = tap(config_of(api, grant_type="none", headers={"X-Org": "{token.org}"}))
    assert "headers.X-Org: unknown placeholder {token.org}" in run.errors
    assert not api.seen


@pytest.mark.parametrize("grant_type", ["basic", "none"])
def test_login_says_that_none_is_needed(api, tmp_path, state_home, grant_type):
    """The command login ends with one line; it stores nothing."""
    config = write_config(tmp_path, config_of(api, grant_type=grant_type, username="ann"))
    done = run_program("login", "--config", config)
    assert done.returncode == 1
    assert "needs no login: it requests no token" in done.stderr
    assert not list(state_home.iterdir())


@pytest.mark.parametrize("status", [200, 401])
def test_check_uses_the_credentials_once(api, tmp_path, status):
    """The command connections --check reads a stream, and says if the API refuses."""
    api.routes["/items"] = lambda _: Reply([{"id": 1}], status)
    config = write_config(tmp_path, config_of(api, grant_type="basic", **USER))
    done = run_program("connections", "--config", config, "--check")
    assert done.returncode == (status != 200)
    assert ("was used for stream 'items'" in done.stdout) == (status == 200)


@pytest.mark.parametrize(
    ("stream", "read"),
    [
        ({"path": "bot{token.access_token}/items"}, lambda seen: seen.path),
        (
            {"path": "items", "method": "POST", "body": {"auth": {"key": "{token.access_token}"}}},
            lambda seen: seen.json["auth"]["key"],
        ),
    ],
    ids=["path", "body"],
)
def test_key_may_go_into_a_path_or_body(api, tap, stream, read):
    """A configured access_token is ``{token.access_token}``, and is masked there, too."""
    key = "key-of-the-test-1234"
    api.routes["/items"] = api.routes[f"/bot{key}/items"] = lambda _: Reply({"error": key}, 400)
    run = tap({"base_url": api.url, "access_token": key, "streams": [{"name": "items", **stream}]})
    assert key in read(api.seen[0])
    assert run.status == 1
    assert key not in run.errors
