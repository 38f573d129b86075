"""A manifest through the command line, as its user runs it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.importers.airbyte.manifests import manifest, serve, stream, written
from tests.support.commands import run_program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import ApiServer

SECRET = "literal-secret-4711"
LOST = {"transformations": [{"type": "FlattenFields"}]}


def _file(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / "manifest.yaml"
    path.write_text(written(document))
    return path


def _bearer(token: str) -> dict[str, Any]:
    return {"requester": {"authenticator": {"type": "BearerAuthenticator", "api_token": token}}}


def test_the_file_is_written_and_runs(api: ApiServer, tmp_path: Path) -> None:
    """The report goes to stderr, and the secret to neither."""
    serve(api)
    source = _file(tmp_path, manifest(stream(api.url, "/all", **_bearer(SECRET))))
    config = tmp_path / "config.json"
    done = run_program("import", "airbyte", source, "--output", config)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "TAP_OAUTH2_GENERIC_ACCESS_TOKEN" in done.stderr
    assert SECRET not in done.stderr + config.read_text()
    assert json.loads(config.read_text())["streams"][0]["name"] == "items"
    assert api.requests("/all") == []
    ran = run_program(
        "--config", config, "--config", "ENV", env={"TAP_OAUTH2_GENERIC_ACCESS_TOKEN": "mine"}
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count('"type":"RECORD"') == 7
    assert {seen.headers["Authorization"] for seen in api.requests("/all")} == {"Bearer mine"}


@pytest.mark.parametrize(("changes", "status"), [({}, 0), (LOST, 1)], ids=["whole", "lost"])
def test_strict_fails_if_anything_was_left_out(
    api: ApiServer, tmp_path: Path, changes: dict[str, Any], status: int
) -> None:
    """The configuration is written all the same."""
    source = _file(tmp_path, manifest(stream(api.url, "/all", **changes)))
    for options, expected in (((), 0), (("--strict",), status)):
        done = run_program("import", "airbyte", source, *options)
        assert done.returncode == expected, done.stderr
        assert json.loads(done.stdout)["streams"][0]["name"] == "items"
        assert ("left out:" in done.stderr) == bool(changes)


def test_try_reads_with_the_secret_of_the_manifest(api: ApiServer, tmp_path: Path) -> None:
    serve(api)
    source = _file(tmp_path, manifest(stream(api.url, "/all", **_bearer(SECRET))))
    done = run_program("import", "airbyte", source, "--try")
    assert done.returncode == 0, done.stderr
    assert {seen.headers["Authorization"] for seen in api.requests("/all")} == {f"Bearer {SECRET}"}
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("options", [(), ("--try",), ("--strict",)])
def test_a_manifest_without_a_usable_stream_is_one_line(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    custom = {"type": "CustomRetriever", "class_name": "a.B"}
    source = _file(tmp_path, manifest(stream("https://api.example.com", "/x", retriever=custom)))
    config = tmp_path / "config.json"
    done = run_program("import", "airbyte", source, "--output", config, *options)
    assert (done.returncode, done.stdout, config.exists()) == (1, "", False)
    (line,) = done.stderr.splitlines()
    assert re.search(r"line \d+, stream 'items': B is custom code", line)
