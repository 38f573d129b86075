"""A stream in descending order stops at the bookmark only while the order is kept."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.support.key_types import KEY_TYPES, KeyType

BEGIN = datetime(2024, 1, 1, tzinfo=timezone.utc)
ID = KeyType("iso", lambda at: (at - BEGIN).days, lambda _: BEGIN, "integer")
KINDS = {**KEY_TYPES, "ids": ID}
BOOKMARK = 4
ORDERS = [
    # the days of each page, and how many pages are read; the last page is empty
    ([[10, 9, 8], [7, 6, 5], [3, 2, 1], [0]], 3),
    ([[10, 9, 9], [9, 9, 5], [5, 3, 3], [3, 3, 2], [1]], 4),
    ([[10, 9, None], [None, 8], [3, 2], [1]], 3),
    ([[10, 9, 8], [2, 1, 3], [7, 6, 5]], 4),
    ([[3, 2, 1], [10, 9, 8], [0], [7]], 1),
    ([[10, 9, 8], [11, 10], [3, 2], [7, 6, 5]], 5),
    ([[10, 8, 9], [3, 2, 1], [7, 6, 5]], 4),
    ([[8, 9, 10], [3, 2, 1], [7, 6, 5]], 4),
    ([[10, 9], [8, None, 9], [3, 2], [5]], 5),
    ([[1, 2, 3], [5, 6, 7], [8, 9]], 4),
]
PARTITION = {"partitions": [{"part": "a"}], "params": {"part": "{partition.part}"}}
CHILD = {"parent": {"stream": "lists", "keys": {"part": "id"}}, "params": {"part": "{parent.part}"}}
CONTEXTS = {
    # what reads the stream, and drop_older
    "plain": ({}, False),
    "plain, older dropped": ({}, True),
    "partition": (PARTITION, False),
    "child, older dropped": (CHILD, True),
}


#: Each kind of key in a plain stream, and one in each of the other contexts.
CASES = [(kind, "plain") for kind in KINDS] + [("iso", context) for context in CONTEXTS]


@pytest.mark.parametrize(("kind", "context"), dict.fromkeys(CASES))
def test_pages_end_at_the_bookmark_only_in_descending_order(api, tap, kind, context):
    key, (contexts, drop_older) = KINDS[kind], CONTEXTS[context]

    def state():
        value = {"replication_key": "at", "replication_key_value": written(BOOKMARK)}
        if contexts:
            value = {"partitions": [{"context": {"part": "a"}, **value}]}
        return {"bookmarks": {"items": value}}

    def written(day):
        return None if day is None else key.write(BEGIN + day * timedelta(days=1))

    api.serve("/lists", [{"id": "a"}])
    lists = {"name": "lists", "path": "lists", "pagination": {"style": "none"}}
    settings = {
        "name": "items",
        "path": "items",
        "replication_key": "at",
        "schema": key.schema,
        "pagination": {"style": "page_number"},
        "incremental": {"format": key.format, "order": "desc", "drop_older": drop_older},
        **contexts,
    }
    for days, count in ORDERS:
        served = [[{"id": n, "at": written(day)} for n, day in enumerate(page)] for page in days]
        pages = [*served, []]
        api.routes["/items"] = lambda seen, pages=pages: pages[int(seen.query["page"]) - 1]
        before = len(api.requests("/items"))
        run = tap.ok(api.config(lists, settings), state=state())
        assert len(api.requests("/items")) - before == count, days
        newer = [written(day) for page in days[:count] for day in page if (day or 99) > BOOKMARK]
        got = [record.get("at") for record in run.records("items")]
        assert [at for at in got if at in newer] == newer
        is_kept = days in [kept for kept, _ in (*ORDERS[:3], ORDERS[4])]
        warned = sum("records are not in descending order" in line for line in run.warnings)
        assert warned == (not is_kept), days
