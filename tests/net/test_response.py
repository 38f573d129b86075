"""Headers beyond ASCII: what a server puts into them goes back byte for byte."""

from __future__ import annotations

from urllib.parse import quote_from_bytes

import pytest

from tests.support.server import Reply

SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}}}
#: UTF-8, among it the bytes of line separators, and bytes that are no UTF-8.
VALUES = ["né".encode(), "日本".encode(), "Å…\u2028x".encode(), b"caf\xe9", b"\xff\x80", b"a%2Fb+c"]


def paged(api, place, value):
    """Serve two pages, the first of which names the second by a header."""
    raw = value.decode("latin-1")
    headers = {
        "cursor": {"X-Next": raw},
        "form": {"X-Next": raw},
        "link": {"Link": f'<{api.url}/items?at={raw}>; rel="next"'},
        "relative link": {"Link": f'<?at={raw}>; rel="next"'},
    }[place]
    served = [Reply([{"id": 1}], headers=headers), Reply([{"id": 2}]), Reply([])]
    api.serve("/items", *served)
    cursor = {"style": "cursor", "cursor_header": "X-Next", "cursor_param": "at"}
    settings = {"name": "items", "path": "items", "schema": SCHEMA}
    if "link" in place:
        return {**settings, "pagination": {"style": "link_header"}}
    if place == "form":
        form = {"method": "POST", "body": {"q": 1}, "body_format": "form"}
        return {**settings, **form, "pagination": {**cursor, "params_in": "body"}}
    return {**settings, "pagination": cursor}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("place", ["cursor", "form", "link", "relative link"])
def test_header_goes_back_byte_for_byte(api, tap, place, value):
    run = tap.ok(api.config(paged(api, place, value)))
    assert run.ids() == [1, 2]
    second = api.requests("/items")[1]
    sent = second.content.decode() if place == "form" else second.target
    # A link is not encoded again, a parameter is.
    safe = "%+" if "link" in place else ""
    assert sent.split("at=")[1] == quote_from_bytes(value, safe=safe)


@pytest.mark.parametrize("value", ["né".encode(), "日本".encode()])
def test_cursor_of_a_header_goes_into_a_json_body_as_text(api, tap, value):
    stream = paged(api, "cursor", value)
    stream["pagination"]["params_in"] = "body"
    assert tap.ok(api.config({**stream, "method": "POST"})).ids() == [1, 2]
    assert api.requests("/items")[1].json == {"at": value.decode()}


def test_cursor_that_json_cannot_hold_is_one_error_line(api, tap):
    stream = paged(api, "cursor", b"caf\xe9")
    stream["pagination"]["params_in"] = "body"
    run = tap(api.config({**stream, "method": "POST"}))
    assert run.status == 1
    assert "cannot be sent" in run.error_lines[0]
    assert len(run.error_lines) == 1
