"""The identity of a connection: its name, its seeds, and whose stored chains are its own."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest

from tap_oauth2_generic.errors import AuthorizationError
from tap_oauth2_generic.oauth2.token import NO_TOKEN, Token
from tests.support.chains import a_chain, connection_of

URL = "https://login.example.com/token"
HOST = "api.example.com"
UNNAMED = {"connection": None}
CLIENT = {"grant_type": "client_credentials", "authorize_url": None}
EXCHANGE = {"token_exchange": {"url": "https://exchange.example.com/x?key=1"}}
ISSUED = Token("access", "refresh", response={"access_token": "access"})


def mark(prefix, token):
    """Return what the store remembers of a seed or spent token."""
    key = hashlib.sha256(prefix.encode()).digest()
    return hmac.new(key, token.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:32]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"grant_type": "password", "username": "ann", "password": "pass"}, f"{URL} client ann"),
        ({}, f"{URL} client"),
        ({"connection": "main"}, "main"),
        ({"access_token_url": f"{URL}?key=1"}, f"{URL} client"),
        ({"access_token_url": None, "issuer": "https://id.example.com"},
         "https://id.example.com client"),
        ({"issuer": "https://id.example.com"}, f"{URL} client"),
        ({**EXCHANGE, "access_token": "a", "access_token_url": None, "client_id": None,
          "client_secret": None}, "https://exchange.example.com/x"),
        ({"grant_type": "jwt", "private_key": "k" * 40, "jwt_algorithm": "HS256",
          "jwt_issuer": "issuer"}, f"{URL} client issuer"),
    ],
)  # fmt: skip
def test_default_name_is_made_of_endpoint_client_and_user(settings, name):
    settings = {"authorize_url": None, **UNNAMED, **settings}
    if settings.get("grant_type") is None:
        settings |= {"grant_type": "refresh_token", "access_token": "a"}
    connection = connection_of(**settings)
    assert connection.name == name
    grant = settings["grant_type"]
    assert connection.prefix == (name if grant == "refresh_token" else f"{name} ({grant})")


def test_connection_without_endpoint_and_client_has_none():
    lasting = {"access_token_url": None, "client_id": None, "client_secret": None}
    connection = connection_of(access_token="given", **lasting)
    assert connection.new_chain().issued_for == ("", "", HOST)


@pytest.mark.parametrize(
    ("seeds", "token"),
    [
        ({}, NO_TOKEN),
        ({"refresh_token": "r"}, Token("", "r")),
        ({"access_token": "a"}, Token("a")),
        ({"refresh_token": "r", "access_token": "a"}, Token("a", "r")),
    ],
)
def test_new_chain_begins_with_the_seeds(seeds, token):
    """The refresh token names it, if there is one."""
    chain = connection_of(**seeds, scopes="b a").new_chain()
    marks = tuple(mark("main", seed) for seed in seeds.values())
    assert (chain.token, chain.seeds) == (token, marks)
    assert chain.seed == (marks[0] if marks else "")
    assert chain.key == f"main\x1f{chain.seed or 'login'}"
    assert (chain.connection, chain.scopes) == ("main", ["a", "b"])
    assert chain.issued_for == (URL, "client", HOST)
    assert not chain.is_login


def test_seed_may_hold_any_character():
    seed = "\ud800 ü"
    assert connection_of(refresh_token=seed).new_chain().seeds == (mark("main", seed),)


def test_seed_is_to_be_exchanged_if_that_is_configured():
    """A stored token is then the first one."""
    connection = connection_of(access_token="a", refresh_token="r", **EXCHANGE)
    own = Token("a", "r")
    assert connection.new_chain().token == own.before_exchange()
    exchanged = replace(own, access_token="of-the-api", first=own)
    assert connection.as_stored(exchanged) == own.before_exchange()
    assert connection_of().as_stored(exchanged) == own


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": "a"},
        {"token_params": {"a": "1"}},
        {"refresh_params": {"a": "1"}},
        {"refresh_token_url": f"{URL}/refresh"},
        {"client_auth": "client_secret_basic"},
        {"client_secret": "another-secret"},
        {"client_id": "another"},
        {"access_token_url": f"{URL}/other"},
        {"base_url": "https://other.example.com"},
        EXCHANGE,
        {"grant_type": "client_credentials", "authorize_url": None},
    ],
)
def test_another_request_is_told_from_this_one(change):
    assert connection_of(**change).new_chain().request != connection_of().new_chain().request


def test_request_stays_the_same_for_further_hosts_and_seeds():
    others = connection_of("other.example.com"), connection_of(refresh_token="r")
    assert {one.new_chain().request for one in others} == {connection_of().new_chain().request}


def test_bound_chain_is_one_of_this_configuration():
    bound = connection_of("other.example.com").bind(a_chain(renewals=1), ended=True)
    assert (bound.issued_for, bound.ended) == ((URL, "client", HOST, "other.example.com"), True)
    assert bound.request == connection_of().new_chain().request
    assert bound.renewals == 1


def test_token_that_is_spent_again_is_remembered_once():
    connection = connection_of()
    chain = a_chain(spent=("first",))
    for tokens in (["a"], ["b", "a"], ["b", "a", "a"]):
        for token in tokens:
            chain = replace(chain, spent=connection.spend(chain, token))
    assert chain.spent == ("first", mark("main", "b"), mark("main", "a"))


@pytest.mark.parametrize(
    ("settings", "fields", "is_other"),
    [
        ({}, {"is_login": True}, True),
        ({"scopes": "b a"}, {"is_login": True}, False),
        ({}, {}, False),
        (CLIENT, {"is_login": True}, False),
        (CLIENT, {}, False),
    ],
)
def test_only_a_login_has_scopes_that_may_differ(settings, fields, is_other):
    chain = a_chain(scopes=["a", "b"], **fields)
    assert connection_of(**settings).has_other_scopes(chain) is is_other


def find(connection, *chains):
    """Return which of these stored chains the connection would continue."""
    return connection.chains({chain.key: chain for chain in chains})


@pytest.mark.parametrize(
    ("issued_for", "own_hosts", "is_own"),
    [
        ((URL, "client", HOST), (), True),
        ((URL, "client", "old.example.com"), (), False),
        ((URL, "client", "old.example.com", HOST), (), True),
        ((URL, "client", "old.example.com"), ("x.example.com", "old.example.com"), True),
        ((URL, "client", "old.example.com", "x.example.com"), ("x.example.com",), False),
        ((URL, "another", HOST), (), False),
        ((f"{URL}/other", "client", HOST), (), False),
    ],
)
@pytest.mark.parametrize("named", [{}, UNNAMED])
def test_issued_token_belongs_to_one_endpoint_client_and_host(issued_for, own_hosts, is_own, named):
    """A host that either of the two configurations allows is the same."""
    connection = connection_of(*own_hosts, **named)
    chain = connection.bind(a_chain(token=ISSUED))
    chain = replace(chain, issued_for=issued_for)
    if is_own:
        assert find(connection, chain) == [chain]
        return
    url, client, host, *_ = issued_for
    with pytest.raises(AuthorizationError) as caught:
        find(connection, chain)
    assert str(caught.value).startswith(
        f"connection {connection.name!r} belongs to token URL {url}, client {client!r} and host "
        f"{host}, not to {URL}, 'client' and {HOST}; set another connection"
    )


def test_token_that_was_never_issued_belongs_to_nobody():
    """It may be a mistake that was corrected."""
    chain = a_chain(issued_for=("https://typo.example.com", "client", HOST))
    assert find(connection_of(), chain)[0].key == chain.key


@pytest.mark.parametrize(("named", "is_refused"), [({}, True), (UNNAMED, False)])
def test_client_of_another_host_gets_its_own_token_unless_it_is_named(named, is_refused):
    connection = connection_of(**CLIENT, **named)
    chain = a_chain(token=ISSUED, issued_for=(URL, "client", "old.example.com"))
    if is_refused:
        with pytest.raises(AuthorizationError, match="belongs to"):
            find(connection, chain)
    else:
        assert find(connection, chain) == [replace(chain, token=NO_TOKEN)]


OWN = (URL, "client", HOST)


@pytest.mark.parametrize(
    ("issued_for", "own_hosts", "is_kept"),
    [
        (OWN, (), True),
        (OWN, ("x.example.com",), False),
        ((*OWN, "x.example.com"), ("x.example.com",), True),
        ((*OWN, "x.example.com"), (), True),
        ((URL, "client", "other.example.com"), (), False),
    ],
)
def test_confined_connection_sends_a_token_to_no_further_host(issued_for, own_hosts, is_kept):
    connection = connection_of(*own_hosts, is_confined=True)
    chain = replace(connection.bind(a_chain()), issued_for=issued_for)
    if is_kept:
        assert find(connection, chain) == [chain]
        return
    with pytest.raises(AuthorizationError, match="'main' were issued for other settings or hosts"):
        find(connection, chain)
    assert find(connection_of(*own_hosts), chain) == [chain]


def test_confined_connection_knows_the_chain_of_its_seed():
    """Whatever it was issued for; other chains are left out, and then it begins its own."""
    connection = connection_of(is_confined=True, refresh_token="r")
    own = replace(connection.new_chain(), request="another", renewals=3)
    other = a_chain(seed="other")
    assert find(connection, own, other) == [own]
    assert find(connection, other) == [connection.new_chain()]


@pytest.mark.parametrize("settings", [{}, CLIENT])
def test_confined_connection_without_chains_begins_its_own(settings):
    connection = connection_of(is_confined=True, **settings)
    assert find(connection) == [connection.new_chain()]
    if settings:
        assert find(connection, a_chain()) == [connection.new_chain()]
