"""Imported documents run against servers that behave as they describe; rows are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.importers.openapi_documents import (
    document,
    imported,
    in_version,
    list_of,
    listing,
    param,
    record,
    stream,
)
from tests.support.server import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.runs import TapRunner
    from tests.support.server import ApiServer, Seen

ROWS = [{"id": number, "name": f"n{number}"} for number in range(1, 12)]
PATH = "/v1/items"
LIMIT = param("limit", maximum=3, default=2)
TEXT = {"type": "string"}
NEXT = {"type": "string", "nullable": True}
LINK = {"Link": {"description": "pages", "schema": TEXT}}


def _cut(seen: Seen, start: int, name: str = "limit") -> list[dict[str, Any]]:
    size = int(seen.query.get(name, 2))
    assert size <= 3, "the documented maximum"
    return ROWS[start : start + size]


def _by_page(seen: Seen) -> Any:
    size = int(seen.query.get("per_page", 2))
    start = (int(seen.query.get("page", 1)) - 1) * size
    return {"data": _cut(seen, start, "per_page"), "total_pages": -(-len(ROWS) // size)}


def _from_zero(seen: Seen) -> Any:
    return _cut(seen, int(seen.query.get("page", 0)) * int(seen.query.get("size", 2)), "size")


def _by_offset(seen: Seen) -> Any:
    return {"data": _cut(seen, int(seen.query.get("offset", 0))), "total": len(ROWS)}


def _by_cursor(seen: Seen) -> Any:
    start = int(seen.query.get("cursor", "c0")[1:])
    rows = _cut(seen, start)
    more = start + len(rows) < len(ROWS)
    return {"data": rows, "meta": {"next_cursor": f"c{start + len(rows)}" if more else None}}


def _by_link(seen: Seen) -> Any:
    start = int(seen.query.get("from", 0))
    rows = _cut(seen, start)
    more = start + len(rows) < len(ROWS)
    url = f"{PATH}?limit={seen.query.get('limit', 2)}&from={start + len(rows)}" if more else None
    return {"data": rows, "next": url}


def _by_header(seen: Seen) -> Any:
    found = _by_link(seen)
    links = {"Link": f'<{found["next"]}>; rel="next"'} if found["next"] else {}
    return Reply(found["data"], headers=links)


def _by_last(seen: Seen) -> Any:
    rows = _cut(seen, int(seen.query.get("starting_after", 0)))
    return {"data": rows, "has_more": bool(rows) and rows[-1] != ROWS[-1]}


ARRAY = {"type": "array", "items": record()}
PAGINGS: dict[str, tuple[dict[str, Any], Callable[[Seen], Any], str]] = {
    "page_number": (
        listing(
            list_of(record(), total_pages={"type": "integer"}),
            param("page", default=1),
            param("per_page", maximum=3),
        ),
        _by_page,
        "page_number",
    ),
    "page_number from 0": (
        listing(ARRAY, param("page", default=0), param("size", maximum=3)),
        _from_zero,
        "page_number",
    ),
    "offset": (
        listing(list_of(record(), total={"type": "integer"}), param("offset"), LIMIT),
        _by_offset,
        "offset",
    ),
    "cursor": (
        listing(
            list_of(record(), meta={"type": "object", "properties": {"next_cursor": NEXT}}),
            param("cursor", "string"),
            LIMIT,
        ),
        _by_cursor,
        "cursor",
    ),
    "next_url": (
        listing(list_of(record(), next={**NEXT, "format": "uri"}), LIMIT),
        _by_link,
        "next_url",
    ),
    "link_header": (listing(ARRAY, LIMIT, headers=LINK), _by_header, "link_header"),
    "last_record": (
        listing(
            list_of(record(), has_more={"type": "boolean"}),
            param("starting_after", "string"),
            param("ending_before", "string"),
            LIMIT,
        ),
        _by_last,
        "last_record",
    ),
}


@pytest.mark.parametrize("version", ["2.0", "3.0.3", "3.1.0"])
@pytest.mark.parametrize("kind", PAGINGS)
def test_all_rows_of_each_paging_arrive(
    kind: str, version: str, tap: TapRunner, api: ApiServer
) -> None:
    """Each documented paging, in each version: all rows, at the documented page size."""
    item, respond, style = PAGINGS[kind]
    if version == "2.0":
        item["get"]["responses"]["200"].setdefault("headers", {})
    made = imported(
        in_version(version, document({"/items": item}, f"{api.url}/v1")), as_yaml=version == "3.1.0"
    )
    api.routes[PATH] = respond
    run = tap.ok({**made.config, "max_retries": 0})
    assert run.ids() == [row["id"] for row in ROWS]
    assert stream(made, "items")["pagination"]["style"] == style
    assert stream(made, "items")["pagination"]["page_size"] == 3
    # A page fewer than of the usual size: the maximum was asked for.
    assert api.requests(PATH)[0].query.get("limit", "3") == "3"


@pytest.mark.parametrize(
    ("about", "size"),
    [
        ({"maximum": 500}, 200),
        ({"description": "How many, max 50"}, 50),
        ({"description": "Between 1 and 80"}, 80),
        ({"default": 25}, 25),
        ({}, None),
    ],
)
def test_page_size_is_the_documented_maximum(about: dict[str, Any], size: int | None) -> None:
    """The tap caps it at 200; without a maximum the default is sure, and else none is sent."""
    item = listing(list_of(record()), param("page", default=1), param("limit", **about))
    found = stream(imported(document({"/items": item})), "items")["pagination"]
    assert found.get("page_size") == size
    assert ("page_size_param" in found) == (size is not None)


def test_list_without_a_sign_of_paging_is_unsure() -> None:
    """The report says so: the rest could be lost."""
    made = imported(document({"/items": listing(list_of(record()))}))
    assert any("no sign of paging" in line and "items" in line for line in made.unsure)


def test_children_are_read_for_each_parent(tap: TapRunner, api: ApiServer) -> None:
    """A path below a list takes its parameter from the list's records, at any depth."""
    paths = {
        "/orgs": listing(list_of(record())),
        "/orgs/{orgId}/teams": listing(
            list_of({"type": "object", "properties": {"slug": TEXT, "id": {"type": "integer"}}}),
            param("orgId", "string", "path"),
        ),
        "/orgs/{org}/teams/{team_slug}/members": listing(
            list_of(record()),
            param("org", "string", "path"),
            param("team_slug", "string", "path"),
        ),
    }
    made = imported(document(paths, api.url))
    api.serve("/orgs", {"data": [{"id": 1}, {"id": 2}]})
    for org in (1, 2):
        api.serve(f"/orgs/{org}/teams", {"data": [{"id": org * 10, "slug": f"t{org}"}]})
        api.serve(f"/orgs/{org}/teams/t{org}/members", {"data": [{"id": org * 100}]})
    run = tap.ok({**made.config, "max_retries": 0})
    assert run.records("teams") == [
        {"id": 10, "slug": "t1", "orgId": 1},
        {"id": 20, "slug": "t2", "orgId": 2},
    ]
    assert run.records("members") == [
        {"id": 100, "org": 1, "team_slug": "t1"},
        {"id": 200, "org": 2, "team_slug": "t2"},
    ]


def test_excluded_parent_is_read_but_not_selected(tap: TapRunner, api: ApiServer) -> None:
    """What a chosen stream needs comes along."""
    paths = {
        "/orgs": listing(list_of(record())),
        "/orgs/{org_id}/users": listing(list_of(record()), param("org_id", "string", "path")),
        "/plans": listing(list_of(record())),
    }
    made = imported(document(paths, api.url), include=("*users",))
    assert [one["name"] for one in made.config["streams"]] == ["orgs", "users"]
    assert stream(made, "orgs")["selected"] is False
    api.serve("/orgs", {"data": [{"id": 1}]})
    api.serve("/orgs/1/users", {"data": [{"id": 5}]})
    run = tap.ok({**made.config, "max_retries": 0})
    assert (run.ids("users"), run.ids("orgs")) == ([5], [])


def test_enumerated_path_parameter_is_read_for_each_value(tap: TapRunner, api: ApiServer) -> None:
    """A document that names all values leaves nothing to ask for."""
    kind = param("kind", "string", "path", enum=["in", "out"])
    made = imported(document({"/{kind}/items": listing(list_of(record()), kind)}, api.url))
    api.serve("/in/items", {"data": [{"id": 1}]})
    api.serve("/out/items", {"data": [{"id": 2}]})
    assert tap.ok({**made.config, "max_retries": 0}).records() == [
        {"id": 1, "kind": "in"},
        {"id": 2, "kind": "out"},
    ]


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/orgs/{org}/users", [param("org", "string", "path")]),
        ("/users", [param("org", "string", required=True)]),
        ("/users", [param("X-Org", "string", "header", required=True)]),
    ],
)
def test_stream_that_needs_a_value_is_not_selected(path: str, params: list[Any]) -> None:
    """The user fills it in: nothing is requested with a value that was made up."""
    made = imported(document({path: listing(list_of(record()), *params)}))
    found = stream(made, "users")
    assert found["selected"] is False
    assert "YOUR_" in str(found)
    assert any("users (" in line and "YOUR_…" in line for line in made.unsure)


def test_required_parameter_with_one_value_is_sent(tap: TapRunner, api: ApiServer) -> None:
    """A default, or the only value that is allowed."""
    params = [
        param("view", "string", required=True, default="all"),
        param("X-Version", "string", "header", required=True, enum=["2024-01"]),
    ]
    made = imported(document({"/items": listing(list_of(record()), *params)}, api.url))
    api.serve("/items", {"data": [{"id": 1}]})
    tap.ok({**made.config, "max_retries": 0})
    (seen,) = api.requests("/items")
    assert (seen.query["view"], seen.headers["X-Version"]) == ("all", "2024-01")


@pytest.mark.parametrize(("place", "setting"), [("header", "headers"), ("query", "params")])
def test_parameter_that_most_streams_need_is_of_the_connection(place: str, setting: str) -> None:
    """A tenant is given once, not in each stream."""
    tenant = param("X-Tenant", "string", place, required=True)
    paths = {f"/{name}": listing(list_of(record()), tenant) for name in ("a", "b", "c")}
    made = imported(document({**paths, "/d": listing(list_of(record()))}))
    assert made.secrets[setting] == {"X-Tenant": None}
    assert "YOUR_" not in str(made.config)
    assert all("selected" not in one for one in made.config["streams"])


def test_time_is_no_offset() -> None:
    """A parameter ``start_at`` that takes a time filters, and pages nothing."""
    time = param("start_at", "string", format="date-time")
    made = imported(document({"/items": listing(list_of(record()), time)}))
    assert "pagination" not in stream(made, "items")


def test_key_of_a_parent_is_a_column_next_to_the_fields() -> None:
    """It has the type of the parent's field, and another name than a field of the child."""
    paths = {
        "/orgs": listing(list_of(record())),
        "/orgs/{org}/users": listing(
            list_of(record(org={"type": "object"})), param("org", "string", "path")
        ),
    }
    found = stream(imported(document(paths)), "users")
    assert found["parent"] == {"stream": "orgs", "keys": {"path_org": "id"}}
    assert found["path"] == "/orgs/{parent.path_org}/users"
    columns = found["schema"]["properties"]
    assert columns["path_org"] == {"type": ["integer", "null"]}
    assert columns["org"] == {"type": ["object", "null"]}
