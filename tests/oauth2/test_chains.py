"""Which of the stored tokens counts: chains of seeds and of logins, and whose they are."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace

import pytest

from tap_oauth2_generic.errors import TokenRequestError
from tap_oauth2_generic.oauth2.connection import StoredConnection
from tap_oauth2_generic.oauth2.store import TokenStore
from tap_oauth2_generic.oauth2.token import Token
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.limits import MAX_SPENT_TOKENS
from tests.support.rotation import Person, RotatingProvider
from tests.support.server import ApiServer, Reply
from tests.support.settings import valid_config

STREAM = {
    "name": "items",
    "path": "items",
    "schema": {"properties": {"id": {"type": "string"}}},
}


@pytest.fixture
def provider(api):
    return RotatingProvider(api)


@pytest.fixture
def config(api, tmp_path):
    """Build a configuration with or without a seed; all share a store and a name."""

    def build(seed=None, **settings):
        seeded = {} if seed is None else {"refresh_token": seed}
        settings = {"authorize_url": f"{api.url}/authorize", **seeded, **settings}
        store = f"sqlite:///{tmp_path}/tokens.sqlite"
        return api.config(STREAM, grant_type="authorization_code", token_store=store, **settings)

    return build


def log_in(settings, account):
    session = Session.of(valid_config(settings), Clock(), lambda: None)
    session.authenticator.login(Person(account))


def test_accounts_of_one_client_keep_their_own_tokens(tap, provider, config):
    """Each seed continues its own chain, in whatever order the accounts run."""
    seeds = {account: provider.issue(account) for account in "AB"}
    for account in "ABABBA":
        assert tap.ok(config(seeds[account])).ids() == [account]
        provider.expire()
    assert provider.reused == []


def test_accounts_of_one_client_renew_in_many_processes(tmp_path, provider, config):
    """Five processes of each of two accounts renew each account's token once."""
    started = {}
    for account in "AB":
        path = tmp_path / f"{account}.json"
        path.write_text(json.dumps(config(provider.issue(account))))
        command = [sys.executable, "-m", "tap_oauth2_generic", "--config", str(path)]
        for _ in range(5):
            process = subprocess.Popen(command, stdout=-1, stderr=-1, text=True)
            started[process] = account
    for process, account in started.items():
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert f'"id":"{account}"' in output
    assert (sorted(provider.spent.values()), provider.reused) == (["A", "B"], [])


def test_seed_that_comes_back_continues_its_chain(tap, provider, config):
    """A run without the seed uses its chain, and one with it again does not send it again."""
    seed = provider.issue("A")
    for given in (seed, None, seed, None, seed):
        assert tap.ok(config(given)).ids() == ["A"]
        provider.expire()
    assert provider.reused == []


def test_seed_that_is_the_token_of_a_chain_continues_it(tap, provider, config):
    """A rotated token that is given as a seed is not spent apart from its chain."""
    seed = provider.issue("A")
    tap.ok(config(seed))
    (rotated,) = provider.live
    for given in (rotated, seed, rotated):
        provider.expire()
        assert tap.ok(config(given)).ids() == ["A"]
    assert provider.reused == []


def read_store(settings):
    return TokenStore(settings["token_store"], settings.get("token_store_key"))


@pytest.mark.parametrize("key", [{}, {"token_store_key": "key-of-the-store"}])
@pytest.mark.parametrize("login", [None, "with the seed", "without"])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_spent_token_given_as_a_seed_is_not_sent_again(tap, provider, config, steps, login, key):
    """However many rotations ago; the chain that it belongs to goes on, or a later login."""
    tokens = [provider.issue("A")]
    for _ in range(steps):
        tap.ok(config(tokens[0], **key))
        provider.expire()
        tokens += provider.live
    if login:
        log_in(config(tokens[0] if login == "with the seed" else None, **key), "by-hand")
    for token in [*tokens[:-1], *tokens[:-1]]:
        assert tap.ok(config(token, **key)).ids() == ["by-hand" if login else "A"]
        provider.expire()
    assert provider.reused == []
    chains = read_store(config(**key)).read_all()
    assert not any(
        token in repr((chain.seeds, chain.spent)) for token in tokens for chain in chains
    )


def test_token_spent_while_a_person_logs_in_is_not_sent_again(tap, provider, config):
    """The login replaces the chain, and knows what a run has spent meanwhile."""
    seed = provider.issue("A")
    tap.ok(config(seed))
    provider.expire()
    (rotated,) = provider.live

    class Busy(Person):
        def wait_for_redirect(self, *address):
            tap.ok(config(seed))
            return super().wait_for_redirect(*address)

    session = Session.of(valid_config(config(seed)), Clock(), lambda: None)
    session.authenticator.login(Busy("by-hand"))
    assert rotated in provider.spent
    for _ in range(2):
        assert tap.ok(config(rotated)).ids() == ["by-hand"]
        provider.expire()
    assert provider.reused == []


def test_spent_tokens_are_remembered_up_to_a_limit(provider, config):
    """The last ones are; a token that does not rotate takes one place."""
    settings = valid_config(config(provider.issue("A")))
    hosts = (settings.base_host,)
    connection = StoredConnection(settings.oauth2, settings.grant, settings.assertion, hosts)
    chain = connection.new_chain()
    for number in range(MAX_SPENT_TOKENS + 5):
        chain = replace(chain, spent=connection.spend(chain, f"token-{number}"))
    assert len({*chain.spent}) == len(chain.spent) == MAX_SPENT_TOKENS
    assert sorted(connection.spend(chain, "token-7")) == sorted(chain.spent)
    assert connection.spend(chain, "token-4") == (
        *chain.spent[1:],
        *connection.spend(chain, "token-4")[-1:],
    )


def test_token_of_a_login_as_a_seed_stays_a_login(tap, provider, config):
    """Other seeds and runs without one still continue with it."""
    log_in(config(), "by-hand")
    (token,) = provider.live
    provider.expire()
    assert tap.ok(config(token)).ids() == ["by-hand"]
    seed = provider.issue("A")
    assert tap.ok(config(seed)).ids() == ["A"]
    provider.expire()
    assert tap.ok(config()).ids() == ["by-hand"]
    provider.revoke("A")
    assert tap.ok(config(seed)).ids() == ["by-hand"]
    assert provider.reused == []


def test_token_renewed_without_the_lock_survives_a_refusal(api, tap, provider, config):
    """Where the lock does not reach, another process may renew the chain during a refresh."""
    seed = provider.issue("A")
    tap.ok(config(seed))
    provider.expire()
    issue, store = api.token, read_store(config())

    def renew_elsewhere(seen):
        renewed = issue(seen)
        (chain,) = store.read_all()
        token = Token(renewed["access_token"], renewed["refresh_token"], 1.0)
        store.write(replace(chain, token=token, refresh_started_at=None))
        return Reply({"error": "invalid_grant"}, 400)

    api.token = renew_elsewhere
    assert tap(config(seed)).status == 1
    api.token = issue
    assert tap.ok(config(seed)).ids() == ["A"]
    assert provider.reused == []


def test_earlier_seed_continues_after_a_newer_one(tap, provider, config):
    """A seed once spent is remembered for good, not only until the next seed."""
    first, second = provider.issue("A"), provider.issue("A")
    for seed in (first, second, first, second):
        tap.ok(config(seed))
        provider.expire()
    assert provider.reused == []


@pytest.mark.parametrize("login_has_the_seed", [True, False])
@pytest.mark.parametrize("runs_before", [0, 1])
def test_login_replaces_an_old_seed(tap, provider, config, login_has_the_seed, runs_before):
    """While a schedule still has the spent seed, the token of a later login is used."""
    seed = provider.issue("A")
    for _ in range(runs_before):
        tap.ok(config(seed))
    log_in(config(seed if login_has_the_seed else None), "A-by-hand")
    for _ in range(2):
        run = tap.ok(config(seed))
        assert run.ids() == ["A-by-hand" if login_has_the_seed or runs_before else "A"]
        provider.expire()
    assert provider.reused == []


def test_login_of_one_account_leaves_the_other(tap, provider, config):
    """A login with a seed in its configuration counts for that seed only."""
    seeds = {account: provider.issue(account) for account in "AB"}
    for account in "AB":
        tap.ok(config(seeds[account]))
    log_in(config(seeds["A"]), "A-by-hand")
    provider.expire()
    assert tap.ok(config(seeds["B"])).ids() == ["B"]
    assert tap.ok(config(seeds["A"])).ids() == ["A-by-hand"]
    assert tap.ok(config()).ids() == ["A-by-hand"]


def test_rejected_chain_is_followed_by_the_login(tap, provider, config):
    """Where the provider has revoked the seed's token, the latest login counts, even an older."""
    log_in(config(), "by-hand")
    seed = provider.issue("A")
    assert tap.ok(config(seed)).ids() == ["A"]
    provider.revoke("A")
    for _ in range(2):
        assert tap.ok(config(seed)).ids() == ["by-hand"]
        provider.expire()


def test_rejected_refresh_token_is_not_sent_again(api, tap, provider, config):
    """A chain that has ended says so in later runs, without a request."""
    seed = provider.issue("A")
    provider.revoke("A")
    lines = []
    for _ in range(2):
        run = tap(config(seed))
        assert run.status == 1
        lines += run.error_lines
    assert len(api.requests("/token")) == 1
    assert "invalid_grant" in lines[0]
    assert "rejected, so it is not sent again; log in with" in lines[1]


def test_several_chains_without_a_seed_are_an_error(api, tap, provider, config):
    """Without a seed and a login, two accounts are one line that names connection."""
    for account in "AB":
        tap.ok(config(provider.issue(account)))
    before = len(api.seen)
    run = tap(config())
    assert run.status == 1
    (line,) = run.error_lines
    assert "2 seeds" in line
    assert "setting connection" in line
    assert len(api.seen) == before
    log_in(config(), "by-hand")
    assert tap.ok(config()).ids() == ["by-hand"]


def test_removed_access_token_does_not_send_the_seed_again(tap, provider, config):
    """Of two seeds, either may come and go: the chain of the refresh token goes on."""
    seed = provider.issue("A")
    for given in ({"access_token": "stale-access"}, {}, {"access_token": "stale-access"}, {}):
        assert tap.ok(config(seed, **given)).ids() == ["A"]
        provider.expire()
    assert tap.ok(config(access_token="stale-access")).ids() == ["A"]
    assert provider.reused == []


def test_another_access_token_is_used_at_once(tap, provider, config):
    """A new access_token with the same seed is used first, then renewed from the chain."""
    seed = provider.issue("A")
    tap.ok(config(seed))
    provider.access["given-access"] = "given-account"
    assert tap.ok(config(seed, access_token="given-access")).ids() == ["given-account"]
    provider.expire()
    assert tap.ok(config(seed, access_token="given-access")).ids() == ["A"]
    assert provider.reused == []


def test_rejected_access_token_is_followed_by_the_login(tap, provider, config):
    """A lasting access token that ends is replaced by a login."""
    log_in(config(), "by-hand")
    assert tap.ok(config(access_token="stale-access")).ids() == ["by-hand"]


STEPS = ["A", "B", None, "login", "login A", "expire"]


@pytest.mark.parametrize("number", range(20))
def test_no_sequence_of_runs_and_logins_loses_a_connection(tap, provider, config, number):
    """Whatever seeds, logins, runs and ends follow each other, no token is sent twice."""
    seeds = {account: provider.issue(account) for account in "AB"} | {None: None}
    ran, logged_in = set(), set()
    digest = hashlib.sha256(bytes([number])).digest()
    for step in (STEPS[byte % len(STEPS)] for byte in digest[:12]):
        if step == "expire":
            provider.expire()
        elif step == "login":
            log_in(config(), "by-hand")
            logged_in |= {None}
        elif step == "login A":
            log_in(config(seeds["A"]), "A")
            logged_in |= {"A"}
        else:
            run = tap(config(seeds[step]))
            is_clear = step or logged_in or len(ran) == 1
            assert run.status == (0 if is_clear else 1), run.errors
            ran |= {step} - {None}
            if step == "B" and is_clear:
                assert run.ids()[0] in {"B", "by-hand"}
    assert provider.reused == []


@pytest.mark.parametrize(
    "other",
    [
        {"client_id": "another-client"},
        {"access_token_url": "https://login.example.com/token"},
        {"base_url": "https://api.example.com"},
    ],
)
@pytest.mark.parametrize("seed", [None, "a-seed-of-the-other"])
def test_connection_of_another_configuration_is_refused(api, tap, provider, config, other, seed):
    """A token goes only to the token URL, client and host that it was issued for."""
    first = config(provider.issue("A"), connection="main")
    tap.ok(first)
    before = len(api.seen)
    run = tap(config(seed, connection="main", **other))
    assert run.status == 1
    (line,) = run.error_lines
    assert "connection 'main' belongs to" in line
    assert next(iter(other.values())).removeprefix("https://") in line
    assert len(api.seen) == before
    provider.expire()
    tap.ok(first)


def test_api_may_move_with_its_old_host_allowed(tap, provider, config):
    """A configuration that names the old host in allowed_hosts keeps the connection."""
    seed = provider.issue("A")
    with ApiServer() as moved:
        moved.routes["/items"] = lambda _: Reply([{"id": "moved"}])
        tap.ok(config(seed, allowed_hosts=[moved.host]))
        assert tap.ok(config(seed, base_url=moved.url)).ids() == ["moved"]


def test_changed_scopes_warn_until_the_next_login(tap, provider, config):
    """A stored login keeps its old scopes, and the tap says to log in again."""
    log_in(config(scopes="read write"), "A")
    assert "scopes" not in tap.ok(config(scopes="write,read")).errors
    changed = config(scopes="read write admin")
    (warning,) = tap.ok(changed).warnings
    assert "scopes have changed since the login" in warning
    log_in(changed, "A")
    assert tap.ok(changed).warnings == []


@pytest.mark.parametrize("wrong", [{"client_id": "typo"}, {"access_token_url": "{}/typo"}])
def test_corrected_configuration_uses_its_seed(api, tap, provider, config, wrong):
    """A client or token URL that never issued a token does not bind the connection's name."""
    seed, issue = provider.issue("A"), api.token
    api.token = lambda _: Reply({"error": "invalid_client"}, 401)
    given = {name: value.format(api.url) for name, value in wrong.items()}
    assert tap(config(seed, connection="main", **given)).status == 1
    api.token = issue
    assert tap.ok(config(seed, connection="main")).ids() == ["A"]


def test_failed_login_does_not_bind_the_name(api, tap, provider, config):
    """A login with a wrong client leaves nothing that refuses the right one."""
    issue = api.token
    api.token = lambda _: Reply({"error": "invalid_client"}, 401)
    with pytest.raises(TokenRequestError):
        log_in(config(connection="main", client_id="typo"), "A")
    api.token = issue
    log_in(config(connection="main"), "A")
    assert tap.ok(config(connection="main")).ids() == ["A"]


def test_rejected_token_of_a_removed_store_is_sent_once(api, tap, provider, config, tmp_path):
    """If the store is lost in the run and the token is refused, the run ends in one line."""
    issue = api.token
    api.token = lambda seen: {**issue(seen), "ratio": 0.1}
    seed, items = provider.issue("A"), api.routes["/items"]

    def lost(seen):
        (tmp_path / "tokens.sqlite").unlink()
        provider.revoke("A")
        api.routes["/items"] = items
        return Reply({}, 401)

    api.routes["/items"] = lost
    run = tap(config(seed))
    assert run.status == 1
    assert "invalid_grant" in run.error_lines[0]
    assert len(api.requests("/token")) == 2


@pytest.mark.parametrize(
    "wrong",
    [{"client_secret": "typo"}, {"client_auth": "none"}, {"refresh_params": {"audience": "typo"}}],
)
def test_token_rejected_for_a_mistake_is_sent_when_it_is_corrected(
    api, tap, provider, config, wrong
):
    """Some providers say invalid_grant for a wrong client: that must not end the connection."""
    seed = provider.issue("A")
    tap.ok(config(seed))
    provider.access.clear()
    issue, api.token = api.token, lambda _: Reply({"error": "invalid_grant"}, 400)
    for _ in range(2):
        assert tap(config(seed, **wrong)).status == 1
    api.token = issue
    assert tap.ok(config(seed)).ids() == ["A"]
    assert len(api.requests("/token")) == 3
