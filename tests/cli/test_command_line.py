"""The command as its users call it: options, environment, discovery, and mistakes of theirs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tap_oauth2_generic.tap import TapOAuth2Generic

ROWS = [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}]
STREAM = {"name": "items", "path": "items", "primary_keys": ["id"]}


def test_discovery_prints_a_catalog(api, tap):
    """--discover prints the catalog, and nothing else, on standard output."""
    api.serve("/items", ROWS)
    run = tap(api.config(STREAM, {**STREAM, "name": "off", "selected": False}), "--discover")
    assert run.status == 0, run.errors
    on, off = sorted(json.loads(run.output)["streams"], key=lambda e: e["tap_stream_id"] == "off")
    assert on["schema"]["properties"].keys() == {"id", "name"}
    assert on["key_properties"] == ["id"]
    root = [m["metadata"] for m in off["metadata"] if m["breadcrumb"] == []]
    assert root[0]["selected"] is False


def test_a_stream_that_is_not_selected_is_not_read(api, tap):
    """selected: false leaves a stream out of a sync without a catalog."""
    api.serve("/items", ROWS)
    run = tap(api.config({**STREAM, "selected": False}))
    assert run.status == 0, run.errors
    assert run.records("items") == []


def test_discovery_fails_where_the_api_refuses(api, tap):
    """--discover ends with status 1 and one line when a sample cannot be had."""
    api.routes["/items"] = lambda _: None
    api.token = lambda _: {"error": "invalid_client"}
    run = tap(api.config(STREAM), "--discover")
    assert run.status == 1
    assert len(run.error_lines) == 1
    assert "invalid_client" in run.error_lines[0]
    assert run.output == ""


def test_a_test_moves_no_bookmark(api, tap):
    """--test reads a few records of many, so that the next run still asks for all of them."""
    rows = [{"id": n, "at": f"2024-01-0{9 - n}T00:00:00Z"} for n in range(1, 9)]
    api.serve("/items", rows)
    stream = {"name": "items", "path": "items", "replication_key": "at"}
    run = tap(api.config(stream), "--test")
    assert run.status == 0, run.errors
    assert not run.warnings
    assert run.bookmark("items") is None


def test_a_replication_key_that_no_record_has_is_said(api, tap):
    """A mistyped replication key is named at discovery, with the fields that there are."""
    api.serve("/items", [{"id": 1, "updated_at": "2024-01-01T00:00:00Z"}])
    run = tap(
        api.config({"name": "items", "path": "items", "replication_key": "updated"}), "--discover"
    )
    assert run.status == 0
    assert any(
        "'updated' is in none of 1 records, which have id, updated_at" in w for w in run.warnings
    )


def test_the_test_option_fetches_one_record_of_each_stream(api, tap):
    """--test emits one record of each stream."""
    api.serve("/items", ROWS)
    run = tap(api.config(STREAM), "--test")
    assert run.status == 0, run.errors
    assert run.records("items") == ROWS[:1]


def test_about_lists_every_setting():
    """--about names all settings, in each of its formats."""
    for form in ([], ["--format", "json"], ["--format", "markdown"]):
        command = [sys.executable, "-m", "tap_oauth2_generic", "--about", *form]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        for name in ("base_url", "token_store", "streams", "requests_per_second"):
            assert name in done.stdout


def test_the_environment_is_a_configuration(api, tap, monkeypatch, tmp_path):
    """--config ENV takes every setting from its variable, objects and arrays as JSON."""
    api.serve("/items", ROWS)
    monkeypatch.chdir(tmp_path)
    settings = api.config(STREAM, headers={"X-Key": "key-of-the-test"}, timeout=5, scopes="a b")
    for name, value in settings.items():
        text = value if isinstance(value, str) else json.dumps(value)
        monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{name.upper()}", text)
    run = tap({}, "--config", "ENV")
    assert run.status == 0, run.errors
    assert run.records("items") == ROWS
    assert api.requests("/items")[0].headers["X-Key"] == "key-of-the-test"
    assert api.requests("/token")[0].form["scope"] == "a b"


SAMPLES = {
    "integer": 7,
    "number": "1.25",  # which the parser of the settings takes for the number
    "boolean": False,
    "string": "a text, 'quoted' and {hole}",
    "array": ["one", {"two": 2}],
    "object": {"one": [1, None], "$.path": "{hole}"},
}


@pytest.mark.parametrize("name", CONFIG_SCHEMA["properties"])
def test_every_setting_has_a_variable(monkeypatch, tmp_path, name):
    """--config ENV reads each setting from TAP_OAUTH2_GENERIC_ and its name, with its type."""
    monkeypatch.chdir(tmp_path)
    kinds = CONFIG_SCHEMA["properties"][name]["type"]
    value = SAMPLES[kinds if isinstance(kinds, str) else kinds[0]]
    text = value if isinstance(value, str) else json.dumps(value)
    monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{name.upper()}", text)
    assert TapOAuth2Generic.merge_configuration(["ENV"]) == {name: value}


@pytest.mark.parametrize(
    ("name", "text"), [("STREAMS", "[{"), ("TIMEOUT", "soon"), ("MAX_RETRIES", "x")]
)
def test_a_wrong_variable_is_one_line(api, tap, monkeypatch, tmp_path, name, text):
    """A variable that does not hold what its setting takes is one line that names the setting."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{name}", text)
    run = tap(api.config(STREAM), "--config", "ENV")
    assert run.status == 1
    assert "Traceback" not in run.errors
    assert name.lower() in run.error_lines[0].lower()


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("MAX_RETRYS", "5", "unknown setting 'MAX_RETRYS'; did you mean 'MAX_RETRIES'?"),
        ("max_retries", "5", "unknown setting 'max_retries'; did you mean 'MAX_RETRIES'?"),
        ("CLIENT_SECRT", "secret-of-a-typo", "did you mean 'CLIENT_SECRET'?"),
        ("ZZZZ", "5", "unknown setting 'ZZZZ'"),
        ("HEADERS_X_KEY", "5", "did you mean 'HEADERS'?"),
        ("_BASE_URL", "https://a.example", "did you mean 'BASE_URL'?"),
        ("PKCE", "ture", "must be true or false"),
    ],
)
@pytest.mark.parametrize("option", [[], ["--discover"]])
def test_a_variable_that_would_be_passed_over_is_one_line(
    api, tap, monkeypatch, tmp_path, variable, text, said, option
):
    """A variable of no setting, or one with a word that is no boolean, is one line at once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{variable}", text)
    run = tap(api.config(STREAM), "--config", "ENV", *option)
    assert run.status == 1
    (line,) = run.error_lines
    assert f"TAP_OAUTH2_GENERIC_{variable}: " in line
    assert line.endswith(said)
    assert "secret-of-a-typo" not in run.errors
    assert not api.seen


@pytest.mark.parametrize("variable", ["LOGLEVEL", "_CATALOG", "_SELECT", "_SCHEMA_X_ID_TYPE"])
def test_what_others_put_beside_the_settings_is_no_mistake(
    api, tap, monkeypatch, tmp_path, variable
):
    """What the SDK reads, and the extras of a plugin in Meltano, are let pass."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{variable}", "warning")
    api.serve("/items", ROWS)
    run = tap(api.config(STREAM), "--config", "ENV")
    assert run.status == 0, run.errors
    assert not run.warnings


@pytest.mark.parametrize(
    ("variable", "warns"),
    [
        ("HEADERS_X_KEY", False),
        ("ACME_BASE_URL", False),
        ("OTHER_BASE_URL", True),
        ("MAX_RETRYS", True),
    ],
)
def test_what_meltano_exports_never_ends_a_run(api, tap, monkeypatch, tmp_path, variable, warns):
    """Under Meltano what it exports for a plugin is let pass, and all else unknown is a warning."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MELTANO_EXTRACTOR_NAME", "tap-oauth2-generic-acme")
    monkeypatch.setenv("MELTANO_EXTRACTOR_NAMESPACE", "tap_oauth2_generic")
    monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{variable}", "5")
    api.serve("/items", ROWS)
    run = tap(api.config(STREAM), "--config", "ENV")
    assert run.status == 0, run.errors
    assert [f"unknown setting {variable!r}" in w for w in run.warnings] == [True] * warns


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("MAX_RETRYS", "unknown setting 'MAX_RETRYS'; did you mean 'MAX_RETRIES'?"),
        ("USER_AGENT", "is not passed on; declare 'user_agent' in meltano.yml"),
        ("BASE_URL", None),
        ("HEADERS_X_KEY", None),
    ],
)
@pytest.mark.parametrize("is_meltano", [True, False])
def test_a_variable_that_meltano_does_not_pass_on_is_a_warning(
    api, tap, monkeypatch, variable, said, is_meltano
):
    """Of a configuration that Meltano wrote, each variable that is not in it is one warning."""
    if is_meltano:
        monkeypatch.setenv("MELTANO_EXTRACTOR_NAME", "tap-oauth2-generic")
    monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{variable}", "5")
    api.serve("/items", ROWS)
    run = tap(api.config(STREAM))
    assert run.status == 0, run.errors
    expected = [f"TAP_OAUTH2_GENERIC_{variable}: {said}"] if said and is_meltano else []
    assert run.warnings == expected


def test_the_environment_wins_over_files(api, tap, monkeypatch, tmp_path):
    """A variable wins over a file for the tap and its other commands, whichever is named first."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_TIMEOUT", "7")
    (tmp_path / "one.json").write_text('{"timeout": 5, "max_wait": 5}')
    (tmp_path / "two.json").write_text('{"timeout": 6, "max_wait": 6}')
    for paths in (["ENV", "one.json", "two.json"], ["one.json", "two.json", "ENV"]):
        merged = TapOAuth2Generic.merge_configuration(paths)
        assert merged == {"timeout": "7", "max_wait": 6}
    api.serve("/items", ROWS)
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_BASE_URL", api.url)
    wrong = api.config(STREAM, base_url="http://127.0.0.1:1")
    run = tap(wrong, "--config", "ENV", "--config", str(tmp_path / "config.json"))
    assert run.status == 0, run.errors


@pytest.mark.parametrize("name", [None, "login", "preview", "shard"])
def test_without_a_configuration_the_options_for_one_are_said(tmp_path, name):
    """A command without --config says that it needs one, and nothing else."""
    command = [sys.executable, "-m", "tap_oauth2_generic", *([name] if name else [])]
    command += ["--shards", "2"] if name == "shard" else []
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    (line,) = [text for text in done.stderr.splitlines() if "ERROR" in text]
    assert "--config FILE" in line
    assert "--config ENV" in line


@pytest.mark.parametrize("options", [[], ["--config", "ENV"], ["--discover"]])
def test_an_empty_configuration_is_said_as_that(tap, monkeypatch, tmp_path, options):
    """An empty configuration is one line, not one for each setting that it lacks."""
    monkeypatch.chdir(tmp_path)
    run = tap({}, *options)
    assert run.status == 1
    (line,) = run.error_lines
    assert "the configuration is empty" in line


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"base_ulr": "x"}, "unknown setting 'base_ulr'; did you mean 'base_url'?"),
        ({"base_url": None}, "setting 'base_url' is required"),
        ({"base_url": "http://api.example.com"}, "base_url: must use https"),
        ({"base_url": "api.example.com"}, "base_url: must be an absolute URL"),
        ({"grant_type": "client_credential"}, "did you mean 'client_credentials'?"),
        (
            {"grant_type": "password", "password": "p"},
            "setting 'username' is required with grant_type password",
        ),
        ({"access_token_url": None}, "setting 'access_token_url' is required"),
        ({"timeout": "soon"}, "timeout: must be a number, not 'soon'"),
        ({"start_date": "yesterday"}, "start_date: must be an ISO 8601"),
        ({"headers": {"X": "{nme}"}}, "headers.X: unknown placeholder; known: "),
        ({"token_store": "mysql://x"}, "token_store: must be the URL of a SQLite file"),
        ({"streams": []}, "streams: needs at least one stream"),
        ({"streams": [STREAM, STREAM]}, "the name 'items' is taken"),
        ({"streams": [{"name": "x"}]}, "streams[0]: setting 'path' is required"),
        ({"streams": [{**STREAM, "method": "FETCH"}]}, "streams[0].method: must be one of"),
        ({"streams": [{**STREAM, "records_pth": "x"}]}, "did you mean 'records_path'?"),
        ({"streams": [{**STREAM, "records_path": "a..b"}]}, "streams[0].records_path: "),
        ({"streams": [{**STREAM, "path": "{start}"}]}, "needs the setting 'start_date'"),
        ({"streams": [{**STREAM, "path": "https://elsewhere.example/x"}]}, "allowed_hosts"),
        (
            {"streams": [{**STREAM, "pagination": {"style": "page"}}]},
            "style must be one of none, page_number",
        ),
        (
            {"streams": [{**STREAM, "pagination": {"style": "offset", "page_parm": "p"}}]},
            "streams[0].pagination: unknown setting 'page_parm'",
        ),
        (
            {"streams": [{**STREAM, "pagination": {"style": "offset", "page_size": 0}}]},
            "streams[0].pagination.page_size: must be at least 1, not 0",
        ),
        (
            {"streams": [{**STREAM, "pagination": {"style": "cursor", "cursor_param": "c"}}]},
            "needs either cursor_path or cursor_header",
        ),
        (
            {"streams": [{**STREAM, "incremental": {"format": "isoo"}}]},
            "streams[0].incremental.format: must be one of",
        ),
    ],
)
@pytest.mark.parametrize("option", [[], ["--discover"]])
def test_a_mistake_is_one_clear_line_before_any_request(api, tap, change, said, option):
    """A mistake is one line with its place, and perhaps what was meant; nothing is sent."""
    config = {**api.config(STREAM), **change}
    run = tap({name: value for name, value in config.items() if value is not None}, *option)
    assert run.status == 1
    assert len(run.error_lines) == 1, run.errors
    assert said in run.error_lines[0]
    assert "secret-of-the-test" not in run.errors
    assert not api.seen


def test_every_mistake_is_said_at_once(api, tap):
    """Three mistakes are three lines."""
    run = tap({**api.config({"name": "x"}), "timeout": -1, "retry_statuses": "x"})
    assert run.status == 1
    assert len(run.error_lines) == 3, run.errors


def test_bookmarks_of_streams_that_are_not_configured_are_named_and_kept(api, tap):
    """A state's bookmarks of other streams are named in one line, and go into the next state."""
    api.serve("/items", ROWS)
    others = {f"old{n}": {"replication_key_value": n} for n in range(22)}
    run = tap(api.config(STREAM), state={"bookmarks": {"items": {}, **others}})
    assert run.status == 0, run.errors
    (line,) = [text for text in run.errors.splitlines() if "not configured" in text]
    named = ", ".join(sorted(others)[:20])
    assert line.endswith(f"leaving them unchanged: {named} and 2 more")
    assert run.state["bookmarks"].items() >= others.items()


ENTRY = {"tap_stream_id": "items", "schema": {"properties": {"id": {"type": "integer"}}}}
OFF = {"breadcrumb": [], "metadata": {"selected": False}}


@pytest.mark.parametrize(
    ("settings", "files"),
    [
        ({"selected": False}, {}),
        ({}, {"catalog": {"streams": []}}),
        ({}, {"catalog": {"streams": [{**ENTRY, "metadata": [OFF]}]}}),
    ],
)
def test_a_run_that_reads_nothing_says_so(api, tap, settings, files):
    """Where nothing is selected, by a catalog or the configuration, a warning says so."""
    api.serve("/items", ROWS)
    run = tap(api.config({**STREAM, **settings}), **files)
    assert run.status == 0, run.errors
    assert run.warnings == ["no stream is selected; nothing to read"]
    assert run.messages == []


def test_a_catalog_that_renames_a_stream_or_lacks_its_key_is_said(api, tap):
    """Another name for a stream is no reason to fail, and a key without a column is named."""
    api.serve("/items", ROWS)
    entry = {**ENTRY, "stream": "things", "key_properties": ["nope"]}
    run = tap(api.config({**STREAM, "new_fields": "ignore"}), catalog={"streams": [entry]})
    assert run.status == 0, run.errors
    assert run.records("items") == [{"id": 1}, {"id": 2}]
    assert any("alias 'things' for stream 'items'" in warning for warning in run.warnings)
    assert any("no column for its key nope" in warning for warning in run.warnings)


def test_streams_of_a_catalog_that_are_not_configured_are_named(api, tap):
    """A catalog's streams that the configuration lacks are one warning; the others are read."""
    api.serve("/items", ROWS)
    catalog = {"streams": [ENTRY, {**ENTRY, "tap_stream_id": "itmes"}]}
    run = tap(api.config({**STREAM, "new_fields": "ignore"}), catalog=catalog)
    assert run.status == 0, run.errors
    assert run.records("items") == [{"id": 1}, {"id": 2}]
    assert any(w.endswith("that are not configured: itmes") for w in run.warnings)


@pytest.mark.parametrize(
    "state",
    [
        {"bookmarks": []},
        {"bookmarks": {"items": 5}},
        {"type": "STATE", "value": {"bookmarks": {}}},
        {"bookmarks": {"items": {"progress_markers": []}}},
        {"bookmarks": {"items": {"replication_key": ["at"], "replication_key_value": 1}}},
        {"bookmarks": {"items": {"replication_key": [], "replication_key_value": 1}}},
        {"bookmarks": {"items": {"partitions": [{"context": {}, "progress_markers": "x"}]}}},
        "[]",
        "5",
    ],
)
def test_a_malformed_state_is_one_line(api, tap, state):
    """A state that is none ends the run with one line, before anything is sent."""
    api.serve("/items", ROWS)
    run = tap(api.config(STREAM), state=state)
    assert run.status == 1
    assert len(run.error_lines) == 1, run.errors
    assert "state" in run.error_lines[0]
    assert not api.seen


def test_a_log_level_that_is_none_is_one_line(api, tmp_path):
    """A variable that names no log level is said by its name, with those that there are."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(api.config(STREAM)))
    command = [sys.executable, "-m", "tap_oauth2_generic", "--config", path]
    environment = {**os.environ, "TAP_OAUTH2_GENERIC_LOGLEVEL": "LOUD"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if "ERROR" in line]
    assert "TAP_OAUTH2_GENERIC_LOGLEVEL must be one of DEBUG, INFO" in line
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": {"properties": {"id": {}}, "required": [["id"]]}}, "`$.streams[0]`"),
        (
            {"metadata": [{"breadcrumb": [], "metadata": {"table-key-properties": [["id"]]}}]},
            "`$.streams[0].metadata[0].metadata.table-key-properties[0]`",
        ),
        ({"key_properties": {}}, "`$.streams[0].key_properties`"),
        ({"replication_method": []}, "`$.streams[0].replication_method`"),
        (
            {"metadata": [{"breadcrumb": [], "metadata": {"replication-key": ["id"]}}]},
            "`$.streams[0].metadata[0].metadata.replication-key`",
        ),
    ],
)
def test_a_catalog_that_cannot_be_followed_is_one_line(api, tap, change, said):
    """A malformed catalog ends the run with one line that says where it is malformed."""
    api.serve("/items", ROWS)
    entry = {"tap_stream_id": "items", "schema": {"properties": {"id": {"type": "integer"}}}}
    run = tap(api.config(STREAM), catalog={"streams": [{**entry, **change}]})
    assert run.status == 1
    assert len(run.error_lines) == 1, run.errors
    assert "the catalog is malformed" in run.error_lines[0]
    assert said in run.error_lines[0]


@pytest.mark.parametrize("what", ["config", "state", "catalog"])
def test_half_a_character_is_refused_where_it_comes_in(api, tap, what):
    """A file that holds a lone surrogate, which nothing can be sent or written with, is named."""
    halved = {"\ud800": {"a": ["\udfff"]}}
    files = {} if what == "config" else {what: halved}
    run = tap(api.config({**STREAM, "params": halved if what == "config" else {}}), **files)
    assert run.status == 1
    (line,) = run.error_lines
    assert "holds half of a surrogate pair" in line
    assert not api.seen


def test_a_whole_pair_of_surrogates_is_a_character(api, tap):
    """What JSON writes as two escapes is one character, and is sent as such."""
    api.serve("/items", ROWS)
    run = tap(api.config({**STREAM, "params": {"q": "\U0001d4b3"}}))
    assert run.status == 0, run.errors
    assert api.requests("/items")[0].query == {"q": "\U0001d4b3"}


def test_mistakes_without_number_are_counted(api, tap):
    """Of thousands of mistakes twenty are said, and how many more there are."""
    run = tap({**api.config(STREAM), **{f"client_id{n}": n for n in range(3000)}})
    assert run.status == 1
    assert len(run.error_lines) == 21
    assert run.error_lines[-1] == "and 2980 more errors"


def test_a_line_has_an_end(api, tap):
    """What is long in a configuration is not repeated at length, on one line that is still said."""
    run = tap({**api.config(STREAM), "grant_type": "x" * 100_000})
    assert run.status == 1
    (line,) = run.error_lines
    assert "grant_type: must be one of" in line
    assert len(line) < 2100


@pytest.mark.parametrize("name", ["stream_maps", "stream_map_config", "faker_config"])
def test_a_setting_of_the_sdk_that_is_null_is_not_there(api, tap, name):
    """A null for a setting of the SDK is no setting, as it is for those of our own."""
    api.serve("/items", ROWS)
    run = tap(api.config(STREAM, **{name: None}))
    assert run.status == 0, run.errors
    assert run.records("items") == ROWS
