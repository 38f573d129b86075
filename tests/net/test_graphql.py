"""GraphQL: queries as they are, paging by variables, errors in a 200, and limits on cost."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.net import graphql
from tap_oauth2_generic.net.request import Request, Response
from tap_oauth2_generic.net.retry import ResilienceSettings
from tests.support.server import Reply

QUERY = "query($after: String) { orders(after: $after) { nodes { id } pageInfo { endCursor } } }"
ROWS = [{"id": number} for number in range(1, 6)]
PAGING = {
    "style": "cursor",
    "cursor_path": "data.orders.pageInfo.endCursor",
    "has_more_path": "data.orders.pageInfo.hasNextPage",
    "cursor_param": "variables.after",
    "params_in": "body",
}
STREAM = {
    "name": "items",
    "path": "graphql",
    "graphql": {"query": QUERY},
    "records_path": "data.orders.nodes",
    "pagination": PAGING,
    "replication_key": "id",
}
THROTTLED = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}


def page(start, size=2, **rest):
    end = start + size
    info = {"hasNextPage": end < len(ROWS), "endCursor": str(end)}
    return {"data": {"orders": {"nodes": ROWS[start:end], "pageInfo": info}}, **rest}


def paged(seen):
    return page(int(seen.json["variables"].get("after") or 0))


def cost(requested, available, most=1000, rate=50):
    status = {"maximumAvailable": most, "currentlyAvailable": available, "restoreRate": rate}
    return {"extensions": {"cost": {"requestedQueryCost": requested, "throttleStatus": status}}}


def test_query_is_posted_as_it_is(api, tap):
    """No brace in it is a placeholder, not even one around a known name."""
    api.routes["/graphql"] = paged
    query = "query($after: String) {client_id} " + QUERY
    run = tap.ok(api.config({**STREAM, "graphql": {"query": query}}))
    assert run.ids() == [1, 2, 3, 4, 5]
    assert {(seen.method, seen.json["query"]) for seen in api.requests("/graphql")} == {
        ("POST", query)
    }
    assert api.requests("/graphql")[0].headers["Content-Type"] == "application/json"


def test_variables_keep_their_types(api, tap):
    api.routes["/graphql"] = paged
    partitions = [{"shop": 7}]
    variables = {"shop": "{partition.shop}", "filter": {"text": "shop {partition.shop}"}}
    query = {"query": QUERY, "variables": variables}
    tap.ok(api.config({**STREAM, "graphql": query, "partitions": partitions}))
    sent = api.requests("/graphql")[0].json["variables"]
    assert sent == {"shop": 7, "filter": {"text": "shop 7"}}


def test_nested_list_is_read_by_a_child_stream(api, tap):
    """A connection inside each record has pages of its own."""

    def respond(seen):
        variables = seen.json["variables"]
        if "id" not in variables:
            return {"data": {"orders": {"nodes": ROWS[:2], "pageInfo": {"hasNextPage": False}}}}
        start = int(variables.get("after") or 0)
        nodes = [{"n": f"{variables['id']}-{start}"}]
        info = {"hasNextPage": start < 2, "endCursor": str(start + 1)}
        return {"data": {"order": {"lines": {"nodes": nodes, "pageInfo": info}}}}

    api.routes["/graphql"] = respond
    below = "data.order.lines"
    child = {
        "name": "lines",
        "path": "graphql",
        "parent": {"stream": "items", "keys": {"order_id": "id"}},
        "graphql": {"query": "query($id: ID!) { order }", "variables": {"id": "{parent.order_id}"}},
        "records_path": f"{below}.nodes",
        "pagination": {
            **PAGING,
            "cursor_path": f"{below}.pageInfo.endCursor",
            "has_more_path": f"{below}.pageInfo.hasNextPage",
        },
    }
    run = tap.ok(api.config(STREAM, child))
    assert [(row["order_id"], row["n"]) for row in run.records("lines")] == [
        (number, f"{number}-{start}") for number in (1, 2) for start in range(3)
    ]


ERRORS = {
    "alone": ([{"message": "Field 'x' doesn't exist"}], "Field 'x' doesn't exist"),
    "with a path": ([{"message": "no", "path": ["orders", 0]}], "no at orders.0"),
    "several": ([{"message": "one"}, {"message": "two"}], "one; two"),
    "one object": ({"message": "one"}, "one"),
    "strings": (["one"], "one"),
    "without a message": ([{"extensions": {"code": "FORBIDDEN"}}], "FORBIDDEN"),
}


@pytest.mark.parametrize("is_partial", [True, False])
@pytest.mark.parametrize("case", ERRORS)
def test_errors_fail_the_read_even_with_data(api, tap, case, is_partial):
    """One line names stream, page and cause; the page is not emitted, the bookmark stays."""
    errors, said = ERRORS[case]
    rest = page(2) if is_partial else {"data": None}
    api.routes["/graphql"] = lambda seen: (
        {**rest, "errors": errors} if "after" in seen.json["variables"] else page(0)
    )
    schema = {"properties": {"id": {"type": "integer"}}}
    state = {"bookmarks": {"items": {"replication_key": "id", "replication_key_value": 0}}}
    run = tap(api.config({**STREAM, "schema": schema}, max_in_flight=1), state=state)
    assert run.status == 1
    (line,) = [line for line in run.error_lines if "GraphQL" in line]
    assert "stream 'items', page 2" in line
    assert line.endswith(f"returned GraphQL errors: {said}")
    assert run.ids() == [1, 2]
    assert run.bookmark() == 0


@pytest.mark.parametrize("none", [[], None])
def test_empty_errors_are_none(api, tap, none):
    api.serve("/graphql", page(3, errors=none))
    assert tap.ok(api.config(STREAM)).ids() == [4, 5]


def test_response_rule_decides_before_the_errors(api, tap):
    api.serve("/graphql", {"data": None, "errors": [{"message": "gone"}]})
    rule = {"path": "errors.0.message", "equals": "gone", "action": "ignore"}
    run = tap.ok(api.config({**STREAM, "response_rules": [rule], "replication_key": None}))
    assert run.ids() == []


@pytest.mark.parametrize(
    "error",
    [
        THROTTLED,
        {"message": "API rate limit exceeded", "type": "RATE_LIMITED"},
        {"message": "budget", "extensions": {"code": "COMPLEXITY_BUDGET_EXHAUSTED"}},
    ],
)
def test_limit_is_retried(api, tap, error):
    """Shopify, GitHub and monday.com say it with status 200."""
    refused = {"errors": [error], **cost(10, 9.99)}
    api.serve("/graphql", page(3), refused, refused, page(3))
    run = tap.ok(api.config(STREAM, max_retries=3))
    assert run.ids() == [4, 5]


def test_limit_that_stays_ends_after_the_last_retry(api, tap):
    api.serve("/graphql", {"errors": [THROTTLED], **cost(10, 9.99)})
    run = tap(api.config(STREAM, max_retries=1))
    assert run.status == 1
    assert "failed after 2 attempts" in run.error_lines[0]
    assert "Throttled" in run.error_lines[0]


def test_query_above_the_limit_fails_at_once(api, tap):
    api.serve("/graphql", {"errors": [THROTTLED], **cost(1001, 1000)})
    run = tap(api.config(STREAM, max_retries=5))
    assert run.status == 1
    assert "the query costs more than the API ever allows" in run.error_lines[0]
    assert len(api.requests("/graphql")) == 1


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (page(3, **cost(100, 50)), 1.0),
        (page(3, **cost(100, 100)), 0.0),
        (page(3, **cost(100, 0, rate=0)), 0.0),
        (page(3, extensions={"cost": None}), 0.0),
        (page(3, extensions={"cost": {"throttleStatus": 1}}), 0.0),
        ([1], 0.0),
        ({"errors": [THROTTLED], **cost(200, 100)}, 2.0),
    ],
)
def test_next_query_waits_for_the_points_it_costs(body, seconds):
    """As many come back in a second as restoreRate says."""
    content = json.dumps(body).encode()
    response = Response(Request("POST", ""), "", 200, {}, content, lambda _, __: body)
    assert graphql.decide(response, ResilienceSettings(), 0.0)[2] == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"graphql": {"quary": QUERY}}, "unknown setting 'quary'; did you mean 'query'?"),
        ({"graphql": {"query": " "}}, "setting 'query' is required"),
        ({"graphql": QUERY}, "graphql: must be an object"),
        ({"body": {}}, "graphql is a JSON body of its own; remove body"),
        ({"body_format": "form"}, "graphql is a JSON body of its own; remove body"),
        (
            {"graphql": {"query": QUERY, "variables": {"a": "{parent.x}"}}},
            "graphql.variables.a: unknown placeholder {parent.x}",
        ),
    ],
)
def test_mistake_is_one_line(api, tap, wrong, error):
    run = tap(api.config({**STREAM, **wrong}))
    assert run.status == 1
    assert any(error in line for line in run.error_lines)
    assert not api.seen


def test_response_that_is_no_graphql_is_an_error(api, tap):
    api.serve("/graphql", Reply(b"<html>"))
    run = tap(api.config(STREAM))
    assert run.status == 1
    assert "stream 'items', page 1" in run.error_lines[0]
