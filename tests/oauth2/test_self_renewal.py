"""Access tokens that renew themselves, and the placeholders of token requests."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.errors import LoginNeededError
from tap_oauth2_generic.session import Session
from tests.support.rotation import Person
from tests.support.server import Reply
from tests.support.settings import valid_config

STREAM = {"name": "items", "path": "items"}
DAY = 86400
INSTAGRAM = {
    "token_request_method": "GET",
    "client_auth": "none",
    "refresh_params": {"grant_type": "ig_refresh_token", "client_id": None},
}
WAYS = [
    {**INSTAGRAM, "refresh_token_param": "access_token"},
    {
        **INSTAGRAM,
        "refresh_params": {**INSTAGRAM["refresh_params"], "access_token": "{token.access_token}"},
    },
]


class Provider:
    """Renew an access token of 60 days, but only before its end."""

    def __init__(self, api, clock):
        self.clock, self.count, self.ends = clock, 0, {"long-lived-0": clock.now + 60 * DAY}
        self.is_down = False
        api.token = self.token

    def token(self, seen):
        sent = seen.query["access_token"]
        if self.is_down or self.ends.get(sent, 0) < self.clock.now:
            return Reply({"error": {"code": 190, "message": "expired"}}, 400)
        self.count += 1
        self.ends[f"long-lived-{self.count}"] = self.clock.now + 60 * DAY
        return {"access_token": f"long-lived-{self.count}", "expires_in": 60 * DAY}


@pytest.fixture
def connect(api, clock, tmp_path):
    """Return the access token of a new run."""

    def access_token(**settings):
        kept = {"token_store": f"sqlite:///{tmp_path}/tokens.sqlite", **settings}
        seeded = {"grant_type": "authorization_code", "access_token": "long-lived-0", **kept}
        config = valid_config(api.config(STREAM, **seeded))
        return Session.of(config, clock, lambda: None).authenticator.access_token()

    return access_token


@pytest.mark.parametrize("way", WAYS)
def test_token_renews_itself_before_its_end(api, clock, connect, way):
    """With a run a week, a token of 60 days lasts for a year; the request is the provider's."""
    provider = Provider(api, clock)
    for _ in range(52):
        assert provider.ends[connect(**way)] > clock.now
        clock.now += 7 * DAY
    first = api.requests("/token")[0]
    assert first.query == {"grant_type": "ig_refresh_token", "access_token": "long-lived-0"}
    assert provider.count < 52 / 4


def test_token_that_is_not_renewed_is_used_until_its_end(api, clock, connect, caplog):
    """A failed early renewal is a warning, tried again by each run."""
    provider = Provider(api, clock)
    assert connect(**WAYS[0]) == "long-lived-1"
    provider.is_down = True
    for day in (40, 50, 59):
        clock.now = 1_800_000_000.0 + day * DAY
        assert connect(**WAYS[0]) == "long-lived-1"
    assert caplog.text.count("could not renew the access token, which is used until its end") == 3
    provider.is_down = False
    assert connect(**WAYS[0]) == "long-lived-2"


@pytest.mark.parametrize("way", WAYS)
def test_renewed_token_given_as_a_seed_is_not_used_again(api, clock, connect, way):
    """However many renewals ago: what counts is the newest token of its chain."""
    Provider(api, clock)
    for number in (1, 2, 3):
        assert connect(**way) == f"long-lived-{number}"
        clock.now += 31 * DAY
    newest = connect(**way)
    before = len(api.requests("/token"))
    for number in (1, 2, 0):
        assert connect(**way, access_token=f"long-lived-{number}") == newest
    assert len(api.requests("/token")) == before


def test_facebook_exchanges_a_token_for_a_longer_one(api, clock, connect):
    """Parameter and grant_type can be fb_exchange_token, whichever seed is given."""
    api.token = lambda _: {"access_token": "long-lived-1", "expires_in": 60 * DAY}
    way = {"refresh_token_param": "fb_exchange_token"}
    way["refresh_params"] = {"grant_type": "fb_exchange_token"}
    for number, seed in enumerate(("access_token", "refresh_token")):
        seeds = {"access_token": None, seed: "short-lived"}
        assert connect(**way, **seeds, connection=seed) == "long-lived-1"
        form = api.requests("/token")[number].form
        assert form["grant_type"] == "fb_exchange_token"
        assert form["fb_exchange_token"] == "short-lived"


def test_refresh_token_param_renames_the_refresh_token(api, connect):
    api.token = lambda _: {"access_token": "a-token"}
    connect(refresh_token_param="refreshToken", access_token=None, refresh_token="seed-1")
    form = api.requests("/token")[0].form
    assert form["refreshToken"] == "seed-1"
    assert "refresh_token" not in form


def test_refresh_takes_fields_of_the_stored_response(api, clock, connect):
    """Nested fields keep their type in JSON; other braces are literal."""
    extra = {"tenant": {"id": 7, "name": "t-1"}, "a.b": "dotted", "expires_in": 100}
    api.token = lambda _: {"access_token": "a-token", "refresh_token": "seed-2", **extra}
    way = {
        "token_request_format": "json",
        "refresh_params": {
            "tenant": "{token.tenant.id}",
            "label": "{token.tenant.name} of {client_id}",
            "filter": '{"a": {"b": 1}}',
        },
        "token_headers": {"X-Client": "{client_id}", "X-Tenant": "{token.tenant.id}"},
    }
    headers = {"X-Client": "{client_id}"}
    connect(access_token=None, refresh_token="seed-1", token_headers=headers)
    clock.now += 200
    connect(access_token=None, refresh_token="seed-1", **way)
    sent = api.requests("/token")[1]
    assert sent.json["refresh_token"] == "seed-2"
    assert sent.json["tenant"] == 7
    assert sent.json["label"] == "t-1 of client-of-the-test"
    assert sent.json["filter"] == '{"a": {"b": 1}}'
    assert (sent.headers["X-Client"], sent.headers["X-Tenant"]) == ("client-of-the-test", "7")


@pytest.mark.parametrize("name", ["token_params", "refresh_params", "token_headers"])
def test_unknown_placeholder_is_one_error(api, tap, name):
    """It does not show the value, and lists what is known."""
    run = tap(api.config(STREAM, **{name: {"X": "{client_secret}"}}))
    assert run.status == 1
    (line,) = run.error_lines
    assert f"{name}.X: unknown placeholder" in line


def test_missing_field_of_the_response_is_one_error(api, tap):
    """A refresh whose placeholder has no value is not sent."""
    seeded = {"grant_type": "refresh_token", "refresh_token": "seed-1"}
    run = tap(api.config(STREAM, refresh_params={"x": "{token.region.id}"}, **seeded))
    assert run.status == 1
    (line,) = run.error_lines
    assert "token request: no value for placeholder {token.region.id}" in line
    assert not api.seen


@pytest.mark.parametrize("path", ["{token.scope.tenant}/items", "{token.a.b}/items"])
def test_nested_field_of_the_response_fills_a_path(api, tap, path):
    """A field may also have dots in its own name."""
    api.token = lambda _: {"access_token": "a-token", "scope": {"tenant": "t"}, "a.b": "t"}
    api.serve("/t/items", [{"id": 1}])
    assert tap.ok(api.config({**STREAM, "path": path})).ids() == [1]


@pytest.mark.parametrize(("seconds", "is_used"), [(99, True), (100, False)])
def test_token_without_refresh_token_is_used_to_its_end(api, clock, tmp_path, seconds, is_used):
    """token_leeway only concerns a token that can be renewed."""
    api.token = lambda _: {"access_token": "a-token", "expires_in": 100}
    raw = api.config(
        STREAM,
        grant_type="authorization_code",
        authorize_url=f"{api.url}/authorize",
        token_store=f"sqlite:///{tmp_path}/tokens.sqlite",
    )
    Session.of(valid_config(raw), clock, lambda: None).authenticator.login(Person("A"))
    clock.now += seconds
    authenticator = Session.of(valid_config(raw), clock, lambda: None).authenticator
    if is_used:
        assert authenticator.access_token() == "a-token"
    else:
        with pytest.raises(LoginNeededError, match="an expired access token and no refresh token"):
            authenticator.access_token()
