"""What holds for each recipe, whatever its provider's words: connections, whole reads, refusals."""

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
    """Give the one line in which a failed run says why."""
    assert run.status == 1
    assert "Traceback" not in run.errors
    (line,) = run.error_lines
    return line


def test_every_record_arrives_once(recipe):
    """All pages are read, though they are shorter than asked for, and each record comes once."""
    run = recipe.run()
    assert run.status == 0, run.errors
    assert run.warnings == []
    assert sorted(keys(run, recipe.stream)) == all_keys(recipe.provider)


def test_a_login_with_the_recipe_is_all_that_is_needed(recipe, tmp_path, monkeypatch):
    """A person's consent, as the provider asks for it, keeps the tap going from then on."""
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


def test_the_connection_outlives_its_tokens(recipe):
    """Run after run the access token is renewed, with the newest refresh token there is."""
    for _ in range(3):
        recipe.provider.expire()
        run = recipe.run()
        assert run.status == 0, run.errors
    used = recipe.provider.refreshed_with
    assert used[0] == FIRST_REFRESH_TOKEN
    assert len(used) == 3
    assert len(set(used)) == (3 if recipe.provider.ROTATES else 1)


def test_a_token_that_ends_on_the_way_loses_nothing(recipe):
    """An access token that the API stops taking in the middle is renewed, and the page comes."""
    recipe.provider.token_ends_after = 2
    run = recipe.run()
    assert run.status == 0, run.errors
    assert sorted(keys(run, recipe.stream)) == all_keys(recipe.provider)
    assert len(recipe.provider.refreshed_with) == 2


def test_a_revoked_connection_asks_for_a_login(recipe):
    """A refresh token that the provider no longer takes is one line that says what to do."""
    assert recipe.run().status == 0
    recipe.provider.revoke()
    line = refused(recipe.run())
    assert "tap-oauth2-generic login" in line


def test_a_missing_scope_is_said_in_the_providers_words(recipe):
    """A refusal for want of a scope or permission is one line that quotes the provider."""
    recipe.provider.lacks_scope = True
    line = refused(recipe.run())
    body = recipe.provider.forbidden().content.decode()
    assert body[:80] in line
    assert str(recipe.provider.forbidden().status) in line


def test_a_rate_limit_is_waited_for(recipe):
    """Requests refused for their rate are sent again, after a wait that is said."""
    recipe.provider.limited = 2
    run = recipe.run()
    assert run.status == 0, run.errors
    assert any("429" in warning for warning in run.warnings)
    assert sorted(keys(run, recipe.stream)) == all_keys(recipe.provider)


def test_a_rate_limit_without_end_is_one_line(recipe, monkeypatch):
    """A provider that goes on refusing ends the run with a line that names its status."""
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_MAX_RETRIES", "1")
    recipe.provider.limited = 100
    assert "429" in refused(recipe.run())


@pytest.mark.parametrize("secret", ["access-token-1", FIRST_REFRESH_TOKEN, "secret-of-the-recipe"])
def test_no_output_shows_a_secret(recipe, secret, monkeypatch):
    """Neither messages nor logs hold a token or a client secret, at any level."""
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_LOGLEVEL", "DEBUG")
    recipe.provider.limited = 1
    run = recipe.run()
    assert run.status == 0
    assert secret not in run.output + run.errors
