"""The beginning of huge JSON, wherever it is cut."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.studio.json_head import read_head
from tap_oauth2_generic.studio.json_tree import tree_of

BODY = {"total": 3, "data": [{"id": 1, "x": 'a,"]}'}, {"id": 2, "x": [1.5, None]}, {"id": 3}]}


@pytest.mark.parametrize("limit", range(1, len(json.dumps(BODY)) + 1))
def test_cut_json_has_a_beginning_of_its_value(limit):
    """Whatever is decoded equals the members of the whole, in their order."""
    found = read_head(json.dumps(BODY).encode(), limit)
    assert set(found) <= set(BODY)
    records = found.get("data", [])
    for record, whole in zip(records, BODY["data"], strict=False):
        assert set(record) <= set(whole)
        assert record.get("id", whole["id"]) == whole["id"]
    if limit == len(json.dumps(BODY)):
        assert found == BODY


@pytest.mark.parametrize("content", [b"", b"plain", b"<html>", b"]", b'"only'])
def test_other_content_has_none(content):
    assert read_head(content, 100) is None


def test_count_of_a_cut_list_says_that_there_are_more():
    found = read_head(b'{"data": [{"id": 1}, {"id": 2}, {"id": 3}]}', 35)
    tree = tree_of(found, is_cut=True)
    assert tree.members[0].shown == "[3 or more]"
    assert tree.members[0].members[0].shown == "{1}"
