"""The preview: requests, responses, records and paging."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.net.request import Request
from tests.support.commands import run_program, write_config
from tests.support.server import Reply

REQUEST = Request("GET", "https://a.example")
ROWS = [{"id": n, "name": f"n{n}", "updated_at": f"2024-01-0{n}T00:00:00Z"} for n in range(1, 8)]


@pytest.fixture
def preview(tmp_path, program):
    def run(config, *options):
        return program("preview", "--config", write_config(tmp_path, config), *options)

    return run


def test_json_reports_everything(api, preview):
    """--json reports request, status, records, next page, schema and key candidates."""
    api.serve("/items", Reply(json.dumps({"data": ROWS, "next": "abc"}).encode()))
    paging = {"style": "cursor", "cursor_path": "next", "cursor_param": "after"}
    stream = {"name": "items", "path": "items", "records_path": "data", "pagination": paging}
    done = preview(api.config(stream, headers={"X-Api-Key": "key-of-the-test"}), "--json")
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)
    (page,) = told["pages"]
    assert page["request"]["method"] == "GET"
    assert page["request"]["url"] == f"{api.url}/items"
    assert page["request"]["headers"]["X-Api-Key"] == "***"
    assert (page["status"], page["records"]) == (200, 7)
    assert told["paging"] == "goes on: after=abc"
    assert told["records"] == ROWS[:5]
    assert told["schema"]["properties"]["id"]["type"] == ["integer", "null"]
    assert told["primary_key_candidates"][0] == "id"
    assert told["replication_key_candidates"] == ["updated_at"]
    assert "key-of-the-test" not in done.stdout + done.stderr


def test_text_shows_the_records(api, preview):
    """Without --json there is a block for each of as many records as requested."""
    api.serve("/items", [{"id": 12345678901234567890123, "t": "[bold]x[/bold]"}])
    done = preview(api.config({"name": "items", "path": "items"}), "--records", "1")
    assert done.returncode == 0, done.stderr
    for text in (
        "status 200",
        "12345678901234567890123",
        "[bold]x[/bold]",
        "ends: no pagination is configured",
    ):
        assert text in done.stdout


def test_text_shows_the_request_that_failed(api, preview):
    api.serve("/items", Reply({}, 404))
    done = preview(api.config({"name": "items", "path": "items"}))
    assert done.returncode == 1
    assert f"page 1: GET {api.url}/items" in done.stdout
    assert "status 404, 0 records; the read failed" in done.stdout


@pytest.mark.parametrize("option", [(), ("--suggest",)])
def test_control_characters_are_replaced(api, preview, option):
    """Control characters in values and keys become question marks."""
    api.serve("/items", {"d\x1b\x9b2J": [{"id": 1, "t\x1b]0;x\x07": "\x1b[31mred\x9b1m"}]})
    done = preview(api.config({"name": "items", "path": "items"}), *option)
    assert not set("\x1b\x07\x9b") & set(done.stdout + done.stderr)
    assert "31mred" in done.stdout


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"items": [{"id": 1}], "info": 1}, "items"),
        ({"data": {"things": [{"id": 1}, {"id": 2}]}}, "data.things"),
        ({"id": 7, "name": "one record"}, None),
        ([{"id": 1}], None),
    ],
)
@pytest.mark.parametrize("option", [(), ("--json",)])
def test_object_that_holds_a_list_gives_a_hint(api, preview, body, path, option):
    """Without records_path it counts as one record, which is rarely meant."""
    api.serve("/items", body)
    done = preview(api.config({"name": "items", "path": "items"}), *option)
    assert done.returncode == 0
    assert ("did you mean records_path" in done.stdout) == (path is not None)
    assert path is None or f"did you mean records_path '{path}'?" in done.stdout
    named = {"records_path": path or "$"}
    again = preview(api.config({"name": "items", "path": "items", **named}), *option)
    assert "did you mean" not in again.stdout


def test_unmatched_records_path_names_the_keys(api, preview):
    """A records_path that matches nothing is reported with the existing keys; status 1."""
    api.serve("/items", {"items": [], "info": 1})
    done = preview(api.config({"name": "items", "path": "items", "records_path": "data"}))
    assert done.returncode == 1
    assert "items, info" in done.stdout


def test_failed_stream_is_one_sentence(api, preview):
    """A stream that fails is one sentence, the others are shown; status 1."""
    api.serve("/good", [{"id": 1}])
    streams = [{"name": "bad", "path": "bad"}, {"name": "good", "path": "good"}]
    done = preview(api.config(*streams), "--json")
    assert done.returncode == 1
    told = {one["stream"]: one for one in json.loads(done.stdout)}
    assert "404" in told["bad"]["error"]
    assert told["good"]["ok"]
    assert "Traceback" not in done.stderr


def test_child_is_previewed_for_the_first_parent(api, preview):
    api.serve("/lists", [{"id": 7}])
    api.serve("/lists/7/tasks", [{"id": 1}])
    child = {"name": "tasks", "path": "lists/{parent.l}/tasks"}
    child["parent"] = {"stream": "lists", "keys": {"l": "id"}}
    config = api.config({"name": "lists", "path": "lists"}, child)
    done = preview(config, "--stream", "tasks", "--json")
    assert json.loads(done.stdout)[0]["records"] == [{"id": 1, "l": 7}]


@pytest.mark.parametrize("option", [(), ("--json",), ("--suggest",), ("--suggest", "--json")])
@pytest.mark.parametrize("secret", ["s3cret/of+the test", 7171717171])
def test_secret_that_the_api_echoes_is_masked(api, preview, option, secret):
    """In names, values, headers and request, as a string or number; the output stays JSON."""
    row = {
        "id": 1,
        f"k{secret}": secret,
        "in": [{f"{secret}": f"<{secret}>"}],
        "t": "token-of-the-test",
    }
    reply = Reply(
        {"data": [row], f"next{secret}": "x"}, headers={"X-Echo": f"{secret}", "X-Key": "a"}
    )
    api.serve("/items", reply)
    stream = {"name": "items", "path": "items", "records_path": "data", "method": "POST"}
    done = preview(
        api.config({**stream, "body": {"a": secret, f"{secret}": 1}}, client_secret=secret), *option
    )
    assert done.returncode == 0, done.stderr
    assert "***" in done.stdout
    assert not [
        one for one in (f"{secret}", "token-of-the-test") if one in done.stdout + done.stderr
    ]
    if "--json" in option:
        (told,) = json.loads(done.stdout)
        assert told["records"][0]["k***"] == "***"
        assert (told["pages"][0]["headers"]["X-Echo"], told["pages"][0]["headers"]["X-Key"]) == (
            "***",
        ) * 2


def test_text_of_the_api_forges_no_line(api, preview):
    """A line break in a name, value or header is shown as a question mark; JSON escapes it."""
    api.serve("/items", {"a\nforged": [{"k\nforged": "v\r\nforged", "c\x9b": "\u2028forged"}]})
    stream = {"name": "items", "path": "items", "records_path": "'a\nforged'"}
    done = preview(api.config(stream))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("forged") >= 3
    assert not [line for line in done.stdout.splitlines() if line.strip().startswith("forged")]
    shown = preview(api.config(stream), "--json").stdout
    assert not set("\x9b\u2028\r") & set(shown)
    assert json.loads(shown)[0]["records"][0]["c\x9b"] == "\u2028forged"


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", "№1"), ("latin-1", "\\u21161")])
def test_stdout_may_have_any_encoding(api, tmp_path, monkeypatch, encoding, shown):
    """What an encoding lacks is shown by its escape; click writes UTF-8 in place of ASCII."""
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    api.serve("/items", [{"id": 1, "name": "№1"}])
    path = write_config(tmp_path, api.config({"name": "items", "path": "items"}))
    done = run_program("preview", "--config", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert shown in done.stdout


def test_wide_record_is_readable_at_80_columns(api, preview, monkeypatch):
    """Each field has a line of its own, cut to the width of the terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    api.serve("/items", [{f"field_{n}": f"{n}-{'x' * 200}" for n in range(12)}])
    lines = preview(api.config({"name": "items", "path": "items"})).stdout.splitlines()
    fields = [line for line in lines if "x" * 40 in line]
    assert [line.split()[0] for line in fields] == [f"field_{n}" for n in range(12)]
    assert max(map(len, fields)) <= 80


def test_response_headers_are_shown_and_streams_in_file_order(api, preview):
    api.serve("/b", Reply([{"id": 1}], headers={"X-Next-Cursor": "abc", "Set-Cookie": "s=hidden"}))
    api.serve("/a", [{"id": 2}])
    done = preview(api.config({"name": "b", "path": "b"}, {"name": "a", "path": "a"}))
    lines = done.stdout.splitlines()
    assert "      X-Next-Cursor: abc" in lines
    assert "      Set-Cookie: ***" in lines
    assert lines.index("b") < lines.index("a")


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_offline_only_checks_the_configuration(api, preview, option):
    """Nothing is sent; every mistake is a line and exit status 1."""
    done = preview(api.config({"name": "items", "path": "items"}), "--offline", *option)
    assert (done.returncode, done.stderr) == (0, "")
    stream = {"name": "items", "path": "{nope}", "pathh": 1}
    done = preview(api.config(stream, timeout=-1), "--offline", *option)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 3)
    assert not api.seen


def test_list_of_a_preset_shows_its_streams_and_needs_no_configuration(program):
    """The streams, their paths and the scopes are printed; nothing is configured or sent."""
    done = program("preview", "--provider", "shopify", "--list")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr, lines[0]) == (0, "", "Shopify (provider shopify)")
    assert "  scopes: read_orders read_customers" in lines
    assert "  preset:orders  GET {provider.version}/orders.json" in lines
    assert lines[-1] == 'to read all of them: "provider": "shopify", "streams": "preset"'
    listed = json.loads(program("preview", "--provider", "shopify", "--list", "--json").stdout)
    assert [stream["name"] for stream in listed["streams"]] == ["orders", "customers"]


@pytest.mark.parametrize("options", [(), ("--provider", "shopfy")])
def test_list_without_a_known_preset_is_one_line(options, program):
    """A misspelled preset is named, with the near one."""
    done = program("preview", "--list", *options)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "--list needs --provider with the name of a preset" in done.stderr
    assert ("did you mean 'shopify'?" in done.stderr) == bool(options)


def test_provider_option_brings_streams_to_a_file_without_any(preview):
    """The file needs no streams; those of a file win."""
    done = preview({"client_id": "id"}, "--provider", "hubspot", "--offline")
    assert (
        done.stdout == "the configuration is valid; its streams are: contacts, companies, deals\n"
    )
    own = {"client_id": "id", "streams": [{"name": "mine", "path": "mine"}]}
    assert preview(own, "--provider", "hubspot", "--offline").stdout.endswith("are: mine\n")


@pytest.mark.parametrize("options", [["--stream", "items"], []])
def test_schema_to_declare_is_written(api, preview, tap, tmp_path, options):
    """With --stream it is the schema itself, which can be declared as it stands."""
    api.serve("/items", [{"id": 1, "at": "2026-01-01T00:00:00Z", "o": {"n": 1.5}, "x": None}])
    file = tmp_path / "schema.json"
    config = api.config({"name": "items", "path": "items"})
    done = preview(config, *options, "--schema", str(file))
    assert (done.returncode, done.stderr) == (0, f"wrote the schema to {file}\n")
    schema = json.loads(file.read_text())
    assert (schema if options else schema["items"])["properties"].keys() == {"id", "at", "o"}
    if options:
        config["streams"][0]["schema"] = str(file)
        assert tap.ok(config).schemas() == [schema]


@pytest.mark.parametrize(("rows", "name"), [([], "schema.json"), ([{"id": 1}], "no/folder.json")])
def test_schema_that_cannot_be_written_is_an_error(api, preview, tmp_path, rows, name):
    api.serve("/items", rows)
    config = api.config({"name": "items", "path": "items"})
    done = preview(config, "--schema", str(tmp_path / name))
    assert done.returncode == 1
    assert not (tmp_path / name).exists()


def test_schema_without_records_is_refused(api, preview, tmp_path):
    file = tmp_path / "schema.json"
    config = api.config({"name": "items", "path": "items"})
    done = preview(config, "--offline", "--schema", str(file))
    assert (done.returncode, file.exists()) == (1, False)
    assert "--schema needs records" in done.stderr


def test_unknown_stream_lists_the_configured_ones(api, preview):
    done = preview(api.config({"name": "items", "path": "items"}), "--stream", "itms")
    assert done.returncode == 1
    assert "there are: items" in done.stderr


def test_record_is_cut_after_many_fields(api, preview):
    """Of thousands of fields the preview shows some, and counts the others."""
    api.serve("/items", [{f"field{n}": n for n in range(100_000)}])
    done = preview(api.config({"name": "items", "path": "items"}))
    assert done.returncode == 0, done.stderr
    assert "field299" in done.stdout
    assert "field300" not in done.stdout.partition("candidates")[0]
    assert "and 99700 more fields" in done.stdout
