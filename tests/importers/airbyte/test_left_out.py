"""Components that the tap lacks are left out, each named with the line where it begins."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tap_oauth2_generic.importers.imported import ImportOptions, read_source
from tests.importers.airbyte.manifests import DATES, manifest, parent, stream, written

BASE = "https://api.example.com"
JWT = {"type": "JwtAuthenticator", "secret_key": "{{ config['key'] }}", "algorithm": "HS512"}
WRAPPED = {"type": "DpathFlattenFields", "field_path": ["in"], "replace_record": True}
NEWER = {"type": "RecordFilter", "condition": "{{ record.seen_at > stream_state.seen_at }}"}
#: They read another value than the bookmark, or an earlier one.
NOT_NEWER = (
    "int(stream_interval.start_time) - 86400", "stream_interval.end_time",
    "stream_state.at[:10]", "stream_state.at < '2024'",
)  # fmt: skip
FILTER = {"record_filter": {"type": "RecordFilter", "condition": "{{ record['kind'] == 'a' }}"}}


def _grouping(size: int = 10) -> dict[str, Any]:
    router = parent(stream(BASE, "/p", "p"))["partition_router"]
    grouping = {"type": "GroupingPartitionRouter", "group_size": size,
                "underlying_partition_router": router}  # fmt: skip
    return {"partition_router": grouping}


def _changed(**transformation: Any) -> dict[str, Any]:
    return {"transformations": [transformation]}


def _place_in_body(*path: str) -> dict[str, Any]:
    body = {"type": "RequestBodyGraphQL", "value": {"query": "{ items }"}}
    option = {"type": "RequestOption", "inject_into": "body_json", "field_path": path}
    router = {"type": "ListPartitionRouter", "values": ["a"], "cursor_field": "kind",
              "request_option": option}  # fmt: skip
    return {"requester": {"http_method": "POST", "request_body": body},
            "retriever": {"partition_router": router}}  # fmt: skip


# What the stream has, the type of the component that begins on the line, the reason.
CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "group of parents": ({"retriever": _grouping()}, "GroupingPartitionRouter",
                         "one parent at a time"),
    "group of one as a list": (
        {"retriever": _grouping(1),
         "requester": {"request_parameters": {"ids": "{{ stream_partition['item_id'] }}"}}},
        "HttpRequester", "has no placeholder"),
    "lower case": (_changed(type="KeysToLower"), "KeysToLower", "KeysToLower renames columns"),
    "snake case": (_changed(type="KeysToSnakeCase"), "KeysToSnakeCase",
                   "KeysToSnakeCase renames columns"),
    "replaced": (_changed(type="KeysReplace", old="-", new="_"), "KeysReplace",
                 "KeysReplace renames columns"),
    "prefixed": (_changed(**WRAPPED, key_transformation={"type": "KeyTransformation",
                                                         "prefix": "x_"}),
                 "DpathFlattenFields", "DpathFlattenFields renames columns"),
    "filter before": ({**_changed(**WRAPPED), "selector": FILTER}, "DpathFlattenFields",
                      "that a filter or transformation reads"),
    "signed requests": ({"requester": {"authenticator": JWT}}, "JwtAuthenticator",
                        "its algorithm has no counterpart"),
    "filter by another key": ({"selector": {"record_filter": NEWER}, "incremental_sync": DATES},
                              "DeclarativeStream",
                              "compares 'seen_at', its bookmark is of"),
    **{
        f"filter by {other}": (
            {"selector": {"record_filter": {"type": "RecordFilter",
                                            "condition": f"{{{{ record.at >= {other} }}}}"}},
             "retriever": parent(stream(BASE, "/p", "p")), "incremental_sync": DATES},
            "RecordFilter", "has no counterpart",
        )
        for other in NOT_NEWER
    },
    "part of a query": (_place_in_body("query"), "RequestOption", "is no variable"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "kind", "reason"), CASES.values(), ids=[*CASES])
def test_a_stream_with_it_is_left_out(changes: dict[str, Any], kind: str, reason: str) -> None:
    """No other stream is, and no row comes with columns of other names."""
    document = manifest(stream(BASE, "/ok", "ok"), stream(BASE, "/x", "x", **changes))
    text = written(document)
    made = read_source("airbyte", text, ImportOptions())
    names = [one["name"] for one in made.config["streams"] if one.get("selected", True)]
    assert names == ["ok"]
    (sentence,) = made.left_out
    found = re.match(r"line (\d+), stream 'x': ", sentence)
    assert found, sentence
    assert f'"type": "{kind}"' in text.splitlines()[int(found[1])]
    assert reason in sentence


def test_streams_that_responses_make_are_left_out() -> None:
    dynamic = {
        "type": "DynamicDeclarativeStream",
        "stream_template": stream(BASE, "/x", "x"),
        "components_resolver": {"type": "HttpComponentsResolver"},
    }
    text = written(manifest(stream(BASE, "/ok", "ok"), dynamic_streams=[dynamic]))
    made = read_source("airbyte", text, ImportOptions())
    assert [one["name"] for one in made.config["streams"]] == ["ok"]
    (sentence,) = made.left_out
    found = re.match(r"line (\d+): dynamic streams are made from responses", sentence)
    assert found, sentence
    assert '"type": "DynamicDeclarativeStream"' in text.splitlines()[int(found[1])]
