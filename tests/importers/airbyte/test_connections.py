"""The authenticators of a manifest: what each request carries, and where the secret goes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_oauth2_generic.importers.imported import ImportOptions, read_source
from tests.importers.airbyte.manifests import basic, manifest, option, serve, stream, written
from tests.support.server import Reply

if TYPE_CHECKING:
    from tests.support.runs import TapRunner
    from tests.support.server import ApiServer

KEY = "{{ config['key'] }}"
SECRET = "secret-of-the-test"


def _of(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


def _login(url: str) -> dict[str, Any]:
    return {"type": "HttpRequester", "url_base": url, "path": "login", "http_method": "POST",
            "request_body_json": {"user": "{{ config['name'] }}", "password": KEY}}  # fmt: skip


_OAUTH = {"client_id": "{{ config['client_id'] }}", "client_secret": "{{ config['secret'] }}"}
# The authenticator, the secrets to bring, and the header or parameter that a request carries.
CASES: dict[str, tuple[Any, dict[str, Any], tuple[str, str]]] = {
    "bearer": (_of("BearerAuthenticator", api_token=KEY), {"access_token": SECRET},
               ("Authorization", f"Bearer {SECRET}")),
    "header_key": (_of("ApiKeyAuthenticator", api_token=KEY, header="X-Key"),
                   {"access_token": SECRET}, ("X-Key", SECRET)),
    "header_key_with_prefix": (
        _of("ApiKeyAuthenticator", api_token=f"Token {KEY}",
            inject_into=option("Authorization", "header")),
        {"access_token": SECRET}, ("Authorization", f"Token {SECRET}")),
    "parameter_key": (_of("ApiKeyAuthenticator", api_token=KEY, inject_into=option("k")),
                      {"access_token": SECRET}, ("k", SECRET)),
    "basic": (_of("BasicHttpAuthenticator", username="api", password=KEY), {"password": SECRET},
              ("Authorization", basic("api", SECRET))),
    "client_credentials": (
        _of("OAuthAuthenticator", grant_type="client_credentials",
            token_refresh_endpoint="{url}/token", **_OAUTH),
        {"client_secret": SECRET}, ("Authorization", "Bearer token-of-the-test")),
    "refresh_token": (
        _of("OAuthAuthenticator", refresh_token=KEY, token_refresh_endpoint="{url}/token",
            **_OAUTH),
        {"client_secret": SECRET, "refresh_token": "refresh-of-the-test"},
        ("Authorization", "Bearer token-of-the-test")),
    "session": (
        _of("SessionTokenAuthenticator", login_requester="{login}", session_token_path=["id"],
            request_authentication=_of("ApiKey", inject_into=option("X-Session", "header"))),
        {"password": SECRET}, ("X-Session", "session-of-the-test")),
    "legacy_session": (
        _of("LegacySessionTokenAuthenticator", url_base="{url}", login_url="login",
            username="{{ config['name'] }}", password=KEY, header="X-Session",
            session_token_response_key="id", session_token="", validate_session_url="me"),
        {"password": SECRET}, ("X-Session", "session-of-the-test")),
    "selective": (
        _of("SelectiveAuthenticator", authenticator_selection_path=["auth"], authenticators={
            "a": _of("JwtAuthenticator", secret_key=KEY, algorithm="HS512"),
            "b": _of("BearerAuthenticator", api_token=KEY)}),
        {"access_token": SECRET}, ("Authorization", f"Bearer {SECRET}")),
    "none": (_of("NoAuth"), {}, ("", "")),
    "secret_parameter": (None, {"params": {"key": SECRET}}, ("key", SECRET)),
}  # fmt: skip


def _document(url: str, authenticator: Any) -> dict[str, Any]:
    text = json.dumps(authenticator).replace("{url}", url)
    text = text.replace('"{login}"', json.dumps(_login(url)))
    requester = (
        {"authenticator": json.loads(text)}
        if authenticator
        else {"request_parameters": {"key": KEY}}
    )
    return manifest(stream(url, "/all", requester=requester))


@pytest.mark.parametrize(("authenticator", "secrets", "sent"), CASES.values(), ids=[*CASES])
def test_each_authenticator_reaches_the_api(
    api: ApiServer,
    tap: TapRunner,
    authenticator: Any,
    secrets: dict[str, Any],
    sent: tuple[str, str],
) -> None:
    serve(api)
    api.routes["/login"] = lambda seen: (
        {"id": "session-of-the-test"} if SECRET in seen.json.values() else Reply({}, 401)
    )
    made = read_source("airbyte", written(_document(api.url, authenticator)), ImportOptions())
    assert made.secrets.keys() == secrets.keys()
    run = tap.ok({**made.config, **secrets, "max_retries": 0})
    assert len(run.ids()) == len(set(run.ids())) == 7
    for seen in api.requests("/all"):
        assert not sent[0] or sent[1] in (seen.headers.get(sent[0]), seen.query.get(sent[0]))


@pytest.mark.parametrize("authenticator", [case[0] for case in CASES.values()], ids=[*CASES])
def test_no_secret_is_written(authenticator: Any) -> None:
    document = _document("https://api.example.com", authenticator)
    made = read_source("airbyte", written(document), ImportOptions())
    assert all(value is None for value in _leaves(made.secrets))
    assert "your-key" not in json.dumps(made.config)


@pytest.mark.parametrize("authenticator", [case[0] for case in CASES.values()], ids=[*CASES])
def test_a_secret_that_stands_in_the_manifest_is_not_written(authenticator: Any) -> None:
    literal = "literal-secret-4711"
    text = written(_document("https://api.example.com", authenticator)).replace(KEY, literal)
    text = text.replace("{{ config['secret'] }}", literal)
    made = read_source("airbyte", text, ImportOptions())
    assert literal not in json.dumps([made.config, made.left_out, made.unsure, made.derived])


@pytest.mark.parametrize(
    "requester",
    [
        {"request_headers": {"X-Api-Key": "literal-secret-4711"}},
        {"request_parameters": {"api_key": "literal-secret-4711"}},
        {"request_body_json": {"password": "literal-secret-4711"}, "http_method": "POST"},
        {"url_base": "https://user:literal-secret-4711@api.example.com"},
    ],
)
def test_a_secret_in_a_request_is_not_written(requester: dict[str, Any]) -> None:
    base = "https://api.example.com"
    document = manifest(stream(base, "/a", "a"), stream(base, "/b", "b", requester=requester))
    made = read_source("airbyte", written(document), ImportOptions())
    assert "literal-secret-4711" not in json.dumps([made.config, made.left_out, made.derived])


def _leaves(value: Any) -> list[Any]:
    return (
        [one for member in value.values() for one in _leaves(member)]
        if isinstance(value, dict)
        else [value]
    )


def test_a_stream_with_another_authenticator_is_left_out_with_its_line() -> None:
    base = "https://api.example.com"
    bearer = {"authenticator": _of("BearerAuthenticator", api_token=KEY)}
    document = manifest(
        stream(base, "/a", "a", requester=bearer),
        stream(base, "/b", "b", requester=bearer),
        stream(base, "/c", "c"),
    )
    made = read_source("airbyte", written(document), ImportOptions())
    assert [one["name"] for one in made.config["streams"]] == ["a", "b"]
    (sentence,) = made.left_out
    assert sentence.startswith("line ")
    assert "stream 'c': it has another authenticator" in sentence
