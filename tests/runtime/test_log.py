"""Log lines about one stream."""

from __future__ import annotations

import logging

import pytest

from tap_oauth2_generic.runtime.log import StreamLog


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO)
    return lambda: [record.getMessage() for record in caplog.records]


def test_line_names_its_stream(lines):
    """Every line begins with the stream's name."""
    StreamLog("contacts").warning("retry %d of %d", 1, 5)
    assert lines() == ["stream 'contacts': retry 1 of 5"]


def test_percent_signs_are_not_placeholders(lines):
    """A stream name or a sentence with percent signs is logged as it is."""
    StreamLog("100%s").info("50% of %s")
    assert lines() == ["stream '100%s': 50% of %s"]


def test_topic_is_warned_of_once_per_stream(lines):
    """A second warning of the same topic is dropped; other streams still warn."""
    first, second = StreamLog("a"), StreamLog("b")
    for log in (first, first, second):
        log.warn_once("order", "out of order")
    assert lines() == ["stream 'a': out of order", "stream 'b': out of order"]
