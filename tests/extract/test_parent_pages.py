"""Which children are read for a page of parents, whether it stays encoded or has to be decoded."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.parsing.formats import decode
from tap_oauth2_generic.settings.paths import MISSING, parse_path
from tap_oauth2_generic.settings.templates import as_text
from tests.support.server import Reply

PAGES = {
    "plain": ("k", '[{"k":"a","id":1},{"k":"b","id":2}]'),
    "equal": ("k", '[{"k":"a","id":1},{"k":"a","id":2},{"id":3,"k":"b"},{"k":"a","id":4}]'),
    "nested": ("in.k", '[{"id":1,"in":{"k":"a"}},{"id":2,"in":{"k":"b","m":1}}]'),
    "escaped": ("k", r'[{"k":"a\u0062","id":1},{"k":"ab","id":2},{"\u006b":"c","id":3}]'),
    "repeated name": ("k", '[{"k":"a","id":1,"k":"b"},{"k":"c","id":2}]'),
    "digits": ("k", '[{"k":1.0,"id":1},{"k":1.00,"id":2},{"k":1,"id":3},{"k":"1","id":4}]'),
    "null": ("k", '[{"k":null,"id":1},{"k":"b","id":2}]'),
    "lacking": ("k", '[{"id":1},{"k":"b","id":2}]'),
    "empty": ("k", '[{},{"k":"b","id":2},null]'),
    "key with a dot": ("in.k", '[{"in.k":"z","in":{"k":"y"},"id":1},{"in":{"k":"x"},"id":2}]'),
    "list": ("in.k", '[{"in":[{"k":"a"}],"id":1},{"in":{"k":"b"},"id":2}]'),
    "position": ("in.0", '[{"in":["a"],"id":1},{"in":["b"],"id":2}]'),
    "context": ("part", '[{"id":1},{"id":2}]'),
    "own field in place of the context": ("part", '[{"id":1,"part":"q"},{"id":2}]'),
    "added": ("added", '[{"id":1,"in":{"k":"a"}},{"id":2,"in":{"k":"b"}}]'),
}
FIELDS = {"id": "integer", "in": ["object", "array"], "k": ["string", "number"]}
SCHEMA = {
    "properties": {
        name: {"type": [kind, "null"] if isinstance(kind, str) else [*kind, "null"]}
        for name, kind in {**FIELDS, "in.k": "string", "part": "string", "added": "string"}.items()
    }
}


def expected(path, page):
    """Return the rows of a page, and for each the context that a child is first read for."""
    seen, found = set(), []
    for row in filter(None, decode(page.encode())):
        record = {**row, "part": row.get("part", "p")}
        if isinstance(row.get("in"), dict):
            record["added"] = row["in"].get("k")
        key = parse_path(path).find(record)
        is_new = key is not MISSING and key is not None and repr(key) not in seen
        seen.add(repr(key))
        found.append((row["id"], as_text(key) if is_new else None))
    return found


@pytest.mark.parametrize("is_selected", [True, False])
@pytest.mark.parametrize("in_flight", [1, 4])
@pytest.mark.parametrize("kind", PAGES)
def test_each_record_follows_the_children_that_it_is_first_to_name(
    api, tap, kind, in_flight, is_selected
):
    path, page = PAGES[kind]
    api.serve("/parents", Reply(page.encode()))
    api.routes["/children"] = lambda seen: [{"of": seen.query["of"]}]
    parent = {"name": "parents", "path": "parents", "schema": SCHEMA, "selected": is_selected}
    parent |= {"partitions": [{"part": "p"}], "add_fields": {"added": "in.k"}}
    child = {"name": "children", "path": "children", "params": {"of": "{parent.key}"}}
    child |= {"parent": {"stream": "parents", "keys": {"key": path}}}
    child["schema"] = {"properties": {"of": {"type": "string"}}}
    run = tap.ok(api.config(parent, child, max_in_flight=in_flight))
    found = [
        m["record"].get("id", m["record"].get("of")) for m in run.messages if m["type"] == "RECORD"
    ]
    order = [one for row, context in expected(path, page) for one in (context, row)]
    wanted = [one for one in order if one is not None and (is_selected or isinstance(one, str))]
    assert found == wanted
