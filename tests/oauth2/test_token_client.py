"""Token requests on the wire, and what each kind of response means."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tap_oauth2_generic.config.reader import read_config
from tap_oauth2_generic.errors import TokenLostError, TokenRequestError
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.fields import ErrorCollector
from tests.support.server import Drop, Reply
from tests.support.settings import valid_config

STREAM = {"name": "items", "path": "items"}
CLIENT = {"client_id": "client-of-the-test", "client_secret": "secret-of-the-test"}
PLAIN = {"grant_type": "client_credentials", **CLIENT}
SEEDED = {"grant_type": "refresh_token", "refresh_token": "seed-of-the-test"}
TOKEN = {"access_token": "a-token"}


@pytest.fixture
def request_token(api, clock):
    """Let the token endpoint return these responses, and request one token."""

    def access_token(*replies, **settings):
        waiting = list(replies or [TOKEN])
        api.token = lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]
        config = valid_config(api.config(STREAM, **settings))
        return Session.of(config, clock, lambda: None).authenticator.access_token()

    return access_token


def sent(api):
    (request,) = api.requests("/token")
    return request


def test_form_is_sent_in_the_body(api, request_token):
    """The default is a form in the body of a POST, with nothing in the query."""
    request_token()
    assert (sent(api).method, sent(api).form, sent(api).query) == ("POST", PLAIN, {})
    assert sent(api).headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert sent(api).headers["Accept"] == "application/json"


def test_json_is_sent_in_the_body_with_its_types(api, request_token):
    """token_request_format json sends one object, and numbers stay numbers."""
    extra = {"version": 2, "deep": {"list": [True, None]}}
    request_token(token_request_format="json", token_params=extra)
    assert (sent(api).json, sent(api).query) == ({**PLAIN, **extra}, {})
    assert sent(api).headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("settings", "method"),
    [
        ({"token_request_format": "query"}, "POST"),
        ({"token_request_method": "GET"}, "GET"),
        ({"token_request_format": "query", "token_request_method": "GET"}, "GET"),
    ],
)
def test_query_is_added_to_the_url(api, request_token, settings, method):
    """Format query and method GET add all parameters to the query."""
    request_token(access_token_url=f"{api.url}/token?tenant=a%20b", **settings)
    assert (sent(api).method, sent(api).content) == (method, b"")
    assert sent(api).query == {"tenant": "a b", **PLAIN}


def test_client_parameters_can_be_renamed(api, request_token):
    """client_id_param and client_secret_param rename both parameters."""
    request_token(client_id_param="app", client_secret_param="key")
    renamed = {"app": CLIENT["client_id"], "key": CLIENT["client_secret"]}
    assert sent(api).form == {"grant_type": "client_credentials", **renamed}


def test_token_params_add_override_or_remove(api, request_token):
    """token_params add or override parameters, grant_type too; null removes one."""
    params = {"grant_type": "own", "client_secret": None, "scope": "mine", "on": True, "n": 1}
    request_token(token_params=params, scopes="a b")
    expected = {"grant_type": "own", "client_id": CLIENT["client_id"], "scope": "mine"}
    assert sent(api).form == {**expected, "on": "true", "n": "1"}


@pytest.mark.parametrize(("seed", "extra"), [({}, {"t": "1"}), (SEEDED, {"r": "2"})])
def test_each_kind_of_request_has_its_own_parameters(api, request_token, seed, extra):
    """token_params go with the grant only, refresh_params with a refresh, headers with both."""
    headers = {"X-Tenant": "tenant"}
    request_token(token_params={"t": "1"}, refresh_params={"r": "2"}, token_headers=headers, **seed)
    assert sent(api).form == {**PLAIN, **seed, **extra}
    assert sent(api).headers["X-Tenant"] == "tenant"


@pytest.mark.parametrize(
    ("settings", "scope"),
    [
        ({"scopes": "read write,admin"}, "read write admin"),
        ({"scopes": ["read", "write"], "scope_separator": ","}, "read,write"),
        ({"scopes": ["a+b&c"]}, "a+b&c"),
        ({}, None),
    ],
)
def test_scopes_are_joined_by_the_separator(api, request_token, settings, scope):
    """Scopes are one parameter, joined by scope_separator; without any there is none."""
    request_token(**settings)
    assert sent(api).form.get("scope") == scope


@pytest.mark.parametrize("content", [b"access_token=a-token&scope=x&token_type=bearer",
                                     b'\xef\xbb\xbf{"access_token": "a-token"}'])  # fmt: skip
def test_token_response_may_be_a_form_or_begin_with_a_bom(request_token, content):
    """Form-encoded responses of older servers and JSON with a BOM are read."""
    assert request_token(Reply(content, headers={"Content-Type": "text/plain"})) == "a-token"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply({"error": "invalid_client"}, 401), "invalid_client"),
        (Reply({"error": "invalid_scope", "error_description": "no x"}, 400), "no x"),
        ({"error": "invalid_client"}, "check client_id, client_secret and client_auth"),
        ({"error": {"code": 190, "message": "bad key"}}, "190: bad key"),
        (Reply(b"error=bad_verification_code"), "bad_verification_code"),
        (Reply(b"<html>Log in</html>"), "no JSON object"),
        (Reply(b"<html>Down</html>", 500), "<html>Down</html>"),
        (Reply(b""), "without an access token"),
        (Reply(b"", 400), "status 400"),
        (Reply({"error": "not_found"}, 404), "(not_found); check that URL in the configuration"),
        ([], "without an access token"),
        ({"token": {"value": 1}, "ok": True}, "the response has: token, ok"),
    ],
)
def test_response_without_a_token_is_one_clear_error(request_token, reply, expected):
    """Rejections, errors with status 200 and unreadable responses are one line."""
    with pytest.raises(TokenRequestError) as caught:
        request_token(reply)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_error_with_an_empty_token_is_reported(request_token):
    """A response with an error and an empty token is reported by its error."""
    with pytest.raises(TokenRequestError, match="invalid_client"):
        request_token({"access_token": "", "error": "invalid_client"})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_never_followed(api, request_token, status):
    """A token request follows no redirect: it would carry the secret to another address."""
    with pytest.raises(TokenRequestError, match="follow no redirects"):
        request_token(Reply({}, status, {"Location": f"{api.url}/elsewhere"}))
    assert [seen.path for seen in api.seen] == ["/token"]


@pytest.mark.parametrize("failure", [Drop, Reply({}, 503), Reply({}, 429)])
def test_grant_request_is_retried(api, request_token, clock, failure):
    """A 503, a 429 and a dropped connection are retried, since no token was used up."""
    assert request_token(failure, failure, TOKEN, max_retries=2) == "a-token"
    assert (len(api.requests("/token")), len(clock.waits)) == (3, 2)


def test_grant_retries_are_bounded(api, request_token, clock):
    """max_retries bounds the retries, max_wait the waits of Retry-After."""
    with pytest.raises(TokenRequestError, match="503"):
        request_token(Reply({}, 503, {"Retry-After": "50"}), max_retries=2, max_wait=50)
    assert len(api.requests("/token")) == 3
    assert clock.waits == [50, 50]


def test_retry_after_beyond_max_wait_ends_a_token_request(api, request_token, clock):
    with pytest.raises(TokenRequestError, match="asks for a wait of 70 seconds"):
        request_token(Reply({}, 503, {"Retry-After": "70"}), max_retries=2, max_wait=50)
    assert len(api.requests("/token")) == 1
    assert clock.waits == []


def test_each_wait_has_its_own_jitter(request_token, clock):
    """Full jitter draws each wait anew."""
    request_token(Drop, Drop, Drop, TOKEN, max_retries=3)
    assert len({wait / 2**attempt for attempt, wait in enumerate(clock.waits)}) == 3


def test_dropped_connection_is_retried_whatever_retry_statuses(request_token):
    """A dropped connection is retried even if 503 is not."""
    assert request_token(Drop, TOKEN, max_retries=1, retry_statuses=[429]) == "a-token"


@pytest.mark.parametrize(
    "lost", [Drop, Reply(b"{", headers={"Content-Length": "9", "Connection": "close"})]
)
def test_refresh_with_a_lost_response_is_never_repeated(api, request_token, clock, lost):
    """Repeating a refresh could reuse a rotated token and revoke the connection."""
    with pytest.raises(TokenLostError, match="never repeated automatically"):
        request_token(lost, TOKEN, max_retries=6, **SEEDED)
    assert len(api.requests("/token")) == 1
    assert clock.waits == []


def test_refresh_that_never_left_is_not_reported_as_lost(request_token):
    """If nothing listens, the refresh token is unused and the error does not call it lost."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))  # held, so that no other process can listen on it
        address = f"http://127.0.0.1:{holder.getsockname()[1]}/token"
        with pytest.raises(TokenRequestError, match="is unreachable"):
            request_token(access_token_url=address, **SEEDED)


class LateServer(HTTPServer):
    """A token endpoint that holds its port but listens only from the client's first wait on."""

    allow_reuse_address = False

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"access_token": "a-token"}')

        def log_message(self, *_):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler, bind_and_activate=False)
        self.server_bind()
        self.waits = []

    def sleep(self, seconds):
        self.waits.append(seconds)
        if len(self.waits) == 1:
            self.server_activate()
            threading.Thread(target=self.handle_request).start()


def test_refresh_that_never_left_is_retried(api, clock):
    """A refresh waits and is sent once the endpoint listens."""
    with LateServer() as server:
        clock.sleep, collector = server.sleep, ErrorCollector()
        address = f"http://127.0.0.1:{server.server_port}/token"
        raw = api.config(STREAM, **SEEDED, access_token_url=address, max_retries=2)
        config = read_config(raw, frozenset(), collector)
        assert config is not None, collector.errors
        found = Session.of(config, clock, lambda: None).authenticator.access_token()
    assert (found, len(server.waits)) == ("a-token", 1)


ECHO = f"{CLIENT['client_secret']} {SEEDED['refresh_token']}"


@pytest.mark.parametrize("settings", [SEEDED, {**SEEDED, "token_request_method": "GET"}])
@pytest.mark.parametrize("reply", [Reply(ECHO.encode(), 400), {"error": ECHO},
                                    {"error": "x", "error_description": ECHO}])  # fmt: skip
def test_messages_mask_secrets_that_the_server_repeats(request_token, settings, reply):
    """An error never shows a secret that the response repeats."""
    with pytest.raises(TokenRequestError) as caught:
        request_token(reply, **settings)
    assert not any(secret in str(caught.value) for secret in ECHO.split())


JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0"
UNREADABLE = [f'{{"access_token": "{JWT}", '.encode(), f"token={JWT}&x".encode(), {"t": JWT}]


@pytest.mark.parametrize("body", UNREADABLE)
def test_messages_mask_what_looks_like_a_token(request_token, body):
    """An unreadable rejection is shown without anything that looks like a token."""
    with pytest.raises(TokenRequestError, match="status 400") as caught:
        request_token(Reply(body, 400))
    assert JWT not in str(caught.value)


LONG = f"{'x' * 190} {CLIENT['client_secret']}"


@pytest.mark.parametrize("body", [LONG.encode(), {"error_description": LONG}])
def test_messages_mask_a_secret_where_they_are_cut(request_token, body):
    """A secret where a long response is cut is masked in full."""
    with pytest.raises(TokenRequestError) as caught:
        request_token(Reply(body, 400))
    assert "secret-" not in str(caught.value)
