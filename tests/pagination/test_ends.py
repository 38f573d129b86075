"""Where each style ends: no record lost, and complete only if the API has shown the end."""

from __future__ import annotations

import pytest

from tests.support.paging import ADDRESS, PAGINATION, read_pages, sign_of

FOLLOWING = ["cursor", "next_url", "link_header"]
COUNTED = ["page_number", "offset"]
ROWS = [[{"v": 1}, {"v": 1}]] * 5
FALSE = [None, False, "", "false", "False", 0]
ABSENT = object()


def script(style, steps):
    """Serve the n-th request from the n-th step: rows, next token and signs; the last repeats."""
    requests = []

    def respond(request):
        rows, token, signs = steps[min(len(requests), len(steps) - 1)]
        requests.append(request)
        named = {} if token is None else sign_of(style, token)
        body = {"rows": rows, **signs, **named.get("body", {})}
        return body, named.get("headers", {})

    return respond


def read(style, *steps, **settings):
    steps = [(*step, {})[:3] if isinstance(step, tuple) else (step, None, {}) for step in steps]
    raw = {**PAGINATION[style], **settings}
    paginator, emitted = read_pages(raw, script(style, steps))
    return paginator, emitted, paginator.stop


def ids(*values):
    return [{"id": value} for value in values]


@pytest.mark.parametrize("style", FOLLOWING)
def test_token_that_stays_the_same_is_followed_while_it_brings_new_records(style):
    """A scroll ends at an empty page."""
    steps = [(ids(n), "same") for n in range(5)]
    paginator, emitted, stop = read(style, *steps, ([], "same"))
    assert emitted == ids(*range(5))
    assert (stop.reason, stop.complete) == ("an empty page", True)
    assert paginator.pages == 6


@pytest.mark.parametrize("style", FOLLOWING)
@pytest.mark.parametrize("before", [1, 3])
def test_equal_page_for_the_same_token_completes_the_read(style, before):
    """The server names its last page as the next one."""
    steps = [(ids(n), "same") for n in range(before + 1)]
    _, emitted, stop = read(style, *steps)
    assert emitted == ids(*range(before + 1))
    assert stop.complete is True


@pytest.mark.parametrize("style", FOLLOWING)
def test_token_of_longer_ago_leaves_the_read_incomplete(style):
    _, emitted, stop = read(style, (ids(0), "a"), (ids(1), "b"), (ids(2), "a"))
    assert emitted == ids(0, 1, 2)
    assert stop.complete is False
    assert stop.reason.startswith("paging loop")


@pytest.mark.parametrize("style", FOLLOWING)
def test_equal_pages_with_fresh_tokens_are_records(style):
    """The last one has no token, which completes the read."""
    steps = [(rows, str(n)) for n, rows in enumerate(ROWS)]
    steps[-1] = (ROWS[-1], None)
    _, emitted, stop = read(style, *steps)
    assert len(emitted) == 10
    assert stop.complete is True


@pytest.mark.parametrize("style", [*COUNTED, *FOLLOWING, "last_record"])
@pytest.mark.parametrize(
    ("settings", "signs"),
    [
        ({"total_path": "n"}, [{"n": 10}] * 5),
        ({"has_more_path": "more"}, [{"more": n < 4} for n in range(5)]),
        ({"last_page_path": "last"}, [{"last": n == 4} for n in range(5)]),
        ({"total_pages_path": "n"}, [{"n": 5}] * 5),
    ],
)
def test_equal_pages_are_records_while_a_sign_says_that_more_follow(style, settings, signs):
    """Also where the token stays the same, and although the first page never changes."""
    rows = [{"id": 1, **row} for row in ROWS[0]]
    steps = [(rows, "same", sign) for sign in signs]
    _, emitted, stop = read(style, *steps, ([], None, signs[-1]), **settings)
    assert len(emitted) == 10
    assert stop.complete is True


@pytest.mark.parametrize("style", COUNTED)
@pytest.mark.parametrize("after", [[], ids(9)])
def test_next_number_is_tried_after_an_equal_page(style, after):
    """Something else shows that the equal page was meant."""
    _, emitted, stop = read(style, ids(1), ids(2), ids(2), after, [])
    assert emitted == ids(1, 2, 2) + after
    assert stop.complete is True


@pytest.mark.parametrize("style", [*COUNTED, "last_record"])
def test_page_that_keeps_coming_is_emitted_once_and_incomplete(style):
    paginator, emitted, stop = read(style, ids(1), ids(2), ids(2), ids(2))
    assert emitted == ids(1, 2)
    assert (stop.complete, stop.failed) == (False, False)
    assert stop.reason == "page 4 repeats the previous page"
    assert paginator.records == 2


@pytest.mark.parametrize("style", [*COUNTED, *FOLLOWING, "last_record"])
@pytest.mark.parametrize(
    ("settings", "signs", "failed"),
    [
        ({}, {}, False),
        ({"page_size_param": "n", "page_size": 2}, {}, True),
        ({"page_size_param": "n", "page_size": 3}, {}, False),
        ({"total_path": "n"}, {"n": 6}, True),
        ({"total_path": "n"}, {"n": 5000}, True),
        ({"total_pages_path": "n"}, {"n": 3}, True),
        ({"has_more_path": "more"}, {"more": True}, True),
        ({"last_page_path": "last"}, {"last": False}, True),
        ({}, {"total": 6}, True),
        ({}, {"total": 2}, False),
        ({}, {"total_pages": 3}, True),
        ({}, {"total_pages": 1}, False),
        ({}, {"has_more": True}, True),
        ({}, {"has_more": False}, False),
    ],
)
def test_ignored_parameter_fails_if_more_should_follow(style, settings, signs, failed):
    """The first page is emitted once, whatever a total says."""
    _, emitted, stop = read(style, (ids(1, 2), "same", signs), **settings)
    assert emitted == ids(1, 2)
    assert (stop.complete, stop.failed) == (False, failed)
    is_named = "may ignore the parameter" in stop.reason
    assert is_named == (style not in {"next_url", "link_header"})


@pytest.mark.parametrize("style", FOLLOWING)
def test_fresh_tokens_without_end_stop_at_equal_pages(style):
    steps = [(ids(1), str(n), {}) for n in range(200)]
    paginator, emitted = read_pages(PAGINATION[style], script(style, steps))
    assert emitted == ids(1)
    assert (paginator.stop.complete, paginator.stop.failed) == (False, True)


@pytest.mark.parametrize("style", FOLLOWING)
def test_twenty_empty_pages_in_a_row_are_incomplete(style):
    steps = [(ids(n), str(n)) for n in (0, 1)] + [([], f"x{n}") for n in range(30)]
    paginator, emitted, stop = read(style, *steps)
    assert (emitted, paginator.pages) == (ids(0, 1), 22)
    assert (stop.complete, stop.failed) == (False, False)
    assert stop.reason == "20 empty pages in a row"


@pytest.mark.parametrize("style", FOLLOWING)
def test_nineteen_empty_pages_in_a_row_are_no_end(style):
    steps = [
        *(([], f"x{n}") for n in range(19)),
        (ids(0), "y"),
        *(([], f"z{n}") for n in range(19)),
    ]
    _, emitted, stop = read(style, *steps, (ids(1), None))
    assert emitted == ids(0, 1)
    assert (stop.reason, stop.complete) == ("no next page", True)


@pytest.mark.parametrize("style", FOLLOWING)
@pytest.mark.parametrize("first", [[], ids(0)])
def test_empty_page_is_the_end_if_set(style, first):
    paginator, emitted, stop = read(
        style, (first, "a"), ([], "b"), (ids(1), None), stop_on_empty_page=True
    )
    assert (emitted, paginator.pages) == (first, 2 if first else 1)
    assert (stop.reason, stop.complete) == ("an empty page", True)


@pytest.mark.parametrize("style", [*COUNTED, *FOLLOWING, "last_record"])
@pytest.mark.parametrize("no", [*FALSE, ABSENT])
def test_has_more_false_completes_the_read(style, no):
    """Null, absent and empty are false, although there is a token."""
    signs = {} if no is ABSENT else {"more": no}
    steps = [(ids(0), "a", {"more": "yes"}), (ids(1), "b", signs), (ids(2), None)]
    _, emitted, stop = read(style, *steps, has_more_path="more")
    assert emitted == ids(0, 1)
    assert stop.complete is True


@pytest.mark.parametrize("style", [*COUNTED, *FOLLOWING, "last_record"])
@pytest.mark.parametrize("after", [[], ids(0)])
def test_absent_has_more_on_the_first_page_is_the_end_if_no_record_follows(style, after):
    paginator, emitted, stop = read(style, (ids(0), "a"), (after, "b"), has_more_path="more")
    assert (emitted, paginator.pages) == (ids(0), 2)
    assert (stop.complete, paginator.remarks) == (True, [])


@pytest.mark.parametrize("style", [*COUNTED, *FOLLOWING, "last_record"])
def test_has_more_that_is_nowhere_is_ignored_with_a_warning(style):
    steps = [(ids(0), "a"), (ids(1), "b"), (ids(2), "c"), ([], None)]
    paginator, emitted, stop = read(style, *steps, has_more_path="moar")
    assert emitted == ids(0, 1, 2)
    assert stop.complete is True
    assert paginator.remarks == ["ignoring has_more_path 'moar': it finds nothing"]


@pytest.mark.parametrize("style", [*COUNTED, *FOLLOWING, "last_record"])
@pytest.mark.parametrize("no", [*FALSE, ABSENT])
@pytest.mark.parametrize("yes", [True, "true", 1, "yes"])
def test_last_page_flag_completes_the_read(style, no, yes):
    signs = {} if no is ABSENT else {"last": no}
    steps = [(ids(0), "a", signs), (ids(1), "b", {"last": yes}), (ids(2), None)]
    paginator, emitted, stop = read(style, *steps, last_page_path="last")
    assert (emitted, paginator.pages) == (ids(0, 1), 2)
    assert stop.complete is True


@pytest.mark.parametrize("style", FOLLOWING)
def test_missing_token_is_incomplete_if_a_flag_says_that_more_follow(style):
    _, _, stop = read(style, (ids(0), None, {"more": True}), has_more_path="more")
    assert stop.complete is False


@pytest.mark.parametrize(
    ("listed", "found", "ends"),
    [
        (["null"], "null", True),
        ([0], 0, True),
        ([0], "0", True),
        (["0"], 0, True),
        (["-1"], -1, True),
        ([-1], "-1.0", True),
        (["None", "end"], "end", True),
        ([["x"]], ["x"], True),
        (["10"], "1", False),
        (["null"], "Null", False),
        ([12345678901234567890], "12345678901234567891", False),
        ([], "null", False),
    ],
)
@pytest.mark.parametrize("style", ["cursor", "last_record"])
def test_end_value_is_no_token(style, listed, found, ends):
    """A number equals itself as a string."""
    first = ids(1) if style == "cursor" else ids(found)
    signs = {"next": found} if style == "cursor" else {}
    _, emitted, stop = read(style, (first, None, signs), ids(2), [], end_values=listed)
    assert emitted == first + ([] if ends else ids(2))
    assert stop.complete is True


@pytest.mark.parametrize("found", ["null", "0", 0, -1, ["x"]])
def test_end_value_is_no_next_url(found):
    signs = {"url": found}
    _, _, stop = read("next_url", (ids(1), None, signs), end_values=["null", 0, -1, ["x"]])
    assert (stop.reason, stop.complete) == ("no next page", True)


def test_pattern_without_a_match_completes_the_read():
    """The page after it has no records, so paging goes no further."""
    steps = [(ids(1), "/x?c=1"), (ids(2), "/x")]
    _, emitted, stop = read("cursor", *steps, cursor_pattern="c=(.+)")
    assert emitted == ids(1, 2)
    assert (stop.reason, stop.complete) == ("no next page", True)


@pytest.mark.parametrize("value", ["null", "0", "-1", "None"])
@pytest.mark.parametrize("pattern", [None, "c=([^&]+)"])
def test_end_value_of_a_cursor_header_completes_the_read(value, pattern):
    """A header holds strings; a number in end_values equals one."""
    left = iter(["a", "b", value])
    raw = {"style": "cursor", "cursor_header": "X-Next", "cursor_param": "c"}
    raw["end_values"] = [int(value) if value in {"0", "-1"} else value]

    def respond(_):
        token = next(left)
        return {"rows": ids(token)}, {"x-next": f"?c={token}" if pattern else token}

    raw |= {"cursor_pattern": pattern} if pattern else {}
    paginator, emitted = read_pages(raw, respond)
    assert emitted == ids("a", "b", value)
    assert (paginator.stop.reason, paginator.stop.complete) == ("no next page", True)


@pytest.mark.parametrize("style", ["cursor", "link_header"])
@pytest.mark.parametrize("no", ['"false"', "False", '"FALSE"'])
def test_link_without_results_completes_the_read(style, no):
    where = {"cursor_header": "Link", "cursor_pattern": 'cursor="([^"]+)"', "cursor_param": "c"}
    results = [(0, '"true"'), (1, '"true"'), (2, no)]
    left = iter(results)

    def respond(_):
        page, said = next(left)
        link = f'<{ADDRESS}?c={page}>; rel="next"; results={said}; cursor="{page}"'
        before = f'<{ADDRESS}>; rel="previous"; results="false"'
        return {"rows": ids(page)}, {"Link": f"{before}, {link}"}

    paginator, emitted = read_pages(
        {"style": style, **(where if style == "cursor" else {})}, respond
    )
    assert emitted == ids(0, 1, 2)
    assert (paginator.stop.reason, paginator.stop.complete) == ("no next page", True)


@pytest.mark.parametrize("style", FOLLOWING)
def test_fresh_token_is_more_reliable_than_a_total(style):
    signs = {"n": 2}
    steps = [(ids(n), str(n), signs) for n in range(4)]
    _, emitted, stop = read(style, *steps, (ids(9), None, signs), total_path="n")
    assert (len(emitted), stop.complete) == (5, True)


@pytest.mark.parametrize("many", [1, 2])
def test_last_record_that_stays_the_same_is_the_end_on_a_short_page(many):
    """On a full one, more records may have the same value."""
    rows = [{"id": 1, "v": n} for n in range(many)]
    _, emitted, stop = read("last_record", ids(0, 1), rows)
    assert emitted == ids(0, 1) + rows
    assert stop.complete is (many == 1)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_limit_of_pages_holds_for_pages_that_are_tried(most):
    paginator, _, stop = read("offset", ids(1), max_pages=most)
    assert paginator.pages <= most
    assert not stop.complete
