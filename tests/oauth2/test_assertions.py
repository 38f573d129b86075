"""Signed assertions, client certificates and discovery, against servers that check them."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tests.support.server import Reply

STREAM = {"name": "items", "path": "items"}


def key_of(algorithm):
    if algorithm.startswith("ES"):
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key):
    form = serialization.PrivateFormat.PKCS8
    encoded = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return encoded.decode()


@pytest.fixture
def items(api):
    api.serve("/items", [{"id": 1}])
    return api


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
@pytest.mark.parametrize("place", ["private_key", "private_key_file", "escaped"])
def test_jwt_bearer_sends_a_verifiable_assertion(items, tap, tmp_path, algorithm, place):
    """The public key verifies the assertion of the jwt_bearer grant, with all its claims."""
    key = key_of(algorithm)
    file = tmp_path / "key.pem"
    file.write_text(pem(key))
    given = {
        "private_key": {"private_key": pem(key)},
        "private_key_file": {"private_key_file": str(file)},
        "escaped": {"private_key": pem(key).replace("\n", "\\n")},
    }[place]
    config = items.config(
        STREAM,
        grant_type="jwt_bearer",
        jwt_algorithm=algorithm,
        jwt_subject="user@example.com",
        jwt_lifetime=120,
        jwt_claims={"scope": "read", "level": 1.5},
        private_key_id="key-1",
        **given,
    )
    run = tap.ok(config)
    form = items.requests("/token")[0].form
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert jwt.get_unverified_header(form["assertion"])["kid"] == "key-1"
    audience = f"{items.url}/token"
    claims = jwt.decode(form["assertion"], key.public_key(), [algorithm], audience=audience)
    assert claims["iss"] == "client-of-the-test"
    assert claims["sub"] == "user@example.com"
    assert (claims["scope"], claims["level"]) == ("read", 1.5)
    assert claims["exp"] - claims["iat"] == 120
    assert form["assertion"] not in run.errors


def test_issuer_and_audience_can_be_set(items, tap):
    """jwt_issuer and jwt_audience replace client_id and access_token_url."""
    key = key_of("RS256")
    config = items.config(
        STREAM,
        grant_type="jwt_bearer",
        private_key=pem(key),
        jwt_issuer="service",
        jwt_audience="https://login.example.com",
        client_id=None,
        client_secret=None,
    )
    tap.ok(config)
    form = items.requests("/token")[0].form
    assertion = form["assertion"]
    claims = jwt.decode(
        assertion, key.public_key(), ["RS256"], audience="https://login.example.com"
    )
    assert claims["iss"] == "service"
    assert "sub" not in claims


def test_private_key_jwt_authenticates_the_client(items, tap):
    """private_key_jwt sends a signed assertion of the client, and no secret."""
    key = key_of("ES256")
    config = items.config(
        STREAM,
        client_auth="private_key_jwt",
        private_key=pem(key),
        jwt_algorithm="ES256",
        jwt_subject="somebody else",
    )
    tap.ok(config)
    form = items.requests("/token")[0].form
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert form["client_assertion_type"] == kind
    audience = f"{items.url}/token"
    claims = jwt.decode(form["client_assertion"], key.public_key(), ["ES256"], audience=audience)
    assert claims["iss"] == claims["sub"] == "client-of-the-test"
    assert "client_secret" not in form


def test_jwt_settings_change_the_clients_assertion(items, tap):
    """A private_key alone means private_key_jwt, and jwt_issuer and jwt_claims count for it."""
    key = key_of("RS256")
    claims = {"tenant": "t-1"}
    tap.ok(items.config(STREAM, private_key=pem(key), jwt_issuer="service", jwt_claims=claims))
    form = items.requests("/token")[0].form
    sent = jwt.decode(
        form["client_assertion"], key.public_key(), ["RS256"], audience=f"{items.url}/token"
    )
    assert (sent["iss"], sent["sub"]) == ("service", "client-of-the-test")
    assert sent["tenant"] == "t-1"


def test_jwt_settings_of_a_grant_leave_the_clients_assertion(items, tap):
    """With jwt_bearer they belong to the grant's own assertion."""
    key = key_of("RS256")
    claims = {"jwt_issuer": "service", "jwt_claims": {"scope": "read"}}
    way = {"grant_type": "jwt_bearer", "client_auth": "private_key_jwt"}
    tap.ok(items.config(STREAM, private_key=pem(key), **claims, **way))
    form = items.requests("/token")[0].form
    grant, client = (
        jwt.decode(form[name], key.public_key(), ["RS256"], audience=f"{items.url}/token")
        for name in ("assertion", "client_assertion")
    )
    assert (grant["iss"], grant["scope"]) == ("service", "read")
    assert client["iss"] == "client-of-the-test"
    assert "scope" not in client


@pytest.mark.parametrize("secret", ["secret of the test", "secret", "é" * 20])
def test_client_secret_jwt_signs_with_the_secret(items, tap, secret):
    """The assertion is verified by the secret, which itself is not sent, however short it is."""
    settings = {"client_auth": "client_secret_jwt", "client_secret": secret}
    run = tap.ok(items.config(STREAM, **settings, jwt_claims={"tenant": "t-1"}))
    (request,) = items.requests("/token")
    assertion = request.form["client_assertion"]
    claims = jwt.decode(assertion, secret, ["HS256"], audience=f"{items.url}/token")
    assert claims["iss"] == claims["sub"] == "client-of-the-test"
    assert claims["tenant"] == "t-1"
    assert "client_secret" not in request.form
    assert "HMAC" not in run.errors


@pytest.mark.parametrize(
    "settings",
    [
        {"grant_type": "jwt_bearer", "private_key": pem(key_of("RS256"))},
        {"client_auth": "private_key_jwt", "private_key": pem(key_of("RS256"))},
        {"client_auth": "client_secret_jwt"},
    ],
    ids=["grant", "private key", "secret"],
)
def test_jwt_headers_are_added_to_every_jwt(items, tap, settings):
    """jwt_headers are fields of the header of the grant's JWT and of a client assertion."""
    tap.ok(items.config(STREAM, **settings, jwt_headers={"x5t": "thumbprint", "typ": "at+jwt"}))
    form = items.requests("/token")[0].form
    header = jwt.get_unverified_header(form.get("assertion") or form["client_assertion"])
    assert (header["x5t"], header["typ"]) == ("thumbprint", "at+jwt")


@pytest.mark.parametrize("key", ["no key at all", pem(key_of("ES256"))])
def test_unusable_key_is_one_error(items, tap, key):
    """A key of the wrong type is one line that does not show it."""
    run = tap(items.config(STREAM, grant_type="jwt_bearer", private_key=key))
    assert run.status == 1
    assert "RS256" in run.error_lines[-1]
    assert key.strip().splitlines()[-1] not in run.errors


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"grant_type": "jwt_bearer"}, "'private_key' is required with grant_type jwt_bearer"),
        ({"client_auth": "private_key_jwt"}, "'private_key' is required with client_auth"),
        ({"client_auth": "tls_client_auth"}, "'client_cert' is required"),
        (
            {"client_auth": "client_secret_jwt", "client_secret": None},
            "'client_secret' is required with client_auth client_secret_jwt",
        ),
        ({"jwt_headers": {"alg": "none"}}, "jwt_headers: must not hold 'alg'"),
        ({"jwt_headers": {"b64": False}}, "jwt_headers: must not hold 'b64'"),
        ({"private_key_file": "/nowhere"}, "cannot read '/nowhere': No such file"),
    ],
)
def test_missing_or_wrong_key_setting_is_one_error(items, tap, settings, expected):
    """It is one line before any request."""
    run = tap(items.config(STREAM, **settings))
    assert run.status == 1
    assert expected in run.error_lines[0]
    assert not items.seen


_NOTHING = dict.fromkeys(
    ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
     "encipher_only", "decipher_only", "crl_sign"), False
)  # fmt: skip
_USAGE = x509.KeyUsage(digital_signature=True, key_cert_sign=True, **_NOTHING)
_LEAF_USAGE = x509.KeyUsage(digital_signature=True, key_cert_sign=False, **_NOTHING)


def certificate(folder, name, issuer=None):
    """Write a key and a certificate, signed by itself or by an issuer; return both."""
    key = key_of("ES256")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.timezone.utc)
    by, signer = (issuer[0].subject, issuer[1]) if issuer else (subject, key)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        # Python 3.13 and later require these.
        .add_extension(_USAGE if issuer is None else _LEAF_USAGE, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_text(pem(key))
    return made, key


def requiring_certificates(folder):
    """Return the TLS context of a server that accepts clients with a certificate only."""
    authority = certificate(folder, "authority")
    certificate(folder, "server", authority)
    certificate(folder, "client", authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.load_verify_locations(folder / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.mark.parametrize("setting", ["allowed_hosts", "tokenless_hosts"])
def test_storage_never_sees_the_client_certificate(items, other_api, tap, tmp_path, setting):
    """A server that requires it lets the tap in only where the token may go, too."""
    context = requiring_certificates(tmp_path)
    items.encrypt(context)
    other_api.encrypt(context)
    items.serve("/items", Reply({}, 302, {"Location": f"{other_api.url}/a"}))
    other_api.serve("/a", [{"id": 1}])
    files = {"ca_bundle": "authority.pem", "client_cert": "client.pem"}
    files |= {"client_cert_key": "client.key"}
    paths = {name: str(tmp_path / file) for name, file in files.items()}
    run = tap(items.config(STREAM, **paths, **{setting: [other_api.host]}))
    assert (run.status, bool(other_api.seen)) == (
        (0, True) if setting == "allowed_hosts" else (1, False)
    )


def test_tls_client_auth_sends_the_certificate(items, tap, tmp_path):
    """tls_client_auth uses the client certificate for token and data requests."""
    items.encrypt(requiring_certificates(tmp_path))
    settings = items.config(
        STREAM,
        client_auth="tls_client_auth",
        client_secret=None,
        ca_bundle=str(tmp_path / "authority.pem"),
        client_cert=str(tmp_path / "client.pem"),
        client_cert_key=str(tmp_path / "client.key"),
    )
    tap.ok(settings)
    assert items.requests("/token")[0].form["client_id"] == "client-of-the-test"
    refused = tap({**settings, "client_cert": None, "client_cert_key": None, "client_auth": "none",
                   "connection": "another"})  # fmt: skip
    assert refused.status == 1
    assert len(refused.error_lines) == 1


WELL_KNOWN = "/.well-known/openid-configuration"


def discovered(api, **changes):
    document = {"issuer": api.url, "token_endpoint": f"{api.url}/token", **changes}
    return {name: value for name, value in document.items() if value is not None}


@pytest.mark.parametrize("path", [WELL_KNOWN, "/.well-known/oauth-authorization-server"])
def test_issuer_discovers_the_endpoints(items, tap, path):
    """The endpoints are found by OpenID Connect or RFC 8414 discovery."""
    items.serve(path, discovered(items))
    tap.ok(items.config(STREAM, access_token_url=None, issuer=items.url))
    assert len(items.requests("/token")) == 1


NAMES = ["openid-configuration", "oauth-authorization-server"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("served", NAMES)
def test_issuer_may_be_the_address_of_its_metadata(items, tap, name, served):
    """The issuer is taken from it, and the document is found once, of either standard."""
    items.serve(f"/.well-known/{served}", discovered(items))
    address = f"{items.url}/.well-known/{name}"
    tap.ok(items.config(STREAM, access_token_url=None, issuer=address))
    assert len(items.requests("/token")) == 1
    assert not [seen for seen in items.seen if seen.path.count("well-known") > 1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["/.well-known/{}/t/one", "/t/one/.well-known/{}"])
@pytest.mark.parametrize("is_address", [True, False], ids=["metadata address", "issuer"])
def test_issuer_with_a_path_discovers_the_endpoints(items, tap, place, name, is_address):
    """Its document may be before the path, as in RFC 8414, or after it, as in OpenID Connect."""
    issuer, path = f"{items.url}/t/one", place.format(name)
    items.serve(path, discovered(items, issuer=issuer, token_endpoint=f"{issuer}/token"))
    items.routes["/t/one/token"] = items.token
    given = items.url + path if is_address else issuer
    tap.ok(items.config(STREAM, access_token_url=None, issuer=given))
    assert len(items.requests("/t/one/token")) == 1
    assert not items.requests("/token")


def test_configured_endpoint_needs_no_discovery(items, tap):
    """A configured endpoint wins, and no discovery request is sent."""
    tap.ok(items.config(STREAM, issuer=items.url))
    assert not items.requests(WELL_KNOWN)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"issuer": "https://evil.example"}, "names another issuer"),
        ({"token_endpoint": "http://evil.example/token"}, "https"),
        ({"token_endpoint": None}, "names no token_endpoint"),
        ({"token_endpoint": 5}, "token_endpoint"),
    ],
)
def test_untrusted_discovery_document_is_refused(items, tap, change, expected):
    """A document of another issuer or with a plain-http endpoint is refused."""
    items.serve(WELL_KNOWN, discovered(items, **change))
    run = tap(items.config(STREAM, access_token_url=None, issuer=items.url))
    assert run.status == 1
    assert expected in run.error_lines[-1]
    assert not items.requests("/token")


def test_missing_discovery_document_is_one_error(items, tap):
    """The error names each URL that was tried."""
    items.routes[WELL_KNOWN] = lambda _: Reply({}, 500)
    run = tap(items.config(STREAM, access_token_url=None, issuer=items.url))
    assert run.status == 1
    assert "status 500" in run.error_lines[-1]
    assert "status 404" in run.error_lines[-1]
