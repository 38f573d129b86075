"""Documents have no trusted author: each gives a result or one line, whatever is in it."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.imported import ImportOptions, read_source
from tap_oauth2_generic.importers.plain_yaml import read_yaml
from tests.importers.openapi_documents import (
    document,
    imported,
    in_version,
    list_of,
    listing,
    param,
    record,
    stream,
)

BOMB = "a: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 40)
)
FLOW = {"authorizationUrl": "https://a.example/a", "tokenUrl": "/t", "scopes": {"read": ""}}
WHOLE = document(
    {
        "/orgs": listing(
            {"$ref": "#/components/schemas/Orgs"},
            param("page", default=1),
            param("per_page", maximum=50),
            operationId="listOrgs",
            tags=["people"],
            security=[{"oauth": ["read"]}],
        ),
        "/orgs/{orgId}/users": listing(
            list_of({"$ref": "#/components/schemas/User"}, next={"type": "string"}),
            param("orgId", "string", "path"),
            param("view", "string", required=True, enum=["all"]),
            headers={"Link": {"schema": {"type": "string"}}},
        ),
        "/me": listing(record()),
    },
    components={
        "schemas": {
            "Orgs": list_of(record(updated_at={"type": "string", "format": "date-time"})),
            "User": {"allOf": [record(), {"properties": {"up": {"type": ["object", "null"]}}}]},
        },
        "securitySchemes": {"oauth": {"type": "oauth2", "flows": {"authorizationCode": FLOW}}},
    },
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members: Any = value.items() if isinstance(value, dict) else ()
    members = enumerate(value) if isinstance(value, list) else members
    inner = [found for name, one in members for found in _places(one, (*path, name))]
    return [*([path] if path else []), *inner]


ODD = st.sampled_from([
    None, True, 0, -1, 1.5, "", "x", "{", "{a", "}", "$", "'", "a.b", "https://", "//[", "\x00",
    [], {}, [[]], [None], [1], {"": ""}, {"a": None}, {"$ref": "#/paths"}, {"$ref": "#/nowhere"},
    {"$ref": "other.yaml#/a"}, {"$ref": "https://evil.example/a.json"}, {"$ref": 1}, {"$ref": "#"},
    {"$ref": "#/components/schemas/Orgs"}, {"type": "array"}, {"type": ["array", "object"]},
    {"allOf": {"$ref": "#/components/schemas/User"}}, {"{a}": {"type": "array", "items": {}}},
])  # fmt: skip


@st.composite
def _mutated(draw: st.DrawFn) -> dict[str, Any]:
    version = draw(st.sampled_from(["2.0", "3.0.3", "3.1.0"]))
    found = in_version(version, copy.deepcopy(WHOLE))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(_places(found)))
        around: Any = found
        for step in path[:-1]:
            around = around[step]
        change = draw(st.sampled_from(["value", "remove", "name"]))
        if change == "value":
            around[path[-1]] = copy.deepcopy(draw(ODD))
        elif change == "name" and isinstance(around, dict):
            odd = draw(st.sampled_from(["{", "x{a}", "", "$a", "a'b", "200"]))
            around[odd] = copy.deepcopy(around[path[-1]])
        else:
            del around[path[-1]]
        if not found:
            break
    return found


@settings(max_examples=200)
@given(_mutated(), st.booleans())
def test_any_document_is_a_result_or_one_line(made: dict[str, Any], as_yaml: bool) -> None:  # noqa: FBT001 - drawn
    """A valid document with odd values, names and gaps: never another error."""
    text = yaml.safe_dump(made) if as_yaml else json.dumps(made)
    found = None
    with suppress(InputError):
        found = read_source("openapi", text, ImportOptions())
    if found is not None:
        assert json.loads(json.dumps(found.config)) == found.config
        assert found.config["streams"]


def test_document_has_the_same_result_in_yaml_and_json() -> None:
    """The notation makes no difference, nor does an alias."""
    assert imported(WHOLE).config == imported(WHOLE, as_yaml=True).config


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "its top is no object"),
        ("[]", "its top is no object"),
        ("{", "neither YAML nor JSON"),
        ("a: [", "neither YAML nor JSON"),
        ("a: *b", "has no finished anchor"),
        ("a: &b [*b]", "has no finished anchor"),
        ("{}", "it names no version"),
        ('{"swagger": "1.2", "paths": {"/a": {}}}', "version '1.2' is not known"),
        ('{"openapi": "4.0", "paths": {"/a": {}}}', "version '4.0' is not known"),
        ('{"openapi": "3.0.0"}', "it has no paths"),
        ('{"openapi": "3.0.0", "paths": {"/a": {}}}', "no operation of the document"),
        ("[" * 100_000, "nested too deep"),
        ("- " * 1000 + "a", "nested too deep"),
        (json.dumps({"openapi": "3.0.0", "paths": {"/a": {"get": 1}}}), "no operation"),
    ],
)
def test_wrong_document_is_one_line(text: str, said: str) -> None:
    """It says what is wrong with it."""
    with pytest.raises(InputError, match=said) as caught:
        read_source("openapi", text, ImportOptions())
    assert len(str(caught.value)) < 1000


def test_alias_bomb_costs_no_more_than_its_length() -> None:
    """An alias is the same object again, never a copy, and no schema is read without end."""
    found = read_yaml(BOMB)
    assert found["a39"][0] is found["a38"]
    bomb = "x: &s0 {type: string}\n" + "".join(
        f"x{n}: &s{n} {{type: object, properties: {{a: *s{n - 1}, b: *s{n - 1}}}}}\n"
        for n in range(1, 60)
    )
    item = "{type: array, items: *s59}"
    path = f"{{get: {{responses: {{200: {{content: {{application/json: {{schema: {item}}}}}}}}}}}}}"
    text = f'{bomb}openapi: "3.0.0"\npaths: {{/items: {path}}}\n'
    made = read_source("openapi", text, ImportOptions())
    assert len(json.dumps(made.config)) < 100_000


def test_types_of_yaml_are_those_of_json() -> None:
    """A status is a name, a date and ``no`` are strings."""
    text = "{200: 1, on: no, d: 2024-01-01, t: 12:30, f: 1.5, s: '1', n: ~, <<: {b: 0x1F}}"
    assert read_yaml(text) == {
        "200": 1, "on": "no", "d": "2024-01-01", "t": "12:30", "f": 1.5, "s": "1", "n": None,
        "b": "0x1F",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("other.yaml#/User", "another document, which is not fetched"),
        ("https://a.example/user.json", "another document, which is not fetched"),
        ("#/components/schemas/None", "there is nothing at it"),
        ("#/components/schemas/Loop", "it refers to itself"),
    ],
)
def test_reference_that_leads_nowhere_is_reported(ref: str, said: str) -> None:
    """The stream is made without the columns behind it."""
    loop = {"$ref": "#/components/schemas/Loop"}
    item = listing(list_of(record(user={"$ref": ref})))
    made = imported(document({"/items": item}, components={"schemas": {"Loop": loop}}))
    assert "user" in stream(made, "items")["schema"]["properties"]
    assert any(ref in line and said in line for line in made.left_out)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, {"orgs", "users", "me_items"}),
        ({"include": ("/orgs",)}, {"orgs"}),
        ({"include": ("list*",)}, {"orgs"}),
        ({"include": ("people",)}, {"orgs"}),
        ({"exclude": ("/orgs/*",)}, {"orgs", "me_items"}),
        ({"include": ("/orgs*",), "exclude": ("people",)}, {"orgs", "users"}),
    ],
)
def test_globs_choose_by_path_id_and_tag(
    options: dict[str, tuple[str, ...]], names: set[str]
) -> None:
    """A parent that is needed comes along."""
    paths = {**WHOLE["paths"], "/me_items": listing(list_of(record()))}
    made = imported({**WHOLE, "paths": paths}, **options)
    assert {one["name"] for one in made.config["streams"]} == names


def test_report_of_a_large_document_is_bounded() -> None:
    """What is said of many streams is said once, with some of their names."""
    paths = {f"/things{n}": listing(list_of({"type": "object"})) for n in range(300)}
    paths |= {f"/one{n}": listing(record()) for n in range(300)}
    made = imported(document(paths))
    report = [*made.derived, *made.unsure, *made.left_out]
    assert len(report) < 20
    odd = {f"/odd{n}": listing(record()) for n in range(300)}
    for n, item in enumerate(odd.values()):
        odd_list = {"properties": {f"odd{n}s": {"type": "array", "items": record()}}}
        content = item["get"]["responses"]["200"]["content"]["application/json"]
        content["schema"] = {"type": "object", **odd_list}
    assert len(imported(document(odd)).unsure) < 100
    assert any("300" in line and "and 290 more" in line for line in made.left_out)


def test_names_of_streams_are_unique() -> None:
    """The shortest path has the shortest name."""
    paths = {
        "/v1/orgs/{org}/users": listing(list_of(record()), param("org", "string", "path")),
        "/v1/users": listing(list_of(record())),
        "/v2/users.json": listing(list_of(record())),
    }
    names = [one["name"] for one in imported(document(paths)).config["streams"]]
    assert len(set(names)) == 3
    assert "users" in names


def test_secret_in_a_path_is_neither_read_nor_shown() -> None:
    """A query is cut off the report; a part with the form of a token is left out."""
    secret = "AAH4k2j5h6g7f8d9s0a1"
    item = listing(list_of(record()))
    paths = {"/items": item, f"/hooks/{secret}/items": item, "/notes?key=k-of-mine": item}
    made = imported(document(paths))
    assert [one["path"] for one in made.config["streams"]] == ["/items"]
    report = "".join(made.left_out)
    assert "/hooks/…/items" in report
    assert "/notes" in report
    assert not any(one in report for one in (secret, "k-of-mine"))


@pytest.mark.parametrize(("count", "said"), [(1, "1 operation of"), (2, "2 operations of")])
def test_operations_that_write_are_counted(count: int, said: str) -> None:
    item = listing(list_of(record()))
    other = dict.fromkeys(("post", "put")[:count], item["get"])
    made = imported(document({"/items": {**item, **other}}))
    assert f"not read: {said} other methods than GET" in made.derived
