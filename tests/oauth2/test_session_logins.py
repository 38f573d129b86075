"""Session logins: the recipes of the guide, against servers that follow the documentation."""

from __future__ import annotations

import json

import pytest

from tests.docs.blocks import DOCS, blocks
from tests.support.server import Reply

RECIPES = {
    block.note.removeprefix("recipe: "): json.loads(block.text)
    for block in blocks(DOCS / "guides" / "session-logins.md")
    if block.note.startswith("recipe: ")
}


def config_for(api, recipe):
    """Return a recipe whose addresses lead to the test's server."""
    config = json.dumps(RECIPES[recipe])
    for host in ("https://metabase.example.com", "https://sap.example.com:50000"):
        config = config.replace(host, api.url)
    return {**json.loads(config), "max_retries": 0}


def metabase(api, sessions):
    """Serve https://www.metabase.com/docs/latest/api/session and /api/database."""

    def login(seen):
        if seen.json != {"username": "reader@example.com", "password": "password"}:
            return Reply({"errors": {"password": "did not match stored password"}}, 401)
        return {"id": next(sessions)}

    def databases(seen):
        if seen.headers.get("X-Metabase-Session") != "session-2":
            return Reply(b"Unauthenticated", 401)
        return {"data": [{"id": 1, "name": "Sample"}], "total": 1}

    api.routes |= {"/api/session": login, "/api/database": databases}


def business_one(api, sessions):
    """Serve Login and BusinessPartners of the SAP Business One Service Layer."""

    def login(seen):
        expected = {"CompanyDB": "SBODEMOUS", "UserName": "reader", "Password": "password"}
        if seen.json != expected:
            return Reply({"error": {"code": -304, "message": {"value": "Fail to login"}}}, 401)
        return {"SessionId": next(sessions), "Version": "1000190", "SessionTimeout": 30}

    def partners(seen):
        if seen.headers.get("Cookie") != "B1SESSION=session-2":
            return Reply({"error": {"code": 301, "message": {"value": "Invalid session"}}}, 401)
        assert seen.headers["Prefer"] == "odata.maxpagesize=100"
        if "$skip" in seen.query:
            return {"value": [{"CardCode": "C2"}]}
        return {"value": [{"CardCode": "C1"}], "odata.nextLink": "BusinessPartners?$skip=1"}

    api.routes |= {"/b1s/v1/Login": login, "/b1s/v1/BusinessPartners": partners}


SERVERS = {"metabase": metabase, "sap-business-one": business_one}
KEYS = {
    "metabase": ("databases", "id", [1]),
    "sap-business-one": ("business_partners", "CardCode", ["C1", "C2"]),
}


def test_guide_has_two_recipes():
    assert RECIPES.keys() == SERVERS.keys()


@pytest.mark.parametrize("recipe", SERVERS)
def test_recipe_reads_and_logs_in_anew_once_the_session_has_ended(api, tap, recipe):
    """The first session is rejected; the second one is stored for the next run."""
    SERVERS[recipe](api, iter(["session-1", "session-2"]))
    stream, key, values = KEYS[recipe]
    for _ in range(2):
        run = tap.ok(config_for(api, recipe))
        assert [record[key] for record in run.records(stream)] == values
    assert "session-1" not in run.errors


@pytest.mark.parametrize("recipe", SERVERS)
def test_wrong_password_is_one_error(api, tap, recipe):
    """The refusal of the login is one line that does not show the password."""
    SERVERS[recipe](api, iter([]))
    run = tap({**config_for(api, recipe), "password": "wrong-password"})
    assert run.status == 1
    (line,) = run.error_lines
    assert "rejected the password request with status 401" in line
    assert "wrong-password" not in run.errors


@pytest.mark.parametrize(
    ("prefix", "sent"),
    [("Bearer", "Bearer token-of-the-test"), ("Token token=", "Token token=token-of-the-test")],
)
def test_prefix_that_ends_in_an_equals_sign_touches_the_token(api, tap, prefix, sent):
    """A space separates any other prefix from the token."""
    api.serve("/items", [{"id": 1}])
    tap.ok(api.config({"name": "items", "path": "items"}, auth_prefix=prefix))
    assert api.requests("/items")[0].headers["Authorization"] == sent


@pytest.mark.parametrize("body", [b'"session-of-the-test"', b"session-of-the-test\n"])
def test_response_that_is_nothing_but_the_session_is_the_token(api, tap, body):
    """A JSON string or plain text needs no access_token_path, and is masked."""
    api.token = lambda _: Reply(body, headers={"Content-Type": "text/plain"})
    api.serve("/items", [{"id": 1}])
    user = {"grant_type": "password", "username": "ann", "password": "pass"}
    run = tap.ok(api.config({"name": "items", "path": "items"}, **user))
    assert api.requests("/items")[0].headers["Authorization"] == "Bearer session-of-the-test"
    assert "session-of-the-test" not in run.errors


@pytest.mark.parametrize("body", [b"Down for maintenance", b'"Wrong password"', b'"a\\nb"'])
def test_sentence_in_place_of_a_session_is_no_token(api, tap, body):
    """A notice with status 200 ends the run, and the API is not asked with it."""
    api.token = lambda _: Reply(body, headers={"Content-Type": "text/plain"})
    run = tap(api.config({"name": "items", "path": "items"}, max_retries=0))
    assert run.status == 1
    assert "without an access token at 'access_token'" in run.errors
    assert not api.requests("/items")
