"""The summary of a run: one line for each stream."""

from __future__ import annotations

import json
import re

import pytest

from tap_oauth2_generic.config.reader import read_config
from tap_oauth2_generic.net.client import RequestPolicy
from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.runtime.progress import Progress
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.fields import ErrorCollector
from tests.support.progress_lines import ITEMS, PAGED, SCHEMA, lines, page, summary
from tests.support.server import Reply

A_LITTLE = {"X-RateLimit-Reset": "300"}  # milliseconds
SETTINGS = {"max_retries": 3, "rate_limit_format": "milliseconds"}


def test_summary_counts_records_requests_and_retries(api, tap):
    """Every request counts, retries included."""
    api.serve("/items", page(1, 3), Reply({}, 503, {"Retry-After": "0.2"}), page(2, 3),
              Reply({}, 429, A_LITTLE), Reply({}, 401), page(3, 3))  # fmt: skip
    run = tap(api.config({**PAGED, "replication_key": "at"}, **SETTINGS))
    assert re.sub(r"\d+\.\d s", "… s", summary(run)) == (
        "6 records on 3 pages; 6 requests, 2 retries; waited … s (retry), … s (rate limit); "
        "bookmark 2024-05-03T00:00:00Z; paging ended: no next page"
    )
    assert len(api.requests("/items")) == 6


def test_summary_names_the_requests_of_a_schema_sample(api, tap):
    """Requests for an inferred schema are counted separately as well."""
    api.serve("/items", page(1, 1))
    run = tap(api.config({**PAGED, "schema": None} | {"schema_sample_size": 1}))
    assert summary(run).startswith("2 records on 1 page; 2 requests (1 for its schema), 0 retries")


@pytest.mark.parametrize("breaks", ["the token", "the schema", "the first page"])
def test_each_stream_has_a_summary_if_the_run_fails_early(api, tap, breaks):
    """One line for each selected stream, also for those that the run never reached."""
    if breaks == "the token":
        api.token = lambda _: Reply({"error": "invalid_client"}, 401)
    schema = SCHEMA if breaks == "the first page" else None
    streams = [{"name": name, "path": "none", "schema": schema} for name in ("b", "a")]
    off = {"name": "off", "path": "none", "selected": False, "schema": SCHEMA}
    run = tap(api.config(*streams, off, on_error="fail"))
    assert run.status == 1
    shown = [line for line in lines(run.errors, "stream ") if "0 records on" in line]
    assert [line.partition(":")[0] for line in shown] == ["stream 'b'", "stream 'a'"]


def test_summary_counts_waits_by_reason(api, clock):
    """Waits for a retry, after a 429 and for requests_per_second are counted in full."""
    collector = ErrorCollector()
    config = read_config(api.config(ITEMS, max_retries=1, requests_per_second=2), (), collector)
    assert config is not None, collector.errors
    session = Session.of(config, clock, lambda: None)
    stats = session.progress.stats("items")
    policy = RequestPolicy((), json.loads, stats=stats)
    request = Request("GET", f"{api.url}/items", base_url=api.url)
    late, limited = (Reply({}, status, {"Retry-After": "9"}) for status in (503, 429))
    api.serve("/items", [], [], late, [], limited, [])
    for _ in range(4):
        session.api_client.fetch(lambda: request, policy)
    assert stats.waits.seconds() == pytest.approx(
        {"requests_per_second": 1.5, "retry": 9, "rate limit": 9}
    )


@pytest.mark.parametrize(
    ("bookmark", "expected"),
    [("2024-01-01T00:00:00Z", "bookmark 2024-05-01T00:00:00Z"),
     ("2024-06-01T00:00:00Z", "bookmark unchanged at 2024-06-01T00:00:00Z")],
)  # fmt: skip
def test_summary_shows_the_bookmark(api, tap, bookmark, expected):
    """The summary has the new bookmark, or the unchanged one."""
    api.serve("/items", page(1, 1))
    entry = {"replication_key": "at", "replication_key_value": bookmark}
    run = tap(api.config({**PAGED, "replication_key": "at"}), state={"bookmarks": {"items": entry}})
    assert f"; {expected}; " in summary(run)
    assert run.bookmark("items") in expected


def children(number):
    """Return a child stream with bookmarks, and the routes of one parent less than asked for."""
    child = {
        "name": "children",
        "path": "parents/{parent.parent_id}/children",
        "schema": SCHEMA,
        "replication_key": "at",
        "parent": {"stream": "items", "keys": {"parent_id": "id"}},
        "response_rules": [{"status": 404, "action": "ignore"}],
    }
    routes = {
        f"/parents/{one}/children": lambda _: [{"id": 1, "at": "2024-05-01T00:00:00Z"}]
        for one in range(1, number)
    }
    return child, {"/items": lambda _: [{"id": one} for one in range(number)], **routes}


def test_child_stream_has_one_summary(api, tap):
    """A child stream has one summary and one of each metric for all its parents."""
    child, routes = children(30)
    api.routes.update(routes)
    run = tap.ok(api.config(ITEMS, child))
    assert summary(run, "children") == (
        "29 records on 29 pages of 30 partitions, 1 response ignored; 30 requests, 0 retries; "
        "no waits; 29 of 30 bookmarks moved; "
        "paging ended: no pagination is configured (29 times), "
        "response rule 'ignore' (1 time)"
    )
    of_children = [line for line in run.errors.splitlines() if "children" in line]
    assert len(of_children) < 8, run.errors
    metrics = [json.loads(line[8:]) for line in lines(run.errors, "METRIC: ")]
    counted = {(m["tags"]["stream"], m["metric"]): m["value"] for m in metrics}
    assert len(metrics) == len(counted) == 6
    assert counted["children", "record_count"] == 29
    assert counted["items", "record_count"] == 30
    assert counted["children", "http_request_count"] == 30


def test_failed_run_logs_its_summary(api, tap):
    """A failed run logs the summary at INFO, and that paging did not finish."""
    api.serve("/items", page(1, 3), page(2, 3), Reply({}, 400))
    run = tap(api.config(PAGED))
    assert run.status == 1
    assert (
        summary(run)
        == "4 records on 2 pages; 3 requests, 0 retries; no waits; paging did not finish"
    )
    assert len(run.error_lines) <= 4
    assert not any("records on" in line for line in run.error_lines)


def test_records_before_a_failing_one_count(api, tap):
    """Records written before one that does not fit the schema count."""
    rows = [{"id": 1}, {"id": 2}, {"id": "three"}, {"id": 4}]
    api.serve("/items", {"rows": rows})
    run = tap(api.config(PAGED))
    assert run.status == 1
    assert len(run.records("items")) == 2
    assert summary(run).startswith("2 records on 1 page; 1 request, ")


def test_simultaneous_waits_count_once(clock):
    """Seconds in which several requests wait for the same reason count once."""
    stats = Progress(clock).stats("items")
    with stats.waits.wait("rate limit", 5), stats.waits.wait("rate limit", 9):
        clock.now += 4
        assert stats.waits.remaining() == {"rate limit": 5}
    clock.now += 100
    assert stats.waits.seconds() == {"rate limit": 4}
