"""An imported curl line reads what its API serves, and its trial corrects the stream."""

from __future__ import annotations

import json

import pytest

from tests.support.commands import run_program
from tests.support.imports import read, run_imported
from tests.support.server import Reply

KEY = "key-of-the-curl-line"
ROWS = [{"id": number, "name": f"n{number}"} for number in range(1, 8)]


def serve(api, respond, *, allowed):
    """Serve pages to whoever sends the secret as the line does; refuse the rest."""

    def answer(seen):
        return respond(seen) if allowed(seen) else Reply({"error": "who are you?"}, 401)

    api.routes["/v1/items"] = answer


def by_page(seen):
    page, size = int(seen.query.get("page", 1)), int(seen.query.get("per_page", 3))
    return ROWS[(page - 1) * size : page * size]


def by_cursor(seen):
    start = int(seen.query.get("cursor", 0))
    following = str(start + 3) if start + 3 < len(ROWS) else None
    return {"items": ROWS[start : start + 3], "next_cursor": following}


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        (f"-H 'Authorization: Bearer {KEY}'",
         lambda seen: seen.headers.get("Authorization") == f"Bearer {KEY}"),
        (f"-H 'X-Api-Key: {KEY}'", lambda seen: seen.headers.get("X-Api-Key") == KEY),
        (f"-u me:{KEY}", lambda seen: seen.headers.get("Authorization", "").startswith("Basic ")),
        (f"-u {KEY}:", lambda seen: seen.headers.get("Authorization", "").startswith("Basic ")),
        (f"-b 'sid={KEY}'", lambda seen: KEY in seen.headers.get("Cookie", "")),
        (f"-G -d api_key={KEY}", lambda seen: seen.query.get("api_key") == KEY),
    ],
)  # fmt: skip
def test_imported_line_reads_every_row(api, tap, monkeypatch, options, allowed):
    """Its secret comes from the variable that the report names, and its paging from its names."""
    serve(api, by_page, allowed=allowed)
    line = f"curl {options} '{api.url}/v1/items?page=1&per_page=2'"
    run = run_imported(tap, monkeypatch, "curl", line)
    assert run.records() == ROWS


def test_trial_finds_what_the_line_cannot_say(api, tap, monkeypatch, tmp_path):
    """Records, key and paging come from the responses; the secret is used and not written."""
    path = tmp_path / "config.json"
    serve(api, by_cursor, allowed=lambda seen: seen.headers.get("X-Api-Key") == KEY)
    line = f"curl -H 'X-Api-Key: {KEY}' '{api.url}/v1/items'"
    done = run_program("import", "curl", line, "--try", "--output", path)
    assert done.returncode == 0, done.stderr
    assert "leads to a second page" in done.stderr
    assert KEY not in done.stderr + path.read_text()
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_HEADERS", json.dumps({"X-Api-Key": KEY}))
    config = json.loads(path.read_text())
    assert config["streams"][0]["primary_keys"] == ["id"]
    assert tap.ok(config).records() == ROWS


@pytest.mark.parametrize("named", ["", "https://api.example.com/v1", "{api.url}/other"])
def test_trial_sends_secrets_of_the_environment_only_to_hosts_it_names(api, monkeypatch, named):
    """A document names any host; the person says by a second variable which one is meant."""
    address = named.format(api=api)
    api.serve("/v1/items", ROWS)
    document = {
        "openapi": "3.0.3", "servers": [{"url": f"{api.url}/v1"}], "security": [{"it": []}],
        "components": {"securitySchemes": {"it": {"type": "http", "scheme": "bearer"}}},
        "paths": {"/items": {"get": {"responses": {"200": {"content": {"application/json": {
            "schema": {"type": "array", "items": {"type": "object"}}}}}}}}},
    }  # fmt: skip
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_ACCESS_TOKEN", KEY)
    if address:
        monkeypatch.setenv("TAP_OAUTH2_GENERIC_BASE_URL", address)
    done = run_program("import", "openapi", json.dumps(document), "--try")
    assert done.returncode == 0, done.stderr
    sent = [seen.headers.get("Authorization") for seen in api.seen]
    is_named = address.startswith(api.url)
    assert set(sent) == ({f"Bearer {KEY}"} if is_named else set())
    assert ("because the source may name any host" in done.stderr) != is_named


@pytest.mark.parametrize("named", [False, True])
def test_trial_sends_no_stand_in_of_a_client(api, monkeypatch, named):
    """The environment has a client ID in its place if it also names the hosts."""
    api.serve("/v1/items", ROWS)
    api.serve("/token", {"access_token": KEY, "token_type": "Bearer"})
    document = {
        "openapi": "3.0.3", "servers": [{"url": f"{api.url}/v1"}], "security": [{"it": []}],
        "components": {"securitySchemes": {"it": {"type": "oauth2", "flows": {
            "clientCredentials": {"tokenUrl": f"{api.url}/token", "scopes": {}}}}}},
        "paths": {"/items": {"get": {"responses": {"200": {"content": {"application/json": {
            "schema": {"type": "array", "items": {"type": "object"}}}}}}}}},
    }  # fmt: skip
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_CLIENT_ID", "client-of-the-person")
    monkeypatch.setenv("TAP_OAUTH2_GENERIC_CLIENT_SECRET", KEY)
    if named:
        monkeypatch.setenv("TAP_OAUTH2_GENERIC_BASE_URL", api.url)
    done = run_program("import", "openapi", json.dumps(document), "--try")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["client_id"] == "YOUR_CLIENT_ID"
    assert bool(api.seen) == named
    said = "nothing was tried: setting 'client_id' still holds YOUR_CLIENT_ID"
    assert (said in done.stderr) != named
    assert all(b"YOUR_CLIENT_ID" not in seen.content for seen in api.seen)


def test_trial_without_a_token_says_how_to_bring_one(api):
    line = f"curl -H 'Authorization: Bearer TOKEN' {api.url}/v1/items"
    done = run_program("import", "curl", line, "--try")
    assert done.returncode == 0
    assert api.seen == []
    wanted = "the source has no token; set TAP_OAUTH2_GENERIC_ACCESS_TOKEN, or add access_token_url"
    assert f"nothing was tried: {wanted}" in done.stderr


def test_failed_trial_is_unsure_and_keeps_the_stream(api):
    api.serve("/v1/items", Reply({"error": "no"}, 403))
    done = run_program("import", "curl", f"curl {api.url}/v1/items", "--try")
    assert done.returncode == 0
    assert json.loads(done.stdout)["streams"] == [{"name": "items", "path": "/v1/items"}]
    assert "status 403" in done.stderr


def test_placeholder_of_a_secret_is_named_with_its_variable():
    _, lines = read("curl", "curl -H 'Authorization: Bearer $TOKEN' https://api.example.com/items")
    assert "  - TAP_OAUTH2_GENERIC_ACCESS_TOKEN (the source has none)" in lines
    _, lines = read("curl", "curl -H 'X-Api-Key: <key>' https://api.example.com/items")
    wanted = '  - TAP_OAUTH2_GENERIC_HEADERS=\'{"X-Api-Key":"..."}\' (the source has none)'
    assert wanted in lines


@pytest.mark.parametrize("token", ["bot12:AAH4k2j5h6g7f8d9s0a1", "AAH4k2j5h6%67f8d9s0a1"])
def test_token_in_a_path_is_neither_written_nor_shown(token):
    made, lines = read("curl", f"curl https://api.example.com/{token}/getUpdates")
    (stream,) = made.config["streams"]
    wanted = {"name": "get_updates", "path": "/YOUR_VALUE/getUpdates", "selected": False}
    assert stream == wanted
    assert token not in "".join(lines)


def test_paging_in_a_body_stays_there():
    made, _ = read(
        "curl", 'curl https://api.example.com/search --json \'{"q": 1, "page": {"page": 1}}\''
    )
    (stream,) = made.config["streams"]
    assert stream["pagination"] == {
        "style": "page_number", "page_param": "page.page", "params_in": "body",
    }  # fmt: skip
    assert stream["body"] == {"q": 1, "page": {}}
