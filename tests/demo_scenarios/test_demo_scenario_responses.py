"""Responses of the demo: rules, rate limits, conditions, unusual shapes, totals."""

from __future__ import annotations

CHANNELS = {"name": "channels", "path": "/channels", "records_path": "channels"}
POSTS = {
    "name": "posts",
    "path": "/channels/{parent.channel}/posts",
    "parent": {"stream": "channels", "keys": {"channel": "name"}},
    "records_path": "posts",
    "primary_keys": ["id"],
}
SAID = {"path": "ok", "equals": False, "action": "fail", "message_path": "error"}


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
