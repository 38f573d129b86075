"""Rules for every recipe: connections, full and later reads, schemas, refusals."""

from __future__ import annotations

import json
from decimal import Decimal

from jsonschema import Draft202012Validator, FormatChecker

from tests.recipes.fake_provider import FIRST_REFRESH_TOKEN


def by_key(stream, rows):
    """Return the rows of a stream by their primary keys; none may come twice."""
    found = {tuple(row[name] for name in stream["primary_keys"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def as_json(rows):
    """Return rows as a reader of the tap's output sees them."""
    return json.loads(json.dumps(rows), parse_float=Decimal)


def assert_complete(recipe, run):
    """Check that a run emitted each row of each stream once, unchanged."""
    assert run.status == 0, run.errors
    for stream in recipe.streams:
        there = as_json(recipe.provider.rows[stream["name"]])
        assert there, stream["name"]
        assert by_key(stream, run.records(stream["name"])) == by_key(stream, there)


def refused(run):
    """Return the one error line of a failed run."""
    assert run.status == 1
    assert "Traceback" not in run.errors
    (line,) = run.error_lines
    return line


def test_every_row_of_every_stream_is_emitted_once_and_unchanged(recipe):
    """Pages are shorter than requested, and no field is dropped."""
    run = recipe.run()
    assert_complete(recipe, run)
    assert run.warnings == []


def test_every_row_is_valid_by_the_declared_schema(recipe):
    """The schema needs no conversion, and its fields are those of the documentation."""
    for stream in recipe.streams:
        check = Draft202012Validator(stream["schema"], format_checker=FormatChecker())
        columns, seen = set(stream["schema"]["properties"]), set()
        for row in recipe.provider.rows[stream["name"]]:
            assert [error.message for error in check.iter_errors(row)] == []
            assert row.keys() <= columns
            seen |= {name for name, value in row.items() if value is not None}
        assert {*stream["primary_keys"], stream.get("replication_key") or "id"} & columns <= seen


def test_later_run_emits_the_changes(recipe):
    """A stream with a replication key leaves out what has not changed, any other is read whole."""
    first = recipe.run()
    for stream in recipe.streams:
        if key := stream.get("replication_key"):
            recipe.provider.change(stream["name"], key)
    second = recipe.run(state=first.state)
    assert second.status == 0, second.errors
    for stream in recipe.streams:
        there = by_key(stream, as_json(recipe.provider.rows[stream["name"]]))
        found = by_key(stream, second.records(stream["name"]))
        assert found.items() <= there.items()
        before = by_key(stream, first.records(stream["name"]))
        assert {key for key in there if there[key] != before.get(key)} <= found.keys()
        assert (len(found) < len(there)) == ("replication_key" in stream)


def test_one_login_keeps_the_tap_running(recipe):
    del recipe.own["refresh_token"]
    recipe.log_in()
    for _ in range(2):
        recipe.provider.expire()
        run = recipe.run()
        assert run.status == 0, run.errors


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
    assert_complete(recipe, recipe.run())
    assert len(recipe.provider.refreshed_with) == 2


def test_revoked_refresh_token_asks_for_a_login(recipe):
    assert recipe.run().status == 0
    recipe.provider.revoke()
    line = refused(recipe.run())
    assert "tap-oauth2-generic login" in line


def test_missing_scope_quotes_the_provider(recipe):
    recipe.own["on_error"] = "fail"
    recipe.provider.lacks_scope = True
    line = refused(recipe.run())
    body = recipe.provider.forbidden().content.decode()
    assert body[:80] in line
    assert str(recipe.provider.forbidden().status) in line


def test_rate_limit_is_waited_for_and_logged(recipe):
    recipe.provider.limited = 2
    run = recipe.run()
    status = str(recipe.provider.too_many().status)
    assert any(status in warning for warning in run.warnings)
    assert_complete(recipe, run)


def test_lasting_rate_limit_is_one_error_line_with_its_status(recipe):
    recipe.own |= {"max_retries": 1, "on_error": "fail"}
    recipe.provider.limited = 100
    assert str(recipe.provider.too_many().status) in refused(recipe.run())


def test_no_output_shows_a_secret(recipe, monkeypatch):
    """At any log level."""
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_LOGLEVEL", "DEBUG")
    recipe.provider.limited = 1
    run = recipe.run()
    assert run.status == 0
    for secret in ("access-token-1", FIRST_REFRESH_TOKEN, "secret-of-the-recipe"):
        assert secret not in run.output + run.errors
