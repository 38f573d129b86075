"""Which bodies without records name an error; false alarms would hold bookmarks forever."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_oauth2_generic.parsing.api_errors import find_error, is_only_error
from tap_oauth2_generic.settings.paths import parse_path

DATA, DEEP = parse_path("data"), parse_path("response.body.data")


@pytest.mark.parametrize(
    "body",
    [
        {"error": "x"},
        {"Error": {"code": 1}},
        {"errors": [{"a": "x"}]},
        {"errors": {"field": ["wrong"]}},
        {"error_code": 7},
        {"errorMessages": ["wrong"]},
        {"hasErrors": True},
        {"ok": False},
        {"success": "false"},
        {"isSuccess": 0},
        {"status": "ERROR"},
        {"stat": "fail"},
        {"result": "failure"},
        {"status": 503},
        {"code": "429"},
        {"code": "RATE_LIMITED", "message": "slow down"},
        {"meta": {"code": "AccessDenied"}},
        {"status_code": "too_many_requests"},
        {"statusCode": Decimal(400)},
        {"meta": {"code": 400}},
        {"status": {"error": "x"}},
        {"Fault": {"faultstring": "x"}},
        {"response": {"body": {"error": "x"}}},
    ],
)
def test_body_names_an_error(body):
    """Also where the list of records is there, and empty."""
    assert find_error(body, DEEP, found=True)
    assert find_error({"data": [], **body}, DEEP, found=True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "error",
        17,
        {"error": None, "errors": [], "fault": {}, "exception": ""},
        {"error": False, "errors": 0, "errorCode": "0", "error_message": " "},
        {"error": {"code": 0, "message": ""}, "errors": [None, {}]},
        {"error": "none", "err": "null", "errmsg": "OK"},
        {"ok": True, "success": 1, "succeeded": "true", "isSuccess": None},
        {"status": "ok", "state": "done", "result": "success", "code": 200},
        {"status": 200, "code": "0", "result": 450, "count": 404},
        {"code": "NO_ERROR", "status": "limited"},
        {"code": "EUR"},
        {"records": {"error": "x"}, "error_count": 3, "no_errors": True},
    ],
)
def test_body_names_no_error(body):
    assert find_error(body, DATA, found=True) is None
    assert find_error(body, DATA, found=False) is None


@pytest.mark.parametrize("body", [{"message": "wait"}, {"detail": "gone"}, {"Message": ["a", "b"]}])
def test_message_is_an_error_only_without_the_list(body):
    assert find_error(body, DATA, found=True) is None
    assert find_error(body, DATA, found=False)


def test_list_of_errors_is_an_error_in_place_of_an_object():
    assert find_error([{"message": "slow", "errorCode": "REQUEST_LIMIT"}], DATA, found=False)
    assert find_error([{"message": "hello", "id": 5}], DATA, found=False) is None
    assert find_error([], DATA, found=False) is None


def test_error_is_shown_in_part():
    shown = find_error({"error": {"text": "x" * 500, "n": Decimal("1.50")}}, DATA, found=True)
    assert shown.startswith("""'error' is '{"text":"xxx""")
    assert len(shown) < 120


@pytest.mark.parametrize(
    ("record", "is_error"),
    [
        ({"error": "x", "message": "y", "request_id": 1}, True),
        ({"id": 1, "error": "x"}, False),
        ({"message": "hello", "author": "me"}, False),
    ],
)
def test_object_with_more_than_an_error_is_a_record(record, is_error):
    assert is_only_error(record) is is_error
