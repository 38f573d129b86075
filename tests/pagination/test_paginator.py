"""The paginator: when it stops, and whether the read was complete."""

from __future__ import annotations

import json

import pytest

from tap_oauth2_generic.net.request import Request
from tap_oauth2_generic.pagination import Paginator, read_style
from tap_oauth2_generic.parsing.extract_records import RecordSettings
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.settings.paths import parse_path

WHERE = RecordSettings(records_path=parse_path("items"))
ROWS = [{"id": number} for number in range(9)]
CURSOR = {"style": "cursor", "cursor_path": "next", "cursor_param": "after"}
NUMBER = {"style": "page_number"}


def page_of(body, headers=()):
    content = json.dumps(body).encode()
    return read_page("https://a.example", 200, dict(headers), content, WHERE)


def read_pages(raw, *bodies, headers=()):
    """Read bodies in order, the last one repeatedly."""
    paginator, emitted, waiting = Paginator(read_style(raw, ErrorCollector())), [], list(bodies)
    while paginator.stop is None:
        paginator.place(Request("GET", "https://a.example"))
        body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        page = page_of(body, headers)
        emitted += [row for new in paginator.take(page) for row in new.records]
        assert paginator.pages < 50, "paging does not stop"
    return paginator, emitted


def items(*rows, **signs):
    return {"items": [{"id": row} for row in rows], **signs}


@pytest.mark.parametrize(
    "raw",
    [
        NUMBER,
        {"style": "offset"},
        {"style": "last_record", "last_record_path": "id", "cursor_param": "a"},
    ],
)
def test_empty_page_completes_a_counted_read(raw):
    pages, emitted = read_pages(raw, items(1, 2), items(3), items())
    assert emitted == items(1, 2, 3)["items"]
    assert pages.stop.complete
    assert pages.stop.complete


def test_empty_page_with_a_token_continues():
    pages, emitted = read_pages(
        CURSOR, items(next="a"), items(1, next="b"), items(next="c"), items(2)
    )
    assert emitted == items(1, 2)["items"]
    assert pages.stop.complete


def test_empty_page_that_promises_more_is_incomplete():
    raw = {**NUMBER, "has_more_path": "more"}
    pages, _ = read_pages(raw, items(1, more=True), items(more=True))
    assert pages.stop.complete is False


def test_repeated_first_page_is_incomplete():
    """Its records are emitted once."""
    pages, emitted = read_pages(NUMBER, items(1, 2))
    assert emitted == items(1, 2)["items"]
    assert pages.stop.complete is False
    assert "repeats" in pages.stop.reason


def test_repeated_last_page_is_incomplete():
    """Nothing shows that it is the last; its records are emitted once."""
    pages, emitted = read_pages(NUMBER, items(1, 2), items(3))
    assert emitted == items(1, 2, 3)["items"]
    assert pages.stop.complete is False


@pytest.mark.parametrize(
    ("tokens", "complete"), [(["a", "b", "a"], False), (["a", "a"], True), (["a", "b", "b"], True)]
)
def test_token_loop_stops_paging(tokens, complete):
    """Only a page that names itself completes the read."""
    bodies = [items(number, next=token) for number, token in enumerate(tokens)]
    pages, emitted = read_pages(CURSOR, *bodies)
    assert len(emitted) == len(tokens)
    assert pages.stop.complete is complete


def test_number_and_string_are_different_tokens():
    pages, emitted = read_pages(
        CURSOR, items(0, next=1), items(1, next="1"), items(2, next=[1]), items(3)
    )
    assert len(emitted) == 4
    assert pages.stop.complete


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (NUMBER, "page"),
        ({"style": "offset", "offset_param": "from"}, "from"),
        ({"style": "last_record", "last_record_path": "id", "cursor_param": "after"}, "after"),
    ],
)
def test_repeated_first_page_warns_about_the_parameter(raw, named):
    pages, emitted = read_pages({**raw, "page_size_param": "size"}, items(1, 2))
    assert len(emitted) == 2
    assert pages.stop.reason.endswith(f"; the API may ignore the parameter {named}")
    later, _ = read_pages(raw, items(1, 2), items(3, 4), items(3, 4))
    assert later.stop.reason == "page 4 repeats the previous page"


@pytest.mark.parametrize("body", [{"next": None}, {"items": None}, {"items": []}, {}, [], None])
def test_response_without_records_completes_the_read(body):
    pages, emitted = read_pages(NUMBER, items(1, next="x"), body)
    assert len(emitted) == 1
    assert pages.stop.complete is True


@pytest.mark.parametrize("total", [3, "3", 3.0])
def test_reached_total_completes_the_read(total):
    pages, emitted = read_pages(
        {**NUMBER, "total_path": "total"}, items(1, 2, total=total), items(3)
    )
    assert (len(emitted), pages.pages) == (3, 2)
    assert (pages.stop.complete, pages.remarks) == (True, [])


def test_total_not_reached_warns_with_both_numbers():
    pages, _ = read_pages({**NUMBER, "total_path": "total"}, items(1, 2, total=5), items(total=5))
    assert pages.remarks == ["total_path says 5 records, but the API returned 2"]


def test_total_below_the_page_length_is_ignored():
    """It warns once."""
    raw = {**NUMBER, "total_path": "total"}
    pages, emitted = read_pages(raw, items(1, 2, 3, total=1), items(4, 5, total=1), items(total=1))
    assert len(emitted) == 5
    assert pages.remarks == [
        "ignoring total_path 'total': it says 1, but the first page has 3 records"
    ]


@pytest.mark.parametrize("total", [None, True, "many", 1.5, {}])
def test_total_that_is_no_integer_is_ignored(total):
    """It warns once."""
    raw = {**NUMBER, "total_path": "total"}
    pages, emitted = read_pages(raw, items(1, 2, total=total), items(3, total=total), items())
    assert len(emitted) == 3
    assert pages.remarks == ["ignoring total_path 'total': it finds no integer"]


@pytest.mark.parametrize(("pages", "read"), [(2, 2), ("2", 2), (0, 3), (None, 3), (9, 3)])
def test_total_pages_stop_paging(pages, read):
    """0 and null say nothing."""
    raw = {**NUMBER, "page_start": 0, "total_pages_path": "pages"}
    bodies = [items(number, pages=pages) for number in range(3)]
    assert len(read_pages(raw, *bodies, items(pages=pages))[1]) == read


def test_stop_on_short_page_compares_with_the_first_page():
    bodies = [items(1, 2), items(3, 4), items(5), items(6, 7), items()]
    assert len(read_pages({**NUMBER, "stop_on_short_page": True}, *bodies)[1]) == 5
    assert len(read_pages(NUMBER, *bodies)[1]) == 7


@pytest.mark.parametrize("raw", [NUMBER, CURSOR])
def test_max_pages_leaves_the_read_incomplete(raw):
    pages, emitted = read_pages({**raw, "max_pages": 2}, items(1, next="a"), items(2, next="b"))
    assert len(emitted) == 2
    assert pages.stop.complete is False


def test_last_page_at_max_pages_completes_the_read():
    pages, _ = read_pages({**CURSOR, "max_pages": 2}, items(1, next="a"), items(2))
    assert pages.stop.complete is True


@pytest.mark.parametrize(
    ("raw", "body", "headers", "reason"),
    [
        (CURSOR, items(1, nexts="a"), {}, "'next' is not in the response, but 'nexts' is"),
        (
            {"style": "cursor", "cursor_header": "X-Next", "cursor_param": "after"},
            items(1),
            {"x-nextt": "a"},
            "'X-Next' is not in the response, but 'x-nextt' is",
        ),
        (
            {**CURSOR, "has_more_path": "more"},
            items(1, more=True),
            {},
            "the response says that more follows, but names no next page",
        ),
    ],
)
def test_page_without_a_token_is_incomplete_if_one_was_probably_meant(raw, body, headers, reason):
    pages, _ = read_pages(raw, body, headers=headers)
    assert (pages.stop.reason, pages.stop.complete) == (reason, False)


def test_flag_of_the_last_page_outweighs_that_of_the_page_before():
    raw = {**NUMBER, "has_more_path": "more"}
    pages, _ = read_pages(raw, items(1, more=True), items(more=False))
    assert pages.stop.complete is True


def test_copies_of_the_first_page_reach_no_total():
    """Half of the records would be missing."""
    pages, _ = read_pages({**NUMBER, "total_path": "total"}, items(1, 2, total=4))
    assert (pages.stop.complete, pages.stop.failed) == (False, True)


@pytest.mark.parametrize(("total", "failed"), [(2, False), (3, True)])
def test_repeated_page_fails_a_read_only_if_the_total_was_not_reached(total, failed):
    pages, _ = read_pages({**CURSOR, "total_path": "total"}, items(1, 2, total=total, next="a"))
    assert pages.stop.failed is failed


def test_first_page_that_links_to_its_own_address_is_the_last():
    raw = {"style": "next_url", "next_url_path": "next"}
    pages, emitted = read_pages(raw, items(1, next="https://a.example"))
    assert (pages.stop.complete, len(emitted)) == (True, 1)


@pytest.mark.parametrize(("count", "complete"), [(2, True), (3, False)])
def test_response_rule_that_ends_is_not_counted_as_a_page(count, complete):
    paginator = Paginator(read_style(NUMBER, ErrorCollector()))
    for number in range(2):
        paginator.take(page_of(items(number, total_pages=count)))
    paginator.skip("end")
    assert paginator.stop.complete is complete


@pytest.mark.parametrize(
    ("settings", "signs", "foreseen"),
    [
        ({}, {}, 1),
        ({"page_size_param": "size", "page_size": 2}, {}, 8),
        ({"total_path": "total"}, {"total": 8}, 3),
        ({"total_path": "total"}, {"total": 9}, 4),
        ({"total_path": "total"}, {"total": 2000}, 8),
        ({"total_pages_path": "pages"}, {"pages": 5}, 4),
        ({"total_path": "total", "max_pages": 3}, {"total": 9}, 2),
    ],
)
def test_totals_bound_the_pages_that_are_requested_ahead(settings, signs, foreseen):
    paginator = Paginator(read_style({**NUMBER, **settings}, ErrorCollector()))
    paginator.take(page_of(items(1, 2, **signs)))
    assert paginator.foreseen(8) == list(range(2, 2 + foreseen))


def test_no_page_is_requested_ahead_while_one_repeats_the_page_before():
    paginator = Paginator(read_style({**NUMBER, "total_path": "total"}, ErrorCollector()))
    assert paginator.take(page_of(items(1, 2, total=40)))
    assert paginator.take(page_of(items(1, 2, total=40))) == []
    assert paginator.foreseen(8) == [3]


@pytest.mark.parametrize(
    ("outcome", "dropped", "complete"), [("end", 0, True), ("end", 2, False), ("ignore", 0, False)]
)
def test_response_rule_completes_a_read_if_it_ends_it_without_records(outcome, dropped, complete):
    paginator = Paginator(read_style(NUMBER, ErrorCollector()))
    paginator.take(page_of(items(1)))
    paginator.skip(outcome, dropped)
    assert paginator.stop.complete is complete
    assert ("dropped 2 records; name a flag" in paginator.stop.reason) is bool(dropped)


@pytest.mark.parametrize(
    ("settings", "signs", "known"),
    [
        ({}, {}, None),
        ({"total_path": "total"}, {"total": 9}, 5),
        ({"total_path": "total"}, {"total": 10}, 5),
        ({"total_pages_path": "pages"}, {"pages": 4}, 4),
        ({"total_pages_path": "pages"}, {"pages": 1}, 1),
        ({"total_pages_path": "pages", "total_path": "total"}, {"pages": 4, "total": 99}, 4),
    ],
)
def test_totals_tell_how_many_pages_there_are(settings, signs, known):
    paginator = Paginator(read_style({**NUMBER, **settings}, ErrorCollector()))
    paginator.take(page_of(items(1, 2, **signs)))
    assert paginator.known_pages == known


def test_parts_of_a_read_count_together_and_an_incomplete_one_ends_it():
    whole = Paginator(read_style(NUMBER, ErrorCollector()))
    complete, _ = read_pages(NUMBER, items(1, 2), items())
    whole.join(complete, is_last=False)
    assert (whole.pages, whole.records, whole.stop) == (2, 2, None)
    partial, _ = read_pages({**NUMBER, "max_pages": 1}, items(3))
    whole.join(partial, is_last=False)
    assert (whole.pages, whole.records, whole.stop) == (3, 3, partial.stop)
    whole.join(complete)
    assert (whole.pages, whole.stop) == (5, complete.stop)


@pytest.mark.parametrize(("status", "has_remedy"), [(404, True), (500, False), (None, False)])
def test_status_of_a_number_that_is_too_high_has_a_remedy(status, has_remedy):
    remedy = read_style(NUMBER, ErrorCollector()).remedy(status)
    assert (remedy is not None and '"status": 404' in remedy) is has_remedy


def test_next_request_is_shown_by_its_address_or_parameters():
    paginator = Paginator(read_style({**NUMBER, "page_size_param": "size"}, ErrorCollector()))
    assert paginator.next_request() == "size=200, page=1"
    linked = Paginator(read_style({"style": "next_url", "next_url_path": "next"}, ErrorCollector()))
    linked.take(page_of(items(1, next="/b")))
    assert linked.next_request() == "https://a.example/b"


def test_repeated_only_page_fails_if_a_total_says_that_more_follow():
    pages, emitted = read_pages({**NUMBER, "total_pages_path": "pages"}, items(1, 2, pages=2))
    assert emitted == items(1, 2)["items"]
    assert (pages.stop.complete, pages.stop.failed) == (False, True)


@pytest.mark.parametrize(
    ("bodies", "size", "remarks"),
    [([items(1, 2)], 2, 1), ([items(1, 2)], 3, 0), ([items(1, 2, next="a"), items(3, 4)], 2, 0)],
)
def test_full_page_that_names_no_next_one_is_remarked_if_it_is_the_only_one(bodies, size, remarks):
    pages, _ = read_pages({**CURSOR, "page_size": size, "page_size_param": "n"}, *bodies)
    assert pages.remarks == ["the only page is full but names no next page"] * remarks


def test_only_page_of_one_is_the_last():
    pages, _ = read_pages({**NUMBER, "total_pages_path": "pages"}, items(1, pages=1))
    assert (pages.pages, pages.stop.reason) == (1, "total_pages_path was reached")
