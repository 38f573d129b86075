"""The fast way and the general way agree: any record, schema, selection and step.

``PREPARE`` and ``FINISH`` are the tables of the steps: a new step class needs an entry in one.
"""

from __future__ import annotations

import json
import pkgutil
import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

import tap_oauth2_generic
from tap_oauth2_generic.errors import TapError
from tap_oauth2_generic.parsing.extract_records import RecordSettings, add_fields
from tap_oauth2_generic.parsing.page import read_page
from tap_oauth2_generic.records import filters, steps
from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.fit import SchemaMismatchError
from tap_oauth2_generic.records.infer import infer
from tap_oauth2_generic.records.passthrough import Conform
from tap_oauth2_generic.records.pipeline import Pipeline, Slice, Step
from tap_oauth2_generic.records.stream_maps import MapStreams
from tap_oauth2_generic.replication.bookmark import Bookmark, extremes
from tap_oauth2_generic.replication.bounds import Bound
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.log import StreamLog
from tap_oauth2_generic.settings.conditions import parse_condition
from tap_oauth2_generic.settings.paths import parse_path
from tests.records.test_passthrough import Selected

KEY, DELETED = "at", filters.DELETED_AT
#: When a record was found to be deleted.
NOW = re.compile(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}\+00:00")
TIMES = [
    "2024-01-01T00:00:00Z",
    "2024-01-01T00:00:00.1234567+01:00", "2024-01-01T00:00:00.1234569+01:00",
    "2024-05-01 10:00:00", "2024-05-01", "x",
]  # fmt: skip
NUMBERS = ["0", "1", "-1", "1.10", "1.1", "1e3", "9223372036854775808", "-0.0", "1e400"]
PATHS = [
    "a", "b", "o.b", "o.o.b", "'c.d'.b", "c.d", "é", "l.0", "l.0.b", "o.l.-1", KEY, "$.o.b",
    "$.l[0]", "$.l[1].b", "$.o.l[0]", "$['c.d']", "$.l[*].b", "$.l[?(@.b==1)].b", "$..b",
    "$.o['q\"q']", "'o'", "added", "given.b", "given", DELETED, "a.b.o", "$.*",
]  # fmt: skip
#: Values and records that are no JSON, or that a reader may take in two ways.
ODD_VALUES = [
    '"\\ud800"', "1e99999999999999999999", '{"b":1,"b":2}', '{"b":{"b":1},"b":2}', "[[[1]]]",
    '{"q\\"q":1}', '"\\u0041"',
]  # fmt: skip
ODD_RECORDS = [
    "null", "{}", "{ }", "1", "[1]", '{"a":1,"a":2}', '{"\\u0061":1}', '{"a": 1 , "b": 2}',
    '{"o.b":1,"o":{"b":2}}', '{"given":8}', '{"added":8}', '{"at":1,"at":"2024-01-01T00:00:00Z"}',
    '{"a":"\xff"}', f'{{"{DELETED}":"x"}}',
]  # fmt: skip


def numbers(names):
    return st.sampled_from(names).map(Raw)


class Raw(str):
    """A part of a JSON text, as it is written there."""

    __slots__ = ()


def written(value):
    """Write a drawn value as JSON."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(n)}:{written(v)}" for n, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


NAMES = st.sampled_from(["a", "b", "o", "l", "c.d", "é"])
NUMBER = numbers(NUMBERS[:7])
SCALARS = st.none() | st.booleans() | st.sampled_from(["", "open", "1", *TIMES]) | NUMBER
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
) | st.sampled_from([*ODD_VALUES, *NUMBERS[7:]]).map(Raw)  # fmt: skip
#: Records that a schema fits as a rule.
TIDY = st.fixed_dictionaries(
    {"a": NUMBER, "b": st.sampled_from(["open", "gone", "1.1", None])},
    optional={
        KEY: st.sampled_from(TIMES[:3]),
        "o": st.fixed_dictionaries({"b": NUMBER, "l": st.lists(NUMBER, min_size=1, max_size=2)}),
        "l": st.lists(st.fixed_dictionaries({"b": NUMBER}), max_size=2),
    },
)  # fmt: skip
WILD = st.dictionaries(NAMES | st.just(KEY), VALUES, min_size=1, max_size=4)
PAGES = st.one_of(
    st.lists(TIDY, max_size=5),
    st.lists(TIDY, max_size=5).map(lambda rows: [{**row, KEY: 5} for row in rows]),
    st.lists(TIDY | WILD, max_size=4),
    st.lists(TIDY | st.sampled_from(ODD_RECORDS).map(Raw), max_size=4),
)


@st.composite
def conditions(draw, paths=PATHS):
    value = st.sampled_from(["open", "1", "1.10", 1, 1.1, True, None, "gone", 7])
    test = draw(
        st.one_of(
            value.map(lambda one: {"equals": one}),
            st.lists(value, max_size=3).map(lambda some: {"in": some}),
            st.sampled_from(["o", "^1", "2024", "."]).map(lambda pattern: {"matches": pattern}),
        )
    )
    return parse_condition({"path": draw(st.sampled_from(paths)), **test})


PATH_SETTINGS = st.sampled_from(PATHS).map(parse_path)
BOUNDS = st.builds(
    Bound.of,
    st.sampled_from([TIMES[0], TIMES[1], "2024-01-01", 5]),
    st.sampled_from(["iso", "epoch", "date", "%Y-%m-%d"]),
)


def read_keys(paths):
    """Make the step, and note its paths to read them from decoded records."""
    step = steps.ReadKeys(paths, checks=True)
    step.paths = {path.text: path for path in paths}.values()
    return step


#: Each step before the schema in the order of a stream, with what makes one of a log.
PREPARE = {
    filters.MarkDeleted: conditions().map(lambda one: lambda _: filters.MarkDeleted(one)),
    steps.AddFields: st.dictionaries(
        st.sampled_from(["added", KEY, "a", DELETED, 'q"q', "given"]),
        PATH_SETTINGS,
        min_size=1,
        max_size=3,
    ).map(lambda fields: lambda _: steps.AddFields(fields)),
    steps.NoteOrder: st.just(lambda _: steps.NoteOrder(KEY)),
    steps.AddContext: st.just(lambda log: steps.AddContext(["given"], log)),
    filters.Keep: st.lists(conditions(), min_size=1, max_size=3).map(
        lambda keep: lambda _: filters.Keep(keep)
    ),
    filters.DropOutside: st.none().map(lambda _: lambda _: filters.DropOutside(KEY))
    | BOUNDS.map(lambda end: lambda _: filters.DropOutside(KEY, end)),
}
PREPARE[steps.ReadKeys] = st.lists(PATH_SETTINGS, min_size=1, max_size=2).map(
    lambda paths: lambda _: read_keys(paths)
)
#: Each step that ends a pipeline.
FINISH = {steps.Encode: st.just(lambda _: steps.Encode())}
#: Steps that every pipeline has, that never work on encoded records, or that others are made of.
OTHERS = {steps.Unwrap, steps.PathStep, Conform, MapStreams}


def all_steps(base=Step):
    """Return the classes of steps that the package has."""
    for module in pkgutil.walk_packages(tap_oauth2_generic.__path__, "tap_oauth2_generic."):
        if "__main__" not in module.name:
            import_module(module.name)
    found, waiting = set(), [base]
    while waiting:
        waiting += (made := waiting.pop().__subclasses__())
        found |= {cls for cls in made if cls.__module__.startswith("tap_oauth2_generic.")}
    return found


def test_table_has_every_step():
    """A new step is compared on both ways, too: give it an entry in a table."""
    assert all_steps() == {*PREPARE, *FINISH, *OTHERS}


@dataclass
class Setting:
    """A stream as it may be configured, which makes a new pipeline for each way."""

    prepare: list
    finish: object
    context: dict
    start: Bound | None = None
    is_ordered: bool = False
    is_inferred: bool = True
    keys: list = field(default_factory=list)
    selected: dict = field(default_factory=dict)
    schema: dict = field(default_factory=lambda: {"properties": {}})
    warnings: list = field(default_factory=list)

    #: The fields that a path adds.
    added: dict = field(default_factory=dict)

    @property
    def slice(self):
        return Slice(self.context, self.start)

    def steps(self):
        self.warnings = []
        log = StreamLog("items", self.warnings.append)
        return [make(log) for make in self.prepare], self.finish(log)

    def pipeline(self):
        prepare, last = self.steps()
        self.added = next((one.fields for one in prepare if type(one) is steps.AddFields), {})
        conformer = RecordConformer(
            self.schema,
            Selected(self.selected),
            refuses_new_fields=True,
            checks_formats=self.is_inferred,
        )
        adds = {name for step in prepare for name in step.adds}
        conform = Conform(conformer, adds, KEY, self.keys, is_ordered=self.is_ordered)
        return Pipeline(prepare, [conform, last], Counter())


def learn_schema(setting, content):
    """Infer the schema from those prepared records of a page that are any."""
    prepare, _ = setting.steps()
    keeping = [one for one in prepare if not one.reason]
    try:
        page = read_page("", 200, {}, content, RecordSettings())
        records = list(Pipeline(keeping).prepare(page.records, setting.slice))
    except TapError:
        records = []
    return infer([{KEY: TIMES[0], DELETED: None}, *records])


@st.composite
def setting_of(draw, prepare, finish):
    """Draw a stream with steps of these classes, in the order of the table."""
    has_context = steps.AddContext in prepare
    keys = draw(st.sampled_from([[], ["a"]]))
    # A key cannot be deselected.
    drops = draw(st.sets(NAMES, max_size=1)) - {*keys}
    return Setting(
        [draw(PREPARE[cls]) for cls in PREPARE for _ in range(prepare.count(cls))],
        draw(FINISH[finish]),
        {"given": 7} if has_context else {},
        start=draw(st.none() | BOUNDS),
        is_ordered=draw(st.booleans()),
        is_inferred=draw(st.booleans()),
        keys=keys,
        selected={("properties", name): False for name in drops},
    )


def outcome(setting, content, *, keep_encoded):
    """Return a pipeline, whether it left a page encoded, and all that anybody sees of the page."""
    made = setting.pipeline()
    try:
        page = read_page("", 200, {}, content, RecordSettings(), keep_encoded=keep_encoded)
        batch = made(page, setting.slice)
        batch.require(setting.keys, "page 1")
        if batch.encoded is None:
            lines = [made.finish(record, setting.slice) for record in batch.records]
            in_order = [add_fields(one, setting.added).get(KEY) for one in page.records]
            paths = [path for step in made.prepare_steps for path in getattr(step, "paths", ())]
            keys = [[encode_json(path.find(one)) for path in paths] for one in batch.records]
        else:
            suffix = batch.encoded.suffix
            lines = [
                bytes(one)[:-1] + suffix + b"}" if suffix else bytes(one)
                for one in batch.encoded.records
            ]
            in_order = batch.encoded.in_order
            keys = [*zip(*batch.encoded.keys.values(), strict=True)]
        keys = [[*map(comparable, each)] for each in keys if each]
        seen = [*map(comparable, lines)], moved(batch, setting), keys, setting.warnings
        notes = steps.NoteOrder in map(type, made.prepare_steps)
    except (TapError, SchemaMismatchError, RecursionError) as error:
        return False, type(error).__name__
    return batch.encoded is not None, (*seen, made.left_out, in_order if notes else None)


def comparable(line):
    """Return a record in a form that tells every digit and repeated name, but no time of now."""
    return json.loads(
        NOW.sub("now", bytes(line).decode()),
        parse_float=lambda digits: ("number", Decimal(digits)),
        object_pairs_hook=members,
    )


def members(pairs):
    """Return the members of an object; their order has no meaning."""
    return sorted(pairs, key=lambda pair: pair[0])


def moved(batch, setting):
    """Return what a bookmark learns from a batch."""
    values, without = batch.replication_values(KEY)
    bookmark = Bookmark(None, "iso")
    for value in values if setting.is_ordered else extremes(values):
        bookmark.observe(value)
    highest = NOW.sub("now", str(bookmark.value))
    return highest, bookmark.descents > 0, bookmark.mixed, without, bool(values)


def check(setting, rows):
    """Take a page both ways, and compare all that anybody sees of it."""
    content = ("[" + ",".join(map(written, rows)) + "]").encode("utf-8", "surrogateescape")
    content = content.replace("\xff".encode(), b"\xff")
    setting.schema = learn_schema(setting, content)
    _, expected = outcome(setting, content, keep_encoded=False)
    is_fast, found = outcome(setting, content, keep_encoded=True)
    event(f"fast: {is_fast}")
    assert found == expected


@pytest.mark.parametrize("finish", FINISH, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("cls", PREPARE, ids=lambda cls: cls.__name__)
@settings(max_examples=150)
@given(data=st.data())
def test_each_step_agrees(cls, finish, data):
    """With one step, a page gives what it gives decoded, or is decoded."""
    check(data.draw(setting_of([cls], finish)), data.draw(PAGES))


@pytest.mark.parametrize("finish", FINISH, ids=lambda cls: cls.__name__)
@settings(max_examples=400)
@given(data=st.data())
def test_steps_together_agree(finish, data):
    """So do any steps together: filters see added fields, and each record is counted once."""
    prepare = data.draw(st.lists(st.sampled_from([*PREPARE]), max_size=5))
    once = [cls for cls in PREPARE for _ in range(min(prepare.count(cls), 1))]
    check(data.draw(setting_of(once, finish)), data.draw(PAGES))
