"""A project that the studio exports runs in Meltano, whatever its values hold."""

from __future__ import annotations

import json
import stat

import pytest

from tests.pipelines.meltano_project import Project
from tests.pipelines.warehouses import DuckDB
from tests.support.server import Reply
from tests.support.studio_process import StudioClient, StudioProcess

SECRET = 'it\'s ${HOME} $HOME # "quoted" \\ end'
KEY = "k'e$Y ${client_id}"
PARAMS = {"filter": "$UPPER ${client_id} \\$UPPER $.path", "a.b": "1"}
CLIENT = "client-of-the-test"
ROWS = [{"id": n, "name": f"$HOME № {n}"} for n in range(7)]


@pytest.fixture
def guarded(api):
    """An API that accepts only this client secret, key and query."""

    def token(seen):
        good = seen.form.get("client_secret") == SECRET and seen.form.get("a.b") == "$HOME"
        good = good and "scope" not in seen.form
        return {"access_token": "t-1", "expires_in": 60} if good else Reply(seen.form, 401)

    def items(seen):
        params = {name: value.format(client_id=CLIENT) for name, value in PARAMS.items()}
        good = seen.query == params and seen.headers["X-Key"] == KEY.format(client_id=CLIENT)
        return ROWS if good else Reply([seen.query, dict(seen.headers)], 400)

    api.token, api.routes["/items"] = token, items
    return api


@pytest.fixture
def exported(tmp_path, guarded):
    """A project as the studio writes it, from a file that holds its secrets."""
    stream = {"name": "items", "path": "items", "params": PARAMS, "primary_keys": ["id"]}
    config = guarded.config(stream, scopes="read", token_params={"a.b": "$HOME", "scope": None})
    config |= {"client_secret": SECRET, "headers": {"X-Key": KEY}}
    config |= {"stream_maps": {"items": {"renamed": "name", "name": None}}}
    config |= {"token_store": f"sqlite:///{tmp_path / 'tokens.sqlite'}"}
    made = Project(tmp_path / "project", "target-duckdb", copies=False)
    (made.folder / "config.json").write_text(json.dumps(config))
    with StudioProcess(made.folder) as studio:
        client = StudioClient(studio)
        page = client.get("/export").text
        done = client.post("/export/meltano")
        assert "Wrote meltano.yml" in done.text
        assert SECRET not in page + done.text
    assert json.loads((made.folder / "config.json").read_text()) == config
    return made


def test_exported_project_syncs_every_row(exported, tmp_path):
    """Secrets, variables in values, dots in names and nulls survive both files."""
    exported.environment |= {"TARGET_DUCKDB_FILEPATH": str(tmp_path / "warehouse.duckdb")}
    exported.environment |= {"HOME": str(tmp_path), "UPPER": "expanded", "client_id": "expanded"}
    exported.run("target-duckdb")
    rows = DuckDB(tmp_path, schema="main").rows("items")
    found = [(row["id"], row["renamed"]) for row in rows]
    assert sorted(found) == [(row["id"], row["name"]) for row in ROWS]
    assert "name" not in rows[0]


def test_secrets_are_in_no_file_but_the_environment(exported):
    env = exported.folder / ".env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    project = (exported.folder / "meltano.yml").read_text()
    assert "quoted" not in project
    assert KEY not in project
