"""Which of the stored chains goes on: by seeds, logins, ages and ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tap_oauth2_generic.errors import AuthorizationError
from tap_oauth2_generic.oauth2.token import NO_TOKEN, Token
from tests.support.chains import a_chain, connection_of

PERSON = connection_of()
CLIENT = connection_of(grant_type="client_credentials", authorize_url=None)
SEEDED = connection_of(refresh_token="seed")
USER = {"grant_type": "password", "username": "ann", "password": "pass", "authorize_url": None}


def stored(connection, seed="", number=0, **fields):
    """Return a chain of the connection; a later ``number`` began later."""
    chain = a_chain(seed=seed, started_at=float(number), **fields)
    return connection.bind(replace(chain, key=f"{chain.key}-{number}"))


def own(connection=SEEDED, number=0, **fields):
    """Return a chain of the connection's seed."""
    seeds = {"seeds": connection.new_chain().seeds}
    return stored(connection, "mark-of-the-seed", number, **{**seeds, **fields})


def find(connection, *chains):
    """Return the chains to continue, found in any order."""
    return connection.chains({chain.key: chain for chain in chains[::-1]})


@pytest.mark.parametrize("connection", [PERSON, CLIENT, SEEDED])
def test_connection_without_chains_begins_one(connection):
    assert find(connection) == [connection.new_chain()]


def test_latest_login_counts():
    """Also one with a seed; a seed's own chain does not count next to it."""
    logins = [
        stored(PERSON, number=1),
        stored(PERSON, "b", 2, is_login=True),
        stored(PERSON, "", 3),
    ]
    seeds = [stored(PERSON, "c", 4), stored(PERSON, "d", 5)]
    for number in (1, 2, 3):
        assert find(PERSON, *logins[:number], *seeds) == [logins[number - 1]]


def test_only_seed_that_works_counts_without_a_login():
    alive, ended = stored(PERSON, "a", 1), stored(PERSON, "b", 2, ended=True)
    assert find(PERSON, alive) == [alive]
    assert find(PERSON, alive, ended) == [alive]


@pytest.mark.parametrize("number", [2, 3])
def test_several_seeds_are_an_error_without_a_login(number):
    chains = [stored(PERSON, str(one), one) for one in range(number)]
    with pytest.raises(AuthorizationError, match=f"has the tokens of {number} seeds"):
        find(PERSON, *chains)


def test_latest_of_chains_that_have_ended_says_so():
    chains = [stored(PERSON, str(number), number, ended=True) for number in (1, 2, 3)]
    assert find(PERSON, *chains) == [chains[2]]


def test_client_continues_the_latest_chain_without_a_seed():
    chains = [stored(CLIENT, number=number) for number in (1, 2, 3)]
    assert find(CLIENT, *chains, stored(CLIENT, "a", 4)) == [chains[2]]


def test_client_uses_no_token_of_another_request():
    chain = replace(stored(CLIENT), request="another")
    assert find(CLIENT, chain) == [replace(chain, token=NO_TOKEN)]


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"seeds": (), "spent": ("other", *SEEDED.new_chain().seeds)},
        {"seeds": (), "token": Token("access", "seed")},
    ],
)
def test_seed_continues_the_chain_that_knows_it(known):
    """Begun with it, renewed from it or to it; a chain of another seed goes on without it."""
    chain = own(**known)
    (found,) = find(SEEDED, chain, stored(SEEDED, "other", 9))
    assert found.key == chain.key
    assert found.token == chain.token
    assert set(found.seeds) == set(SEEDED.new_chain().seeds)


def test_latest_chain_of_a_seed_counts():
    chains = [own(number=number) for number in (1, 2, 3)]
    assert find(SEEDED, *chains) == [chains[2]]


@pytest.mark.parametrize(
    ("age_of_login", "ended", "is_replaced"),
    [(1, False, False), (5, False, False), (9, False, True), (1, True, True)],
)
def test_login_takes_the_place_of_an_older_or_ended_chain(age_of_login, ended, is_replaced):
    """Otherwise it follows."""
    chain, login = own(number=5, ended=ended), stored(SEEDED, number=age_of_login)
    assert find(SEEDED, chain, login) == ([login] if is_replaced else [chain, login])


def test_new_seed_goes_before_the_latest_login():
    logins = [stored(SEEDED, number=number) for number in (1, 2, 3)]
    assert find(SEEDED, *logins) == [SEEDED.new_chain(), logins[2]]


def test_user_without_a_person_continues_the_latest_chain_of_the_seed():
    """A login is no matter, nor is a token of another request."""
    connection = connection_of(**USER, refresh_token="seed")
    chains = [own(connection, number) for number in (1, 2, 3)]
    others = [stored(connection, number=8), stored(connection, "other", 9)]
    assert find(connection, *chains, *others) == [chains[2]]
    assert find(connection, *others) == [connection.new_chain()]
    changed = replace(chains[0], request="another")
    assert find(connection, changed) == [replace(changed, token=NO_TOKEN)]


def test_access_token_new_to_the_chain_is_used_once():
    """Its refresh token stays, and the chain knows the seed from then on."""
    both = connection_of(refresh_token="seed", access_token="given")
    chain = own(token=Token("access", "rotated"))
    (found,) = find(both, chain)
    assert (found.token, found.seeds) == (Token("given", "rotated"), both.new_chain().seeds)
    later = replace(found, token=Token("newer", "rotated"))
    assert find(both, later) == [later]


@pytest.mark.parametrize("seeds", [{"refresh_token": "seed"}, {}])
def test_access_token_that_the_chain_has_spent_is_not_used_again(seeds):
    """One that renews itself."""
    connection = connection_of(access_token="given", **seeds)
    chain = own(seeds=(), spent=connection.new_chain().seeds[-1:], token=Token("newer", "rotated"))
    (found,) = find(connection, chain)
    assert found.token == chain.token
    assert found.seeds == connection.new_chain().seeds


def test_end_of_a_chain_counts_for_the_request_that_was_rejected():
    """Another one may be without the mistake."""
    chain = own(ended=True)
    assert find(SEEDED, chain) == [chain]
    assert find(SEEDED, replace(chain, request="another")) == [
        replace(chain, request="another", ended=False)
    ]


def test_token_of_another_exchange_is_dropped_for_the_first_one():
    first = Token("first", "refresh")
    chain = own(token=replace(first, access_token="of-the-api", first=first))
    assert find(SEEDED, chain) == [chain]
    assert find(SEEDED, replace(chain, request="another"))[0].token == first


@pytest.mark.parametrize(
    ("connection", "build"), [(SEEDED, own), (PERSON, lambda number: stored(PERSON, number=number))]
)
def test_login_replaces_the_latest_row_of_its_kind(connection, build):
    """That of the seed if there is one, else that of a login; it keeps no token."""
    chains = [build(number=number) for number in (1, 2, 3)]
    found = connection.login_chain({chain.key: chain for chain in chains})
    assert found == replace(
        connection.new_chain(), key=chains[2].key, token=NO_TOKEN, is_login=True
    )


def test_first_login_gets_a_row_of_its_own():
    """A login with a seed replaces none without, and the other way round."""
    for connection, other in ((SEEDED, stored(SEEDED)), (PERSON, stored(PERSON, "other"))):
        found = connection.login_chain({other.key: other})
        assert found.key == connection.new_chain().key != other.key
