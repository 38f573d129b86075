"""Sources without an author to trust: damaged ones, and those with secrets at any place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.cli.importing import as_json, import_source, report
from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.imported import ImportOptions

BASE = "https://api.example.com/v1"
SECRET = "s3cr3t-of-the-source-77"
ROWS = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


def _postman() -> dict[str, Any]:
    query = [{"key": "page", "value": "1"}, {"key": "q", "value": "x", "disabled": True}]
    url = {"raw": "{{base}}/users?page=1", "host": ["{{base}}"], "path": ["users"], "query": query}
    saved = {"code": 200, "header": [{"key": "X", "value": "y"}], "body": json.dumps(ROWS)}
    users = {"name": "Users", "request": {"method": "GET", "url": url}, "response": [saved]}
    notes = {"name": "Notes", "request": {"url": "{{base}}/users/:id/notes"}}
    search = {"method": "POST", "url": "{{base}}/search", "header": "A: b"}
    search["body"] = {"mode": "raw", "raw": '{"a": {"b": 1}}'}
    auth = {"type": "oauth2", "oauth2": [{"key": "accessToken", "value": "t"}]}
    return {
        "item": [{"name": "F", "item": [users, notes]}, {"name": "S", "request": search}],
        "variable": [{"key": "base", "value": BASE}],
        "auth": auth,
        "event": [{"listen": "test", "script": {"exec": ["x"]}}],
    }


def _entry(url: str, body: Any, **members: Any) -> dict[str, Any]:
    content = {"mimeType": "application/json", "text": json.dumps(body)}
    headers = [{"name": "X-App", "value": "web"}]
    request = {"method": "GET", "url": url, "headers": headers, **members}
    return {"request": request, "response": {"status": 200, "headers": [], "content": content}}


def _har() -> dict[str, Any]:
    posted = {"mimeType": "application/json", "text": '{"query": "{ a { id } }"}'}
    return {
        "log": {
            "entries": [
                _entry(f"{BASE}/users?page=1", {"data": ROWS}),
                _entry(f"{BASE}/users?page=2", {"data": [{"id": 3, "name": "c"}]}),
                _entry(f"{BASE}/users/1/notes", ROWS),
                _entry(f"{BASE}/graphql", {"data": {"a": ROWS}}, method="POST", postData=posted),
            ]
        }
    }


SOURCES = {"postman": _postman, "har": _har}
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "{{base}}", "{{", "://", "http://[", "a\nb", "\x00", "%", ":id", "[0"]),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=2),
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else ()
    members = enumerate(value) if isinstance(value, list) else members
    inner = [place for key, member in members for place in _places(member, (*path, key))]
    return [*([path] if path else []), *inner]


def _put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


def _import(kind: str, text: str) -> str:
    """Return all that an import writes: the file and the report."""
    made, missing = import_source(kind, text, ImportOptions())
    return "\n".join([as_json(made.config), *report(made, missing)])


@pytest.mark.parametrize("kind", SOURCES)
@settings(max_examples=100)
@given(data=st.data())
def test_damaged_source_is_one_line_or_a_configuration(kind, data):
    source = SOURCES[kind]()
    for _ in range(data.draw(st.integers(1, 3))):
        places = _places(source)
        _put(source, data.draw(st.sampled_from(places)), data.draw(ANYTHING))
    try:
        written = _import(kind, json.dumps(source))
    except InputError as error:
        written = str(error)
    assert ("streams" in written) == ("\n" in written)


@pytest.mark.parametrize("kind", SOURCES)
@settings(max_examples=40)
@given(data=st.data())
def test_cut_source_is_one_line(kind, data):
    text = json.dumps(SOURCES[kind]())
    with pytest.raises(InputError) as error:
        _import(kind, text[: data.draw(st.integers(0, len(text) - 1))])
    assert "\n" not in str(error.value)


def _request(secret: str, place: str) -> tuple[str, list[tuple[str, str]], dict[str, Any]]:
    """Return the address, the headers and the body of a search with a secret at a place."""
    url, headers, body = f"{BASE}/search", [("X-App", "web")], {"a": 1}
    if place == "userinfo":
        url = f"https://ann:{secret}@api.example.com/v1/search"
    elif place.startswith("query"):
        url += f"?{place.partition(' ')[2]}={secret}&page=1"
    elif place.startswith("header"):
        headers.append((place.partition(" ")[2], secret))
    elif place == "bearer":
        headers.append(("Authorization", f"Bearer {secret}"))
    elif place == "cookie":
        headers.append(("Cookie", f"theme=dark; sid={secret}"))
    elif place == "path":
        url = f"{BASE}/{secret}/search"
    elif place.startswith("body"):
        body |= {place.partition(" ")[2]: secret, "b": {"c": [{"password": secret}]}}
    return url, headers, body


NAMED = [
    "userinfo", "query api_key", "query access_token", "header X-Api-Key", "header X-CSRF-Token",
    "header Authorization", "bearer", "cookie", "body client_secret", "body api_token",
]  # fmt: skip
UNNAMED = ["query x", "header X-Custom", "body x", "path"]
PLACES = [(place, SECRET) for place in NAMED] + [(place, JWT) for place in [*NAMED, *UNNAMED]]


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize(("place", "secret"), PLACES)
def test_secret_of_a_request_is_not_written(place, secret, kind):
    url, headers, body = _request(secret, place)
    if kind == "har":
        listed = [{"name": name, "value": value} for name, value in headers]
        posted = {"text": json.dumps(body)}
        entries = [_entry(f"{BASE}/users", ROWS)]
        entries.append(_entry(url, ROWS, method="POST", headers=listed, postData=posted))
        source: Any = {"log": {"entries": entries}}
    else:
        raw = {"mode": "raw", "raw": json.dumps(body)}
        listed = [{"key": name, "value": value} for name, value in headers]
        sent = {"method": "POST", "url": url, "header": listed, "body": raw}
        saved = [{"code": 200, "body": json.dumps(ROWS)}]
        plain = {"name": "Users", "request": f"{BASE}/users"}
        source = {"item": [plain, {"name": "Search", "request": sent, "response": saved}]}
    written = _import(kind, json.dumps(source))
    assert secret not in written
    assert "users" in written


VALUES = {
    "bearer": ["token"], "basic": ["password"], "apikey": ["value"],
    "oauth2": ["accessToken", "clientSecret", "password", "refreshToken"],
    "awsv4": ["secretKey", "accessKey"], "jwt": ["secret"], "digest": ["password"],
}  # fmt: skip


@pytest.mark.parametrize("is_variable", [True, False])
@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in VALUES.items() for name in names]
)
@pytest.mark.parametrize("grant", ["password_credentials", "client_credentials", "implicit"])
def test_secret_of_an_authorization_is_not_written(kind, name, grant, is_variable):
    source = _postman()
    held = "{{plain}}" if is_variable else SECRET
    fixed = {"accessTokenUrl": f"{BASE}/token", "grant_type": grant, "username": "ann"}
    source["auth"] = {"type": kind, kind: {**fixed, name: held}}
    source["variable"].append({"key": "plain", "value": SECRET, "type": "secret"})
    assert SECRET not in _import("postman", json.dumps(source))


@pytest.mark.parametrize("place", ["host", "path", "query", "header", "body", "graphql"])
def test_secret_of_a_variable_is_not_written(place):
    source = _postman()
    secret = {"key": "plain", "value": SECRET, "type": "secret"}
    source["variable"].append(secret)
    url = "{{base}}/{{plain}}/list" if place == "path" else "{{base}}/list"
    url = "https://{{plain}}.example.com/list" if place == "host" else url
    url += "?x={{plain}}" if place == "query" else ""
    request: dict[str, Any] = {"method": "POST", "url": url}
    request["header"] = "X-Any: {{plain}}" if place == "header" else ""
    request["body"] = {"mode": "raw", "raw": '{"x": "{{plain}}"}' if place == "body" else ""}
    if place == "graphql":
        variables = '{"x": "{{plain}}"}'
        request["body"] = {"mode": "graphql", "graphql": {"query": "{a}", "variables": variables}}
    saved = [{"code": 200, "body": json.dumps({"data": [{"id": SECRET}], "next": SECRET})}]
    source["item"].append({"name": "List", "request": request, "response": saved})
    assert SECRET not in _import("postman", json.dumps(source))
