"""``{uuid}`` and ``{now:FORMAT}``: new for each request, one value in all its places."""

from __future__ import annotations

from datetime import datetime, timezone
from uuid import UUID

import pytest

from tap_oauth2_generic.runtime.redaction import redact
from tests.support.server import Reply

STREAM = {"name": "items", "path": "items"}
POST = {**STREAM, "method": "POST"}


def near_now(seconds):
    return abs(datetime.now(timezone.utc).timestamp() - float(seconds)) < 60


def test_uuid_is_one_value_in_all_places_of_a_request(api, tap):
    """Header, parameter and body of a request share it; no other request has it."""
    api.serve("/items", [{"id": 1}])
    stream = {**POST, "params": {"p": "{uuid}"}, "body": {"b": "x-{uuid}"}}
    tap.ok(api.config(stream, headers={"X-Request-Id": "{uuid}"}))
    first, second = (request.headers["X-Request-Id"] for request in api.requests("/items"))
    for request, sent in zip(api.requests("/items"), (first, second), strict=True):
        assert str(UUID(sent)) == request.query["p"] == request.json["b"].removeprefix("x-")
    assert first != second


@pytest.mark.parametrize(
    ("pattern", "read"),
    [
        ("", lambda sent: datetime.fromisoformat(sent.replace("Z", "+00:00")).timestamp()),
        (":epoch", int),
        (":epoch_ms", lambda sent: int(sent) / 1000),
        (
            ":%Y%m%dT%H%M%SZ",
            lambda s: datetime.strptime(f"{s}+0000", "%Y%m%dT%H%M%SZ%z").timestamp(),
        ),
    ],
    ids=["iso", "epoch", "epoch_ms", "strftime"],
)
def test_now_is_the_time_of_the_request(api, tap, pattern, read):
    """It is in UTC, in any format that bounds may have."""
    api.serve("/items", [{"id": 1}])
    tap.ok(api.config({**STREAM, "params": {"at": f"{{now{pattern}}}"}}))
    assert near_now(read(api.requests("/items")[0].query["at"]))


def test_lone_number_stays_one_in_a_json_body(api, tap):
    """{now:epoch} alone in a JSON body is a number."""
    api.serve("/items", [{"id": 1}])
    tap.ok(api.config({**POST, "body": {"at": "{now:epoch}"}}))
    assert isinstance(api.requests("/items")[0].json["at"], int)


def test_retry_is_a_new_request(api, tap):
    """A retry has another UUID than the attempt before it."""
    api.serve("/items", Reply({}, 503), [{"id": 1}])
    stream = {**STREAM, "headers": {"X-Nonce": "{uuid}"}}
    tap.ok(api.config(stream, max_retries=1, max_wait=0.01))
    sent = [request.headers["X-Nonce"] for request in api.requests("/items")]
    assert len(sent) == len(set(sent)) == 3


def test_values_of_a_request_are_no_secrets(api, tap):
    """They are not masked later on: there would be more secrets with every page."""
    api.serve("/items", [{"id": 1}])
    tap.ok(api.config(STREAM, headers={"X-Request-Id": "{uuid}"}, params={"k": "key-{now:%Y}"}))
    sent = api.requests("/items")[0]
    assert redact(sent.headers["X-Request-Id"]) == sent.headers["X-Request-Id"]


def test_token_requests_have_them_too(api, tap):
    """They are filled in token_params, refresh_params and token_headers."""
    api.serve("/items", [{"id": 1}])
    settings = {
        "token_params": {"nonce": "{uuid}"},
        "refresh_params": {"at": "{now:epoch}"},
        "token_headers": {"X-Nonce": "{uuid}"},
    }
    tap.ok(api.config(STREAM, **settings))
    tap.ok(api.config(STREAM, grant_type="refresh_token", refresh_token="seed", **settings))
    grant, refresh = api.requests("/token")
    assert UUID(grant.form["nonce"]) == UUID(grant.headers["X-Nonce"])
    assert UUID(refresh.headers["X-Nonce"]) != UUID(grant.headers["X-Nonce"])
    assert near_now(refresh.form["at"])


def test_grant_may_send_a_field_of_the_token_before(api, tap):
    """{token.NAME} in token_params and token_headers is of the token that is replaced."""
    waiting = [{"access_token": "first", "session": {"id": 7}}, {"access_token": "second"}]
    api.token = lambda _: waiting.pop(0)
    api.serve("/items", [{"id": 1}])
    tap.ok(api.config(STREAM))
    api.serve("/items", Reply({}, 401), [{"id": 1}])
    tap.ok(api.config(STREAM, token_headers={"X-Session": "{token.session.id}"}))
    assert api.requests("/token")[1].headers["X-Session"] == "7"


def test_missing_field_of_the_token_before_is_one_error(api, tap):
    """Before the first token there is none, and no request is sent."""
    run = tap(api.config(STREAM, token_params={"session": "{token.session.id}"}))
    assert run.status == 1
    (line,) = run.error_lines
    assert "token request: no value for placeholder {token.session.id}" in line
    assert not api.seen


@pytest.mark.parametrize("place", ["path", "base_url", "records_path"])
def test_other_places_do_not_know_them(api, tap, place):
    """An address and a path into a response are the same for each request."""
    value = {"path": "items/{uuid}", "base_url": f"{api.url}/{{uuid}}", "records_path": "{now}"}
    at_top = {place: value[place]} if place == "base_url" else {}
    in_stream = {} if at_top else {place: value[place]}
    run = tap(api.config({**STREAM, **in_stream}, **at_top))
    assert run.status == 1
    assert f"{place}: unknown placeholder" in run.errors
    assert not api.seen


def test_uuid_takes_no_format(api, tap):
    """A format for {uuid} is one line before any request."""
    run = tap(api.config({**STREAM, "headers": {"X": "{uuid:hex}"}}))
    assert "placeholder {uuid} takes no format" in run.errors
    assert not api.seen
