"""``token_exchange``: each new token is exchanged for that of the API, seen from the servers."""

from __future__ import annotations

import pytest

from tests.support.server import Reply

STREAM = {"name": "items", "path": "items"}
SEED = {"grant_type": "refresh_token", "refresh_token": "refresh-0"}


@pytest.fixture
def provider(api):
    """A provider that numbers its tokens, and an exchange that numbers those of the API."""
    issued = {"token": 0, "exchange": 0}

    def token(_):
        issued["token"] += 1
        n = issued["token"]
        tokens = {"access_token": f"own-{n}", "refresh_token": f"refresh-{n}"}
        return {**tokens, "expires_in": 3600, "team": "t1", "host": "first"}

    def exchange(_):
        issued["exchange"] += 1
        return {"access_token": f"api-{issued['exchange']}", "expires_in": 3600, "host": "second"}

    api.token = token
    api.routes["/exchange"] = exchange
    api.serve("/items", [{"id": 1}])
    return api


def config_of(api, exchange=None, **settings):
    given = {"url": f"{api.url}/exchange", "params": {"assertion": "{token.access_token}"}}
    return api.config(STREAM, token_exchange={**given, **(exchange or {})}, **settings)


def authorizations(api):
    return [request.headers["Authorization"] for request in api.requests("/items")]


def assertions(api):
    return [request.form["assertion"] for request in api.requests("/exchange")]


def rejecting(*tokens):
    """Return a route that rejects these tokens of the API."""
    rejected = {f"Bearer {token}" for token in tokens}
    return lambda seen: Reply({}, 401) if seen.headers["Authorization"] in rejected else [{"id": 1}]


def test_api_gets_the_second_token_only(provider, tap):
    """The first token goes to the exchange, the second one to the API."""
    run = tap.ok(config_of(provider))
    assert set(authorizations(provider)) == {"Bearer api-1"}
    assert assertions(provider) == ["own-1"]
    assert run.ids() == [1]


@pytest.mark.parametrize(
    ("settings", "read"),
    [
        ({}, lambda seen: seen.form),
        ({"format": "json"}, lambda seen: seen.json),
        ({"format": "query"}, lambda seen: seen.query),
        ({"method": "GET"}, lambda seen: seen.query),
    ],
    ids=["form", "json", "query", "GET"],
)
def test_request_is_encoded_as_configured(provider, tap, settings, read):
    """Method and format say how the parameters are sent; headers are templates, too."""
    headers = {"Authorization": "Bearer {token.access_token}", "X-Id": "{uuid}"}
    tap.ok(config_of(provider, {**settings, "headers": headers}))
    (request,) = provider.requests("/exchange")
    assert request.method == settings.get("method", "POST")
    assert read(request) == {"assertion": "own-1"}
    assert request.headers["Authorization"] == "Bearer own-1"
    assert len(request.headers["X-Id"]) == 36


def test_fields_of_both_responses_are_placeholders(provider, tap):
    """In requests of the API the second response wins; the first fills what it lacks."""
    stream = {**STREAM, "params": {"team": "{token.team}", "host": "{token.host}"}}
    tap.ok({**config_of(provider, {"params": {"h": "{token.host}"}}), "streams": [stream]})
    assert provider.requests("/exchange")[0].form == {"h": "first"}
    assert provider.requests("/items")[0].query == {"team": "t1", "host": "second"}


def test_token_of_the_api_is_where_its_path_says(provider, tap):
    """token_exchange has paths of its own; access_token_path is that of the first response."""
    provider.serve("/exchange", {"data": {"jwt": "deep-token", "ttl": 3600}})
    paths = {"access_token_path": "data.jwt", "expires_in_path": "data.ttl"}
    tap.ok(config_of(provider, paths))
    assert set(authorizations(provider)) == {"Bearer deep-token"}


def test_both_tokens_are_kept_for_the_next_run(provider, tap):
    """A later run requests nothing while the second token is good."""
    for _ in range(2):
        tap.ok(config_of(provider, **SEED))
    assert len(provider.requests("/token")) == len(provider.requests("/exchange")) == 1


def test_rejected_second_token_is_replaced_with_the_first(provider, tap):
    """While the first token is good, only the exchange is repeated."""
    provider.routes["/items"] = rejecting("api-1")
    tap.ok(config_of(provider, **SEED))
    assert assertions(provider) == ["own-1", "own-1"]
    assert len(provider.requests("/token")) == 1


def refreshed_with(provider):
    return [request.form["refresh_token"] for request in provider.requests("/token")]


def test_first_token_that_has_ended_is_refreshed(provider, tap):
    """Then nothing but the refreshed one is exchanged, and the rotation is kept."""
    issue = provider.token
    provider.token = lambda seen: {**issue(seen), "ends": 1}
    provider.routes["/items"] = rejecting("api-1")
    tap.ok(config_of(provider, **SEED, expires_at_path="ends"))
    assert refreshed_with(provider) == ["refresh-0", "refresh-1"]
    assert assertions(provider) == ["own-1", "own-2"]


def test_first_token_that_the_exchange_rejects_is_refreshed(provider, tap):
    """A 401 of the exchange means that the first token was revoked before its end."""
    tap.ok(config_of(provider, **SEED))
    provider.routes["/items"] = rejecting("api-1")
    provider.routes["/exchange"] = lambda seen: (
        Reply({}, 401) if seen.form["assertion"] == "own-1" else {"access_token": "api-2"}
    )
    tap.ok(config_of(provider, **SEED))
    assert refreshed_with(provider) == ["refresh-0", "refresh-1"]
    assert assertions(provider) == ["own-1", "own-1", "own-2"]


def test_refused_exchange_is_one_error_and_loses_no_token(provider, tap):
    """The rotated refresh token is stored before the exchange, and is not refreshed again."""
    working = provider.routes["/exchange"]
    provider.serve("/exchange", Reply({"error": "access_denied"}, 403))
    assert tap(config_of(provider, **SEED)).status == 1
    run = tap(config_of(provider, **SEED))
    assert run.status == 1
    (line,) = run.error_lines
    assert "/exchange rejected the token_exchange request with status 403 (access_denied)" in line
    assert not provider.requests("/items")
    provider.routes["/exchange"] = working
    tap.ok(config_of(provider, **SEED))
    assert len(provider.requests("/token")) == 1
    assert assertions(provider) == ["own-1"] * 3


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ({"token": "api-1"}, "has: token; set token_exchange.access_token_path to where the token"),
        (Reply(b"<html>"), "the response has: no JSON object"),
        (Reply(b'{"access_token": "ap', headers={"Content-Length": "90"}), "is unreachable"),
    ],
    ids=["other name", "no JSON", "cut"],
)
def test_unusable_response_is_one_error(provider, tap, reply, said):
    """It names the exchange; nothing is sent to the API."""
    provider.serve("/exchange", reply)
    run = tap(config_of(provider, timeout=0.5))
    assert run.status == 1
    (line,) = run.error_lines
    assert said in line
    assert not provider.requests("/items")


def test_busy_exchange_is_retried(provider, tap):
    """A 503 is retried like that of a token request, without another first token."""
    provider.serve("/exchange", Reply({}, 503), {"access_token": "api-1"})
    tap.ok(config_of(provider, max_retries=1, max_wait=0.01))
    assert len(provider.requests("/token")) == 1


def test_lasting_access_token_is_exchanged(provider, tap):
    """A configured access_token needs no token endpoint to be exchanged."""
    config = config_of(provider, grant_type="refresh_token", access_token="lasting")
    for name in ("access_token_url", "client_id", "client_secret"):
        del config[name]
    tap.ok(config)
    assert assertions(provider) == ["lasting"]
    assert set(authorizations(provider)) == {"Bearer api-1"}


def test_changed_exchange_drops_the_token_it_brought(provider, tap):
    """Another exchange begins with the stored first token; without any, that one is used."""
    tap.ok(config_of(provider, **SEED))
    changed = {"params": {"assertion": "{token.access_token}", "v": 2}}
    for _ in range(2):
        tap.ok(config_of(provider, changed, **SEED))
    tap.ok(provider.config(STREAM, **SEED))
    assert assertions(provider) == ["own-1", "own-1"]
    assert authorizations(provider)[-1] == "Bearer own-1"
    assert len(provider.requests("/token")) == 1


def test_its_secrets_are_masked_but_not_its_url(provider, tap):
    """Parameters and headers are secret; the address stays readable."""
    provider.routes["/exchange"] = lambda seen: Reply({"error": seen.content.decode()}, 400)
    run = tap(config_of(provider, {"params": {"key": "secret-of-the-exchange"}}))
    assert "secret-of-the-exchange" not in run.errors
    assert f"{provider.url}/exchange" in run.errors


@pytest.mark.parametrize(
    ("exchange", "settings", "said"),
    [
        ({"url": None}, {}, "token_exchange: setting 'url' is required"),
        ({"url": "http://api.example.com/x"}, {}, "token_exchange.url: must use https"),
        ({"uri": "x"}, {}, "token_exchange: unknown setting 'uri'; did you mean 'url'?"),
        ({"method": "PUT"}, {}, "token_exchange.method: must be one of POST, GET, not 'PUT'"),
        (
            {"params": {"a": "{tokn.id}"}},
            {},
            "token_exchange.params.a: unknown placeholder {tokn.id}",
        ),
        (
            {},
            {"grant_type": "none"},
            "token_exchange: grant_type none requests no token to exchange",
        ),
    ],
)
def test_wrong_setting_is_one_error_before_any_request(provider, tap, exchange, settings, said):
    """Each mistake is named with its place."""
    run = tap(config_of(provider, exchange, **settings))
    assert run.status == 1
    assert said in run.errors
    assert not provider.seen


def test_address_made_of_a_response_must_be_safe(provider, tap):
    """A field that makes the address plain http is one line, and the token is not sent."""
    provider.token = lambda _: {"access_token": "own", "site": "http://203.0.113.9"}
    run = tap(config_of(provider, {"url": "{token.site}/exchange"}))
    assert run.status == 1
    (line,) = run.error_lines
    assert "token_exchange.url must use https" in line
