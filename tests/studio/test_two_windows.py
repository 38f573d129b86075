"""Two windows of one studio: neither writes over what was done in the other one."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.studio_process import StudioClient, StudioProcess

STREAMS = [{"name": name, "path": f"/{name}"} for name in "abc"]
TEXT = json.dumps({"base_url": "http://127.0.0.1:1", "access_token": "t", "streams": STREAMS})
WITHOUT_FIRST = json.dumps({"base_url": "http://127.0.0.1:1", "streams": STREAMS[1:]})


@pytest.fixture
def client(tmp_path):
    # As an editor on Windows writes it.
    (tmp_path / "config.json").write_bytes(TEXT.replace(", ", ",\r\n").encode())
    with StudioProcess(tmp_path) as studio:
        yield StudioClient(studio)


def order_of(client, path):
    return re.search(r'name="order" value="(\d+)"', client.get(path).text)[1]


def version_of(client, path):
    return re.search(r'name="version" form="\w+" value="(\w+)"', client.get(path).text)[1]


@pytest.mark.parametrize(
    ("other_path", "other"),
    [
        ("/streams/0", {"action": "remove"}),
        ("/export", {"action": "apply", "json": WITHOUT_FIRST}),
    ],
    ids=["removed", "edited as JSON"],
)
@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/streams/1/draft", {"path": "/typed"}),
        ("/streams/1", {"path": "/typed", "action": "save"}),
        ("/streams/1", {"action": "remove"}),
        ("/streams/1/json", {"json": '{"name": "b", "path": "/typed"}'}),
    ],
)
def test_form_of_one_stream_is_never_taken_for_another(client, other_path, other, path, typed):
    order = order_of(client, "/streams/1")
    assert client.post(other_path, other).status_code == 200
    refused = client.post(path, {**typed, "order": order})
    assert "were changed in another window" in refused.text
    assert "/typed" not in client.get("/export").text
    again = {"path": "/typed", "order": order_of(client, "/streams/1")}
    assert client.post("/streams/1/draft", again).status_code == 200
    assert "/typed" in client.get("/export").text


@pytest.mark.parametrize(
    ("path", "action", "typed", "others"),
    [
        ("/streams/1", "/streams/1/draft", {"path": "/typed"}, {"path": "/other"}),
        ("/streams/1", "/streams/1/style", {"path": "/typed"}, {"path": "/other"}),
        ("/streams/1", "/streams/1", {"path": "/typed", "action": "save"}, {"path": "/other"}),
        ("/streams/1", "/streams/1", {"action": "remove"}, {"path": "/other"}),
        (
            "/streams/1",
            "/streams/1/json",
            {"json": '{"name": "b", "path": "/b"}'},
            {"path": "/other"},
        ),
        ("/", "/connection/draft", {"scopes": "a"}, {"scopes": "/other"}),
        ("/", "/connection/preset", {"scopes": "a"}, {"scopes": "/other"}),
        ("/", "/connection", {"scopes": "a", "action": "save"}, {"scopes": "/other"}),
    ],
)
def test_older_form_does_not_undo_what_another_window_changed(client, path, action, typed, others):
    """The last to press says nothing of the other; so it has to look first."""
    version = version_of(client, path)
    draft = "/connection/draft" if path == "/" else f"{path}/draft"
    assert client.post(draft, {**others, "version": version}).status_code == 200
    refused = client.post(action, {**typed, "version": version})
    assert "were changed in another window, and nothing was taken" in refused.text
    assert "/other" in client.get("/export").text
    assert client.post(action, {**typed, "version": version_of(client, path)}).status_code == 200


def test_file_of_windows_keeps_its_line_breaks(client, tmp_path):
    before = (tmp_path / "config.json").read_bytes()
    client.post("/connection", {"base_url": "http://127.0.0.1:2", "action": "save"})
    expected = before.replace(b"127.0.0.1:1", b"127.0.0.1:2")
    assert (tmp_path / "config.json").read_bytes() == expected
