"""Rules for every recipe: connections, full reads, refusals."""

from __future__ import annotations

import json

import pytest
import requests

from tests.recipes.fake_provider import FIRST_REFRESH_TOKEN
from tests.support.login_process import Login


def keys(run, stream):
    name = "id" if "id" in run.records(stream)[0] else "resourceName"
    return [record[name] for record in run.records(stream)]


def all_keys(provider):
    name = "id" if "id" in provider.records[0] else "resourceName"
    return sorted(record[name] for record in provider.records)


def refused(run):
    """Return the one error line of a failed run."""
    assert run.status == 1
    assert "Traceback" not in run.errors
    (line,) = run.error_lines
    return line


def test_every_record_is_emitted_once(recipe):
    """Pages are shorter than requested."""
    run = recipe.run()
    assert run.status == 0, run.errors
    assert run.warnings == []
    assert sorted(keys(run, recipe.stream)) == all_keys(recipe.provider)


def test_one_login_keeps_the_tap_running(recipe, tmp_path, monkeypatch):
    monkeypatch.delenv("TAP_OAUTH2_GENERIC_REFRESH_TOKEN")
    monkeypatch.delenv("TAP_OAUTH2_GENERIC_MAX_WAIT")
    own = json.loads(recipe.path.read_text())
    options = ["--config", str(recipe.path), "--config", "ENV", "--no-browser"]
    login = Login(tmp_path, own, *options).wait_for_address()
    answer = requests.get(login.address, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    login.type(answer.headers["Location"])
    status, said, errors = login.end()
    assert (status, errors) == (0, "")
    assert "is logged in" in said
    for _ in range(2):
        recipe.provider.expire()
        assert recipe.run().status == 0


def test_each_run_refreshes_with_the_newest_refresh_token(recipe):
    for _ in range(3):
        recipe.provider.expire()
        run = recipe.run()
        assert run.status == 0, run.errors
    used = recipe.provider.refreshed_with
    assert used[0] == FIRST_REFRESH_TOKEN
    assert len(used) == 3
    assert len(set(used)) == (3 if recipe.provider.ROTATES else 1)


def test_token_that_expires_mid_sync_loses_no_record(recipe):
    recipe.provider.token_ends_after = 2
    run = recipe.run()
    assert run.status == 0, run.errors
    assert sorted(keys(run, recipe.stream)) == all_keys(recipe.provider)
    assert len(recipe.provider.refreshed_with) == 2


def test_revoked_refresh_token_asks_for_a_login(recipe):
    assert recipe.run().status == 0
    recipe.provider.revoke()
    line = refused(recipe.run())
    assert "tap-oauth2-generic login" in line


def test_missing_scope_quotes_the_provider(recipe):
    recipe.provider.lacks_scope = True
    line = refused(recipe.run())
    body = recipe.provider.forbidden().content.decode()
    assert body[:80] in line
    assert str(recipe.provider.forbidden().status) in line


def test_rate_limit_is_waited_for_and_logged(recipe):
    recipe.provider.limited = 2
    run = recipe.run()
    assert run.status == 0, run.errors
    assert any("429" in warning for warning in run.warnings)
    assert sorted(keys(run, recipe.stream)) == all_keys(recipe.provider)


def test_lasting_rate_limit_is_one_error_line_with_its_status(recipe, monkeypatch):
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_MAX_RETRIES", "1")
    recipe.provider.limited = 100
    assert "429" in refused(recipe.run())


@pytest.mark.parametrize("secret", ["access-token-1", FIRST_REFRESH_TOKEN, "secret-of-the-recipe"])
def test_no_output_shows_a_secret(recipe, secret, monkeypatch):
    """At any log level."""
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_LOGLEVEL", "DEBUG")
    recipe.provider.limited = 1
    run = recipe.run()
    assert run.status == 0
    assert secret not in run.output + run.errors
