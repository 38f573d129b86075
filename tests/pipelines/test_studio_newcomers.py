"""New users with the documentation of an API and the studio: each ends with rows in DuckDB.

They paste a curl line, log in unless it has a key, let the tap suggest, and write a project.
"""

from __future__ import annotations

import json
from typing import ClassVar
from urllib.parse import unquote

import pytest

from tests.pipelines.meltano_project import Project
from tests.pipelines.warehouses import DuckDB
from tests.recipes.fake_provider import Provider
from tests.support.chromium import Page, chromium, require_chromium
from tests.support.login_process import free_port
from tests.support.server import Reply
from tests.support.studio_process import StudioProcess
from tests.support.studio_steps import Reader

require_chromium()

CONNECT = """
Open **Connection**.
| Authorize URL | `URL/oauth/authorize` |
| Access Token URL | `URL/oauth/token` |
| OAuth Client ID | `client-of-the-recipe` |
| OAuth Client Secret | `secret-of-the-recipe` |
| OAuth Scopes | `read` |
Press **Save and connect**, and the page shows `Connected, valid for`.
"""
PASTE = """
Open **Request**.
| curl line | `LINE` |
Press **Read the curl line**, and the page shows `The curl line is filled in`.
"""
EXPORT = """
Press **Save**, and the page shows `Saved in config.json`.
Open **Export**. Press **Write meltano.yml**, and the page shows `Wrote meltano.yml`.
"""
SUGGEST = """
Press **Suggest settings**, and the page shows `Filled in: `.
Press **Test read**, and the page shows `read: COUNT records`.
"""


class Api(Provider):
    """An OAuth2 provider with an API of its own."""

    AUTHORIZE_PATH, TOKEN_PATH, ROTATES, SCOPE = "/oauth/authorize", "/oauth/token", True, "read"

    def token_response(self, tokens):
        return {**tokens, "token_type": "Bearer", "expires_in": 3600}

    def unauthorized(self):
        return Reply({"detail": "Authentication credentials were not provided."}, 401)


class Accounts(Api):
    """Pages as Django REST framework makes them."""

    ROWS: ClassVar = {"accounts": [{"id": n, "name": f"Account № {n}"} for n in range(1, 24)]}
    STEPS = (
        PASTE.replace("LINE", 'curl "URL/api/accounts/" -H "Authorization: Bearer $TOKEN"')
        + CONNECT
        + "Open **Request**. Press **Send**, and the page shows `Status 200`.\n"
        "Press **These are the records** of the list `results`, and the page shows "
        "`Stream accounts`." + SUGGEST.replace("COUNT", "23")
    )

    def data(self, seen):
        if seen.path != "/api/accounts/":
            return Reply({"detail": "Not found."}, 404)
        page = int(seen.query.get("page", 1))
        rows = self.ROWS["accounts"][(page - 1) * 10 : page * 10]
        more = page * 10 < len(self.ROWS["accounts"])
        link = f"{self.url}/api/accounts/?page={page + 1}" if more else None
        return {"count": 23, "next": link, "previous": None, "results": rows}


class Events(Api):
    """A bare list, whose cursor is in a header."""

    ROWS: ClassVar = {"events": [{"id": f"e{n}", "kind": "click"} for n in range(17)]}
    STEPS = (
        PASTE.replace("LINE", "curl --location 'URL/v2/events?limit=5' --header 'Accept: */*'")
        + CONNECT
        + "Open **Request**. Press **Send**, and the page shows `Status 200`.\n"
        "Press **These are the records** of the list `response`, and the page shows "
        "`Stream events`." + SUGGEST.replace("COUNT", "17")
    )

    def data(self, seen):
        at, rows = int(seen.query.get("cursor", "c0")[1:]), self.ROWS["events"]
        headers = {"X-Next-Cursor": f"c{at + 5}"} if at + 5 < len(rows) else {}
        return Reply(rows[at : at + int(seen.query.get("limit", 5))], 200, headers)


class Projects(Api):
    """Tasks that are read for each project, by offset and total."""

    NAMES = ("north/1", "süd 2", "east?3")
    ROWS: ClassVar = {
        "projects": [{"id": name, "title": name.title()} for name in NAMES],
        "tasks": [{"id": f"{name}-{n}", "projects_id": name} for name in NAMES for n in range(12)],
    }
    STEPS = (
        PASTE.replace("LINE", "curl URL/rest/projects -H 'Authorization: Bearer YOUR_TOKEN'")
        + CONNECT
        + "Open **Request**. Press **Send**, and the page shows `Status 200`.\n"
        "Press the value of `id`: the page shows `Stream projects_child`.\n"
        "| Stream Name | `tasks` |\n| Path | `/rest/projects/{parent.projects_id}/tasks` |\n"
        + SUGGEST.replace("COUNT", "36")
    )

    def data(self, seen):
        projects = {"items": self.ROWS["projects"]}
        if seen.path == "/rest/projects":
            return projects
        name = seen.path.removeprefix("/rest/projects/").removesuffix("/tasks")
        rows = [r for r in self.ROWS["tasks"] if r["projects_id"] == unquote(name)]
        at, limit = int(seen.query.get("offset", 0)), int(seen.query.get("limit", 5))
        shown = [{"id": row["id"]} for row in rows[at : at + limit]]
        return {"items": shown, "offset": at, "limit": limit, "total": len(rows)}


class Catalog(Api):
    """Products behind a key and a cookie: a curl line is all that a user has."""

    ROWS: ClassVar = {"products": [{"id": n, "price": n * 1.5} for n in range(1, 31)]}
    STEPS = (
        PASTE.replace(
            "LINE",
            "curl 'URL/shop/products?page=1&per_page=10' -H 'X-Api-Key: key$1' -b 'sid={a}' -k",
        )
        + "Press **Send**, and the page shows `Status 200`.\n"
        "Press **These are the records** of the list `products`, and the page shows "
        "`Stream products`." + SUGGEST.replace("COUNT", "30")
    )

    def _respond(self, seen):
        if (seen.headers.get("X-Api-Key"), seen.headers.get("Cookie")) != ("key$1", "sid={a}"):
            return self.unauthorized()
        at, size = (int(seen.query["page"]) - 1) * 10, int(seen.query["per_page"])
        rows = self.ROWS["products"][at : at + size]
        return {"products": rows, "page": int(seen.query["page"]), "pages": 3}


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as found:
        found.set_window_size(1280, 900)
        yield found


@pytest.mark.parametrize("api_class", [Accounts, Events, Projects, Catalog])
def test_newcomer_ends_with_every_row_in_duckdb(api_class, driver, tmp_path):
    made = Project(tmp_path / "project", "target-duckdb", copies=False)
    store = {"XDG_STATE_HOME": str(tmp_path / "state")}
    redirect = {"redirect_uri": f"http://127.0.0.1:{free_port()}/callback"}
    (made.folder / "config.json").write_text(json.dumps(redirect))
    with api_class() as api:
        with StudioProcess(made.folder, env=store) as studio:
            driver.get(studio.address)
            Reader(Page(driver), places={"URL": api.url}).follow(api.STEPS + EXPORT)
            driver.get("about:blank")
        made.environment |= store
        made.environment |= {"TARGET_DUCKDB_FILEPATH": str(tmp_path / "warehouse.duckdb")}
        made.run("target-duckdb")
    for stream, rows in api.ROWS.items():
        columns = [*rows[0]]
        found = [{n: row[n] for n in columns} for row in DuckDB(tmp_path, "main").rows(stream)]
        assert sorted(map(str, found)) == sorted(map(str, rows))
