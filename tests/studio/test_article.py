"""The usual first hour with a hosted OAuth2 connector, in the studio: connect, ask, page, chain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

import pytest
from dotenv import dotenv_values

from tests.recipes.fake_provider import CLIENT, Provider
from tests.support.chromium import require_chromium
from tests.support.server import Reply
from tests.support.studio_process import StudioProcess
from tests.support.studio_steps import Reader

require_chromium()

USER = "u/1 é"
LISTS = [{"id": f"list-{n}", "displayName": f"List № {n}"} for n in range(3)]
LEADS = [{"id": n, "Last_Name": f"Lead {n}"} for n in range(1, 21)]
ISSUES = [{"id": str(n), "key": f"A-{n}"} for n in range(45)]
GROUPS = [{"resourceName": f"groups/{n}"} for n in range(50)]
EVENTS = [{"id": n} for n in range(12)]


class Office(Provider):
    """Tasks of a user, and lists in the three usual ways of paging and by a cursor in a header."""

    AUTHORIZE_PATH, TOKEN_PATH, ROTATES = "/oauth/authorize", "/oauth/token", True
    SCOPE = "User.Read Tasks.ReadWrite offline_access openid"

    def token_response(self, tokens):
        return {**tokens, "token_type": "Bearer", "expires_in": 3600}

    def unauthorized(self):
        return Reply({"error": "invalid_token"}, 401)

    def data(self, seen):
        match seen.path.split("/")[2:]:
            case ["me"]:
                return {"id": USER, "displayName": "Robin"}
            case ["users", "u%2F1%20%C3%A9", "todo", "lists"]:
                return {"value": LISTS}
            case ["Leads"]:
                at = (int(seen.query["page"]) - 1) * 8
                return {"data": LEADS[at : at + int(seen.query["per_page"])]}
            case ["search"]:
                at, size = int(seen.query["startAt"]), int(seen.query["maxResults"])
                return {"issues": ISSUES[at : at + size], "total": len(ISSUES)}
            case ["contactGroups"]:
                at = int(seen.query.get("pageToken", "at-0")[3:])
                more = {"nextPageToken": f"at-{at + 20}"} if at + 20 < len(GROUPS) else {}
                return {"contactGroups": GROUPS[at : at + int(seen.query["pageSize"])]} | more
            case ["events"]:
                at = int(seen.query.get("cursor", 0))
                more = {"X-Next-Cursor": str(at + 5)} if at + 5 < len(EVENTS) else {}
                return Reply(EVENTS[at : at + 5], 200, more)
        return Reply({"error": "not found", "path": seen.path}, 404)


CONNECT = """
| Base URL | `URL/v1.0` |
| Authorize URL | `URL/oauth/authorize` |
| Access Token URL | `URL/oauth/token` |
| Refresh Token URL | `URL/oauth/token` |
| OAuth Client ID | `client-of-the-recipe` |
| OAuth Client Secret | `secret-of-the-recipe` |
| OAuth Scopes | `User.Read Tasks.ReadWrite offline_access openid` |
Press **Save and connect**, and the page shows `Connected, valid for`.
"""
ASK = """
Open **Request**.
| Path | `/me` |
| Method | `GET` |
Press **Send**, and the page shows `Status 200`. Press the value of `id`:
the page shows `Stream me_child`.
| Stream Name | `todo_lists` |
| Path | `/users/{parent.me_id}/todo/lists` |
| Json Path For Output Records | `value` |
Press **Test read**, and the page shows `read: 3 records`.
"""
ADD = """
Open **Streams**.
| Name of a new stream | `NAME` |
Press **Add**, and the page shows `Stream NAME`.
"""
BLOCKS = {
    "Leads": """
| List block | `page_number` |
| Json Path For Output Records | `data` |
| Page Size Field Name | `per_page` |
| Page Size | `8` |
| Page Number Field Name | `page` |
| Page Start | `1` |
Press **Test read**, and the page shows `read: 20 records`.
""",
    "search": """
| List block | `offset` |
| Json Path For Output Records | `issues` |
| Page Size Field Name | `maxResults` |
| Page Size | `20` |
| Offset Field Name | `startAt` |
| Page Start | `0` |
Press **Test read**, and the page shows `read: 45 records`.
""",
    "contactGroups": """
| List block | `cursor` |
| Json Path For Output Records | `contactGroups` |
| Page Size Field Name | `pageSize` |
| Page Size | `20` |
| Json Path For Cursor | `nextPageToken` |
| Output Name For Cursor Token | `pageToken` |
Press **Test read**, and the page shows `read: 50 records`.
""",
    "events": """
| List block | `cursor` |
| Response Header For Cursor | `X-Next-Cursor` |
| Output Name For Cursor Token | `cursor` |
Press **Test read**, and the page shows `read: 12 records`.
""",
}


@pytest.fixture
def office():
    with Office() as server:
        yield server


@pytest.fixture
def studio(project, config):
    (project / "config.json").write_text(json.dumps({"redirect_uri": config["redirect_uri"]}))
    with StudioProcess(project, env={"XDG_STATE_HOME": str(project / "state")}) as found:
        yield found


def test_connector_of_the_article_works_in_the_studio(page, office, project):
    """Seven fields, consent, a request, a value of its response in the next one, each list block.

    The cursor in a header and the bare list are what that connector cannot read.
    """
    reader = Reader(page, places={"URL": office.url})
    reader.follow(CONNECT)
    page.is_alone()
    reader.follow(ASK)
    for name, block in BLOCKS.items():
        reader.follow(ADD.replace("NAME", name) + block)
    reader.follow("Press **Save**, and the page shows `Saved in config.json`.")
    found = synced(project)
    assert found.pop("todo_lists") == [{**one, "me_id": USER} for one in LISTS]
    assert found == {
        "me": [{"id": USER, "displayName": "Robin"}],
        "Leads": LEADS,
        "search": ISSUES,
        "contactGroups": GROUPS,
        "events": EVENTS,
    }
    assert CLIENT["client_secret"] not in (project / "config.json").read_text()
    assert Counter(seen.path for seen in office.seen)["/oauth/token"] == 1


def synced(project):
    """Return the records of each stream that the tap emits with what the studio has saved."""
    environment = {**os.environ, **dotenv_values(project / ".env")}
    environment["XDG_STATE_HOME"] = str(project / "state")
    command = [sys.executable, "-m", "tap_oauth2_generic", "--config", "config.json"]
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = {}
    for message in map(json.loads, done.stdout.splitlines()):
        if message["type"] == "RECORD":
            found.setdefault(message["stream"], []).append(message["record"])
    return found
