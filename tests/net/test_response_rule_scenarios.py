"""Syncs in which rules decide on responses, and conditions on records."""

from __future__ import annotations

import gzip

import pytest

from tests.support.server import Reply

ITEMS = {"name": "items", "path": "items"}
PAGED = {"pagination": {"style": "page_number"}, "records_path": "data"}
OPEN = {"records_path": "data", "schema": {"properties": {"id": {"type": "integer"}}}}

ROWS_OF_CSV = [{"id": "1", "t": 'a, "b"'}, {"id": "2", "t": ""}]


def test_rule_fails_a_200_with_its_message(api, tap):
    api.serve("/items", {"ok": False, "error": "not_allowed", "data": []})
    rule = {"path": "ok", "equals": False, "action": "fail", "message_path": "error"}
    run = tap(api.config({**ITEMS, "records_path": "data", "response_rules": [rule]}))
    assert run.status == 1
    assert "not_allowed" in run.error_lines[-1]


def test_first_matching_rule_decides(api, tap):
    """The rules of a stream precede those of the top level."""
    api.serve("/items", Reply({"code": 7}, 403))
    rules = [
        {"status": 403, "path": "code", "in": [1, 2], "action": "fail"},
        {"status": [403, 404], "action": "ignore"},
    ]
    run = tap(
        api.config(
            {**ITEMS, "response_rules": rules}, response_rules=[{"status": 403, "action": "fail"}]
        )
    )
    assert run.status == 0, run.errors


@pytest.mark.parametrize("action", ["end", "ignore"])
@pytest.mark.parametrize(
    "condition",
    [
        {"path": "data", "equals": None},
        {"path": "data", "in": [None, 0]},
        {"header": "X-Next", "equals": None},
        {"empty": True},
    ],
)
def test_no_value_is_no_end_of_records_if_the_status_is_an_error(api, tap, condition, action):
    """Unless the rule names the status."""
    api.serve("/items", Reply(b"", 403))
    rule = {**condition, "action": action}
    stream = {**ITEMS, **OPEN, "response_rules": [rule]}
    run = tap(api.config(stream, max_retries=0))
    assert run.status == 1
    assert "403" in run.error_lines[-1]
    tap.ok(api.config({**stream, "response_rules": [{**rule, "status": 403}]}))


def test_top_level_rule_holds_for_all_streams(api, tap):
    api.serve("/items", Reply({}, 404))
    tap.ok(api.config(ITEMS, response_rules=[{"status": 404, "action": "ignore"}]))


@pytest.mark.parametrize(("action", "bookmark"), [("end", 2), ("ignore", None)])
def test_end_completes_a_read_and_ignore_mid_read_does_not(api, tap, action, bookmark):
    rule = {"status": 404, "action": action}
    stream = {**ITEMS, **PAGED, **OPEN, "replication_key": "id", "response_rules": [rule]}
    responses = [{"data": [{"id": 1}]}, {"data": [{"id": 2}]}, Reply({}, 404)]
    api.serve("/items", *responses)
    run = tap.ok(api.config(stream))
    assert run.ids() == [1, 2]
    assert run.bookmark("items") == bookmark
    assert bool(run.warnings) == (action == "ignore")


def test_rule_retries_any_status(api, tap):
    rule = {"status": 403, "path": "message", "matches": "rate limit", "action": "retry"}
    api.serve(
        "/items",
        Reply({"message": "API rate limit"}, 403, {"Retry-After": "0"}),
        {"data": [{"id": 1}]},
    )
    run = tap.ok(api.config({**ITEMS, **OPEN, "response_rules": [rule]}, max_retries=2))
    assert run.ids() == [1]


def test_rule_refreshes_the_token_once(api, tap):
    tokens = iter(["first-token", "second-token"])
    api.token = lambda _: {"access_token": next(tokens)}
    rule = {"path": "error", "equals": "expired", "action": "refresh"}
    api.serve("/items", {"error": "expired"}, {"data": [{"id": 1}]})
    tap.ok(api.config({**ITEMS, **OPEN, "response_rules": [rule]}))
    assert api.requests("/items")[-1].headers["Authorization"] == "Bearer second-token"


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ([{"path": "s", "equals": "open"}], [1]),
        ([{"path": "s", "in": ["open", None]}], [1, 3, 4]),
        ([{"path": "n.x", "matches": "^1"}], [1, 2]),
        ([{"path": "s", "matches": "o"}, {"path": "n.x", "equals": 1}], [1]),
        ([{"path": "n.x", "equals": True}], [4]),
    ],
)
def test_keep_emits_records_that_meet_every_condition(api, tap, keep, kept):
    """True is not 1, and a missing value is null."""
    rows = [
        {"id": 1, "s": "open", "n": {"x": 1}},
        {"id": 2, "s": "done", "n": {"x": 10}},
        {"id": 3, "s": None},
        {"id": 4, "n": {"x": True}},
    ]
    api.serve("/items", rows)
    run = tap.ok(api.config({**ITEMS, "keep": keep}))
    assert run.ids() == kept


def test_records_excluded_by_keep_count_for_paging(api, tap):
    pages = [[{"id": 1}], [{"id": 2}], [{"id": 3}], []]
    api.routes["/items"] = lambda seen: {"data": pages[int(seen.query["offset"])]}
    stream = {**ITEMS, **OPEN, "pagination": {"style": "offset"}}
    run = tap(api.config({**stream, "keep": [{"path": "id", "equals": 3}]}))
    assert run.ids() == [3]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("form", "content", "records"),
    [
        ("jsonl", b'{"id": 1}\n\n{"id": 2}\r\n', [{"id": 1}, {"id": 2}]),
        ("csv", b'\xef\xbb\xbfid,t\r\n1,"a, ""b"""\r\n2,\n', ROWS_OF_CSV),
        ("json", b'[{"id": 1}]', [{"id": 1}]),
    ],
)  # fmt: skip
def test_jsonl_and_csv_are_read_compressed_or_not(api, tap, form, content, records, packed):
    api.serve("/items", Reply(gzip.compress(content) if packed else content))
    run = tap.ok(api.config({**ITEMS, "response_format": form}))
    assert run.records("items") == records


def test_gzip_content_encoding_is_decompressed(api, tap):
    api.serve("/items", Reply(gzip.compress(b'[{"id": 1}]'), headers={"Content-Encoding": "gzip"}))
    assert tap(api.config(ITEMS)).ids() == [1]


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("jsonl", b'{"id": 1}\n{"id": '),
        ("csv", b"<html></html>"),
        ("csv", b"id,a\n1"),
        ("csv", b"id\n1,2"),
        ("json", b"\x1f\x8bbroken"),
    ],
)
def test_malformed_response_is_one_error_line(api, tap, form, content):
    api.serve("/items", Reply(content))
    run = tap(api.config({**ITEMS, "response_format": form}))
    assert run.status == 1
    assert len(run.error_lines) == 1
    assert "Traceback" not in run.errors


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_every_method_is_sent(api, tap, method):
    api.serve("/items", [{"id": 1}])
    assert tap(api.config({**ITEMS, "method": method})).ids() == [1]
    assert {seen.method for seen in api.requests("/items")} == {method}


def test_array_repeats_its_parameter(api, tap):
    api.serve("/items", [{"id": 1}])
    params = {"f": ["a", "b"], "flag": True, "n": 1.5, "none": None}
    tap(api.config({**ITEMS, "params": params}))
    assert api.requests("/items")[0].pairs == [
        ("f", "a"),
        ("f", "b"),
        ("flag", "true"),
        ("n", "1.5"),
    ]


ROWS = {"data": [{"id": 1}]}
HEADERS = {"X-Code": "602", "X-Done": "true", "X-Text": "a, b"}


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({"header": "X-Code", "equals": 602}, True),
        ({"header": "x-code", "equals": "602"}, True),
        ({"header": "X-Code", "in": [601, 602.0]}, True),
        ({"header": "X-Code", "equals": 603}, False),
        ({"header": "X-Code", "matches": "^6"}, True),
        ({"header": "X-Done", "equals": True}, True),
        ({"header": "X-Done", "equals": False}, False),
        ({"header": "X-Text", "matches": "b$"}, True),
        ({"header": "X-None", "equals": None}, True),
        ({"header": "X-None", "matches": "."}, False),
        ({"empty": False}, True),
        ({"empty": True}, False),
    ],
)
def test_condition_on_a_response_decides_for_rules_and_keep(api, tap, condition, fits):
    api.serve("/items", Reply(ROWS, headers=HEADERS))
    rules = [{**condition, "action": "fail"}]
    failing = tap(api.config({**ITEMS, **OPEN, "response_rules": rules}))
    assert failing.status == fits
    keeping = tap.ok(api.config({**ITEMS, **OPEN, "keep": [condition]}))
    assert keeping.ids() == [1] * fits


@pytest.mark.parametrize(
    ("value", "choice", "same"),
    [
        (602, "602", True),
        ("602", 602, True),
        ("602.0", 602, True),
        (10.5, "10.5", True),
        (602, 602.0, True),
        ("0602", 602, False),
        (" 602", 602, False),
        ("6_02", 602, False),
        ("602", "602.0", False),
        (True, 1, False),
        (True, "true", False),
        ("", 0, False),
        (None, "null", False),
    ],
)
@pytest.mark.parametrize("test", ["equals", "in"])
def test_number_and_its_text_are_alike(api, tap, value, choice, same, test):
    api.serve("/items", {"data": [{"id": 1}], "code": value})
    condition = {"path": "code", test: [choice] if test == "in" else choice, "action": "fail"}
    assert tap(api.config({**ITEMS, **OPEN, "response_rules": [condition]})).status == same


@pytest.mark.parametrize("content", [b"", b" \n"])
@pytest.mark.parametrize(("action", "status"), [("end", 0), ("ignore", 0), ("fail", 1)])
def test_rule_decides_on_a_200_without_a_body(api, tap, content, action, status):
    """Without a rule it is an error: it may have been cut off."""
    api.serve("/items", Reply(content))
    assert tap(api.config({**ITEMS, **OPEN})).status == 1
    rule = {"status": 200, "empty": True, "action": action}
    assert tap(api.config({**ITEMS, **OPEN, "response_rules": [rule]})).status == status


@pytest.mark.parametrize("page", [1, 2])
def test_304_is_the_end_of_a_complete_read(api, tap, page):
    rows = [Reply({"data": [{"id": number}]}) for number in range(1, page)]
    api.serve("/items", *rows, Reply(b"", 304))
    stream = {**ITEMS, **PAGED, **OPEN, "replication_key": "id"}
    stream["headers"] = {"If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"}
    run = tap.ok(api.config(stream))
    assert not run.warnings
    assert run.ids() == list(range(1, page))
    assert run.bookmark() == (1 if page > 1 else None)
    rule = {"status": 304, "action": "fail"}
    assert tap(api.config({**stream, "response_rules": [rule]})).status == 1


@pytest.mark.parametrize(
    "condition",
    [
        {"path": "a"},
        {"header": "X"},
        {"path": "a", "header": "X", "equals": 1},
        {"empty": True, "equals": 1},
        {"equals": 1},
        {"empty": "perhaps"},
    ],
)
@pytest.mark.parametrize("place", ["keep", "response_rules"])
def test_incomplete_condition_is_a_configuration_error(api, tap, condition, place):
    condition = {**condition, "action": "end"} if place == "response_rules" else condition
    run = tap(api.config({**ITEMS, place: [condition]}))
    assert run.status == 1
    assert f"streams[0].{place}[0]" in run.error_lines[0]


@pytest.mark.parametrize("status", [404, 410])
def test_missing_address_is_to_be_checked_and_not_ignored(api, tap, status):
    """The rule would make an empty stream of a wrong path."""
    api.serve("/items", Reply({}, status))
    run = tap(api.config({**ITEMS, **OPEN}))
    (line,) = run.error_lines
    assert line.endswith(f"check base_url and path (requested GET {api.url}/items)")
    assert "ignore" not in line


@pytest.mark.parametrize(
    ("status", "settings"),
    [
        (403, {}),
        (404, {"path": "/items/{partition.k}", "partitions": [{"k": "a"}]}),
        (410, {"path": "/items/{partition.k}", "partitions": [{"k": "a"}]}),
    ],
)
def test_refused_first_page_names_the_rule_that_ignores_it(api, tap, status, settings):
    api.serve("/items", Reply({}, status))
    api.serve("/items/a", Reply({}, status))
    run = tap(api.config({**ITEMS, **OPEN, **settings}))
    rule = f'{{"status": {status}, "action": "ignore"}}'
    assert f"if that is expected, add {rule} to response_rules" in run.error_lines[0]
