"""The Singer command line: options, environment, discovery and mistakes of users."""

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


def test_discover_prints_only_the_catalog(api, tap):
    """--discover prints the catalog, and nothing else, on stdout."""
    api.serve("/items", ROWS)
    run = tap.ok(api.config(STREAM, {**STREAM, "name": "off", "selected": False}), "--discover")
    on, off = sorted(json.loads(run.output)["streams"], key=lambda e: e["tap_stream_id"] == "off")
    assert on["schema"]["properties"].keys() == {"id", "name"}
    assert on["key_properties"] == ["id"]
    root = [m["metadata"] for m in off["metadata"] if m["breadcrumb"] == []]
    assert root[0]["selected"] is False


def test_deselected_stream_is_not_read(api, tap):
    """selected: false excludes a stream from a sync without a catalog."""
    api.serve("/items", ROWS)
    run = tap.ok(api.config({**STREAM, "selected": False}))
    assert run.records("items") == []


def test_discover_fails_if_the_api_refuses(api, tap):
    """--discover exits with 1 and one line if it cannot fetch a sample."""
    api.routes["/items"] = lambda _: None
    api.token = lambda _: {"error": "invalid_client"}
    run = tap(api.config(STREAM), "--discover")
    assert run.status == 1
    assert len(run.error_lines) == 1
    assert "invalid_client" in run.error_lines[0]
    assert run.output == ""


def test_test_option_moves_no_bookmark(api, tap):
    """--test reads a few records, and the next run still requests all of them."""
    rows = [{"id": n, "at": f"2024-01-0{9 - n}T00:00:00Z"} for n in range(1, 9)]
    api.serve("/items", rows)
    stream = {"name": "items", "path": "items", "replication_key": "at"}
    run = tap.ok(api.config(stream), "--test")
    assert not run.warnings
    assert run.bookmark("items") is None


def test_discover_warns_about_a_missing_replication_key(api, tap):
    """Discovery names a mistyped replication key and the fields that exist."""
    api.serve("/items", [{"id": 1, "updated_at": "2024-01-01T00:00:00Z"}])
    run = tap(
        api.config({"name": "items", "path": "items", "replication_key": "updated"}), "--discover"
    )
    assert run.status == 0
    assert any(
        "'updated' is in none of 1 records, which have id, updated_at" in w for w in run.warnings
    )


def test_test_option_emits_one_record_per_stream(api, tap):
    api.serve("/items", ROWS)
    api.serve("/none", [])
    run = tap.ok(api.config(STREAM, {"name": "none", "path": "none"}), "--test")
    assert run.records("items") == ROWS[:1]
    assert run.errors.splitlines()[-1].endswith("| ok: items 1 record, none 0 records")


def test_about_lists_every_setting():
    """--about names all settings in each of its formats."""
    for form in ([], ["--format", "json"], ["--format", "markdown"]):
        command = [sys.executable, "-m", "tap_oauth2_generic", "--about", *form]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        for name in ("base_url", "token_store", "streams", "requests_per_second"):
            assert name in done.stdout


def test_config_env_reads_variables(api, tap, monkeypatch, tmp_path):
    """--config ENV reads every setting from its variable, objects and arrays as JSON."""
    api.serve("/items", ROWS)
    monkeypatch.chdir(tmp_path)
    settings = api.config(STREAM, headers={"X-Key": "key-of-the-test"}, timeout=5, scopes="a b")
    for name, value in settings.items():
        text = value if isinstance(value, str) else json.dumps(value)
        monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{name.upper()}", text)
    run = tap.ok({}, "--config", "ENV")
    assert run.records("items") == ROWS
    assert "Beginning sync" in run.errors
    assert "Skipping parse of env" not in run.errors, "the SDK's, and untrue here"
    assert api.requests("/items")[0].headers["X-Key"] == "key-of-the-test"
    assert api.requests("/token")[0].form["scope"] == "a b"


SAMPLES = {
    "integer": 7,
    "number": "1.25",  # which the settings parser reads as a number
    "boolean": False,
    "string": "a string, 'quoted' and {placeholder}",
    "array": ["one", {"two": 2}],
    "object": {"one": [1, None], "$.path": "{placeholder}"},
}


@pytest.mark.parametrize("name", CONFIG_SCHEMA["properties"])
def test_every_setting_has_a_variable(monkeypatch, tmp_path, name):
    """--config ENV reads TAP_OAUTH2_GENERIC_NAME with the type of the setting."""
    monkeypatch.chdir(tmp_path)
    kinds = CONFIG_SCHEMA["properties"][name]["type"]
    value = SAMPLES[kinds if isinstance(kinds, str) else kinds[0]]
    text = value if isinstance(value, str) else json.dumps(value)
    monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{name.upper()}", text)
    assert TapOAuth2Generic.merge_configuration(["ENV"]) == {name: value}


@pytest.mark.parametrize(
    ("name", "text"), [("STREAMS", "[{"), ("TIMEOUT", "soon"), ("MAX_RETRIES", "x")]
)
def test_malformed_variable_is_one_line(api, tap, monkeypatch, tmp_path, name, text):
    """A variable of the wrong type is one line that names the setting."""
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
def test_ignored_variable_is_one_line(
    api, tap, monkeypatch, tmp_path, variable, text, said, option
):
    """An unknown variable, or a word that is no boolean, is one line at once."""
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
def test_variables_of_sdk_and_meltano_are_accepted(api, tap, monkeypatch, tmp_path, variable):
    """Variables that the SDK reads and plugin extras of Meltano are no mistakes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{variable}", "warning")
    api.serve("/items", ROWS)
    run = tap.ok(api.config(STREAM), "--config", "ENV")
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
def test_unknown_variable_under_meltano_is_a_warning(
    api, tap, monkeypatch, tmp_path, variable, warns
):
    """Under Meltano, its own exports pass, and other unknown variables only warn."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MELTANO_EXTRACTOR_NAME", "tap-oauth2-generic-acme")
    monkeypatch.setenv("MELTANO_EXTRACTOR_NAMESPACE", "tap_oauth2_generic")
    monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{variable}", "5")
    api.serve("/items", ROWS)
    run = tap.ok(api.config(STREAM), "--config", "ENV")
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
def test_variable_that_meltano_drops_is_a_warning(api, tap, monkeypatch, variable, said):
    """Each variable missing from the configuration that Meltano wrote is a warning."""
    monkeypatch.setenv("MELTANO_EXTRACTOR_NAME", "tap-oauth2-generic")
    monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{variable}", "5")
    api.serve("/items", ROWS)
    run = tap.ok(api.config(STREAM))
    expected = [f"TAP_OAUTH2_GENERIC_{variable}: {said}"] if said else []
    assert run.warnings == expected


@pytest.mark.parametrize(("variable", "warns"), [("USER_AGENT", True), ("BASE_URL", False)])
def test_variable_ignored_without_env_is_a_warning(api, tap, monkeypatch, variable, warns):
    """A file wins without a word over a variable; a setting that no file has is a warning."""
    monkeypatch.setenv(f"TAP_OAUTH2_GENERIC_{variable}", "5")
    api.serve("/items", ROWS)
    line = f"TAP_OAUTH2_GENERIC_{variable}: is ignored without --config ENV"
    assert tap.ok(api.config(STREAM)).warnings == [line] * warns


@pytest.mark.parametrize(
    ("file", "taken"),
    [({}, "from-a-variable"), ({"client_secret": "from-a-file"}, "from-a-file")],
)
@pytest.mark.parametrize("option", [[], ["--discover"], ["--test"]])
def test_secret_that_no_file_holds_is_taken_from_its_variable(
    api, tap, monkeypatch, tmp_path, file, taken, option
):
    """Secrets need no --config ENV; a file wins over a variable unless that is given."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_CLIENT_SECRET", "from-a-variable")
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_HEADERS", '{"X-Key": "key-of-the-api"}')
    api.serve("/items", ROWS)
    config = {name: v for name, v in api.config(STREAM).items() if name != "client_secret"}
    run = tap.ok(config | file, *option)
    assert f"client_secret={taken}".encode() in api.requests("/token")[0].content
    assert {seen.headers["X-Key"] for seen in api.requests("/items")} == {"key-of-the-api"}
    assert not run.warnings


def test_malformed_variable_of_a_secret_is_one_line(api, tap, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_PARAMS", "{")
    run = tap(api.config(STREAM))
    assert run.error_lines == ["TAP_OAUTH2_GENERIC_PARAMS: must hold JSON of type object"]


@pytest.mark.parametrize("content", ["", " \n"])
def test_empty_state_file_is_an_error(api, tap, content):
    """It would read everything again; a shell empties the file that the target writes."""
    run = tap(api.config(STREAM), state=content)
    assert (run.status, api.seen) == (1, [])
    (line,) = run.error_lines
    assert line.startswith("the state file is empty: `tap --state s.json | target > s.json` ")


def test_streams_are_read_and_shown_in_file_order(api, tap):
    """Neither a sync nor the catalog sorts streams by name."""
    names = ["zebras", "apes", "mice"]
    for name in names:
        api.serve(f"/{name}", ROWS)
    config = api.config(*({"name": name, "path": name} for name in names))
    schemas = [m["stream"] for m in tap.ok(config).messages if m["type"] == "SCHEMA"]
    catalog = json.loads(tap.ok(config, "--discover").output)
    assert schemas == [entry["tap_stream_id"] for entry in catalog["streams"]] == names


def test_environment_wins_over_files(api, tap, monkeypatch, tmp_path):
    """A variable wins over files, whichever comes first on the command line."""
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
    tap.ok(wrong, "--config", "ENV", "--config", str(tmp_path / "config.json"))


@pytest.mark.parametrize("name", [None, "login", "preview", "shard"])
def test_missing_configuration_names_the_options(tmp_path, name):
    """A command without --config names the options, and nothing else."""
    command = [sys.executable, "-m", "tap_oauth2_generic", *([name] if name else [])]
    command += ["--shards", "2"] if name == "shard" else []
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    (line,) = [text for text in done.stderr.splitlines() if "ERROR" in text]
    assert "--config FILE" in line
    assert "--config ENV" in line


@pytest.mark.parametrize("options", [[], ["--config", "ENV"], ["--discover"]])
def test_empty_configuration_is_one_line(tap, monkeypatch, tmp_path, options):
    """An empty configuration is one line, not one for each missing setting."""
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
        ({"headers": {"X": "{nme}"}}, "headers.X: unknown placeholder {nme}; known: "),
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
def test_mistake_is_one_line_before_any_request(api, tap, change, said, option):
    """A mistake is one line with its place and a suggestion; nothing is sent."""
    config = {**api.config(STREAM), **change}
    run = tap({name: value for name, value in config.items() if value is not None}, *option)
    assert run.status == 1
    assert len(run.error_lines) == 1, run.errors
    assert said in run.error_lines[0]
    assert "secret-of-the-test" not in run.errors
    assert not api.seen


def test_all_mistakes_are_reported_at_once(api, tap):
    """Three mistakes are three lines."""
    run = tap({**api.config({"name": "x"}), "timeout": -1, "retry_statuses": "x"})
    assert run.status == 1
    assert len(run.error_lines) == 3, run.errors


def test_state_of_unconfigured_streams_is_kept(api, tap):
    """Bookmarks of unconfigured streams are one line, and part of the next state."""
    api.serve("/items", ROWS)
    others = {f"old{n}": {"replication_key_value": n} for n in range(22)}
    run = tap.ok(api.config(STREAM), state={"bookmarks": {"items": {}, **others}})
    (line,) = [text for text in run.errors.splitlines() if "unconfigured" in text]
    named = ", ".join(sorted(others)[:20])
    assert line.endswith(f"unchanged: {named} and 2 more")
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
def test_no_selected_stream_is_a_warning(api, tap, settings, files):
    """A warning says that neither catalog nor configuration selects a stream."""
    api.serve("/items", ROWS)
    run = tap.ok(api.config({**STREAM, **settings}), **files)
    assert run.warnings == ["no stream is selected; nothing to read"]
    assert run.messages == []


def test_catalog_alias_and_missing_key_are_warnings(api, tap):
    """An alias in the catalog is ignored with a warning, a missing key column is named."""
    api.serve("/items", ROWS)
    entry = {**ENTRY, "stream": "things", "key_properties": ["nope"]}
    run = tap(api.config({**STREAM, "new_fields": "ignore"}), catalog={"streams": [entry]})
    assert "no value for 'nope' of primary_keys" in run.error_lines[-1]
    assert any("alias 'things' for stream 'items'" in warning for warning in run.warnings)
    assert any("no column for its key nope" in warning for warning in run.warnings)


def test_unconfigured_catalog_streams_are_one_warning(api, tap):
    """Unconfigured streams of a catalog are one warning; the others are read."""
    api.serve("/items", ROWS)
    catalog = {"streams": [ENTRY, {**ENTRY, "tap_stream_id": "itmes"}]}
    run = tap.ok(api.config({**STREAM, "new_fields": "ignore"}), catalog=catalog)
    assert run.records("items") == [{"id": 1}, {"id": 2}]
    assert any(w.endswith("unconfigured streams of the catalog: itmes") for w in run.warnings)


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
def test_malformed_state_is_one_line(api, tap, state):
    """A malformed state ends the run with one line before any request."""
    api.serve("/items", ROWS)
    run = tap(api.config(STREAM), state=state)
    assert run.status == 1
    assert len(run.error_lines) == 1, run.errors
    assert "state" in run.error_lines[0]
    assert not api.seen


def test_unknown_log_level_is_one_line(api, tmp_path):
    """A variable with an unknown log level is one line that lists the levels."""
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
def test_malformed_catalog_is_one_line(api, tap, change, said):
    """A malformed catalog ends the run with one line that says where it is malformed."""
    api.serve("/items", ROWS)
    entry = {"tap_stream_id": "items", "schema": {"properties": {"id": {"type": "integer"}}}}
    run = tap(api.config(STREAM), catalog={"streams": [{**entry, **change}]})
    assert run.status == 1
    assert len(run.error_lines) == 1, run.errors
    assert "the catalog is malformed" in run.error_lines[0]
    assert said in run.error_lines[0]


@pytest.mark.parametrize("what", ["config", "state", "catalog"])
def test_lone_surrogate_in_a_file_is_refused(api, tap, what):
    """A file with a lone surrogate, which nothing can encode, is named."""
    halved = {"\ud800": {"a": ["\udfff"]}}
    files = {} if what == "config" else {what: halved}
    run = tap(api.config({**STREAM, "params": halved if what == "config" else {}}), **files)
    assert run.status == 1
    (line,) = run.error_lines
    assert "holds half of a surrogate pair" in line
    assert not api.seen


def test_surrogate_pair_is_one_character(api, tap):
    """Two JSON escapes of one character are sent as that character."""
    api.serve("/items", ROWS)
    tap.ok(api.config({**STREAM, "params": {"q": "\U0001d4b3"}}))
    assert api.requests("/items")[0].query == {"q": "\U0001d4b3"}


def test_only_twenty_mistakes_are_shown(api, tap):
    """Of thousands of mistakes twenty are shown, and the rest are counted."""
    run = tap({**api.config(STREAM), **{f"client_id{n}": n for n in range(3000)}})
    assert run.status == 1
    assert len(run.error_lines) == 21
    assert run.error_lines[-1] == "and 2980 more errors"


def test_error_line_is_cut(api, tap):
    """A very long value does not make the error line very long."""
    run = tap({**api.config(STREAM), "grant_type": "x" * 100_000})
    assert run.status == 1
    (line,) = run.error_lines
    assert "grant_type: must be one of" in line
    assert len(line) < 2100


@pytest.mark.parametrize("name", ["stream_maps", "stream_map_config", "faker_config"])
def test_null_sdk_setting_is_unset(api, tap, name):
    """Null unsets a setting of the SDK, as it does for our own."""
    api.serve("/items", ROWS)
    run = tap.ok(api.config(STREAM, **{name: None}))
    assert run.records("items") == ROWS
