"""The dialog of ``import`` without a source, on a real terminal against the demo's provider."""

from __future__ import annotations

import json
import stat
import subprocess

import pytest

from tap_oauth2_generic.config.presets import names
from tests.support.commands import run_program
from tests.support.dialog import Dialog
from tests.support.login_process import Person
from tests.support.server import Reply

SECRET = "demo-secret"


@pytest.fixture
def terminal(tmp_path):
    return Dialog(tmp_path)


def answer_connection(terminal, url):
    terminal.answer("Provider preset", "")
    terminal.answer("Base URL", f"{url}/api/v1")
    terminal.answer("Authorize URL", f"{url}/oauth/authorize")
    terminal.answer("Access Token URL", f"{url}/oauth/token")
    terminal.answer("Refresh Token URL", "")
    terminal.answer("OAuth Client ID", "demo-client")
    terminal.answer("OAuth Client Secret (not shown)", SECRET)
    terminal.answer("OAuth Scopes", "read")


@pytest.mark.parametrize("kind", ["config", "meltano"])
def test_first_rows_in_under_ten_answers(demo, terminal, tmp_path, tap, monkeypatch, kind):
    """Asked, logged in, suggested, shown and written: the file then runs by itself."""
    answer_connection(terminal, demo.url)
    terminal.answer("Path of a list", "contacts")
    terminal.wait_for("Register this redirect URI at the provider: http://127.0.0.1:8400/callback")
    address = terminal.wait_for(r"\n\s+(http\S+)\s")[1]
    Person().visit(Person().decide(address))
    terminal.wait_for("is logged in")
    terminal.wait_for("record 1")
    assert terminal.answers < 10
    terminal.answer("Write", kind)
    assert terminal.end() == 0, terminal.said
    assert SECRET not in terminal.said
    config, env = tmp_path / "config.json", tmp_path / ".env"
    assert SECRET not in config.read_text()
    assert SECRET in env.read_text()
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert (tmp_path / "meltano.yml").exists() is (kind == "meltano")
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_CLIENT_SECRET", SECRET)
    written = json.loads(config.read_text())
    assert written["streams"][0]["pagination"]["style"] != "none"
    assert written["scopes"] == ["read"]
    assert "Next:\n  " in terminal.said
    monkeypatch.chdir(tmp_path)
    assert len(tap.ok(written).records("contacts")) > 100


def test_wrong_answer_is_asked_again_in_one_line(terminal):
    terminal.answer("Provider preset", "zoho_crmm")
    terminal.answer("Error: there is no preset 'zoho_crmm'; did you mean 'zoho_crm'?", "")
    terminal.answer("Base URL", "http://api.example.com")
    terminal.wait_for(r"Error: base_url: must use https.*\nBase URL")
    terminal.interrupt()
    assert terminal.end() == 1
    assert "interrupted" in terminal.said
    assert "Traceback" not in terminal.said


def test_failed_login_loses_no_answer(api, terminal, tmp_path):
    """What was typed is written all the same, and the exit status says that no row was read."""
    answer_client(terminal, api.url, "/nowhere")
    terminal.answer("Another access_token_url, Enter keeps", "")
    terminal.answer("Another client_secret, Enter keeps it (not shown)", "")
    terminal.answer("Another client_auth, Enter keeps [client_secret_post]", "")
    terminal.answer("Write", "")
    assert terminal.end() == 1
    assert terminal.said.count("Error: ") == 1
    assert "not working yet: correct config.json and meltano.yml or the" in terminal.said
    assert ". ./.env; set +a; tap-oauth2-generic preview --config config.json" in terminal.said
    written = json.loads((tmp_path / "config.json").read_text())
    assert written["grant_type"] == "client_credentials"
    assert written["streams"] == [{"name": "items", "path": "v1/items"}]


def test_existing_file_is_refused_before_any_question(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    terminal = Dialog(tmp_path)
    assert terminal.end() == 1
    assert "config.json exists; write another file with import --output NAME" in terminal.said
    assert "Provider" not in terminal.said


def test_dialog_needs_a_terminal():
    done = run_program("import", stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (1, "")
    assert "needs a terminal" in done.stderr


def test_wrong_value_of_a_preset_keeps_the_others(terminal):
    """Each parameter of a preset is asked for until it is right, then only the client."""
    terminal.answer("Provider preset", "signalwire")
    terminal.answer("space:", "example")
    terminal.answer("project_id:", "a/b")
    terminal.wait_for(r"Error: provider_params: 'project_id' may contain only")
    terminal.answer("project_id:", "project-1")
    terminal.answer("Username, or API key", "project-1")
    terminal.wait_for(r"Password \(not shown\)")
    terminal.interrupt()
    assert terminal.end() == 1
    assert "interrupted" in terminal.said


def test_existing_meltano_project_stays_and_the_configuration_is_written(api, terminal, tmp_path):
    api.serve("/v1/items", [{"id": 1}])
    (tmp_path / "meltano.yml").write_text("mine")
    terminal.answer("Provider preset", "")
    terminal.answer("Base URL", api.url)
    terminal.answer("Authorize URL", "")
    terminal.answer("Access Token URL", "")
    terminal.answer("Access token or API key (not shown)", SECRET)
    terminal.answer("Path of a list", "v1/items")
    terminal.answer("or a whole project (meltano) [config]", "meltano")
    assert terminal.end() == 1
    assert "meltano.yml exists" in terminal.said
    assert (tmp_path / "meltano.yml").read_text() == "mine"
    assert json.loads((tmp_path / "config.json").read_text())["streams"][0]["path"] == "v1/items"
    assert SECRET in (tmp_path / ".env").read_text()


def answer_token(terminal, url, secret, path):
    terminal.answer("Provider preset", "")
    terminal.answer("Base URL", url)
    terminal.answer("Authorize URL", "")
    terminal.answer("Access Token URL", "")
    terminal.answer("Access token or API key (not shown)", secret)
    terminal.answer("Path of a list", path)


def test_wrong_path_is_asked_again(api, terminal, tmp_path):
    api.serve("/v1/items", [{"id": 1}])
    answer_token(terminal, api.url, SECRET, "v1/itms")
    terminal.wait_for(r"Error: .*404")
    terminal.answer("Another path, Enter keeps [v1/itms]", "v1/items")
    terminal.wait_for("record 1")
    terminal.answer("or a whole project (meltano) [meltano]", "")
    assert terminal.end() == 0
    assert "Wrote config.json and meltano.yml, secrets to .env\n" in terminal.said
    assert terminal.said.count("Error: ") == 1
    assert "not working yet" not in terminal.said
    assert json.loads((tmp_path / "config.json").read_text())["streams"][0]["path"] == "v1/items"


def test_kept_path_ends_with_what_does_not_work(api, terminal, tmp_path):
    """Enter keeps the path, so that nobody is caught; what was typed is written."""
    answer_token(terminal, api.url, SECRET, "v1/itms")
    terminal.answer("Another path, Enter keeps [v1/itms]", "")
    terminal.answer("Write", "")
    assert terminal.end() == 1
    assert terminal.said.count("Error: ") == 1
    assert "not working yet: correct config.json" in terminal.said
    assert json.loads((tmp_path / "config.json").read_text())["streams"][0]["path"] == "v1/itms"


def test_wrong_secret_is_asked_again(api, terminal, tmp_path):
    def serve(request):
        is_right = request.headers["Authorization"] == f"Bearer {SECRET}"
        return Reply([{"id": 1}]) if is_right else Reply({}, 401)

    api.routes["/v1/items"] = serve
    answer_token(terminal, api.url, "wrong-secret", "v1/items")
    terminal.wait_for("Error: ")
    terminal.answer("Another access_token, Enter keeps it (not shown)", SECRET)
    terminal.wait_for("record 1")
    terminal.answer("Write", "")
    assert terminal.end() == 0
    assert SECRET in (tmp_path / ".env").read_text()
    assert SECRET not in terminal.said


def answer_client(terminal, url, token_path):
    terminal.answer("Provider preset", "")
    terminal.answer("Base URL", url)
    terminal.answer("Authorize URL", "")
    terminal.answer("Access Token URL", f"{url}{token_path}")
    terminal.answer("Refresh Token URL", "")
    terminal.answer("OAuth Client ID", "client-of-the-test")
    terminal.answer("OAuth Client Secret (not shown)", SECRET)
    terminal.answer("OAuth Scopes", "")
    terminal.answer("Path of a list", "v1/items")


def test_wrong_token_url_is_asked_again(api, terminal, tmp_path):
    api.serve("/v1/items", [{"id": 1}])
    answer_client(terminal, api.url, "/nowhere")
    wrong, right = f"{api.url}/nowhere", f"{api.url}/token"
    terminal.answer(f"Another access_token_url, Enter keeps [{wrong}]", "token")
    terminal.wait_for("Error: access_token_url: must be an absolute URL")
    terminal.answer(f"Another access_token_url, Enter keeps [{wrong}]", right)
    terminal.wait_for("record 1")
    terminal.answer("Write", "config")
    assert terminal.end() == 0
    assert json.loads((tmp_path / "config.json").read_text())["access_token_url"] == right


def test_refused_client_is_asked_for_another_authentication(api, terminal, tmp_path):
    """Many providers take the secret only in a header."""
    issue = api.token

    def token(request):
        is_basic = request.headers.get("Authorization", "").startswith("Basic ")
        return issue(request) if is_basic else Reply({"error": "invalid_client"}, 401)

    api.token = token
    api.serve("/v1/items", [{"id": 1}])
    answer_client(terminal, api.url, "/token")
    terminal.wait_for("try client_auth client_secret_basic")
    terminal.answer("Another client_secret, Enter keeps it (not shown)", "")
    terminal.answer("Another client_auth, Enter keeps [client_secret_post]", "client_secret_basik")
    terminal.wait_for("did you mean 'client_secret_basic'")
    terminal.answer("Another client_auth, Enter keeps [client_secret_post]", "client_secret_basic")
    terminal.wait_for("record 1")
    terminal.answer("Write", "meltano")
    assert terminal.end() == 0
    written = json.loads((tmp_path / "config.json").read_text())
    assert written["client_auth"] == "client_secret_basic"
    assert 'client_auth: "client_secret_basic"' in (tmp_path / "meltano.yml").read_text()


def test_interrupted_login_loses_no_answer(demo, terminal, tmp_path):
    answer_connection(terminal, demo.url)
    terminal.answer("Path of a list", "contacts")
    terminal.wait_for("Waiting for the redirect")
    terminal.interrupt()
    assert terminal.end() == 1
    assert "ERROR: interrupted" in terminal.said
    assert json.loads((tmp_path / "config.json").read_text())["streams"][0]["path"] == "contacts"
    assert SECRET in (tmp_path / ".env").read_text()


def test_login_that_fails_without_the_secret_asks_for_no_other(demo, terminal, tmp_path):
    """The person refuses, or the port is in use: another secret would not help."""
    answer_connection(terminal, demo.url)
    terminal.answer("Path of a list", "contacts")
    address = terminal.wait_for(r"\n\s+(http\S+)\s")[1]
    Person().visit(Person().decide(address, "deny"))
    terminal.answer("Log in again? [y/N]", "")
    terminal.answer("or a whole project (meltano)", "")
    assert terminal.end() == 1
    assert "Another client_secret" not in terminal.said
    assert (tmp_path / "config.json").exists()
    last = terminal.said.replace("\r", "").splitlines()[-3:]
    assert (
        last[0] == "not working yet: correct config.json and meltano.yml or the secrets, then run"
    )
    assert [line.rpartition("; ")[2] for line in last[1:]] == [
        "tap-oauth2-generic login --config config.json",
        "tap-oauth2-generic preview --config config.json",
    ]
    assert "Next:" not in terminal.said


def test_login_can_be_tried_again(demo, terminal):
    """An old tab of the browser, or a wrong click, must not cost what was typed."""
    answer_connection(terminal, demo.url)
    terminal.answer("Path of a list", "contacts")
    address = terminal.wait_for(r"\n\s+(http\S+)\s")[1]
    Person().visit("http://127.0.0.1:8400/callback?code=old&state=old")
    terminal.wait_for("Error: the redirect has the state of another login")
    terminal.answer("Log in again? [y/N]", "y")
    again = terminal.wait_for(r"\n\s+(http\S+)\s")[1]
    assert again != address
    Person().visit(Person().decide(again))
    terminal.wait_for("record 1")
    terminal.answer("Write", "config")
    assert terminal.end() == 0


PARCELS = [{"parcelNo": f"p-{n}", "title": "a", "sent on": "b"} for n in range(5)]


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ([""], None),
        (["parcelNo"], ["parcelNo"]),
        (["parcelNo title"], ["parcelNo", "title"]),
        (["sent on"], ["sent on"]),
        (["parcelno", "parcelNo"], ["parcelNo"]),
    ],
)
def test_key_that_is_not_sure_is_asked_for(api, terminal, tmp_path, typed, keys):
    """Nothing is merged by a guess, and nobody learns of doubled rows from the warehouse."""
    api.serve("/v1/items", PARCELS)
    answer_token(terminal, api.url, SECRET, "v1/items")
    terminal.wait_for("no primary_keys, so each run appends its rows")
    for value in typed:
        terminal.answer("Primary key, such as parcelNo; without one, each run appends", value)
    terminal.answer("Write", "config")
    assert terminal.end() == 0
    assert ("did you mean 'parcelNo'?" in terminal.said) is (len(typed) > 1)
    [stream] = json.loads((tmp_path / "config.json").read_text())["streams"]
    assert stream.get("primary_keys") == keys


def test_key_that_is_sure_is_not_asked_for(api, terminal):
    api.serve("/v1/items", [{"id": n} for n in range(5)])
    answer_token(terminal, api.url, SECRET, "v1/items")
    terminal.answer("Write", "config")
    assert terminal.end() == 0
    assert "Primary key" not in terminal.said


def test_interrupt_at_the_last_question_says_what_was_written(api, terminal):
    api.serve("/v1/items", [{"id": 1}])
    answer_token(terminal, api.url, SECRET, "v1/items")
    terminal.wait_for("Write config.json")
    terminal.interrupt()
    assert terminal.end() == 1
    assert "Wrote config.json, secrets to .env" in terminal.said
    assert terminal.said.rstrip().endswith("interrupted")


def test_question_mark_lists_the_presets(terminal):
    terminal.answer(f"(? lists the {len(names())}, Enter for none)", "?")
    assert terminal.wait_for(r"zoho_crm\b")
    terminal.wait_for("Provider preset")
    terminal.interrupt()
    assert terminal.end() == 1


def test_null_character_ends_no_line_late(terminal):
    terminal.answer("Provider preset", "")
    terminal.answer("Base URL", "https://api.exam\0ple.com")
    terminal.answer("Authorize URL", "\x04")
    assert terminal.end() == 1
    assert "interrupted" in terminal.said
