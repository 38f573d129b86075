"""Components that cost columns, or a request more, but no row: their streams are kept."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from tap_oauth2_generic.importers.imported import ImportOptions, read_source
from tests.importers.airbyte.manifests import DATES, IDS, manifest, parent, serve, stream, written

if TYPE_CHECKING:
    from tap_oauth2_generic.importers.imported import Imported
    from tests.support.runs import TapRunner
    from tests.support.server import ApiServer

PROPERTIES = {"type": "QueryProperties", "property_list": {"type": "PropertiesFromEndpoint"}}
CODE = {"type": "CustomTransformation", "class_name": "source_x.components.Rename"}
DEFAULT = {"type": "AddFields", "fields": [{
    "type": "AddedFieldDefinition", "path": ["at"],
    "value": "{{ record.get('at') or record['created'] }}"}]}  # fmt: skip
# What the stream has, and what the report says of it.
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "code that changes records": ({"transformations": [CODE]}, "Rename is custom code"),
    "columns by name": (
        {"requester": {"request_parameters": {"fields": PROPERTIES, "a": "b"}}},
        "fields: the columns to request come from the API itself"),
    "columns of the requester": (
        {"requester": {"fetch_properties_from_endpoint": PROPERTIES["property_list"]}},
        "the columns to request come from the API itself"),
    "default of a key": ({"transformations": [DEFAULT], "incremental_sync": DATES},
                         "'at' stays null where the API sends none"),
}  # fmt: skip


def _import(document: dict[str, Any]) -> Imported:
    return read_source("airbyte", written(document), ImportOptions())


@pytest.mark.parametrize(("changes", "reason"), CASES.values(), ids=[*CASES])
def test_stream_is_kept_with_all_rows(
    api: ApiServer, tap: TapRunner, changes: dict[str, Any], reason: str
) -> None:
    """The report names the line and what the rows lack."""
    serve(api)
    made = _import(manifest(stream(api.url, "/all", **changes)))
    (sentence,) = made.left_out
    assert re.match(r"line \d+, stream 'items': ", sentence)
    assert reason in sentence
    assert tap.ok({**made.config}).ids() == IDS


def test_group_of_one_is_a_parent(api: ApiServer, tap: TapRunner) -> None:
    """Its values are lists, of which a template names the first."""
    serve(api)
    above = stream(api.url, "/pages", requester={"request_parameters": {"size": "3"}})
    router = parent(above, extra_fields=[["kind"]])["partition_router"]
    group = {"type": "GroupingPartitionRouter", "group_size": 1,
             "underlying_partition_router": router}  # fmt: skip
    kind = {"kind": "{{ stream_slice.extra_fields['kind'][0] }}"}
    below = stream(
        api.url, "/items/{{ stream_partition['item_id'][0] }}/parts", "parts",
        retriever={"partition_router": group}, requester={"request_parameters": kind},
    )  # fmt: skip
    run = tap.ok({**_import(manifest(above, below)).config})
    assert sorted(run.ids("parts")) == [101, 201, 301]
    assert {seen.query["kind"] for seen in api.requests("/items/1/parts")} == {"b"}


@pytest.mark.parametrize(
    "condition",
    [
        "{{ record['at'] >= stream_interval.start_time }}",
        "{{ record.at > (stream_state.get('prior', {}).get('at', 0) if stream_state else 0) }}",
        "{{ timestamp(record['at']) > timestamp(stream_state.at) }}",
    ],
)
def test_filter_by_the_bookmark_drops_older_rows(
    api: ApiServer, tap: TapRunner, condition: str
) -> None:
    serve(api)
    filters = {"record_filter": {"type": "RecordFilter", "condition": condition}}
    made = _import(manifest(stream(api.url, "/all", selector=filters, incremental_sync=DATES)))
    assert made.left_out == []
    first = tap.ok({**made.config})
    assert first.ids() == IDS
    assert tap.ok({**made.config}, state=first.state).ids() == [7]


def _in_path(setting: str) -> Imported:
    api = "https://api.example.com"
    document = manifest(
        stream(api, "/ok", "ok"), stream(api, f"/companies/{{{{ config['{setting}'] }}}}/all")
    )
    properties = document["spec"]["connection_specification"]["properties"]
    properties[setting] = {"type": "string", "airbyte_secret": True}
    return _import(document)


@pytest.mark.parametrize("setting", ["realm_id", "project_key"])
def test_identifier_in_a_path_is_a_stand_in_though_it_is_marked_secret(setting: str) -> None:
    """You put it into the file yourself, and the report says that logs show it."""
    made = _in_path(setting)
    word = f"your-{setting.replace('_', '-')}"
    assert made.config["streams"][1]["path"] == f"/companies/{word}/all"
    assert any(f"{word} is in the path, which logs show" in one for one in made.derived)
    assert any(f"replace {word} by your value" in one for one in made.unsure)


@pytest.mark.parametrize("setting", ["bot_token", "api_key"])
def test_secret_in_a_path_leaves_its_stream_out(setting: str) -> None:
    made = _in_path(setting)
    (sentence,) = made.left_out
    assert "puts a secret where the tap keeps none" in sentence
    assert f"your-{setting.replace('_', '-')}" not in json.dumps(made.config)


@pytest.mark.parametrize("prefix", ["Bearer", "Ghost", None])
def test_jwt_of_each_request_is_signed_by_the_tap(
    api: ApiServer, tap: TapRunner, prefix: str | None
) -> None:
    serve(api)
    signing = {
        "type": "JwtAuthenticator", "secret_key": "{{ config['key'] }}", "algorithm": "HS256",
        "token_duration": 600, "header_prefix": prefix, "jwt_headers": {"kid": "key-1"},
        "jwt_payload": {"iss": "service", "aud": "/admin/"},
    }  # fmt: skip
    made = _import(manifest(stream(api.url, "/all", requester={"authenticator": signing})))
    assert made.secrets == {"private_key": None}
    secret = "a shared secret of the test, long enough"
    assert tap.ok({**made.config, "private_key": secret}).ids() == IDS
    *given, token = api.requests("/all")[0].headers["Authorization"].split()
    assert given == ([prefix] if prefix else [])
    claims = jwt.decode(token, secret, ["HS256"], audience="/admin/")
    assert claims["iss"] == "service"
    assert claims["exp"] - claims["iat"] == 600
    assert jwt.get_unverified_header(token)["kid"] == "key-1"
