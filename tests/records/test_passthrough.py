"""Passing on as it came means the same as shaping: whatever is passed on is held against that."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.parsing.json_text import open_envelope
from tap_oauth2_generic.records.conform import RecordConformer, SchemaMismatchError
from tap_oauth2_generic.records.passthrough import NotPassthroughError, Passthrough
from tap_oauth2_generic.records.schema import infer
from tap_oauth2_generic.settings.paths import DottedPath, parse_path

QUICK = settings(deadline=None, max_examples=300)
DATA = parse_path("data")
TIMES = [
    "2024-01-01T00:00:00Z",
    "2024-01-01T00:00:00.1234567+01:00",
    "2024-05-01 10:00:00",
    "x",
    "",
]
NUMBERS = ["0", "-1", "1.50", "1e3", "1E-7", "9223372036854775808", "1" * 40, "0.1000", "-0.0"]
NAMES = st.sampled_from(["a", "b", "c.d", "é", "", "given"])


encode = msgspec.json.Encoder(decimal_format="number").encode
exactly = msgspec.json.Decoder(float_hook=Decimal).decode


def texts(value):
    """Write a drawn value as JSON: numbers in their own spelling, which json would not keep."""
    if isinstance(value, tuple):
        return value[0]
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(n)}:{texts(v)}" for n, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(texts, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


SCALARS = st.one_of(
    st.none(), st.booleans(), st.sampled_from(TIMES), st.sampled_from(NUMBERS).map(lambda n: (n,)),
    st.text(max_size=4).filter(lambda text: text.isprintable()),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
RECORDS = st.lists(st.dictionaries(NAMES, VALUES, max_size=4), min_size=1, max_size=4)


class Selected(dict):
    """Selects everything but what is named."""

    def __missing__(self, place):
        return True


def exact(text):
    return json.loads(text, parse_float=lambda digits: ("number", Decimal(digits)))


def general(records, schema, selected, context, added, *, inferred):
    """Shape records as the general way does; None where it would have to change the schema."""
    shaper = RecordConformer(schema, selected, refuses_new_fields=True, checks_formats=inferred)
    shaped = []
    for record in records:
        found = {name: path.find(record) for name, path in added.items()}
        for name, value in found.items():
            record[name] = value if value or value in (0, False, "", None) else record.get(name)
        try:
            shaped.append(
                shaper.shape({**record, **{n: v for n, v in context.items() if n not in record}})
            )
        except SchemaMismatchError:
            return None
    return shaped


def passed_on(content, schema, *, selected=None, context=None, added=None, inferred=True):
    """Give what is passed on of an answer; None where it goes the general way."""
    context, added = context or {}, added or {}
    selected = Selected() if selected is None else selected
    try:
        verbatim = Passthrough(
            schema, selected, inferred=inferred, given=context.keys(), added=added,
            replication_key=None, is_ordered=False,
        )  # fmt: skip
    except NotPassthroughError:
        return None
    opened = open_envelope(content, DATA)
    more = ("," + json.dumps(context)[1:-1]).encode() if context else b""
    found = verbatim.check(opened[1], more) if opened else None
    return None if found is None else [bytes(t)[:-1] + found.more + b"}" for t in found.records]


@QUICK
@given(
    sample=RECORDS, records=RECORDS, inferred=st.booleans(), drops=st.sets(NAMES, max_size=2),
    has_context=st.booleans(), same=st.booleans(),
    path=st.sampled_from([None, "a.b", "b", "'c.d'.a"]),
)  # fmt: skip
def test_what_is_passed_on_means_what_shaping_would_emit(
    sample, records, inferred, drops, has_context, same, path
):
    """Any record that is passed on is, value by value, the one that the shaper would emit."""
    context = {"given": 7} if has_context else {}
    # What was inferred from fits what was inferred; of others a few do.
    records = sample if same else records
    added = {"added": parse_path(path)} if path else {}
    decoded = [exactly(texts(one)) for one in sample]
    schema = infer([{**one, **context, "added": None} for one in decoded])
    selected = Selected(
        {("properties", name): False for name in drops if name in schema["properties"]}
    )
    content = ('{"data":' + texts(records) + "}").encode()
    lines = passed_on(
        content, schema, selected=selected, context=context, added=added, inferred=inferred
    )
    if lines is None:
        return
    fresh = [exactly(texts(one)) for one in records]
    shaped = general(fresh, schema, selected, context, added, inferred=inferred)
    assert shaped is not None
    emitted = [exact(encode(one)) for one in shaped]
    assert [exact(line) for line in lines] == emitted


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_keeps_its_spelling(number):
    """What is passed on is the very text that came: digits, zeros and exponents."""
    content = f'{{"data": [{{"n": {number}}}]}}'.encode()
    schema = {"properties": {"n": {"type": ["number", "null"]}}}
    assert passed_on(content, schema) == [f'{{"n":{number}}}'.encode()]


@pytest.mark.parametrize(
    ("schema", "record"),
    [
        ({"type": "integer"}, "1.0"),
        ({"type": "integer"}, '"1"'),
        ({"type": "integer"}, "null"),
        ({"type": ["integer", "null"]}, "9223372036854775808"),
        ({"type": ["string", "null"]}, "1"),
        ({"type": ["string", "null"], "format": "date-time"}, '"yesterday"'),
        ({"type": ["boolean", "null"]}, "0"),
        ({"type": ["number", "null"]}, '"1.5"'),
        ({"type": ["number", "null"]}, "true"),
        ({"type": ["number", "null"]}, "[1]"),
        ({"type": ["object", "null"], "properties": {}}, "1"),
        ({"type": ["array", "null"], "items": {"type": ["number", "null"]}}, '["1"]'),
        ({"type": ["array", "null"]}, "[1]"),
        ({"type": ["object", "null"], "properties": {}}, '{"new": 1}'),
        ({"type": ["string", "null"]}, '"\\ud800"'),
    ],
)
def test_what_does_not_fit_its_column_is_not_passed_on(schema, record):
    """A value that the column would bend, or not take, goes the general way."""
    content = f'{{"data": [{{"n": {record}}}]}}'.encode()
    columns = {"properties": {"n": schema}}
    assert passed_on(content, columns) is None


def test_a_field_without_a_column_is_not_passed_on():
    """A record with a field that the schema lacks goes the general way, which knows what to do."""
    schema = {"properties": {"n": {"type": "integer"}}}
    content = b'{"data": [{"n": 1}, {"n": 2, "new": 3}]}'
    assert passed_on(content, schema) is None


def test_what_the_tap_adds_never_hides_what_a_record_brings():
    """A record that has a field of the context's name goes the general way, which keeps it."""
    columns = {"n": {"type": "integer"}, "given": {"type": "integer"}}
    own = passed_on(b'{"data": [{"n": 1}]}', {"properties": columns}, context={"given": 7})
    assert [json.loads(line) for line in own] == [{"n": 1, "given": 7}]
    content = b'{"data": [{"n": 1, "given": 8}]}'
    assert passed_on(content, {"properties": columns}, context={"given": 7}) is None


def values(rows, *, is_ordered=False, kind="string"):
    """Give the replication values of a page that may matter, and how many records have none."""
    column = {
        "type": [kind, "null"],
        **({"format": "date-time"} if kind == "string" else {}),
    }
    verbatim = Passthrough(
        {"properties": {"at": column}}, Selected(), inferred=True, given=(), added={},
        replication_key="at", is_ordered=is_ordered,
    )  # fmt: skip
    content = ('{"data":[' + ",".join('{"at":' + row + "}" for row in rows) + "]}").encode()
    found = verbatim.check(open_envelope(content, DATA)[1], b"")
    return found.replication_values, found.without


def test_the_highest_replication_value_is_given_as_it_was_written():
    """Of times, those that are the highest to the microsecond come, in the API's own spelling."""
    rows = ['"2024-01-01T00:00:00Z"', '"2024-01-02T00:00:00.1234567Z"', "null",
            '"2024-01-02T01:00:00.1234569+01:00"']  # fmt: skip
    highest = ["2024-01-02T00:00:00.1234567Z", "2024-01-02T01:00:00.1234569+01:00"]
    assert values(rows) == (highest, 1)


def test_every_replication_value_is_given_where_the_order_matters():
    """In ascending order each value counts, in the order of the records."""
    rows = ['"2024-01-02T00:00:00Z"', '"2024-01-01T00:00:00Z"', "null"]
    assert values(rows, is_ordered=True) == ([json.loads(row) for row in rows[:2]], 1)


def test_decimal_replication_values_keep_their_digits():
    """A number that a float would round is given with all its digits."""
    rows = ["12345678901234567890.5", "1"]
    assert values(rows, kind="number") == ([Decimal(rows[0]), 1], 0)


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "\x01", "\ud800"])
@pytest.mark.parametrize("place", ["column", "inner column", "added", "path"])
def test_a_name_that_json_escapes_goes_the_general_way(name, place):
    """A field may be called anything: what the fast decoder takes no name for is shaped."""
    column = {"type": ["integer", "null"]}
    inner = {"type": ["object", "null"], "properties": {name: column}}
    columns = {
        "column": {name: column},
        "inner column": {"o": inner},
        "added": {"n": column, name: column},
        "path": {"n": column, "there": column},
    }[place]
    added = {
        "added": {name: parse_path("o.n")},
        "path": {"there": DottedPath(f"o.{name}", ("o", name))},
    }.get(place, {})
    with pytest.raises(NotPassthroughError):
        Passthrough(
            {"properties": columns}, Selected(), inferred=True, given=(), added=added,
            replication_key=name if place == "added" else None, is_ordered=False,
        )  # fmt: skip


def test_what_is_deselected_inside_an_added_field_is_not_passed_on():
    """An added object of which a part is deselected goes the general way, which leaves it out."""
    column = {"type": ["integer", "null"]}
    inner = {"type": ["object", "null"], "properties": {"x": column, "y": column}}
    outer = {"type": ["object", "null"], "properties": {"p": inner}}
    schema = {"properties": {"o": outer, "added": inner}}
    content = b'{"data": [{"o": {"p": {"x": 1, "y": 2}}}]}'
    added = {"added": parse_path("o.p")}
    whole = b'{"o": {"p": {"x": 1, "y": 2}},"added":{"x": 1, "y": 2}}'.replace(b": ", b":")
    assert [text.replace(b" ", b"") for text in passed_on(content, schema, added=added)] == [
        whole.replace(b" ", b"")
    ]
    selected = Selected({("properties", "added", "properties", "y"): False})
    assert passed_on(content, schema, selected=selected, added=added) is None


def test_a_field_that_is_both_added_and_of_the_context_is_written_once():
    """Where a path and a context give a field of one name, the general way chooses."""
    column = {"type": ["integer", "null"]}
    outer = {"type": ["object", "null"], "properties": {"n": column}}
    schema = {"properties": {"o": outer, "both": column}}
    content = b'{"data": [{"o": {"n": 1}}]}'
    added = {"both": parse_path("o.n")}
    assert passed_on(content, schema, added=added) is not None
    assert passed_on(content, schema, context={"both": 7}, added=added) is None
