"""Secrets, logins and files of the person serve no configuration but the person's own."""

from __future__ import annotations

import json
import sqlite3

import pytest

from tap_oauth2_generic.agents.calls import Call
from tap_oauth2_generic.agents.owner import Owner
from tap_oauth2_generic.agents.tools import run
from tap_oauth2_generic.oauth2.store import TokenStore
from tap_oauth2_generic.runtime.clock import Clock
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.tap import TapOAuth2Generic
from tests.support.rotation import Person, RotatingProvider
from tests.support.server import Reply
from tests.support.settings import valid_config

ITEMS = {"name": "items", "path": "/items"}
ENV = "TAP_OAUTH2_GENERIC_"
NO_FILE = (
    "the configuration of an agent may name no file; put it into the --config that starts the "
    "server"
)


def preview(config, owner=None, stream="items"):
    return run(Call(Owner(owner or {})), "preview", {"config": config, "stream": stream})


def records(outcome):
    assert not outcome.failed, outcome.texts
    return json.loads(outcome.texts[0])["records"]


def without(config, *names):
    return {name: value for name, value in config.items() if name not in names}


def require_secret(seen):
    """Return a token to a client that proves itself."""
    if seen.form.get("client_secret") != "secret-of-the-test":
        return Reply({"error": "invalid_client"}, 401)
    return {"access_token": "token-of-the-test", "token_type": "Bearer", "expires_in": 3600}


@pytest.fixture
def config(api):
    """The person's configuration, whose API returns a record."""
    api.serve("/items", [{"id": 1}])
    api.token = require_secret
    return api.config(ITEMS)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(lambda _: {}, id="nothing"),
        pytest.param(lambda _: {"streams": [ITEMS]}, id="streams"),
        pytest.param(lambda config: without(config, "client_secret"), id="all but secrets"),
        pytest.param(lambda _: {"streams": [ITEMS], "timeout": 5}, id="a limit"),
        pytest.param(lambda config: {"base_url": config["base_url"]}, id="the same host"),
    ],
)
def test_connection_of_the_person_is_used_without_its_secret(config, given):
    """The agent needs none, and may change streams and limits."""
    assert records(preview(given(config), config)) == [{"id": 1}]


def test_secret_of_the_environment_serves_the_configuration_of_the_person(
    config, tmp_path, monkeypatch
):
    file = tmp_path / "config.json"
    file.write_text(json.dumps(without(config, "client_secret")))
    monkeypatch.setenv(f"{ENV}CLIENT_SECRET", config["client_secret"])
    owner = TapOAuth2Generic.merge_configuration([str(file)])
    assert records(preview({"streams": [ITEMS]}, owner)) == [{"id": 1}]


@pytest.mark.parametrize(
    "changed",
    [
        lambda host: {"base_url": host.url},
        lambda host: {"access_token_url": f"{host.url}/token"},
        lambda host: {
            "allowed_hosts": [host.host],
            "streams": [{**ITEMS, "path": f"{host.url}/items"}],
        },
        lambda host: {"proxy": host.url},
        lambda host: {"token_exchange": {"url": f"{host.url}/token"}},
        lambda host: {"issuer": host.url},
    ],
    ids=["base_url", "access_token_url", "allowed_hosts", "proxy", "token_exchange", "issuer"],
)
def test_other_host_gets_no_secret_of_the_person(config, other_api, changed):
    """Whatever leads there, the agent's configuration stands alone, and the failure says so."""
    other_api.serve("/items", [{"id": 1}])
    other_api.token = require_secret
    given = without(config, "client_secret") | changed(other_api)
    outcome = preview(given, config)
    sent = str([(seen.target, seen.headers, seen.content) for seen in other_api.seen])
    assert config["client_secret"] not in sent
    assert "token-of-the-test" not in sent
    assert outcome.failed
    assert outcome.texts[0].startswith(
        "send only streams, with paths below the base_url of the server"
    )
    assert "the secrets, logins and files of --config were not used" in outcome.texts[0]


def test_environment_serves_no_configuration_of_an_agent(config, api, monkeypatch):
    """Without --config nothing says where its secrets may go."""
    monkeypatch.setenv(f"{ENV}CLIENT_SECRET", config["client_secret"])
    outcome = preview(without(config, "client_secret"))
    assert config["client_secret"] not in str([(seen.headers, seen.content) for seen in api.seen])
    assert "the secrets of the environment were not used" in outcome.texts[0]


def test_agent_may_have_a_connection_of_its_own(config, other_api):
    """With its own credentials, which the person's store never sees as another's."""
    other_api.serve("/items", [{"id": 2}])
    assert records(preview(other_api.config(ITEMS), config)) == [{"id": 2}]


def log_in(config):
    Session.of(valid_config(config), Clock(), lambda: None).authenticator.login(Person("A"))


@pytest.fixture
def logged_in(api):
    """A public client whose person has logged in."""
    RotatingProvider(api)
    grant = {"grant_type": "authorization_code", "authorize_url": f"{api.url}/authorize"}
    config = without(api.config(ITEMS, **grant), "client_secret")
    log_in(config)
    return config


def test_login_serves_the_same_configuration(logged_in):
    assert records(preview(logged_in)) == [{"id": "A"}]
    assert records(preview({"streams": [ITEMS]}, logged_in)) == [{"id": "A"}]


@pytest.mark.parametrize("named", [{}, {"connection": "mine"}])
@pytest.mark.parametrize("seed", [{}, {"refresh_token": "seed-of-an-agent"}])
@pytest.mark.parametrize(
    "changed",
    [
        lambda host, _: {
            "allowed_hosts": [host.host],
            "streams": [{**ITEMS, "path": f"{host.url}/items"}],
        },
        lambda host, own: {"base_url": host.url, "allowed_hosts": [own.host]},
        lambda host, _: {"refresh_token_url": f"{host.url}/token"},
        lambda host, _: {
            "token_exchange": {"url": f"{host.url}/token", "params": {"t": "{token.refresh_token}"}}
        },
        lambda host, _: {"access_token_url": f"{host.url}/token"},
    ],
    ids=["allowed_hosts", "base_url", "refresh_token_url", "token_exchange", "access_token_url"],
)
def test_other_host_gets_no_stored_token(logged_in, api, other_api, changed, seed, named):
    """The tokens of a login go to its own hosts, also behind a seed that the provider rejects."""
    config = logged_in | named
    log_in(config)
    chains = TokenStore(None, None).read_all()
    tokens = {one for c in chains for one in (c.token.access_token, c.token.refresh_token)}
    other_api.serve("/items", [{"id": 1}])
    other_api.token = lambda _: {"error": "invalid_grant"}
    outcome = preview(config | changed(other_api, api) | seed)
    sent = str([(seen.target, seen.headers, seen.content) for seen in other_api.seen])
    assert len(tokens) > 1
    assert [token for token in tokens if token in sent] == []
    assert outcome.failed


@pytest.mark.parametrize("name", [
    "client_secret_file", "refresh_token_file", "password_file", "private_key_file",
    "token_store_key_file", "ca_bundle", "client_cert", "client_cert_key",
])  # fmt: skip
@pytest.mark.parametrize("tool", ["validate_config", "preview", "connection_status"])
def test_agent_names_no_file(config, api, tmp_path, name, tool):
    """Neither is one read, nor is it told whether there is one; nothing is sent."""
    file = tmp_path / "secret"
    file.write_text("secret-of-a-file")
    for path in (file, tmp_path / "missing"):
        given = {"config": config | {name: str(path)}}
        given |= {"stream": "items"} if tool == "preview" else {}
        outcome = run(Call(Owner({})), tool, given)
        assert outcome.failed
        assert outcome.texts == [f"{name}: {NO_FILE}"]
    assert api.seen == []


def test_person_may_name_files(config, tmp_path):
    file = tmp_path / "secret"
    file.write_text(config["client_secret"])
    owner = without(config, "client_secret") | {"client_secret_file": str(file)}
    assert records(preview({"streams": [ITEMS]}, owner)) == [{"id": 1}]


def other_database(path):
    with sqlite3.connect(path) as opened:
        opened.execute("CREATE TABLE cookies (name)")
    opened.close()


@pytest.mark.parametrize(
    ("name", "prepare"),
    [
        ("authorized_keys", None),
        ("notes.txt", lambda path: path.write_text("mine")),
        ("notes.db", lambda path: path.write_text("mine")),
        ("cookies.sqlite", other_database),
    ],
)
def test_agent_writes_to_no_file_but_a_token_store(config, tmp_path, name, prepare):
    """A path that another program reads is neither made nor changed."""
    path = tmp_path / name
    if prepare:
        prepare(path)
    before = path.read_bytes() if prepare else None
    outcome = preview(config | {"token_store": f"sqlite:///{path}"})
    assert outcome.failed
    assert outcome.texts[0].startswith("token_store: the configuration of an agent may name")
    assert (path.read_bytes() if path.exists() else None) == before


def test_agent_names_no_database_server(config, other_api):
    outcome = preview(config | {"token_store": f"postgresql://user:secret@{other_api.host}/x"})
    assert outcome.texts[0].startswith("token_store: the configuration of an agent may name")
    assert other_api.connections == 0


def test_token_store_of_its_own_is_used_again(config, tmp_path):
    store = {"token_store": f"sqlite:///{tmp_path}/tokens.sqlite"}
    assert records(preview(config | store)) == [{"id": 1}]
    assert records(preview(config | store)) == [{"id": 1}]


@pytest.mark.parametrize("place", ["path", "params", "headers", "body"])
def test_stream_of_an_agent_moves_no_token(config, api, place):
    """It could otherwise write it into the API, where others read it."""
    value = "/items?x={token.access_token}" if place == "path" else {"x": "{token.access_token}"}
    outcome = preview({"streams": [{**ITEMS, "method": "POST", place: value}]}, config)
    assert "only streams of the server's --config may use {token.NAME}" in outcome.texts[0]
    assert api.seen == []


def test_stream_of_the_person_may_use_the_token(config, api):
    own = {**ITEMS, "headers": {"X-Kind": "{token.token_type}"}}
    config = config | {"streams": [own]}
    assert records(preview({"streams": [own]}, config)) == [{"id": 1}]
    assert api.requests("/items")[0].headers["X-Kind"] == "Bearer"


def test_password_cannot_be_guessed(config):
    """A secret that an agent sends is its own, whether it is the person's or not."""
    for guess in (config["client_secret"], "another-secret"):
        given = {"client_secret": guess, "streams": [ITEMS]}
        outcome = run(Call(Owner(config)), "validate_config", {"config": given})
        assert "because this configuration has its own: client_secret" in outcome.texts[0]
