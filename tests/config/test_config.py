"""The configuration: each mistake is one clear line with its place."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tap_oauth2_generic.config.config import CONFIG_SCHEMA
from tap_oauth2_generic.config.reader import read_config
from tap_oauth2_generic.runtime.redaction import redact
from tap_oauth2_generic.settings.fields import ErrorCollector

STREAM = {"name": "items", "path": "items"}
CONFIG = {
    "base_url": "https://api.example.com/v1",
    "grant_type": "client_credentials",
    "access_token_url": "https://auth.example.com/token",
    "client_id": "client",
    "client_secret": "secret-of-the-client",
}
ABSENT = object()


def reading(stream=(), **changes):
    """Read a valid configuration with some changes at the top or in its stream."""
    raw = {**CONFIG, "streams": [{**STREAM, **dict(stream)}], **changes}
    raw = {name: value for name, value in raw.items() if value is not ABSENT}
    collector = ErrorCollector()
    config = read_config(raw, frozenset({"stream_maps"}), collector)
    assert (config is None) == bool(collector.errors)
    return config, collector


def mistake(stream=(), **changes):
    """Return the one line of a mistake."""
    (line,) = reading(stream, **changes)[1].errors
    assert "\n" not in line
    return line


def test_valid_configuration_is_parsed():
    """A valid configuration is parsed without an error or a warning."""
    config, collector = reading(stream_maps={}, **{"$schema": "x.json"})
    assert (collector.errors, collector.warnings) == ([], [])
    assert [stream.name for stream in config.top.streams] == ["items"]
    assert config.oauth2.client_id == "client"


@pytest.mark.parametrize("name", ["base_url", "access_token_url", "client_id", "streams"])
@pytest.mark.parametrize("nothing", [ABSENT, None, ""])
def test_missing_setting_is_named(name, nothing):
    """A required setting that is absent, null or empty is one line that names it."""
    assert mistake(**{name: nothing}) == f"setting '{name}' is required"


@pytest.mark.parametrize("empty", ["", " "])
def test_empty_name_of_the_refresh_token_is_a_mistake(empty):
    """It would send the token under no name."""
    line = "setting 'refresh_token_param' is empty; omit it for 'refresh_token'"
    assert mistake(refresh_token_param=empty) == line


@pytest.mark.parametrize("client_auth", ["client_secret_post", "client_secret_basic"])
@pytest.mark.parametrize("nothing", [ABSENT, None])
def test_client_credentials_without_a_secret_is_a_warning(client_auth, nothing):
    """The warning says which setting is missing."""
    _, collector = reading(client_auth=client_auth, client_secret=nothing)
    (line,) = collector.warnings
    assert f"client_auth {client_auth} has no client_secret" in line
    assert collector.errors == []


@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": ""},
        {"client_auth": "none"},
        {"token_params": {"api_key": "key-of-the-client"}},
        {"token_headers": {"Authorization": "Basic abc"}},
        {"access_token": "token-of-the-client"},
        {"client_cert": __file__},
        {"client_auth": "tls_client_auth", "client_cert": __file__},
        {"client_auth": "private_key_jwt", "private_key": "key-of-the-client"},
        {"grant_type": "password", "username": "u", "password": "password-of-the-user"},
        {"grant_type": "jwt_bearer", "private_key": "key-of-the-client"},
        {"grant_type": "authorization_code"},
    ],
)
def test_client_without_a_secret_may_be_valid(changes):
    """An empty secret or another proof needs no warning."""
    collector = reading(**{"client_secret": ABSENT, **changes})[1]
    assert (collector.errors, collector.warnings) == ([], [])


@pytest.mark.parametrize("name", ["name", "path"])
def test_missing_stream_setting_is_named_with_its_place(name):
    """The line begins with the stream's place."""
    assert mistake({name: None}) == f"streams[0]: setting '{name}' is required"


@pytest.mark.parametrize(
    ("stream", "changes", "line"),
    [
        ({}, {"clientid": "x"}, "unknown setting 'clientid'; did you mean 'client_id'?"),
        ({"nam": "x"}, {}, "streams[0]: unknown setting 'nam'; did you mean 'name'?"),
        *(
            (
                {section: {near[1:]: 5}},
                {},
                f"streams[0].{section}: unknown setting {near[1:]!r}; did you mean {near!r}?",
            )
            for section, near in [("pagination", "page_size"), ("incremental", "lookback")]
        ),
    ],
)
def test_unknown_setting_is_one_line_with_the_nearest(stream, changes, line):
    """A misspelled setting at any depth is one line, with a suggestion if one is near."""
    assert mistake(stream, **changes) == line


@pytest.mark.parametrize(
    ("stream", "changes", "place", "near"),
    [
        ({}, {"grant_type": "client_credential"}, "grant_type", "client_credentials"),
        ({}, {"client_auth": "client_secret_pots"}, "client_auth", "client_secret_post"),
        ({"method": "POTS"}, {}, "streams[0].method", "POST"),
        ({"pagination": {"style": "curser"}}, {}, "streams[0].pagination", "cursor"),
        pytest.param(
            *({"incremental": {"format": "epoc"}}, {}, "streams[0].incremental.format", "epoch"),
        ),
    ],
)
def test_misspelled_word_is_one_line_with_the_nearest(stream, changes, place, near):
    """The line has the place, the choices and the nearest of them."""
    line = mistake(stream, **changes)
    assert line.startswith(f"{place}: ")
    assert line.endswith(f"did you mean '{near}'?")


@pytest.mark.parametrize(
    ("changes", "begins", "holds"),
    [
        ({"retry_statuses": [5]}, "retry_statuses: ", "at least 100"),
        ({"base_url": "http://api.example.com"}, "base_url: ", "https"),
        (
            {"base_url": "https://api.example.com/v1?key=1"},
            "base_url: ",
            "put parameters into params",
        ),
        ({"base_url": "https://api.example.com/#x"}, "base_url: ", "no fragment"),
        ({"base_url": "{token.site}/v1?key=1"}, "base_url: ", "no query"),
        ({"access_token_url": "auth.example.com"}, "access_token_url: ", "absolute URL"),
        ({"start_date": "yesterday"}, "start_date: ", "ISO 8601"),
        ({"allowed_hosts": ["https://x"]}, "allowed_hosts: ", "host names"),
        ({"ca_bundle": "/no/such/file"}, "ca_bundle: ", "cannot read"),
        ({"token_store": "no url"}, "token_store: ", "must be"),
        ({"headers": {"X": []}}, "headers.X: ", "must be a string"),
        ({"streams": {}}, "streams: ", "must be an array"),
        ({"streams": []}, "streams: ", "at least one stream"),
        ({"streams": [STREAM, 5]}, "streams[1]: ", "must be an object"),
        ({"streams": [STREAM, STREAM]}, "streams[1]: ", "'items' is taken"),
    ],
)
def test_wrong_value_is_one_line_with_its_place(changes, begins, holds):
    """The line says where the value is, and what it must be."""
    line = mistake(**changes)
    assert line.startswith(begins)
    assert holds in line


@pytest.mark.parametrize(
    ("stream", "place", "holds"),
    [
        ({"params": {"a": {}}}, ".params.a", "not an object"),
        ({"body": [1], "body_format": "form"}, "", "body_format form"),
        ({"records_path": "a..b"}, ".records_path", "is not a path"),
        ({"schema": "/no/such/file"}, ".schema", "cannot read"),
        ({"incremental": {"lookback": -1}}, ".incremental.lookback", "at least 0"),
        ({"pagination": "offset"}, ".pagination", "must be an object"),
        ({"pagination": {"page_size": 0}}, ".pagination.page_size", "at least 1"),
        ({"pagination": {"cursor_path": "x"}}, ".pagination", "belongs to style cursor"),
        ({"pagination": {"params_in": "body"}, "body": []}, ".pagination.params_in", "an object"),
    ],
)
def test_wrong_value_of_a_stream_is_one_line_with_its_place(stream, place, holds):
    """The line begins with the stream's place."""
    line = mistake(stream)
    assert line.startswith(f"streams[0]{place}: ")
    assert holds in line


def test_wrong_settings_hide_no_mistake_and_make_none():
    """Rules across settings run next to wrong settings, and nothing follows from those."""
    items = {**STREAM, "unknown": 1, "params": {"q": "{partition.x}{stile}"}, "partitions": 5}
    window = {"start_param": "a", "end_param": "b", "window": "P1D"}
    child = {"name": "b", "path": 5.5, "parent": {"stream": "itms", "keys": {"i": "id"}, "x": 1}}
    child |= {"headers": {"a": "{base_ulr}"}, "replication_key": "at", "incremental": window}
    _, collector = reading(
        streams=[
            items,
            5,
            child,
            {**STREAM, "pagination": {"stile": "cursor", "cursor_path": "a"}},
        ],
        params={"q": "{nope}"},
        start_date="x",
        access_token_url=5.5,
        stile=1,
    )
    starts = [
        "unknown setting 'stile'",
        "start_date: must be an ISO 8601",
        "streams[0]: unknown setting 'unknown'",
        "streams[0].partitions: must be",
        "streams[1]: must be an object",
        "streams[2].path: ",
        "streams[2].parent: unknown setting 'x'",
        "streams[3].pagination: unknown setting 'stile'; did you mean 'style'?",
        "access_token_url: must be ",
        "params.q: unknown placeholder {nope}; ",
        "streams[0].params.q: unknown placeholder {stile}; ",
        "streams[2].parent: there is no stream 'itms'; did you mean 'items'?",
        "streams[2].headers.a: unknown placeholder {base_ulr}; ",
        "streams[3]: the name 'items' is taken",
    ]
    unmatched = [one for one in starts if not any(e.startswith(one) for e in collector.errors)]
    assert (unmatched, len(collector.errors)) == ([], len(starts))


@pytest.mark.parametrize("written", ["{stile}", "Bearer {stile}", "x{stile}"])
def test_wrong_placeholder_in_a_header_is_shown(written):
    """A header may be a secret; a placeholder in it is none."""
    assert "unknown placeholder {stile}; " in redact(mistake(headers={"X": written}))


def test_all_mistakes_are_reported_at_once():
    """Each mistake is one error with its place."""
    streams = [{**STREAM, "method": "x"}, {"name": "b", "path": "b", "selected": 5}]
    _, collector = reading(timeout=-1, clientid="x", client_auth="x", streams=streams)
    places = {line.partition(": ")[0] for line in collector.errors}
    assert len(collector.errors) == 5
    assert {"timeout", "client_auth", "streams[0].method", "streams[1].selected"} < places


@pytest.mark.parametrize(
    ("stream", "changes", "line"),
    [
        ({"path": "x/{nope}"}, {}, "streams[0].path: unknown placeholder {nope}; known: "),
        (
            {"body": {"a": ["{nope}"]}},
            {},
            "streams[0].body.a[0]: unknown placeholder {nope}; known: ",
        ),
        ({"path": "{client_secret}"}, {}, "streams[0].path: unknown placeholder {client_secret}; "),
        ({"path": "{client_id:x}"}, {}, "streams[0].path: placeholder {client_id} takes no format"),
        ({"headers": {"a": "{"}}, {}, "streams[0].headers.a: '{' is not a template"),
        ({}, {"base_url": "{nope}/x"}, "base_url: unknown placeholder {nope}; known: "),
        (
            {"params": {"since": "{start:%Y}"}},
            {},
            "streams[0].params.since: {start} needs the setting 'start_date'",
        ),
    ],
)
def test_wrong_placeholder_is_one_line_before_any_request(stream, changes, line):
    """An unknown or secret placeholder, an unexpected format, a bound without a date."""
    assert mistake(stream, **changes).startswith(line)


def test_placeholders_may_name_settings_tokens_and_bounds():
    """A stream's templates may use settings that are set and not secret, tokens, bounds."""
    path = "{client_id}/{token.any}/{start:%Y}/{end}"
    config, _ = reading({"path": path}, start_date="2024-01-01")
    assert config.scope == {
        **{name: CONFIG[name] for name in ("grant_type", "access_token_url", "client_id")},
        "start_date": "2024-01-01",
    }
    assert config.uses_token(config.top.streams[0])
    assert not reading()[0].uses_token(reading()[0].top.streams[0])


@pytest.mark.parametrize(
    ("path", "named", "count"),
    [
        ("https://files.example.com/x", [], 1),
        ("https://files.example.com/x", ["files.example.com"], 0),
        ("https://api.example.com/other", [], 0),
    ],
)
def test_absolute_path_must_lead_to_an_allowed_host(path, named, count):
    """A path to a foreign host is one line that names the host."""
    errors = reading({"path": path}, allowed_hosts=named)[1].errors
    assert ["files.example.com" in error for error in errors] == [True] * count


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"grant_type": "password"}, ["username", "password"]),
        ({"grant_type": "password", "username": "u", "password": "pass-word"}, []),
        ({"grant_type": None}, []),
        ({"grant_type": "refresh_token", "refresh_token": "seed-of-tokens"}, []),
    ],
)
def test_grant_names_the_settings_it_needs(changes, lines):
    """Each setting that a grant requires is one line with the grant's name."""
    errors = reading(**changes)[1].errors
    assert errors == [f"setting '{n}' is required with grant_type password" for n in lines]


def test_lasting_access_token_needs_nothing_else():
    """An access token alone needs no token endpoint and no client."""
    nothing = dict.fromkeys(("access_token_url", "client_id", "client_secret", "grant_type"))
    assert reading(access_token="token-that-lasts", **nothing)[0] is not None


def test_large_page_size_is_a_warning():
    """The warning names stream, size and the size used."""
    _, collector = reading({"pagination": {"page_size": 500}})
    assert collector.warnings == ["stream 'items': page_size 500 is capped at 200"]


def test_objects_and_arrays_may_be_json_strings():
    """JSON in a string, as environment variables give it, is read as its value."""
    config, _ = reading(streams=json.dumps([STREAM]), params='{"a": 1}', retry_statuses="[429]")
    assert [stream.name for stream in config.top.streams] == ["items"]
    assert config.top.params == {"a": 1}
    assert config.resilience.retry_statuses == {429}


def test_schema_accepts_a_valid_configuration():
    """``--about`` shows a valid JSON Schema, with every secret marked as one."""
    jsonschema.Draft202012Validator.check_schema(CONFIG_SCHEMA)
    jsonschema.validate({**CONFIG, "streams": [STREAM]}, CONFIG_SCHEMA)
    properties = CONFIG_SCHEMA["properties"]
    secret = {name for name, entry in properties.items() if entry.get("secret")}
    expected = {"client_secret", "refresh_token", "access_token", "password", "headers", "params"}
    assert expected <= secret
    assert not secret & {"client_id", "base_url", "username", "streams", "scopes"}


@pytest.mark.parametrize(
    ("stream", "changes", "warning"),
    [
        ({}, {"start_date": "20240131"}, "start_date: is read as a number; write "),
        ({}, {"start_date": 20240131}, "start_date: is read as a number; write "),
        ({"incremental": {"start_param": "since"}}, {}, "streams[0].incremental.start_param: is "),
    ],
)
def test_setting_with_an_unlikely_effect_is_a_warning(stream, changes, warning):
    """A date without dashes, and a lower bound without a source, are one warning each."""
    _, collector = reading(stream, **changes)
    (line,) = collector.warnings
    assert line.startswith(warning)


@pytest.mark.parametrize(
    ("stream", "changes"),
    [
        ({}, {"start_date": 1704067200}),
        ({}, {"start_date": "20241331"}),
        ({"incremental": {"start_param": "since"}}, {"start_date": "2024-01-31"}),
        ({"incremental": {"start_param": "since"}, "replication_key": "at"}, {}),
    ],
)
def test_plausible_bounds_are_no_warning(stream, changes):
    """A number that is no date, and a lower bound with a source, are valid."""
    assert reading(stream, **changes)[1].warnings == []


@pytest.mark.parametrize("name", ["ca_bundle", "client_cert", "private_key_file"])
@pytest.mark.parametrize("path", ["a" * 5000, "no\0where", "/dev/null/x"])
def test_impossible_file_name_is_a_missing_file(name, path):
    """A file name that cannot exist is an error like a missing file."""
    collector = ErrorCollector()
    assert read_config({**CONFIG, name: path, "client_cert": path}, frozenset(), collector) is None
    assert any(name in error for error in collector.errors)
