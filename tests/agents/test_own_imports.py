"""An import of the API of the server's own configuration has only streams, ready to be tried."""

from __future__ import annotations

import json

import pytest

from tests.agents.test_server import line, text
from tests.support.mcp_session import call


@pytest.fixture
def started(api, tmp_path):
    """The options of a server whose person has a connection below a path."""
    file = tmp_path / "config.json"
    config = api.config(base_url=f"{api.url}/api/v1")
    file.write_text(json.dumps({n: v for n, v in config.items() if n != "streams"}))
    return ["--config", str(file)]


@pytest.mark.parametrize(
    ("path", "tool"), [("/api/v1/items", "preview"), ("/api/v2/items", "suggest_stream")]
)
def test_import_of_the_own_host_serves_at_once(api, started, path, tool):
    """Only its streams are new; they need no other token, and no path twice."""
    api.serve(path, [{"id": 1}])
    source = f"curl {api.url}{path} -H 'Authorization: Bearer of-the-source'"
    (found,) = call(("import_source", {"kind": "curl", "text": source}), options=started)
    imported = json.loads(text(found))
    (stream,) = imported["config"]["streams"]
    assert stream["path"] == ("/items" if "v1" in path else f"{api.url}{path}")
    assert (imported["secrets"], imported["to_add"]) == ([], [])
    arguments = {"config": imported["config"], "stream": stream["name"]}
    (used,) = call((tool, arguments), options=started)
    assert text(used)
    assert {seen.path for seen in api.seen if seen.path != "/token"} == {path}


def test_import_of_the_own_host_names_a_key_that_the_connection_lacks(api, started):
    source = f"curl {api.url}/api/v1/items -H 'X-Api-Key: key-of-the-test'"
    (found,) = call(("import_source", {"kind": "curl", "text": source}), options=started)
    (name,) = json.loads(text(found))["secrets"]
    assert name.startswith("TAP_OAUTH2_GENERIC_HEADERS=")


def test_import_of_another_host_stays_whole(started):
    source = "curl https://api.example.com/api/v1/items -H 'Authorization: Bearer secret-secret'"
    (found,) = call(("import_source", {"kind": "curl", "text": source}), options=started)
    imported = json.loads(text(found))
    assert imported["config"]["base_url"].startswith("https://api.example.com")
    assert imported["secrets"]


def test_configuration_of_the_server_need_not_be_named(started):
    (status,) = call(("connection_status", {}), options=started)
    assert json.loads(text(status))["state"] == "none"
    (checked,) = call(("validate_config", {}), options=started)
    assert line(checked) == "setting 'streams' is required"


def test_import_names_the_tool_that_tries_it():
    source = "curl 'https://api.example.com/items?cursor=abc'"
    (found,) = call(("import_source", {"kind": "curl", "text": source}))
    assert "suggest_stream" in text(found)
    assert "--suggest" not in text(found)
