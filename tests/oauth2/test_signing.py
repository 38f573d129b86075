"""What authenticates a client or stands for a grant: signed JWTs, parameters and headers."""

from __future__ import annotations

import base64
import warnings
from decimal import Decimal

import jwt
import pytest

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.oauth2.assertion import (
    AssertionSettings,
    RequestContext,
    sign,
    sign_grant,
    sign_with_secret,
)
from tap_oauth2_generic.oauth2.client_auth import CLIENT_AUTH, SECRET_AUTH, choose_auth, other_auth
from tap_oauth2_generic.runtime.redaction import redact
from tests.support.settings import valid_settings

NOW = 1_800_000_000
KEY = "a shared secret of the test, long enough"
URL = "https://token.example/token"
TIMES = {"iat": NOW, "exp": NOW + 300}
KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def context_of(client_id="id-1", shared="key-1", audience=URL, *, signs_grant=False, **settings):
    given = {"private_key": KEY, "jwt_algorithm": "HS256", **settings}
    assertion = valid_settings(AssertionSettings, given)
    return RequestContext(client_id, shared, audience, assertion, NOW + 0.9, signs_grant)


def claims_of(token, key=KEY):
    """Return the claims but the random ``jti``; times need not be those of this machine."""
    options = {"verify_aud": False, "verify_iat": False, "verify_exp": False}
    claims = jwt.decode(token, key, ["HS256"], options=options)
    assert len(claims.pop("jti")) >= 22
    return claims


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({}, {}),
        ({"jwt_lifetime": 60}, {"exp": NOW + 60}),
        ({"jwt_issuer": "service"}, {"iss": "service"}),
        ({"jwt_subject": "ann"}, {"sub": "ann"}),
        ({"client_id": ""}, {"iss": None}),
        ({"audience": ""}, {"aud": None}),
        ({"jwt_claims": {"n": Decimal("1.5"), "iat": 1}}, {"n": 1.5, "iat": 1}),
        ({"jwt_claims": {"iss": "other", "sub": None, "exp": None}}, {"iss": "other", "exp": None}),
    ],
)
def test_claims_of_a_grant(settings, changes):
    """Without a value there is no claim; jwt_claims win, and null removes one."""
    expected = {"iss": "id-1", "aud": URL, **TIMES, **changes}
    claims = claims_of(sign_grant(context_of(**settings)))
    assert claims == {name: value for name, value in expected.items() if value is not None}


def test_jwts_of_a_moment_differ():
    """So that a provider which forbids to send one twice takes both; each is masked."""
    tokens = {sign(context_of(), {"iss": "a"}) for _ in range(2)}
    assert len(tokens) == 2
    assert {redact(token) for token in tokens} == {"***"}


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({}, {}),
        ({"private_key_id": "k"}, {"kid": "k"}),
        ({"private_key_id": "k", "jwt_headers": {"x5t": "t"}}, {"kid": "k", "x5t": "t"}),
        ({"private_key_id": "k", "jwt_headers": {"kid": "own"}}, {"kid": "own"}),
    ],
)
def test_header_of_a_jwt(settings, header):
    """jwt_headers win; the ID of the key is not in what the client secret signs."""
    context = context_of(**settings)
    standard = {"alg": "HS256", "typ": "JWT"}
    assert jwt.get_unverified_header(sign(context, {})) == {**standard, **header}
    by_secret = {name: value for name, value in header.items() if value != "k"}
    assert jwt.get_unverified_header(sign_with_secret(context, {})) == {**standard, **by_secret}


@pytest.mark.parametrize("key", [KEY, KEY.replace(" ", "\n"), KEY.replace(" ", "\\n")])
def test_escaped_line_ends_of_a_key_are_line_ends(key):
    assert claims_of(sign(context_of(private_key=key), {}), key.replace("\\n", "\n")) == TIMES


def test_short_secret_is_not_warned_about():
    """The provider chose it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sign_with_secret(context_of(shared="short"), {})
    assert not caught


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_key_of_another_kind_is_one_sentence(algorithm):
    with pytest.raises(SettingError, match=f"cannot sign with {algorithm}") as caught:
        sign(context_of(jwt_algorithm=algorithm), {})
    assert KEY not in str(caught.value)


def basic(pair):
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


@pytest.mark.parametrize(
    ("method", "params", "headers"),
    [
        ("client_secret_post", {"client_id": "i:d", "client_secret": "k y"}, {}),
        ("client_secret_basic", {}, basic("i%3Ad:k+y")),
        ("client_secret_basic_raw", {}, basic("i:d:k y")),
        ("tls_client_auth", {"client_id": "i:d"}, {}),
        ("none", {"client_id": "i:d"}, {}),
    ],
)
def test_client_identifies_itself(method, params, headers):
    """What the header holds is masked."""
    assert CLIENT_AUTH[method](context_of("i:d", "k y")) == (params, headers)
    assert all(redact(one) == "Basic ***" for one in headers.values())


OWN = {"iss": "id-1", "sub": "id-1", "aud": URL, **TIMES}


@pytest.mark.parametrize(
    ("method", "key"), [("private_key_jwt", KEY), ("client_secret_jwt", "key-1")]
)
@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({}, {}),
        ({"jwt_subject": "ann"}, {}),
        ({"jwt_issuer": "service"}, {"iss": "service"}),
        ({"jwt_claims": {"sub": "other", "a": 1}}, {"sub": "other", "a": 1}),
        ({"jwt_issuer": "service", "jwt_claims": {"a": 1}, "signs_grant": True}, {}),
        ({"client_id": ""}, {"iss": None, "sub": None}),
    ],
)
def test_client_proves_itself_with_an_assertion(method, key, settings, changes):
    """Issuer and claims of the configuration are in it, unless they are those of a grant."""
    context = context_of(**settings)
    params, headers = CLIENT_AUTH[method](context)
    claims = claims_of(params.pop("client_assertion"), key)
    assert claims == {name: one for name, one in (OWN | changes).items() if one is not None}
    assert params == {"client_id": context.client_id, "client_assertion_type": KIND}
    assert not headers


@pytest.mark.parametrize(
    ("configured", "key", "signs", "chosen"),
    [
        (None, None, False, "client_secret_post"),
        (None, None, True, "client_secret_post"),
        (None, KEY, False, "private_key_jwt"),
        (None, KEY, True, "client_secret_post"),
        ("none", KEY, False, "none"),
    ],
)
def test_method_is_chosen_by_the_key(configured, key, signs, chosen):
    """A key authenticates the client if the grant does not sign with it."""
    assertion = AssertionSettings(private_key=key)
    assert choose_auth(configured, assertion, signs=signs) == chosen


POST, FORM, RAW = SECRET_AUTH


@pytest.mark.parametrize(
    ("refused", "others"),
    [
        (POST, f"{FORM} or {RAW}"),
        (FORM, f"{POST} or {RAW}"),
        (RAW, f"{POST} or {FORM}"),
        ("none", ""),
        ("private_key_jwt", ""),
    ],
)
def test_other_methods_are_named(refused, others):
    """With a private key, the method that uses it is the first."""
    assert other_auth(refused, AssertionSettings()) == (others and f"; try client_auth {others}")
    if refused != "private_key_jwt":
        others = " or ".join(filter(None, ("private_key_jwt, which uses private_key", others)))
    with_key = other_auth(refused, AssertionSettings(private_key=KEY))
    assert with_key == (others and f"; try client_auth {others}")
