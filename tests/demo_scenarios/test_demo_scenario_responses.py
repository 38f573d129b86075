"""Responses of the demo: rules, rate limits, conditions, unusual shapes, totals."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.demo import feed_records, shop

CHANNELS = {"name": "channels", "path": "/channels", "records_path": "channels"}
POSTS = {
    "name": "posts",
    "path": "/channels/{parent.channel}/posts",
    "parent": {"stream": "channels", "keys": {"channel": "name"}},
    "records_path": "posts",
    "primary_keys": ["id"],
}
SAID = {"path": "ok", "equals": False, "action": "fail", "message_path": "error"}
STOCK = {
    "name": "stock",
    "path": "/stock",
    "records_path": "items",
    "pagination": {"style": "offset"},
    "primary_keys": ["id"],
}
ARTICLES = {"name": "articles", "path": "/articles", "pagination": {"style": "page_number"}}


def test_stream_rules_precede_global_rules(demo, tap):
    """The error message quotes the API."""
    archived = {"path": "error", "equals": "is_archived", "action": "ignore"}
    private = {"path": "error", "matches": "^not_in_", "action": "ignore"}
    both = {**POSTS, "response_rules": [archived, private]}
    run = tap.ok(demo.config(CHANNELS, both, response_rules=[SAID]))
    assert len(run.records("posts")) == 12 + 5
    one = {**POSTS, "response_rules": [archived]}
    run = tap(demo.config(CHANNELS, one, response_rules=[SAID]))
    assert run.status == 1
    assert "not_in_channel" in run.error_lines[-1]


def test_keep_emits_only_matching_records(demo, tap):
    refused = {"path": "error", "in": ["is_archived", "not_in_channel"], "action": "ignore"}
    posts = {**POSTS, "response_rules": [refused], "keep": [{"path": "pinned", "equals": True}]}
    run = tap.ok(demo.config(CHANNELS, posts))
    expected = [*feed_records.posts("general", 12), *feed_records.posts("random", 5)]
    assert run.ids("posts") == [post["id"] for post in expected if post["pinned"]]


@pytest.mark.parametrize(("action", "status"), [("end", 0), ("ignore", 0), (None, 1)])
def test_rule_decides_about_a_404_past_the_last_page(demo, tap, action, status):
    """As an end it completes the read; ignored, it moves no bookmark; without a rule it fails."""
    rules = [{"status": 404, "action": action}] if action else []
    articles = {**ARTICLES, "replication_key": "id", "response_rules": rules}
    run = tap(demo.config({**articles, "schema": {"properties": {"id": {"type": "integer"}}}}))
    assert run.status == status
    assert run.ids("articles") == list(range(shop.ARTICLES))
    assert run.bookmark("articles") == (shop.ARTICLES - 1 if action == "end" else None)


@pytest.mark.parametrize(
    ("wish", "rules"),
    [
        ({"status": 429, "retry_after": 0}, []),
        ({"status": 503}, []),
        ({"kind": "drop"}, []),
        ({"kind": "cut"}, []),
        (
            {"status": 403, "retry_after": 0, "body": {"message": "API rate limit exceeded"}},
            [{"status": 403, "path": "message", "matches": "rate limit", "action": "retry"}],
        ),
        (
            {"status": 200, "body": {"error": "token_expired"}},
            [{"path": "error", "equals": "token_expired", "action": "refresh"}],
        ),
    ],
)
def test_transient_faults_lose_no_record(demo, tap, wish, rules):
    """Rate limits, server errors, broken connections and expired tokens."""
    demo.plan_fault("/stock", after=1, **wish)
    run = tap.ok(demo.config({**STOCK, "response_rules": rules}, max_retries=2, max_wait=0.1))
    assert run.ids("stock") == list(range(shop.STOCK))


def test_values_of_an_object_become_records(demo, tap):
    """Each gets its key in a field."""
    stream = {"name": "prices", "path": "/prices", "records_path": "prices"}
    stream |= {"records_are_values": True, "records_key_field": "article"}
    run = tap.ok(demo.config({**stream, "primary_keys": ["article"]}))
    expected = [{**price, "article": key} for key, price in shop.prices().items()]
    assert run.records("prices") == expected


@pytest.mark.parametrize(("action", "status"), [("warn", 0), ("fail", 1), ("ignore", 0)])
def test_unmatched_records_path_is_reported_with_the_keys(demo, tap, action, status):
    stream = {"name": "contacts", "path": "/contacts", "records_path": "records"}
    run = tap(demo.config({**stream, "on_missing_records": action}))
    assert run.status == status
    said = any("data, info" in line for line in [*run.warnings, *run.error_lines])
    assert said == (action != "ignore")


def test_missing_records_are_reported_with_both_totals(demo, tap):
    stock = {**STOCK, "pagination": {"style": "offset", "total_path": "total"}}
    run = tap.ok(demo.config(stock))
    assert run.ids("stock") == list(range(shop.STOCK))
    said = "total_path says 60 records, but the API returned 57"
    assert any(said in line for line in run.warnings)
