"""What is made of the demo's answers: rules, rate limits, conditions, unusual shapes, totals."""

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


def ids(run, stream):
    return [record["id"] for record in run.records(stream)]


def test_rules_decide_at_both_levels(demo, tap):
    """A stream's rules go before those for all, and a failure is said in the API's own word."""
    archived = {"path": "error", "equals": "is_archived", "action": "ignore"}
    private = {"path": "error", "matches": "^not_in_", "action": "ignore"}
    both = {**POSTS, "response_rules": [archived, private]}
    run = tap(demo.config(CHANNELS, both, response_rules=[SAID]))
    assert run.status == 0, run.errors
    assert len(run.records("posts")) == 12 + 5
    one = {**POSTS, "response_rules": [archived]}
    run = tap(demo.config(CHANNELS, one, response_rules=[SAID]))
    assert run.status == 1
    assert "not_in_channel" in run.error_lines[-1]


def test_keep_chooses_among_records(demo, tap):
    """Only the posts that meet the condition are emitted."""
    refused = {"path": "error", "in": ["is_archived", "not_in_channel"], "action": "ignore"}
    posts = {**POSTS, "response_rules": [refused], "keep": [{"path": "pinned", "equals": True}]}
    run = tap(demo.config(CHANNELS, posts))
    assert run.status == 0, run.errors
    expected = [*feed_records.posts("general", 12), *feed_records.posts("random", 5)]
    assert ids(run, "posts") == [post["id"] for post in expected if post["pinned"]]


@pytest.mark.parametrize(("action", "status"), [("end", 0), ("ignore", 0), (None, 1)])
def test_a_404_past_the_last_page_is_what_the_rule_says(demo, tap, action, status):
    """As an end it completes the read; ignored, no bookmark moves; without a rule it fails."""
    rules = [{"status": 404, "action": action}] if action else []
    articles = {**ARTICLES, "replication_key": "id", "response_rules": rules}
    run = tap(demo.config({**articles, "schema": {"properties": {"id": {"type": "integer"}}}}))
    assert run.status == status
    assert ids(run, "articles") == list(range(shop.ARTICLES))
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
def test_what_passes_by_itself_costs_no_record(demo, tap, wish, rules):
    """Rate limits, server errors, broken connections and expired tokens are overcome."""
    demo.plan_fault("/stock", after=1, **wish)
    run = tap(demo.config({**STOCK, "response_rules": rules}, max_retries=2, max_wait=0.1))
    assert run.status == 0, run.errors
    assert ids(run, "stock") == list(range(shop.STOCK))


def test_the_values_of_an_object_are_records(demo, tap):
    """An object of objects gives a record for each, with its key in a field of its own."""
    stream = {"name": "prices", "path": "/prices", "records_path": "prices"}
    stream |= {"records_are_values": True, "records_key_field": "article"}
    run = tap(demo.config({**stream, "primary_keys": ["article"]}))
    assert run.status == 0, run.errors
    expected = [{**price, "article": key} for key, price in shop.prices().items()]
    assert run.records("prices") == expected


@pytest.mark.parametrize(("action", "status"), [("warn", 0), ("fail", 1), ("ignore", 0)])
def test_records_that_are_elsewhere_are_said(demo, tap, action, status):
    """A records_path that never matches is said with the keys that were there, or as asked."""
    stream = {"name": "contacts", "path": "/contacts", "records_path": "records"}
    run = tap(demo.config({**stream, "on_missing_records": action}))
    assert run.status == status
    said = any("data, info" in line for line in [*run.warnings, *run.error_lines])
    assert said == (action != "ignore")


def test_a_total_that_is_not_reached_is_said(demo, tap):
    """Where fewer records came than total_path said, the run says both numbers."""
    stock = {**STOCK, "pagination": {"style": "offset", "total_path": "total"}}
    run = tap(demo.config(stock))
    assert run.status == 0, run.errors
    assert ids(run, "stock") == list(range(shop.STOCK))
    assert any("57 records came, though total_path said 60" in line for line in run.warnings)
