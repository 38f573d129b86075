"""The walk: what ends it, whether the read was complete, and what it says."""

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


def walk_over(raw, *bodies):
    """Walk over bodies in order, the last one again and again."""
    paginator, emitted, waiting = Paginator(read_style(raw, ErrorCollector())), [], list(bodies)
    while paginator.stop is None:
        paginator.place(Request("GET", "https://a.example"))
        body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        content = json.dumps(body).encode()
        page = read_page("https://a.example", 200, {}, content, WHERE)
        emitted += page.records if paginator.take(page) else []
        assert paginator.pages < 50, "the walk does not end"
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
def test_an_empty_page_ends_the_walk(raw):
    """Where pages are counted, the first empty page is the end of a complete read."""
    pages, emitted = walk_over(raw, items(1, 2), items(3), items())
    assert emitted == items(1, 2, 3)["items"]
    assert pages.stop.complete
    assert not pages.stop.suspicious


def test_an_empty_page_with_a_token_goes_on():
    """Where pages name the next one, only a missing token ends the walk."""
    pages, emitted = walk_over(
        CURSOR, items(next="a"), items(1, next="b"), items(next="c"), items(2)
    )
    assert emitted == items(1, 2)["items"]
    assert pages.stop.complete


def test_an_empty_page_that_says_more_follows_is_no_complete_read():
    """An empty page that says that more follow ends the walk, incomplete and with a warning."""
    raw = {**NUMBER, "has_more_path": "more"}
    pages, _ = walk_over(raw, items(1, more=True), items(more=True))
    assert (pages.stop.complete, pages.stop.suspicious) == (False, True)


def test_an_ignored_paging_parameter_is_seen():
    """A first page that comes back at once is emitted once, and the read counts as incomplete."""
    pages, emitted = walk_over(NUMBER, items(1, 2))
    assert emitted == items(1, 2)["items"]
    assert (pages.stop.complete, pages.stop.suspicious) == (False, True)
    assert "repeats" in pages.stop.reason


def test_a_last_page_given_for_ever_is_the_end():
    """A later page that repeats the one before is not emitted again and ends a complete read."""
    pages, emitted = walk_over(NUMBER, items(1, 2), items(3))
    assert emitted == items(1, 2, 3)["items"]
    assert (pages.stop.complete, pages.stop.suspicious) == (True, True)


@pytest.mark.parametrize(
    ("tokens", "complete"), [(["a", "b", "a"], False), (["a", "a"], True), (["a", "b", "b"], True)]
)
def test_a_token_that_comes_again_ends_the_walk(tokens, complete):
    """A loop of tokens ends the walk; only a page that names itself is a complete read's end."""
    bodies = [items(number, next=token) for number, token in enumerate(tokens)]
    pages, emitted = walk_over(CURSOR, *bodies)
    assert len(emitted) == len(tokens)
    assert (pages.stop.complete, pages.stop.suspicious) == (complete, True)


def test_tokens_of_different_types_are_different():
    """The number 1 and the text 1 are two cursors; a list is one, too."""
    pages, emitted = walk_over(
        CURSOR, items(0, next=1), items(1, next="1"), items(2, next=[1]), items(3)
    )
    assert len(emitted) == 4
    assert not pages.stop.suspicious


@pytest.mark.parametrize("no", [False, 0, "false", "0", " No ", "n", "", []])
def test_has_more_says_no_in_many_words(no):
    """``has_more_path`` ends a complete read, even where a token stands beside it."""
    pages, emitted = walk_over({**CURSOR, "has_more_path": "more"}, items(1, more=no, next="x"))
    assert len(emitted) == 1
    assert pages.stop.complete


@pytest.mark.parametrize(
    "signs", [{"more": True}, {"more": "true"}, {"more": 1}, {"more": None}, {}]
)
def test_has_more_that_does_not_say_no_goes_on(signs):
    """A yes, a null and an absent ``has_more`` are no end."""
    _, emitted = walk_over(
        {**NUMBER, "has_more_path": "more"}, items(1, **signs), items(2), items()
    )
    assert len(emitted) == 2


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (NUMBER, "page"),
        ({"style": "offset", "offset_param": "from"}, "from"),
        ({"style": "last_record", "last_record_path": "id", "cursor_param": "after"}, "after"),
    ],
)
def test_a_first_page_that_comes_back_at_once_is_said_with_the_parameter(raw, named):
    """Where page 2 is page 1 again, a remark names the parameter that the API may not know."""
    pages, emitted = walk_over({**raw, "page_size_param": "size"}, items(1, 2))
    assert len(emitted) == 2
    assert pages.remarks == [f"the API may ignore the parameter {named}"]
    assert not walk_over(raw, items(1, 2), items(3, 4), items(3, 4))[0].remarks


@pytest.mark.parametrize("raw", [NUMBER, {"style": "offset"}, CURSOR])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"message": "no"}, "a response with the keys message, none of which the page before"),
        ("please wait", "a response that is the string 'please wait'"),
        ([1, 2], "a response that is a list of 2"),
        (17, "a response that is the number 17"),
    ],
)
def test_an_answer_of_another_shape_is_not_the_end_of_a_whole_read(raw, body, says):
    """What has no records and is not like the page before it says nothing of what follows."""
    pages, emitted = walk_over(raw, items(1, next="x"), body)
    assert len(emitted) == 1
    assert (pages.stop.complete, pages.stop.suspicious) == (False, True)
    assert pages.stop.reason.startswith(says)


@pytest.mark.parametrize("body", [{"next": None}, {"items": None}, {"items": []}, {}, [], None])
def test_an_answer_without_records_is_the_end(body):
    """A null, an absent list and an empty answer are an end as any other."""
    pages, emitted = walk_over(NUMBER, items(1, next="x"), body)
    assert len(emitted) == 1
    assert (pages.stop.complete, pages.stop.suspicious) == (True, False)


@pytest.mark.parametrize("total", [3, "3", 3.0])
def test_a_total_that_was_reached_ends_the_walk(total):
    """``total_path`` ends the walk with the page that completes it, as number or text."""
    pages, emitted = walk_over(
        {**NUMBER, "total_path": "total"}, items(1, 2, total=total), items(3)
    )
    assert (len(emitted), pages.pages) == (3, 2)
    assert (pages.stop.complete, pages.stop.suspicious, pages.remarks) == (
        True,
        False,
        [],
    )


def test_a_total_that_was_not_reached_is_said():
    """Where fewer records came than ``total_path`` said, a remark gives both numbers."""
    pages, _ = walk_over({**NUMBER, "total_path": "total"}, items(1, 2, total=5), items(total=5))
    assert pages.remarks == ["total_path says 5 records, but the API returned 2"]


def test_a_total_that_cannot_be_one_ends_nothing():
    """A total below the length of one page is not used, and that is said once."""
    raw = {**NUMBER, "total_path": "total"}
    pages, emitted = walk_over(raw, items(1, 2, 3, total=1), items(4, 5, total=1), items(total=1))
    assert len(emitted) == 5
    assert len(pages.remarks) == 1


@pytest.mark.parametrize("total", [None, True, "many", 1.5, {}])
def test_a_total_that_is_no_number_is_said_and_ends_nothing(total):
    """Where ``total_path`` finds no whole number, the walk goes on and a remark says so once."""
    raw = {**NUMBER, "total_path": "total"}
    pages, emitted = walk_over(raw, items(1, 2, total=total), items(3, total=total), items())
    assert len(emitted) == 3
    assert pages.remarks == ["ignoring total_path 'total': it finds no integer"]


@pytest.mark.parametrize(("pages", "read"), [(2, 2), ("2", 2), (0, 3), (None, 3), (9, 3)])
def test_the_number_of_pages_ends_the_walk(pages, read):
    """``total_pages_path`` ends the walk after so many pages; 0 and null say nothing."""
    raw = {**NUMBER, "page_start": 0, "total_pages_path": "pages"}
    bodies = [items(number, pages=pages) for number in range(3)]
    assert len(walk_over(raw, *bodies, items(pages=pages))[1]) == read


def test_a_short_page_ends_only_where_it_may():
    """``stop_on_short_page`` compares with the first page that came, not with the size asked."""
    bodies = [items(1, 2), items(3, 4), items(5), items(6, 7), items()]
    assert len(walk_over({**NUMBER, "stop_on_short_page": True}, *bodies)[1]) == 5
    assert len(walk_over(NUMBER, *bodies)[1]) == 7


@pytest.mark.parametrize("raw", [NUMBER, CURSOR])
def test_max_pages_leaves_a_read_incomplete(raw):
    """After ``max_pages`` a walk that would go on ends incomplete and with a warning."""
    pages, emitted = walk_over({**raw, "max_pages": 2}, items(1, next="a"), items(2, next="b"))
    assert len(emitted) == 2
    assert (pages.stop.complete, pages.stop.suspicious) == (False, True)


def test_a_read_that_ends_by_itself_at_max_pages_is_complete():
    """The last page is the last page, also where it is the one ``max_pages`` allows."""
    pages, _ = walk_over({**CURSOR, "max_pages": 2}, items(1, next="a"), items(2))
    assert (pages.stop.complete, pages.stop.suspicious) == (True, False)
