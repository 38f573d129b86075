"""The SDK's private names that this tap uses: each one that a release might move."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys

import pytest
from singer_sdk import Stream, Tap
from singer_sdk.configuration._dict_config import TRUTHY, parse_environment_config
from singer_sdk.helpers import _state
from singer_sdk.helpers._typing import is_boolean_type
from singer_sdk.mapper import PluginMapper, SameRecordTransform
from singer_sdk.plugin_base import PluginBase, _ConfigInput
from singer_sdk.streams._state import StreamStateManager

from tap_oauth2_generic.runtime.log import PREFIX
from tap_oauth2_generic.singer.base_tap import BaseTap
from tap_oauth2_generic.singer.paged_stream import PagedStream
from tap_oauth2_generic.singer.schema_stream import SchemaStream
from tap_oauth2_generic.singer.state_writer import (
    PROGRESS,
    IndexedStateManager,
    ThrottledStateWriter,
    set_progress,
)
from tap_oauth2_generic.stream import OAuth2Stream
from tap_oauth2_generic.tap import TapOAuth2Generic
from tests.support import ROOT

FAMILY = {
    BaseTap: Tap,
    PagedStream: Stream,
    SchemaStream: Stream,
    OAuth2Stream: Stream,
    IndexedStateManager: StreamStateManager,
    ThrottledStateWriter: _state.StateWriter,
    TapOAuth2Generic: Tap,
}


def overridden(ours, theirs):
    """Return what a class of ours overrides of the SDK's class, properties included."""
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
def test_override_takes_what_the_sdk_passes(ours, theirs, name):
    """Each overriding method can be called as the SDK calls its own."""
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
        (Stream.sync, [
            "_sync_records", "_write_schema_message", "emit_activate_version_messages",
        ]),
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
def test_sdk_still_calls_what_is_overridden(caller, called):
    """The SDK's own code still calls the methods that are replaced here.

    A release that fails this has moved its loop: compare it with ``paged_stream`` again.
    """
    source = inspect.getsource(caller)
    assert [name for name in called if name not in source] == []


def test_private_names_exist():
    """The SDK's private attributes that are read exist."""
    assert hasattr(SameRecordTransform, "flattening_enabled")
    sources = inspect.getsource(Stream.__init__) + inspect.getsource(Tap.__init__)
    assert _ConfigInput({"a": 1}).config == {"a": 1}
    assert TapOAuth2Generic._env_var_prefix == PREFIX
    sources += inspect.getsource(PluginBase.__init__)
    for name in ("_config", "_input_schema", "_schema", "_tap", "_mask", "_state_writer"):
        assert name in sources or name in inspect.getsource(Stream)


def test_progress_is_promoted_by_the_sdk():
    """The SDK makes a bookmark of the progress that is noted in its state, and drops the note."""
    state = {}
    set_progress(state, "at", 5)
    assert PROGRESS in state
    assert state.get("replication_key_value") is None
    _state.finalize_state_progress_markers(state)
    assert state == {"replication_key": "at", "replication_key_value": 5}


def test_dropped_progress_moves_no_bookmark():
    """Of progress that is dropped the SDK makes nothing."""
    state = {"replication_key": "at", "replication_key_value": 4}
    set_progress(state, "at", 5)
    del state[PROGRESS]
    _state.finalize_state_progress_markers(state)
    assert state == {"replication_key": "at", "replication_key_value": 4}


def test_environment_is_parsed_by_type(monkeypatch):
    """The SDK reads a variable as JSON or text, by the type of its setting."""
    schema = {"properties": {"n": {"type": "integer"}, "on": {"type": ["boolean", "null"]}}}
    monkeypatch.setenv("A_N", "5")
    monkeypatch.setenv("A_ON", TRUTHY[0])
    assert parse_environment_config(schema, "A_") == {"n": 5, "on": True}
    assert [is_boolean_type(entry) for entry in schema["properties"].values()] == [False, True]


def uses_of_private_names(source):
    """Return what Python source imports from private modules of the SDK, or reads of its objects.

    A class of our own may give its attribute the same name, unless it is a class of the SDK, too.
    """
    tree = ast.parse(source)
    is_sdk_class = any(
        isinstance(node, ast.ClassDef) and {ast.unparse(base) for base in node.bases} & SDK_CLASSES
        for node in tree.body
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("singer_sdk"):
            yield from (
                f"{node.module}.{alias.name}"
                for alias in node.names
                if "._" in f"{node.module}.{alias.name}"
            )
        is_private = isinstance(node, ast.Attribute) and node.attr in PRIVATE_NAMES
        if is_private and (is_sdk_class or ast.unparse(node.value) not in {"self", "cls"}):
            yield ast.unparse(node)


SDK_CLASSES = {"Stream", "Tap", "PagedStream", "BaseTap"}
PRIVATE_NAMES = set(
    re.findall(
        r"\b_[a-z]\w+", "".join(map(inspect.getsource, (Stream, Tap, PluginBase, PluginMapper)))
    )
)


def test_private_names_are_used_in_one_folder():
    """Modules outside of ``singer/`` use nothing that the SDK marks private."""
    package = ROOT / "tap_oauth2_generic"
    found = {
        path.relative_to(package).as_posix(): names
        for path in sorted(package.rglob("*.py"))
        if path.relative_to(package).parts[0] not in {"singer", "demo"}
        and (names := [*uses_of_private_names(path.read_text())])
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "from singer_sdk.helpers import _state",
        "from singer_sdk.helpers._catalog import get_selected_schema",
        "from singer_sdk.plugin_base import _ConfigInput",
        "print(tap._config)",
        "class MyTap(BaseTap):\n    def run(self): return self._config",
    ],
)
def test_use_of_a_private_name_is_found(source):
    assert [*uses_of_private_names(source)] != []


IMPORTED_LAZILY = """
import sys
from tap_oauth2_generic.singer.lazy_sdk import import_sdk_lazily
import_sdk_lazily()
from tap_oauth2_generic.tap import TapOAuth2Generic
found = {"fsspec", "upath", "joblib", "asyncio", "singer_sdk.streams.rest"} & set(sys.modules)
assert not found, found
"""


@pytest.mark.parametrize(
    "later",
    [
        "from singer_sdk import Tap, Target; assert issubclass(TapOAuth2Generic, Tap) and Target",
        "import singer_sdk, singer_sdk.tap_base as base; assert singer_sdk.Tap is base.Tap",
        "from singer_sdk import *; assert issubclass(TapOAuth2Generic, Tap)",
        "from singer_sdk import streams; assert issubclass(streams.RESTStream, streams.Stream)",
        ("from singer_sdk.streams import RESTStream; import singer_sdk.streams.core as core; "
        "assert issubclass(RESTStream, core.Stream)"),
        ("import pickle, singer_sdk.singerlib as s; one = s.Schema(type='string'); "
        "assert pickle.loads(pickle.dumps(one)) == one"),
        "from singer_sdk.testing import get_tap_test_class; assert get_tap_test_class",
        ("from upath import UPath; import singer_sdk.helpers._batch as b, pathlib; "
        "assert isinstance(UPath('/x'), pathlib.Path) and b.UPath('/x') == UPath('/x')"),
        ("import singer_sdk, pytest\nwith pytest.raises(AttributeError): singer_sdk.missing\n"
        "with pytest.raises(ImportError): from singer_sdk import missing"),
        "import importlib, singer_sdk; assert importlib.reload(singer_sdk).Tap",
        ("import singer_sdk; assert singer_sdk.__spec__.name == 'singer_sdk' "
        "and singer_sdk.__file__ and 'Tap' in singer_sdk.__all__"),
    ],
)  # fmt: skip
def test_lazy_import_changes_nothing_that_others_import(later):
    """A run imports the SDK without what it does not use; every later import works as ever."""
    script = f"{IMPORTED_LAZILY}\n{later}"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_sdk_only_calls_what_the_lazy_import_replaces():
    """The SDK's module of batches uses UPath only to make a path, as its stand-in can."""
    from singer_sdk.helpers import _batch

    uses = [n for n in ast.walk(ast.parse(inspect.getsource(_batch))) if isinstance(n, ast.Call)]
    calls = sum(isinstance(call.func, ast.Name) and call.func.id == "UPath" for call in uses)
    named = inspect.getsource(_batch).count("UPath")
    # The others are its import and an annotation.
    assert calls == named - 2
