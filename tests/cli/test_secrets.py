"""No secret is ever printed: each kind of ending at DEBUG, searched for every secret."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from types import SimpleNamespace
from urllib.parse import quote, quote_plus

import pytest

from tests.support.server import ApiServer, Drop, Reply

STREAM = {"name": "items", "path": "items"}
CLIENT_SECRET = "client s3cret/+&=ü"
PASSWORD = 'pass "word"/+%41'
SEED = "seed/refresh+token=="
ACCESS = "access/token+of=the&test"
ROTATED = "rotated/refresh+token"
HEADER = "header/key+1=="
PARAM = "param key/+&2"
TOKEN_PARAM = "token-param/+&3"
TOKEN_HEADER = "token-header/+4"
SECRETS = [CLIENT_SECRET, PASSWORD, SEED, ACCESS, ROTATED, HEADER, PARAM, TOKEN_PARAM, TOKEN_HEADER]
BASIC = f"{quote_plus('client-of-the-test')}:{quote_plus(CLIENT_SECRET)}"

GRANTS = {
    "client_credentials": {"client_auth": "client_secret_basic"},
    "password": {"username": "ann", "password": PASSWORD},
    "refresh_token": {"refresh_token": SEED},
    "in the query": {"token_request_method": "GET", "auth_param": "key"},
    "as json": {"token_request_format": "json", "auth_header": "X-Token", "auth_prefix": ""},
}


def looks(secret):
    """Return a secret as it is and in each encoding."""
    encoded = base64.b64encode(secret.encode()).decode()
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), encoded}


def leaks(run):
    """Return the secrets that a run printed, in any encoding."""
    printed = run.output + run.errors
    return [
        secret for secret in [*SECRETS, BASIC] if any(look in printed for look in looks(secret))
    ]


@pytest.fixture
def run(api, tap, monkeypatch):
    """Run the tap at DEBUG with every kind of secret in its configuration."""
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_LOGLEVEL", "DEBUG")
    api.token = lambda _: {"access_token": ACCESS, "refresh_token": ROTATED, "id_token": "an-id"}
    api.serve("/items", [{"id": 1}])

    def debug(grant, stream=STREAM, **settings):
        grant_type = grant if grant in {"password", "refresh_token"} else "client_credentials"
        config = {
            **api.config(stream, **GRANTS[grant]),
            "grant_type": grant_type,
            "client_secret": CLIENT_SECRET,
            "headers": {"X-Api-Key": HEADER},
            "params": {"api_key": PARAM},
            "token_params": {"extra": TOKEN_PARAM},
            "token_headers": {"X-Extra": TOKEN_HEADER},
            **settings,
        }
        return tap(config)

    return debug


# A JSON response with status 200 from the API is data, not an error.
REFUSALS = [(path, status, as_json) for path in ("/token", "/items") for status in (200, 401)
            for as_json in (True, False)]  # fmt: skip
REFUSALS.remove(("/items", 200, True))


# Every request has these; they would only fill the part of a response that is shown.
USUAL = {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection", "Content-Length",
         "Content-Type"}  # fmt: skip


def echo(seen):
    """Return everything in a request, as a careless server's error page does."""
    headers = [value for name, value in seen.headers.items() if name not in USUAL]
    parts = [*headers, *(value for _, value in seen.pairs), seen.target, seen.content.decode()]
    return " ".join(parts)


@pytest.mark.parametrize("grant", GRANTS)
def test_success_shows_no_secret(run, grant):
    """A successful run at DEBUG prints none of its secrets."""
    done = run(grant)
    assert done.status == 0, done.errors
    assert "DEBUG" in done.errors
    assert not leaks(done)


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize(("path", "status", "as_json"), REFUSALS)
def test_echoed_request_is_masked(api, run, path, grant, status, as_json):
    """A response of either endpoint that echoes the request is masked in messages."""

    def page(seen):
        said = echo(seen)
        return Reply({"error": "no", "message": said} if as_json else said.encode(), status)

    if path == "/token":
        api.token = page
    else:
        api.routes["/items"] = page
    done = run(grant)
    assert done.status == 1
    assert not leaks(done)


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("path", ["/token", "/items"])
def test_lost_connection_shows_no_secret(api, run, path, grant):
    """Network errors contain full addresses, which are masked."""
    api.routes["/items"] = lambda _: Drop
    if path == "/token":
        api.token = lambda _: Drop
    assert not leaks(run(grant, max_retries=1, max_wait=0))
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    address = {"access_token_url": f"{url}/token"} if path == "/token" else {"base_url": url}
    done = run(grant, **address)
    assert done.status == 1
    assert not leaks(done)


@pytest.mark.parametrize("grant", GRANTS)
def test_refused_redirect_shows_no_secret(api, run, grant):
    """A redirect whose address contains secrets is refused without showing them."""
    with ApiServer() as other:
        query = "&".join(quote(secret, safe="") for secret in SECRETS)
        api.serve("/items", Reply({}, 302, {"Location": f"{other.url}/?{query}"}))
        done = run(grant)
        assert (done.status, other.seen) == (1, [])
    assert not leaks(done)


@pytest.mark.parametrize(
    "mistake",
    [
        {"client_secrt": CLIENT_SECRET},
        {"headers": {"X-Api-Key": HEADER + "{unknown}"}},
        {"params": {"api_key": {"nested": PARAM}}},
        {"token_params": [TOKEN_PARAM]},
        {"token_headers": {"X-Extra": TOKEN_HEADER + "\n"}},
        {"token_store": "sqlite:////proc/nowhere/tokens.sqlite"},
        {"max_retries": CLIENT_SECRET},
    ],
)
def test_configuration_mistake_shows_no_secret(run, mistake):
    """A mistake near a secret is reported without it."""
    done = run("client_credentials", **mistake)
    assert done.status == 1
    assert not leaks(done)


@pytest.mark.parametrize("place", ["headers", "params"])
def test_secret_with_placeholders_is_masked_as_sent(api, run, place):
    """A header or parameter of all requests is masked with its placeholders filled."""
    api.routes["/items"] = lambda seen: Reply(echo(seen).encode(), 400)
    done = run("client_credentials", **{place: {"api_key": "k3y-{client_id}-s3cret"}})
    assert done.status == 1
    assert "k3y-client-of-the-test-s3cret" not in done.errors


@pytest.mark.parametrize("where", ["headers", "token_headers"])
def test_credential_is_masked_without_its_scheme(api, run, where):
    """In a header such as ``ApiKey …``, the part after the scheme is masked by itself."""
    api.routes["/items"] = api.token = lambda _: Reply({"error": f"no k3y-of-{where}"}, 400)
    done = run("client_credentials", **{where: {"X-Auth": f"ApiKey k3y-of-{where}"}})
    assert done.status == 1
    assert "k3y-of" not in done.errors


def test_token_is_masked_at_any_path(api, run):
    """The token is masked whatever its name in the token response."""
    api.token = lambda _: {"d": {"a": "t0ken-of-an-odd-place", "r": "t0ken-to-refresh-by"}}
    api.serve("/items", Reply(b"neither t0ken-of-an-odd-place nor t0ken-to-refresh-by", 400))
    done = run("client_credentials", access_token_path="d.a", refresh_token_path="d.r")
    assert done.status == 1
    assert "t0ken" not in done.errors


def test_token_in_an_error_response_is_masked(api, run):
    said = {"error": "no", "error_description": "not t0ken-of-a-refusal for you"}
    api.token = lambda _: Reply({**said, "access_token": "t0ken-of-a-refusal"}, 400)
    done = run("client_credentials")
    assert done.status == 1
    assert "t0ken" not in done.errors


def test_every_token_of_a_response_is_masked(api, run):
    """Other tokens of a token response are masked however deep they are."""
    api.token = lambda _: {
        "access_token": ACCESS,
        "authed_user": {"access_token": "t0ken-of-a-user"},
        "sessions": [{"session_key": ["t0ken-of-a-session"]}],
    }
    api.serve("/items", Reply(b"neither t0ken-of-a-user nor t0ken-of-a-session", 400))
    done = run("client_credentials")
    assert done.status == 1
    assert "t0ken" not in done.errors


@pytest.mark.parametrize(
    "written",
    [
        "access\\/token+of=the&test",
        "access/token+of=the\\u0026test",
        "access/token+of=the&amp;test",
        "access&#x2F;token+of&#61;the&#x26;test",
        "access/token%2bof=the&test",
    ],
)
def test_secret_is_masked_in_any_escaping(api, run, written):
    """Servers escape more or less in JSON, pages and addresses; the secret is masked."""
    api.serve("/items", Reply(f'{{"no": "{written}"}}'.encode(), 400))
    done = run("client_credentials")
    assert done.status == 1
    assert written not in done.errors


@pytest.mark.parametrize("secret", ["two  blanks", "a line\nand another", " at the ends "])
def test_secret_with_spaces_is_masked(api, run, secret):
    """A message joins spaces into one; a secret with several is masked nevertheless."""
    api.token = lambda seen: Reply({"error": f"not {seen.form['password']}!"}, 400)
    done = run("password", password=secret, username="ann")
    assert done.status == 1
    assert " ".join(secret.split()) not in done.errors


# The most that a user can ask the SDK to log.
EVERYTHING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"all": {"class": "logging.StreamHandler", "level": "DEBUG"}},
    "loggers": {"sqlalchemy": {"level": "DEBUG"}},
    "root": {"level": "DEBUG", "handlers": ["all"]},
}


@pytest.mark.parametrize("command", [[], ["preview"]])
def test_stored_token_is_masked_in_a_later_run(api, run, tmp_path, command):
    """A token read from the store is masked like one just obtained."""
    api.token = lambda _: {"d": {"a": ACCESS, "r": ROTATED}, "expires_in": 3600}
    places = {"access_token_path": "d.a", "refresh_token_path": "d.r"}
    assert run("refresh_token", **places).status == 0
    api.routes["/items"] = lambda seen: Reply(echo(seen).encode(), 403)
    (tmp_path / "logging.yaml").write_text(json.dumps(EVERYTHING))
    # Another process, because this one knows the tokens already.
    done = subprocess.run(
        [sys.executable, "-m", "tap_oauth2_generic", *command, "--config", "config.json"],
        cwd=tmp_path,
        env={**os.environ, "SINGER_SDK_LOG_CONFIG": "logging.yaml"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, len(api.requests("/token"))) == (1, 1)
    assert "***" in done.stdout + done.stderr
    assert not leaks(SimpleNamespace(output=done.stdout, errors=done.stderr))
