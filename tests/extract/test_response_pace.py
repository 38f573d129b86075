"""When requests are made in the main thread, judged by how long they take."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.extract.response_pace import ResponsePace

QUICK, SLOW = 0.0005, 0.02


def pace(*seconds):
    judged = ResponsePace()
    for one in seconds:
        judged.note(one)
    return judged.is_quick


@pytest.mark.unit
@pytest.mark.parametrize(
    ("seconds", "is_quick"),
    [
        ([], False),
        ([QUICK] * 99, False),
        ([QUICK] * 100, True),
        # In threads, requests wait for each other.
        ([0.004] * 99 + [QUICK], True),
        ([SLOW] * 100, False),
        # A sample is judged by its own requests.
        ([QUICK, *[SLOW] * 199], False),
        ([QUICK] * 100 + [0.0015], True),
        ([QUICK] * 100 + [SLOW], False),
        ([QUICK] * 100 + [SLOW] + [QUICK] * 99, False),
        ([QUICK] * 100 + [SLOW] + [QUICK] * 100, True),
    ],
)
def test_only_a_sample_with_a_quick_request_makes_an_api_quick(seconds, is_quick):
    assert pace(*seconds) is is_quick
