"""Where this tap takes the SDK apart: each joint that a release of it might move."""

from __future__ import annotations

import inspect
import re

import pytest
from singer_sdk import Stream, Tap
from singer_sdk.helpers import _state
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.streams._state import StreamStateManager

from tap_oauth2_generic.singer.base_tap import BaseTap
from tap_oauth2_generic.singer.paged_stream import PagedStream
from tap_oauth2_generic.singer.state_writer import IndexedStateManager, ThrottledStateWriter
from tap_oauth2_generic.stream import OAuth2Stream
from tap_oauth2_generic.tap import TapOAuth2Generic
from tests.support import ROOT

FAMILY = {
    BaseTap: Tap,
    PagedStream: Stream,
    OAuth2Stream: Stream,
    IndexedStateManager: StreamStateManager,
    ThrottledStateWriter: _state.StateWriter,
    TapOAuth2Generic: Tap,
}


def overridden(ours, theirs):
    """Give what of the SDK's class a class of ours defines anew, properties included."""
    return [
        name
        for name, member in vars(ours).items()
        if not name.startswith("__") and hasattr(theirs, name) and callable_or_property(member)
    ]


def callable_or_property(member):
    return callable(member) or isinstance(member, property | classmethod)


JOINTS = [
    (ours, theirs, name) for ours, theirs in FAMILY.items() for name in overridden(ours, theirs)
]


@pytest.mark.parametrize(("ours", "theirs", "name"), JOINTS)
def test_what_is_overridden_takes_what_the_sdk_gives(ours, theirs, name):
    """Each method that is overridden can still be called as the SDK calls its own."""
    mine, its = inspect.getattr_static(ours, name), inspect.getattr_static(theirs, name)
    assert isinstance(mine, property) == isinstance(its, property)
    if isinstance(mine, property) or not callable(getattr(theirs, name)):
        return
    expected = inspect.signature(getattr(theirs, name)).parameters
    given = inspect.signature(getattr(ours, name)).parameters
    assert list(given)[: len(expected)] == list(expected)


@pytest.mark.parametrize(
    ("caller", "called"),
    [
        (Stream.sync, ["_sync_records", "_write_schema_message"]),
        (Stream._sync_records, [
            "get_record_counter", "get_sync_timer", "_process_record", "_write_record_message",
            "_increment_stream_state", "_write_state_message", "STATE_MSG_FREQUENCY",
            "_finalize_state", "with_context", "stream_state",
        ]),
        (Stream._write_schema_message, ["_generate_schema_messages"]),
        (Stream._write_state_message, ["state_writer", "write_state", "is_flushed"]),
        (Stream.state_manager.fget, ["_tap_state", "state_partitioning_keys"]),
        (Tap.sync_all, ["_state_writer", "_reset_state_progress_markers", "finalize_state"]),
        (Stream.stream_maps.fget, ["_stream_maps", "mapper"]),
    ],
)  # fmt: skip
def test_the_sdk_still_calls_what_is_overridden(caller, called):
    """The SDK's own code still goes through the methods that are replaced here.

    A release that fails this has moved its loop: compare it with ``sdk_stream`` anew.
    """
    source = inspect.getsource(caller)
    assert [name for name in called if name not in source] == []


def test_the_private_names_that_are_used_are_there():
    """What is read of the SDK's private parts exists."""
    assert _state.PROGRESS_MARKERS == "progress_markers"
    assert hasattr(SameRecordTransform, "flattening_enabled")
    sources = inspect.getsource(Stream.__init__) + inspect.getsource(Tap.__init__)
    for name in ("_stream_version", "_input_schema", "_schema", "_tap", "_mask", "_state_writer"):
        assert name in sources or name in inspect.getsource(Stream)


def test_the_oldest_sdk_that_is_tested_is_the_oldest_that_is_allowed():
    """What the package asks for at least is what all tests are run with."""
    text = (ROOT / "pyproject.toml").read_text()
    (asked,) = re.findall(r'"singer-sdk>=([\d.]+),<[\d.]+"', text)
    (tested,) = re.findall(r'"singer-sdk==([\d.]+)"', text)
    assert asked == tested
