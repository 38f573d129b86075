"""What a manifest holds that the tap lacks is said with its line, and never guessed."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.imported import ImportOptions, read_source
from tests.importers.airbyte.cases import CASES
from tests.importers.airbyte.manifests import (
    DATES,
    cursor_of,
    manifest,
    paginator,
    stream,
    written,
)

BASE = "https://api.example.com"
TEXT = """\
version: 6.0.0
type: DeclarativeSource
definitions:
  base: &base
    type: HttpRequester
    url_base: https://api.example.com/v1/
    http_method: GET
  selector:
    extractor:
      field_path: [items]
  made_by_code:
    type: CustomRecordExtractor
    class_name: source_x.components.Reader
streams:
  - type: DeclarativeStream
    name: plain
    $parameters:
      path: /plain
      primary_key: id
    retriever:
      requester:
        $ref: "#/definitions/base"
      record_selector:
        $ref: "#/definitions/selector"
  - name: coded
    retriever:
      requester:
        $ref: "#/definitions/base"
        path: coded
      record_selector:
        extractor:
          $ref: "#/definitions/made_by_code"
"""


def _left_out(**changes: Any) -> list[str]:
    document = manifest(stream(BASE, "/ok", "ok"), stream(BASE, "/x", "x", **changes))
    made = read_source("airbyte", written(document), ImportOptions())
    assert [one["name"] for one in made.config["streams"]] == ["ok"]
    return made.left_out


def test_references_and_parameters_are_resolved_and_code_is_left_out_with_its_line() -> None:
    made = read_source("airbyte", TEXT, ImportOptions())
    assert made.config["base_url"] + made.config["streams"][0]["path"] == f"{BASE}/v1/plain"
    assert made.config["streams"][0]["primary_keys"] == ["id"]
    assert made.left_out == ["line 12, stream 'coded': Reader has no counterpart"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"retriever": {"type": "CustomRetriever", "class_name": "a.B"}}, "B is custom code"),
        ({"retriever": paginator(cursor_of("{{ response.a }}", "{{ weather(1) }}"), "c")},
         "the stop condition has no counterpart"),
        ({"retriever": paginator(cursor_of("{{ response.a * 2 }}"), "c")}, "is computed"),
        # A page without records has another that follows.
        ({"retriever": paginator(cursor_of("{{ last_record.id if last_record else response.a }}"),
                                 "c")}, "is computed"),
        ({"transformations": [{"type": "KeysToLower"}]}, "KeysToLower renames columns"),
        ({"incremental_sync": {"type": "CustomIncrementalSync", "class_name": "a.B"}},
         "B is custom code"),
        ({"selector": {"record_filter": {"type": "RecordFilter",
                                         "condition": "{{ far(record) }}"}}},
         "its condition has no counterpart"),
        ({"requester": {"request_parameters": {"a": "{{ stream_partition.b }}"}}},
         "has no placeholder"),
        ({"requester": {"path": "/x/{{ config['key'] }}"}}, "puts a secret"),
        ({"requester": {"path": "/x/{% if a %}"}}, "it has statements"),
    ],
)  # fmt: skip
def test_a_stream_whose_rows_would_be_wrong_is_left_out(
    changes: dict[str, Any], reason: str
) -> None:
    (sentence,) = _left_out(**copy.deepcopy(changes))
    assert re.match(r"line \d+, stream 'x': ", sentence)
    assert reason in sentence


def test_the_children_of_a_stream_that_is_left_out_are_left_out() -> None:
    parent = stream(BASE, "/p", "p", transformations=[{"type": "KeysToLower"}])
    router = {"type": "SubstreamPartitionRouter", "parent_stream_configs": [
        {"stream": parent, "parent_key": "id", "partition_field": "p"}]}  # fmt: skip
    found = _left_out(retriever={"partition_router": router})
    assert any("stream 'x': its parent 'p' is left out" in one for one in found)


def test_a_column_that_is_not_added_is_said() -> None:
    added = {"type": "AddFields", "fields": [{"path": ["a", "b"], "value": "c"}]}
    document = manifest(stream(BASE, "/x", transformations=[added]))
    made = read_source("airbyte", written(document), ImportOptions())
    (sentence,) = made.left_out
    assert "stream 'items': the field ['a', 'b'] is not added" in sentence


@pytest.mark.parametrize(
    "value", ["{{ stream_slice.start_time }}", "to {{ stream_interval['end_time'] }}"]
)
def test_a_bound_of_the_read_makes_no_column(value: str) -> None:
    """No record holds it, so that the column would be null: the report names it."""
    added = {"type": "AddFields", "fields": [{"path": ["day"], "value": value}]}
    document = manifest(stream(BASE, "/x", transformations=[added], incremental_sync=DATES))
    made = read_source("airbyte", written(document), ImportOptions())
    assert "stream_maps" not in made.config
    assert any("the column 'day' is not added" in one for one in made.left_out)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "a: [", "{", "just words", "streams: 1", "streams:\n  - $ref: '#/a'\n",
        "a:\n  $ref: '#/b'\nb:\n  $ref: '#/a'\n", "[" * 5000, "a: &a [*a]", "? {a: b}\n: c",
        "streams: []", "\x00",
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_one_line(text: str) -> None:
    with pytest.raises(InputError) as error:
        read_source("airbyte", text, ImportOptions())
    assert "\n" not in str(error.value)


def test_references_that_multiply_end() -> None:
    levels = "\n".join(
        f"a{n}: {{x: {{$ref: '#/a{n + 1}'}}, y: {{$ref: '#/a{n + 1}'}}}}" for n in range(60)
    )
    with pytest.raises(InputError):
        read_source("airbyte", f"{levels}\na60: {{}}\nstreams: []\n", ImportOptions())


_ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just([]), st.just({}), st.just([[]]), st.just([1]),
    st.sampled_from(["", "{{", "{{ a }}", "{{ config['x'] }}", "{{ response }}", "#/streams/0",
                     "{{ 'a' * 3 }}", "{{ record[0] }}", "CustomThing", "%s", "P1D", "*"]),
)  # fmt: skip


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value)
    found = [at] if at else []
    for key, one in members if isinstance(value, dict | list) else ():
        found += _places(one, (*at, key)) if isinstance(one, dict | list) else [(*at, key)]
    return found


@settings(max_examples=200)
@given(data=st.data())
def test_a_mutated_manifest_is_a_result_or_one_line(data: st.DataObject) -> None:
    document = CASES[data.draw(st.integers(0, len(CASES) - 1))][1](BASE)
    for _ in range(data.draw(st.integers(1, 3))):
        places = _places(document)
        *above, last = places[data.draw(st.integers(0, 10_000)) % len(places)]
        target: Any = document
        for key in above:
            target = target[key]
        target[last] = copy.deepcopy(data.draw(_ODD))
        if not document:
            break
    try:
        made = read_source("airbyte", written(document), ImportOptions())
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either is right
    else:
        assert json.loads(json.dumps(made.config)) == made.config
