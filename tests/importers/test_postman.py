"""Postman collections, of versions 2.0 and 2.1, against servers that are as they say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import requests

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.imported import Imported, ImportOptions, read_source
from tests.support.server import Reply

BASE = "https://api.example.com/v1"
ROWS = [{"id": 7, "name": "a"}, {"id": 8, "name": "b"}]


def read(collection: Any) -> Imported:
    text = collection if isinstance(collection, str) else json.dumps(collection)
    return read_source("postman", text, ImportOptions())


def collection(*items: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"info": {"name": "Shop"}, "item": list(items), **members}


def request(url: Any, example: Any = None, **members: Any) -> dict[str, Any]:
    """Return an item with a GET request and a saved response."""
    saved = [] if example is None else [{"code": 200, "body": json.dumps(example)}]
    inner = {"method": "GET", "url": url, **members}
    return {"name": "Read", "request": inner, "response": saved}


def listing(url: str = f"{BASE}/users", **members: Any) -> dict[str, Any]:
    return request(url, {"data": ROWS}, **members)


def auth(kind: str, version: str, **values: Any) -> dict[str, Any]:
    """Return an authorization as a version of the format writes it."""
    listed = [{"key": name, "value": value, "type": "any"} for name, value in values.items()]
    return {"type": kind, kind: values if version == "2.0" else listed}


def streams_of(made: Imported) -> dict[str, dict[str, Any]]:
    return {stream["name"]: stream for stream in made.config["streams"]}


def runnable(made: Imported) -> dict[str, Any]:
    """Return the configuration with its secrets, as the environment would bring them."""
    return {**made.config, **made.secrets, "max_retries": 0}


PARAMETERS = {
    "page_number": [{"key": "page", "value": "1"}],
    "offset": [{"key": "offset", "value": "0"}],
    "cursor": [{"key": "cursor", "value": "<string>", "disabled": True}],
    "next_url": [],
    "link_header": [],
}


@pytest.mark.parametrize("version", ["2.0", "2.1"])
@pytest.mark.parametrize("style", PARAMETERS)
def test_imported_collection_reads_all_rows(style, version, tap, api, paged_api):
    """The saved response is one of the server, and no parameter has its value in it."""
    rows = [{"id": 100 + number, "name": f"n{number}"} for number in range(23)]
    paged = paged_api(rows, style=style, cap=5)

    def respond(seen):
        """Use names that tell what they are, and name the next page in one way only."""
        reply = paged.respond(replace(seen, target=seen.target.replace("cursor=", "from=")))
        ways = {"cursor": ("next_cursor", "next"), "next_url": ("next_url", "url")}
        named, of = ways.get(style, ("rows", "rows"))
        headers = reply.headers if style == "link_header" else {}
        return Reply({"rows": reply.body["rows"], named: reply.body.get(of)}, headers=headers)

    api.routes["/items"] = respond
    query = [one for one in PARAMETERS[style] if not one.get("disabled")]
    sent = {one["key"]: one["value"] for one in query}
    saved = requests.get(f"{api.url}/items", params=sent, timeout=9)
    url: Any = {"raw": "{{base}}/items", "host": ["{{base}}"], "path": ["items"]}
    url["query"] = PARAMETERS[style]
    item = request(url, saved.json())
    headers = [{"key": name, "value": value} for name, value in saved.headers.items()]
    item["response"][0]["header"] = headers
    made = read(
        collection(
            {"name": "Folder", "item": [item], "auth": auth("bearer", version, token="{{token}}")},
            variable=[{"key": "base", "value": api.url}, {"key": "token", "value": "secret-1"}],
        )
    )
    assert made.secrets == {"access_token": "secret-1"}
    assert tap.ok(runnable(made)).ids() == [row["id"] for row in rows]
    assert {seen.headers["Authorization"] for seen in api.seen[1:]} == {"Bearer secret-1"}


@pytest.mark.parametrize("segment", [":user_id", ":id", "{id}", "{{userId}}"])
def test_variable_of_a_path_is_a_key_of_the_list_above(segment, tap, api):
    api.serve("/v1/users", {"data": ROWS})
    for user in (7, 8):
        api.serve(f"/v1/users/{user}/notes", {"notes": [{"id": 10 * user}]})
        api.serve(f"/v1/users/{user}/notes/{10 * user}/tags", [{"id": 100 * user}])
    made = read(
        collection(
            request(f"{api.url}/v1/users/{segment}/notes/:note/tags", [{"id": 1}, {"id": 2}]),
            request(f"{api.url}/v1/users/{segment}/notes", {"notes": [{"id": 1}]}),
            listing(f"{api.url}/v1/users"),
            request(f"{api.url}/v1/users/{segment}", {"id": 7}),
            variable=[{"key": "userId", "value": "5"}],
        )
    )
    assert list(streams_of(made)) == ["tags", "notes", "users"]
    assert made.unsure == []
    assert tap.ok(runnable(made)).ids("tags") == [700, 800]
    assert any("they read one record, not a list" in one for one in made.left_out)


def test_path_whose_values_no_stream_has_is_left_out():
    made = read(collection(listing(), listing(f"{BASE}/teams/:team/users")))
    assert list(streams_of(made)) == ["users"]
    assert any("no stream has the values of 'team'" in one for one in made.left_out)


def test_parent_without_a_field_that_fits_is_left_out():
    parent = request(f"{BASE}/teams", [{"label": "x"}, {"label": "y"}])
    made = read(collection(parent, listing(f"{BASE}/teams/:team/users")))
    assert list(streams_of(made)) == ["teams"]
    assert any("no field of stream 'teams' is the 'team'" in one for one in made.left_out)


OAUTH2 = {
    "grant_type": "authorization_code",
    "authUrl": "https://id.example.com/authorize",
    "accessTokenUrl": "https://id.example.com/token",
    "clientId": "client-1",
    "clientSecret": "secret-1",
    "scope": "read",
}
CONFIGURED = {
    "authorize_url": "https://id.example.com/authorize",
    "access_token_url": "https://id.example.com/token",
    "client_id": "client-1",
    "scopes": "read",
    "client_auth": "client_secret_basic",
}
AUTHS = [
    ("noauth", {}, {"grant_type": "none"}, {}),
    ("bearer", {"token": "secret-1"}, {}, {"access_token": "secret-1"}),
    ("bearer", {"token": "{{unknown}}"}, {}, {"access_token": None}),
    ("basic", {"username": "ann", "password": "secret-1"},
     {"grant_type": "basic", "username": "ann"}, {"password": "secret-1"}),
    ("basic", {"username": "secret-1", "password": ""},
     {"grant_type": "none"}, {"headers": {"Authorization": "Basic c2VjcmV0LTE6"}}),
    ("apikey", {"key": "X-Key", "value": "secret-1", "in": "header"},
     {"grant_type": "none"}, {"headers": {"X-Key": "secret-1"}}),
    ("apikey", {"key": "api_key", "value": "{{unknown}}", "in": "query"},
     {"grant_type": "none"}, {"params": {"api_key": None}}),
    ("oauth2", OAUTH2, {"grant_type": "authorization_code", **CONFIGURED},
     {"client_secret": "secret-1"}),
    ("oauth2", {**OAUTH2, "grant_type": "client_credentials", "client_authentication": "body"},
     {"grant_type": "client_credentials", "client_auth": None}, {"client_secret": "secret-1"}),
    ("oauth2", {**OAUTH2, "grant_type": "password_credentials", "username": "ann",
                "password": "secret-2"},
     {"grant_type": "password", "username": "ann"},
     {"client_secret": "secret-1", "password": "secret-2"}),
    ("oauth2", {**OAUTH2, "grant_type": "authorization_code_with_pkce", "clientSecret": ""},
     {"grant_type": "authorization_code", "client_auth": None}, {}),
    ("oauth2", {"accessToken": "secret-1", "headerPrefix": "Token"},
     {"auth_prefix": "Token"}, {"access_token": "secret-1"}),
    ("oauth2", {"accessToken": "secret-1", "addTokenTo": "queryParams"},
     {"auth_param": "access_token"}, {"access_token": "secret-1"}),
    ("oauth2", {**OAUTH2, "audience": "https://api.example.com"},
     {"token_params": {"audience": "https://api.example.com"}}, {"client_secret": "secret-1"}),
]  # fmt: skip


@pytest.mark.parametrize("version", ["2.0", "2.1"])
@pytest.mark.parametrize(("kind", "values", "config", "secrets"), AUTHS)
def test_authorization_becomes_settings(kind, values, config, secrets, version):
    made = read(collection(listing(), auth=auth(kind, version, **values)))
    assert {name: made.config.get(name) for name in config} == config
    assert made.secrets == secrets


@pytest.mark.parametrize(
    ("kind", "values"), [("awsv4", {"accessKey": "a"}), ("oauth2", {"grant_type": "implicit"})]
)
def test_authorization_without_a_counterpart_is_named(kind, values):
    made = read(collection(listing(), auth=auth(kind, "2.1", **values)))
    assert any(f"auth {kind!r}" in one for one in made.left_out)


def test_nearest_authorization_counts():
    """That of most requests becomes the connection's."""
    own = auth("bearer", "2.1", token="secret-own")
    folder = {"name": "A", "item": [listing(), listing(f"{BASE}/notes")], "auth": own}
    plain = listing(f"{BASE}/tags", auth={"type": "noauth"})
    made = read(collection(folder, plain, auth=auth("basic", "2.1", username="ann")))
    assert made.secrets == {"access_token": "secret-own"}
    assert any("its auth is 'noauth'" in one for one in made.unsure)


@pytest.mark.parametrize("level", ["collection", "folder", "request"])
def test_variable_of_each_level_is_filled_in(level):
    variable = [{"key": "base", "value": BASE}, {"key": "off", "value": "x", "disabled": True}]
    item, folder = listing("{{base}}/users?a={{off}}"), {"name": "F"}
    whole = collection({**folder, "item": [item]})
    {"collection": whole, "folder": whole["item"][0], "request": item}[level]["variable"] = variable
    made = read(whole)
    assert made.config["base_url"] == BASE
    assert "params" not in streams_of(made)["users"]
    assert any("'a' has no value to write" in one for one in made.left_out)


def test_nearest_variable_counts_and_one_may_hold_another():
    inner = {"name": "F", "item": [listing("{{base}}/users")]}
    inner["variable"] = [{"key": "host", "value": "near.example.com"}]
    outer = [{"key": "base", "value": "https://{{host}}/v1"}, {"key": "host", "value": "far"}]
    assert read(collection(inner, variable=outer)).config["base_url"] == (
        "https://near.example.com/v1"
    )


def test_variable_of_an_environment_is_asked_for():
    made = read(collection(listing("{{baseUrl}}/v1/users")))
    assert "base_url" not in made.config
    assert streams_of(made)["users"]["path"] == "/v1/users"
    assert any("variable 'baseUrl'" in one and "set base_url" in one for one in made.left_out)


@pytest.mark.parametrize(
    "variables",
    [{"a": "{{a}}"}, {"a": "{{b}}", "b": "{{a}}"}, dict.fromkeys("abn", "{{n}}{{n}}")],
)
def test_variables_that_hold_each_other_end(variables):
    listed = [{"key": name, "value": value} for name, value in variables.items()]
    made = read(collection(listing("https://api.example.com/v1/users?x={{a}}"), variable=listed))
    assert "params" not in streams_of(made)["users"]


@pytest.mark.parametrize(
    ("body", "settings"),
    [
        ({"mode": "raw", "raw": '{"a": 1, "b": "{{one}}"}'}, {"body": {"a": 1, "b": "x"}}),
        ({"mode": "urlencoded", "urlencoded": [
            {"key": "a", "value": "{{one}}"}, {"key": "b", "value": "2", "disabled": True}]},
         {"body": {"a": "x"}, "body_format": "form"}),
    ],
)  # fmt: skip
def test_body_of_a_search_is_taken(body, settings, tap, api):
    api.serve("/users/search", {"data": ROWS})
    item = listing(f"{api.url}/users/search", method="POST", body=body)
    made = read(collection(item, variable=[{"key": "one", "value": "x"}]))
    (stream,) = made.config["streams"]
    assert {name: stream[name] for name in settings} == settings
    assert tap.ok(runnable(made)).ids(stream["name"]) == [7, 8]


@pytest.mark.parametrize("mode", ["graphql", "raw"])
def test_graphql_query_is_read_with_its_paging(mode, tap, api):
    def respond(seen):
        after, size = seen.json["variables"].get("after"), seen.json["variables"]["first"]
        start = int(after) if after else 0
        nodes = [{"id": number} for number in range(start, min(start + size, 5))]
        page = {"endCursor": str(start + size), "hasNextPage": start + size < 5}
        return {"data": {"notes": {"nodes": nodes, "pageInfo": page}}}

    api.routes["/graphql"] = respond
    query = (
        "query Notes($after: String, $first: Int) { notes(after: $after, first: $first) "
        "{ nodes { id } pageInfo { endCursor hasNextPage } } }"
    )
    variables = '{"first": {{size}}, "after": null}'
    raw = json.dumps({"query": query, "variables": {"first": 2, "after": None}})
    body = {"mode": mode, "raw": raw, "graphql": {"query": query, "variables": variables}}
    page = {"endCursor": "2", "hasNextPage": True}
    item = request(
        f"{api.url}/graphql",
        {"data": {"notes": {"nodes": [{"id": 0}, {"id": 1}], "pageInfo": page}}},
        method="POST",
        body=body,
    )
    made = read(collection(item, variable=[{"key": "size", "value": 2}]))
    assert tap.ok(runnable(made)).ids("notes") == [*range(5)]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (request(f"{BASE}/users", method="POST"), "they may write"),
        (request(f"{BASE}/users", method="DELETE"), "they may write"),
        (request(f"{BASE}/graphql", method="POST", body={
            "mode": "graphql", "graphql": {"query": "mutation { drop { id } }"}}),
         "they may write"),
        (request(f"{BASE}/search", method="POST", body={"mode": "formdata"}), "a body of formdata"),
        (request(f"{BASE}/users/:id"), "they read one record"),
        (request(f"{BASE}/me", {"id": 1}), "they read one record"),
        (request("{{token}}/bot{{secret_token}}/x"), "their path has a variable"),
        (listing("https://other.example.org/users"), "1 requests to https://other.example.org"),
        (listing(f"{BASE}/users?active=1"), "stream 'users' is the same request"),
    ],
)  # fmt: skip
def test_request_without_a_stream_is_named_with_the_reason(item, said):
    named = {**item, "name": "Other"}
    made = read(collection(listing(), listing(f"{BASE}/tags"), named))
    assert list(streams_of(made)) == ["users", "tags"]
    assert any(said in one for one in made.left_out)


def test_scripts_are_left_out_by_name():
    event = {"listen": "prerequest", "script": {"exec": ["pm.sendRequest()"]}}
    empty = {"listen": "test", "script": {"exec": ["", "  "]}}
    made = read(collection({"name": "F", "item": [listing()], "event": [event, empty]}))
    assert any("script 'prerequest' of 'F'" in one for one in made.left_out)
    assert not any("'test'" in one for one in made.left_out)


def test_request_without_a_saved_response_is_unsure():
    made = read(collection(request(f"{BASE}/users")))
    assert "records_path" not in streams_of(made)["users"]
    assert any("no response shows where the records are" in one for one in made.unsure)


def test_headers_in_one_string_and_a_request_in_one_string_are_read(tap, api):
    api.routes["/users"] = lambda seen: Reply(ROWS if seen.headers.get("X-A") == "b:c" else {})
    item = request(f"{api.url}/users", ROWS, header="X-A: b:c\nUser-Agent: x\n")
    plain = {"name": "Read", "request": f"{api.url}/users/all"}
    made = read(collection(item, plain))
    assert streams_of(made).keys() == {"users", "all"}
    made.config["streams"] = made.config["streams"][:1]
    assert tap.ok(runnable(made)).ids("users") == [7, 8]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "it holds no JSON object"),
        ("x", "it holds no JSON object"),
        ("{}", "it is no Postman collection"),
        ('{"requests": []}', "it is a collection of version 1; export it as v2.1"),
        ('{"name": "e", "values": []}', "it is an environment"),
        ('{"item": []}', "no request lists records"),
        ('{"item": ' * 5000, "it holds no JSON object|nested too deeply"),
        ('{"item": [' + '{"item": [' * 5000 + "]}" * 5001, "nested too deeply|no request lists"),
    ],
)
def test_what_is_no_collection_is_one_line(text, said):
    with pytest.raises(InputError, match=said) as error:
        read(text)
    assert "\n" not in str(error.value)


def test_collection_as_the_api_of_postman_returns_it_is_read():
    assert streams_of(read({"collection": collection(listing())})).keys() == {"users"}
