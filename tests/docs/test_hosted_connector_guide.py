"""Each limit of a hosted connector that the guide names is lifted, and each field has its setting.

A limit of the page without a test here fails, and so does a test without a limit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tap_oauth2_generic.__main__ import run as run_tap
from tests.docs.blocks import DOCS
from tests.support.commands import run_program, write_config
from tests.support.login_process import Login, Person, free_port
from tests.support.rotation import RotatingProvider
from tests.support.server import Reply

PAGE = (DOCS / "guides" / "from-a-hosted-connector.md").read_text(encoding="utf-8")
ROWS = [{"id": number} for number in range(1, 8)]
LIFTED: dict[str, Callable[..., None]] = {}


def table(name: str) -> list[list[str]]:
    """Return the cells of a table of the page, row by row."""
    part = PAGE.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]
    rows = [line.strip("| ").split(" | ") for line in part.strip().split("\n")[2:]]
    return [[cell.strip() for cell in row] for row in rows]


def lifts(limit: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register what shows that a limit is lifted."""

    def register(shown: Callable[..., None]) -> Callable[..., None]:
        LIFTED[limit] = shown
        return shown

    return register


def stream(**settings: Any) -> dict[str, Any]:
    return {"name": "items", "path": "items", "primary_keys": ["id"], **settings}


class Case:
    """What a limit is tried with."""

    def __init__(self, api: Any, other_api: Any, tap: Any, folder: Any, captured: Any) -> None:
        self.api, self.other_api, self.tap, self.folder = api, other_api, tap, folder
        self.captured = captured

    def read(self, *, settings: dict[str, Any] | None = None, **of_stream: Any) -> list[Any]:
        """Sync one stream, and return the IDs of its records."""
        return self.tap.ok(self.api.config(stream(**of_stream), **(settings or {}))).ids()

    def in_pages(self, parameter: str, size: int = 3, *, first: int = 0) -> list[Any]:
        """Serve the rows by an offset, at most ``size`` at once; return the offsets asked for."""
        asked: list[int] = []

        def page(seen: Any) -> Any:
            asked.append(int(seen.query.get(parameter, first)))
            return ROWS[asked[-1] - first :][:size]

        self.api.routes["/items"] = page
        return asked


@lifts("no extra parameters in the authorize request")
def lift_no_extra_parameters_in_the_authorize_request(case: Case) -> None:
    login = _login(case, authorize_params={"audience": "crm", "prompt": "consent"})
    query = parse_qs(urlsplit(login.address).query)
    assert (query["audience"], query["prompt"]) == (["crm"], ["consent"])
    login.process.terminate()
    login.end()


def _login(case: Case, **settings: Any) -> Login:
    grant = {"grant_type": "authorization_code", "authorize_url": f"{case.api.url}/authorize"}
    config = case.api.config(stream(), **grant, **settings)
    return Login(case.folder, config).wait_for_address()


@lifts("no other flow than the authorization code")
def lift_no_other_flow_than_the_authorization_code(case: Case) -> None:
    case.api.serve("/items", ROWS)
    for grant in ({}, {"grant_type": "password", "username": "u", "password": "p"}):
        assert len(case.read(settings=grant)) == 7
    for grant in ({"grant_type": "none"}, {"grant_type": "basic", "username": "u"}):
        config = {"base_url": case.api.url, "streams": [stream()], **grant}
        assert len(case.tap.ok(config).ids()) == 7


@lifts("paging by page number, offset and cursor only; the rest is built by hand")
def lift_paging_by_page_number_offset_and_cursor(case: Case) -> None:
    def page(seen: Any) -> Any:
        at = int(seen.query.get("at", 0))
        rows, url = ROWS[at : at + 3], f"{case.api.url}/items?at={at + 3}"
        body = {"data": rows, "next": url if at + 3 < len(ROWS) else None}
        return Reply(body, headers={"Link": f'<{url}>; rel="next"'} if body["next"] else {})

    case.api.routes["/items"] = page
    last = {"style": "last_record", "last_record_path": "id", "cursor_param": "at"}
    for paging in ({"style": "next_url", "next_url_path": "next"}, {"style": "link_header"}, last):
        assert case.read(records_path="data", pagination=paging) == [1, 2, 3, 4, 5, 6, 7]


@lifts("no cursor from a response header")
def lift_no_cursor_from_a_response_header(case: Case) -> None:
    _serve_cursor(case, lambda token: Reply([], headers={"X-Next": token} if token else {}))
    paging = {"style": "cursor", "cursor_header": "X-Next", "cursor_param": "after"}
    assert case.read(pagination=paging) == [1, 2, 3, 4, 5, 6, 7]


def _serve_cursor(case: Case, reply: Callable[[str], Reply]) -> None:
    """Serve the rows by an opaque cursor; ``reply`` puts it somewhere, and has no rows yet."""

    def page(seen: Any) -> Reply:
        at = int(seen.query.get("after", "c0")[1:])
        made = reply(f"c{at + 3}" if at + 3 < len(ROWS) else "")
        rows = ROWS[at : at + 3]
        made.body = {**made.body, "data": rows} if isinstance(made.body, dict) else rows
        return made

    case.api.routes["/items"] = page


@lifts("no next page's URL in a header")
def lift_no_next_page_s_url_in_a(case: Case) -> None:
    def reply(token: str) -> Reply:
        return Reply([], headers={"Link": f'</items?after={token}>; rel="next"'} if token else {})

    _serve_cursor(case, reply)
    assert case.read(pagination={"style": "link_header"}) == [1, 2, 3, 4, 5, 6, 7]


@lifts("no cursor inside a URL")
def lift_no_cursor_inside_a_url(case: Case) -> None:
    url = "https://elsewhere.example/items?after="
    _serve_cursor(case, lambda token: Reply({"next": url + token if token else None}))
    pattern = {"cursor_path": "next", "cursor_pattern": "after=(.+)", "cursor_param": "after"}
    paging = {"style": "cursor", **pattern}
    assert case.read(records_path="data", pagination=paging) == [1, 2, 3, 4, 5, 6, 7]


@lifts("no cursor inside a list, or under a key with a dot")
def lift_no_cursor_inside_a_list_or_under(case: Case) -> None:
    def reply(token: str) -> Reply:
        return Reply({"links": [{"@odata.next": token or None, "rel": "x"}]})

    _serve_cursor(case, reply)
    for path in ("links.0.'@odata.next'", "$.links[0]['@odata.next']"):
        paging = {"style": "cursor", "cursor_path": path, "cursor_param": "after"}
        assert case.read(records_path="data", pagination=paging) == [1, 2, 3, 4, 5, 6, 7]


@lifts("records must be under a key")
def lift_records_must_be_under_a_key(case: Case) -> None:
    case.api.serve("/items", ROWS)
    assert case.read() == [1, 2, 3, 4, 5, 6, 7]


@lifts("the path of the records leads to one value")
def lift_the_path_of_the_records_leads_to(case: Case) -> None:
    orders = [{"no": 1, "lines": ROWS[:2]}, {"no": 2, "lines": ROWS[2:3]}]
    case.api.serve("/items", {"orders": orders})
    path, outer = "$.orders[*].lines[*]", {"order": "$.orders[*].no"}
    run = case.tap.ok(case.api.config(stream(records_path=path, outer_fields=outer)))
    assert [(row["order"], row["id"]) for row in run.records()] == [(1, 1), (1, 2), (2, 3)]


@lifts("the page size is set to 200 in silence")
def lift_the_page_size_is_set_to_200(case: Case) -> None:
    case.in_pages("offset")
    size = {"page_size": 500, "page_size_param": "limit"}
    run = case.tap.ok(case.api.config(stream(pagination={"style": "offset", **size})))
    assert {seen.query["limit"] for seen in case.api.requests("/items")} == {"200"}
    assert any("page_size 500 is capped at 200" in line for line in run.warnings)


@lifts("the first page or offset is 0 or 1")
def lift_the_first_page_or_offset_is_0(case: Case) -> None:
    asked = case.in_pages("from", first=100)
    paging = {"style": "offset", "offset_param": "from", "page_start": 100}
    assert case.read(pagination=paging) == [1, 2, 3, 4, 5, 6, 7]
    assert min(asked) == 100


@lifts("the offset always advances by the page size")
def lift_the_offset_always_advances_by_the_page(case: Case) -> None:
    asked = case.in_pages("offset", size=2)
    paging = {"style": "offset", "page_size": 5, "page_size_param": "limit"}
    assert case.read(pagination=paging) == [1, 2, 3, 4, 5, 6, 7]
    assert set(asked) >= {0, 2, 4, 6}


@lifts("a request body is a JSON object for POST, PATCH and PUT")
def lift_a_request_body_is_a_json_object(case: Case) -> None:
    case.api.serve("/items", ROWS)
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        case.read(method=method, body=["a", {"n": 1}])
        assert case.api.seen[-1].method == method
        assert case.api.seen[-1].json == ["a", {"n": 1}]
    case.read(method="POST", body={"a": "1"}, body_format="form")
    assert case.api.seen[-1].form == {"a": "1"}
    paging = {"style": "offset", "offset_param": "page.from", "params_in": "body"}
    case.api.routes["/items"] = lambda seen: ROWS[seen.json["page"]["from"] :][:3]
    assert case.read(method="POST", body={"q": "x"}, pagination=paging) == [1, 2, 3, 4, 5, 6, 7]


@lifts("a parameter has one value, fixed when you write it")
def lift_a_parameter_has_one_value_fixed_when(case: Case) -> None:
    case.api.serve("/items", ROWS)
    case.read(params={"status": ["open", "closed"], "by": "{client_id}", "at": "{now:%Y}"})
    query = case.api.seen[-1].queries
    assert query["status"] == ["open", "closed"]
    assert query["by"] == ["client-of-the-test"]
    assert query["at"][0].startswith("20")


@lifts("a block that repeats a request for each result is built by hand")
def lift_a_block_that_repeats_a_request_for(case: Case) -> None:
    case.api.serve("/me", {"id": "u1"})
    case.api.serve("/users/u1/todo/lists", [{"id": "l1"}, {"id": "l2"}])
    for number, name in enumerate(("l1", "l2")):
        case.api.serve(f"/users/u1/todo/lists/{name}/tasks", ROWS[number : number + 1])
    lists = {"parent": {"stream": "me", "keys": {"user": "id"}}}
    lists = {"name": "lists", "path": "users/{parent.user}/todo/lists", **lists}
    tasks = stream(
        path="users/{parent.user}/todo/lists/{parent.list}/tasks",
        parent={"stream": "lists", "keys": {"user": "user", "list": "id"}},
    )
    run = case.tap.ok(case.api.config({"name": "me", "path": "me"}, lists, tasks))
    assert [(row["list"], row["id"]) for row in run.records()] == [("l1", 1), ("l2", 2)]


@lifts("no `/` both at the end of the base URL and at the start of the path")
def lift_no_both_at_the_end_of_the(case: Case) -> None:
    case.api.serve("/v1/items", ROWS)
    for base in ("/v1", "/v1/"):
        for path in ("items", "/items"):
            assert len(case.read(settings={"base_url": case.api.url + base}, path=path)) == 7


@lifts("one redirect address, the connector's own")
def lift_one_redirect_address_the_connector_s_own(case: Case) -> None:
    asked = {}
    for address in ("http://127.0.0.1:{port}/my/callback", "http://localhost:{port}/other"):
        login = _login(case, redirect_uri=address.format(port=free_port()))
        asked = {k: v[0] for k, v in parse_qs(urlsplit(login.address).query).items()}
        assert asked["redirect_uri"] == login.redirect_uri
        Person().visit(f"{login.redirect_uri}?code=c&state={asked['state']}")
        assert login.end()[0] == 0


@lifts("calls to other hosts are prevented only where you fill in the base URL")
def lift_calls_to_other_hosts_are_prevented_only(case: Case) -> None:
    case.other_api.serve("/items", ROWS)
    case.api.serve("/items", {"data": ROWS, "next": f"{case.other_api.url}/items"})
    settings = stream(
        records_path="data", pagination={"style": "next_url", "next_url_path": "next"}
    )
    run = case.tap(case.api.config(settings))
    assert run.status == 1
    assert "not in allowed_hosts" in run.error_lines[0]
    assert not case.other_api.seen


@lifts("the connection breaks after hours with 403, and must be saved again")
def lift_the_connection_breaks_after_hours_with_403(case: Case) -> None:
    """Its refresh token rotates, and the API says 403 where others say 401."""
    provider = RotatingProvider(case.api)
    seeded = {"grant_type": "authorization_code", "refresh_token": provider.issue("A")}
    rule = {"status": 403, "action": "refresh"}

    def items(seen: Any) -> Any:
        token = seen.headers["Authorization"].removeprefix("Bearer ")
        return ROWS if token in provider.access else Reply({"error": "forbidden"}, 403)

    case.api.routes["/items"] = items
    config = case.api.config(stream(response_rules=[rule]), **seeded)
    for _ in range(3):
        assert len(case.tap.ok(config).ids()) == 7
        provider.expire()


@lifts("the connection is shown as linked although it is not")
def lift_the_connection_is_shown_as_linked_although(case: Case) -> None:
    case.api.token = lambda _: Reply({"error": "invalid_grant"}, 400)
    seeded = {"grant_type": "authorization_code", "refresh_token": "ended-refresh-token"}
    config = case.api.config(stream(), **seeded)
    path = write_config(case.folder, config)
    done = run_program("connections", "--config", str(path), "--check")
    assert done.returncode == 1
    assert "invalid_grant" in done.stderr


@lifts("available in the cloud of the vendor only")
def lift_available_in_the_cloud_of_the_vendor(case: Case) -> None:
    case.api.serve("/items", ROWS)
    path = write_config(case.folder, case.api.config(stream()))
    done = run_program("--config", str(path))
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert len([one for one in records if one["type"] == "RECORD"]) == 7


@lifts("every run fetches everything")
def lift_every_run_fetches_everything(case: Case) -> None:
    case.api.serve("/items", [{"id": 1, "at": "2026-01-01T00:00:00Z"}])
    settings = stream(replication_key="at", incremental={"start_param": "since"})
    run = case.tap.ok(case.api.config(settings))
    case.tap.ok(case.api.config(settings), state=run.state)
    sent = [seen.query.get("since") for seen in case.api.requests("/items")]
    assert sent[0] is None
    assert sent[-1].startswith("2026-01-01T00:00:00")


@pytest.fixture
def case(api, other_api, tap, tmp_path, capfdbinary):
    return Case(api, other_api, tap, tmp_path, capfdbinary)


@pytest.mark.parametrize("limit", LIFTED)
def test_limit_is_lifted(case, limit):
    LIFTED[limit](case)


def test_page_and_tests_name_the_same_limits():
    assert [row[0] for row in table("limits")] == list(LIFTED)


PAGED: dict[str, dict[str, Any]] = {
    "page_number": {"page_param": "p", "page_start": 0},
    "offset": {"offset_param": "o", "page_start": 1},
    "cursor": {"cursor_path": "next", "cursor_param": "c"},
}
REQUEST = {
    "path": "items",
    "method": "POST",
    "params": {"sort": "id"},
    "body": {"q": "x"},
    "headers": {"X-Team": "7"},
    "records_path": "data",
}
CONNECTION = {"scopes": ["read", "offline_access"], "client_id": "c", "client_secret": "s"}


@pytest.mark.parametrize("style", PAGED)
def test_fields_of_a_block_are_sent(api, tap, style):
    """Those of a raw request, and those of each paged list."""
    api.routes |= {"/v1/items": _page, "/renew": api.token}
    size = {"page_size": 3, "page_size_param": "size"}
    paging = {"style": style, **size, **PAGED[style]}
    config = api.config(
        stream(**REQUEST, pagination=paging),
        **CONNECTION,
        base_url=f"{api.url}/v1/",
        grant_type="authorization_code",
        refresh_token="seed-of-the-test",
        refresh_token_url=f"{api.url}/renew",
    )
    assert tap.ok(config).ids() == [1, 2, 3, 4, 5, 6, 7]
    (renewed,) = api.requests("/renew")
    assert renewed.form["client_id"] == "c"
    sent = api.requests("/v1/items")
    for seen in sent:
        assert (seen.method, seen.query["sort"], seen.query["size"]) == ("POST", "id", "3")
        assert (seen.json, seen.headers["X-Team"]) == ({"q": "x"}, "7")
    name = {"page_number": "p", "offset": "o", "cursor": "c"}[style]
    values = {seen.query.get(name) for seen in sent}
    expected = {"page_number": "012", "offset": "147", "cursor": [None, "t3", "t6"]}[style]
    assert values >= set(expected)


def _page(seen: Any) -> Any:
    query = seen.query
    at = int(query["p"]) * 3 if "p" in query else int(query.get("o", "1")) - 1
    at = int(query["c"][1:]) if "c" in query else at
    more = at + 3 < len(ROWS)
    return {"data": ROWS[at : at + 3], "next": f"t{at + 3}" if more else None}


def test_raw_request_shows_response_headers_and_status(api, capfdbinary, tmp_path):
    api.serve("/items", Reply([{"id": 1}], headers={"X-Request": "r1"}))
    run_tap(["preview", "--config", write_config(tmp_path, api.config(stream())), "--json"])
    (report,) = json.loads(capfdbinary.readouterr().out)
    (page,) = report["pages"]
    assert (page["status"], page["headers"]["X-Request"]) == (200, "r1")
    assert report["records"] == [{"id": 1}]


def test_each_field_of_the_form_is_tried_above():
    """``authorize_url`` and the others of a login are tried with the limits."""
    named = set()
    for row in table("form"):
        named |= set(re.findall(r"^`(?:pagination\.)?(\w+)`$", row[1]))
    of_paging = {name for paging in PAGED.values() for name in paging}
    of_login = {"authorize_url", "access_token_url", "refresh_token_url", "base_url"}
    others = {"page_size", "page_size_param", "pagination", "parent"}
    assert named == {*REQUEST, *CONNECTION, *of_paging, *of_login, *others}
