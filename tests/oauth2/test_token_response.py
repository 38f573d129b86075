"""What a token endpoint's response means, and how it is shown to a person."""

from __future__ import annotations

import json

import pytest
import requests

from tap_oauth2_generic.errors import TokenRequestError
from tap_oauth2_generic.oauth2.settings import OAuth2Settings
from tap_oauth2_generic.oauth2.token_response import (
    describe_exchange,
    endpoint_name,
    missing_token,
    read_body,
    read_token,
)
from tap_oauth2_generic.runtime.redaction import MASK, redact, register
from tests.support.settings import valid_settings

URL = "https://user:pass@login.example.com:8443/token?key=1"
NAME = "https://login.example.com:8443/token"
OPAQUE = "0a1b2c3d4e5f6a7b8c9d"


def response_of(body, status=200, headers=None, request=None):
    """Return a response as a server would send it."""
    response = requests.Response()
    response.status_code, response.url = status, URL
    response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response.headers.update(headers or {})
    response.request = requests.Request(
        "POST", "https://login.example.com/token", **(request or {})
    )
    response.request = response.request.prepare()
    return response


def settings(**given):
    return valid_settings(OAuth2Settings, given)


def error_of(body, status=400, headers=None, **given):
    with pytest.raises(TokenRequestError) as caught:
        read_body(response_of(body, status, headers), settings(**given), "refresh_token")
    return caught.value


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (b'{"access_token": "a", "n": 1}', {"access_token": "a", "n": 1}),
        (b"access_token=a%20b&scope=x", {"access_token": "a b", "scope": "x"}),
        (b'"bare"', {"access_token": "bare"}),
        (f" {OPAQUE}\n".encode(), {"access_token": OPAQUE}),
        (b'"two words"', "two words"),
        (b"two long-words-of-text", None),
        (b"short", None),
        (b"[1]", [1]),
        (b"name=value", None),
        (b"", None),
    ],
)
def test_body_is_json_a_form_or_a_bare_token(content, body):
    assert read_body(response_of(content), settings(), "password") == body


@pytest.mark.parametrize("status", [199, 300, 400, 500])
def test_bare_word_of_an_error_is_no_token(status):
    """Nor is a token of another status than 200 to 299."""
    assert str(status) in str(error_of(b'"Unauthorized"', status))
    assert error_of({"access_token": "an-access-token"}, status).code == ""


@pytest.mark.parametrize("status", [200, 201, 299])
def test_token_of_any_success_is_read_even_next_to_an_error(status):
    body = {"access_token": "an-access-token", "error": "none"}
    assert read_body(response_of(body, status), settings(), "password") == body


@pytest.mark.parametrize("token", ["", None, 5, {"value": "t"}])
def test_error_next_to_what_is_no_token_is_raised(token):
    assert error_of({"access_token": token, "error": "denied"}, 200).code == "denied"


def test_tokens_of_a_response_are_masked_before_they_are_used():
    body = {"data": {"t": "access-of-the-response", "r": "refresh-of-the-response"}}
    paths = settings(access_token_path="data.t", refresh_token_path="data.r")
    read_body(response_of(body), paths, "password")
    assert redact("access-of-the-response refresh-of-the-response") == f"{MASK} {MASK}"


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({"error": "invalid_grant"}, "invalid_grant", "(invalid_grant)"),
        ({"error": "e", "error_description": "why"}, "e", "(e: why)"),
        ({"error": "e", "message": "why"}, "e", "(e: why)"),
        ({"error": "e", "error_description": "why", "message": "no"}, "e", "(e: why)"),
        ({"error": {"code": 190, "message": "why"}}, "190", "(190: why)"),
        ({"error": {"code": 190}}, "190", "(190)"),
        ({"error": {"message": "why"}}, "", "(why)"),
        ({"message": "why"}, "", "(why)"),
        ({"errors": [{"field": "refresh_token", "code": "invalid"}, {}]},
         "invalid_refresh_token", "(invalid_refresh_token)"),
        ({"errors": [{"field": 1, "code": "invalid"}]}, "", '({"errors": [{"field": 1'),
        ({"status": "BAD_REFRESH_TOKEN", "message": "why"}, "bad_refresh_token",
         "(bad_refresh_token: why)"),
        ({"status": "BAD_REFRESH_TOKEN", "error": "e"}, "e", "(e)"),
        ({"status": "BAD_REFRESH_TOKEN", "error": 7}, "", f'({{"status": "{MASK}"'),
        ({"status": "OTHER", "message": "why"}, "", "(why)"),
        (b"error=denied&error_description=not+you", "denied", "(denied: not you)"),
        (b"<html>\n  Down </html>", "", "(<html> Down </html>)"),
        ([], "", "([])"),
        (b"", "", "(empty response)"),
    ],
)  # fmt: skip
def test_error_is_found_where_providers_put_it(body, code, said):
    error = error_of(body)
    start = f"token endpoint {NAME} rejected the refresh_token request with status 400 {said}"
    assert error.code == code
    assert str(error).startswith(start.removesuffix(")"))
    assert said.endswith(")") is (str(error) == start)


COMPARE = (
    "; compare token_params, token_request_format and client_auth with the provider's documentation"
)


@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        ("invalid_scope", 400, "; check scopes and scope_separator"),
        ("unauthorized_client", 404, "; the provider does not allow this grant to this client"),
        ("unsupported_grant_type", 400, "; check grant_type and access_token_url"),
        ("invalid_request", 400, COMPARE),
        ("other", 400, ""),
        ("other", 404, "; check that URL in the configuration"),
        ("other", 405, "; check that URL in the configuration"),
    ],
)
def test_error_says_what_to_check(code, status, advice):
    assert str(error_of({"error": code}, status)).endswith(f"({code}){advice}")


@pytest.mark.parametrize("status", [302, 307])
def test_redirect_is_told(status):
    said = "; token requests follow no redirects: set access_token_url to the new address"
    assert str(error_of({"error": "e"}, status, {"Location": "/x"})).endswith(f"(e){said}")
    assert "redirects" not in str(error_of({"error": "e"}, status))


@pytest.mark.parametrize(("length", "shown"), [(100, 100), (400, 200)])
def test_shown_reason_is_short_and_hides_what_may_be_a_token(length, shown):
    words = ("word " * length)[: length - 1] + "x"
    assert str(error_of({"message": words})).endswith(f"({words[:shown]})")
    for body in ({"message": f"not {OPAQUE}"}, f"not {OPAQUE}".encode()):
        assert str(error_of(body)).endswith(f"(not {MASK})")


@pytest.mark.parametrize(
    ("body", "keys"),
    [({"a": 1, "b": 2}, "a, b"), ({}, "nothing"), ([1], "no JSON object"),
     (None, "no JSON object")],
)  # fmt: skip
def test_missing_token_is_told_with_what_there_is(body, keys):
    path = settings(access_token_path="data.token").access_token_path
    for given, setting in ((), "access_token_path"), (("other",), "other"):
        assert str(missing_token(response_of(body), body, path, *given)) == (
            f"token endpoint {NAME} returned status 200 without an access token at 'data.token'; "
            f"the response has: {keys}; set {setting} to where the token is"
        )


@pytest.mark.parametrize(
    ("url", "name"),
    [(URL, NAME), ("https://a@b@host/p/q?x#y", "https://host/p/q"), (None, "://")],
)
def test_endpoint_is_named_without_user_and_query(url, name):
    assert endpoint_name(url) == name


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({"access_token": "a", "refresh_token": "r"}, ("a", "r")),
        ({"access_token": "a", "refresh_token": ""}, ("a", "previous")),
        ({"access_token": "a", "refresh_token": 5}, ("a", "previous")),
        ({"access_token": "a", "refresh_token": {"x": 1}}, ("a", "previous")),
        ({"access_token": "a"}, ("a", "previous")),
    ],
)
def test_token_keeps_the_refresh_token_before(body, tokens):
    token = read_token(body, settings(), 100.0, "previous")
    assert (token.access_token, token.refresh_token) == tokens
    assert (token.obtained_at, token.response) == (100.0, body)


@pytest.mark.parametrize("lifetime", [1, 0.5, "0.5"])
def test_short_lifetime_counts(lifetime):
    token = read_token({"access_token": "a", "expires_in": lifetime}, settings(), 100.0, None)
    assert token.expires_at == 100 + float(lifetime)


HEADERS = {"Authorization": "word", "Accept": "any"}
SENT = {"params": {"x": "registered-word"}, "headers": HEADERS}
FORM = {"grant_type": "refresh_token", "refresh_token": "word", "shop": "registered-word"}


@pytest.mark.parametrize(
    ("request_", "sent"),
    [
        ({"data": FORM}, {"grant_type": "refresh_token", "refresh_token": MASK, "shop": MASK}),
        ({"json": {"a": "registered-word", "b": 1}}, f'{{"a": "{MASK}", "b": 1}}'),
        ({"data": "registered-word, a text"}, f"{MASK}, a text"),
        ({}, ""),
    ],
)
def test_exchange_is_shown_masked(request_, sent):
    """Names that suggest a secret, registered secrets, and in a response what may be a token."""
    register("registered-word")
    body = {"data": [{"access": OPAQUE, "shop": "registered-word"}, 7], "n": "text", OPAQUE: None}
    shown = describe_exchange(
        response_of(body, 201, {"Set-Cookie": "c", "Date": "d"}, {**SENT, **request_})
    )
    request, response = shown["request"], shown["response"]
    assert shown.keys() == {"request", "response"}
    assert (request["method"], request["body"]) == ("POST", sent)
    assert request["url"] == f"https://login.example.com/token?x={MASK}"
    assert request["headers"].items() >= {"Authorization": MASK, "Accept": "any"}.items()
    assert response == {
        "status": 201,
        "headers": {"Set-Cookie": MASK, "Date": "d"},
        "body": {"data": [{"access": MASK, "shop": MASK}, 7], "n": "text", OPAQUE: None},
    }


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (f"<p>\n {OPAQUE} registered-word </p>".encode(), f"<p> {MASK} {MASK} </p>"),
        (b"word " * 100, ("word " * 100)[:200]),
        (b"12345678", 12345678),
    ],
)
def test_body_that_is_no_json_is_shown_in_short(content, body):
    register("registered-word")
    assert describe_exchange(response_of(content))["response"]["body"] == body
