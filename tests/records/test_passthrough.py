"""The fast path emits what the general path emits, whatever the records and the schema."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_oauth2_generic.parsing.formats import open_envelope
from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.fit import SchemaMismatchError
from tap_oauth2_generic.records.infer import infer
from tap_oauth2_generic.records.passthrough import Conform
from tap_oauth2_generic.records.pipeline import EncodedPage, Pipeline, Slice
from tap_oauth2_generic.records.steps import AddContext, AddFields, Encode
from tap_oauth2_generic.runtime.log import StreamLog
from tap_oauth2_generic.settings.paths import DottedPath, parse_path

QUICK = settings(max_examples=300)
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


def pipeline(schema, *, selected=None, context=(), added=None, inferred=True, **key):
    """Return the pipeline of a stream with these columns."""
    selected = Selected() if selected is None else selected
    prepare = [AddFields(added or {}), AddContext(context, StreamLog("items"))]
    key = {"replication_key": None, "is_ordered": False, **key}
    conformer = RecordConformer(schema, selected, refuses_new_fields=True, checks_formats=inferred)
    adds = [*(added or {}), *context]
    return Pipeline(prepare, [Conform(conformer, adds, **key), Encode()])


def encoded(content, made, context=None):
    """Return the page that leaves the fast path; None if it has to be decoded."""
    opened = open_envelope(content, DATA)
    page = opened and EncodedPage(opened[1].text, opened[1].members)
    return made.apply_encoded(page, Slice(context or {})) if page else None


def lines(page):
    """Return the records of a page as they are written to the target."""
    return page and [
        bytes(record)[: -1 if page.suffix else None] + page.suffix + b"}" * bool(page.suffix)
        for record in page.records
    ]


def fast(content, schema, *, context=None, **settings):
    """Return the records that leave the fast path; None if they have to be decoded."""
    made = pipeline(schema, context=context or {}, **settings)
    return lines(encoded(content, made, context))


def slow(content, made, context):
    """Return the decoded records; None if they would change the schema."""
    origin = Slice(context)
    records = made.prepare(exactly(content)["data"], origin)
    try:
        return [made.finish(record, origin) for record in records]
    except SchemaMismatchError:
        return None


@QUICK
@given(
    sample=RECORDS, records=RECORDS, inferred=st.booleans(), drops=st.sets(NAMES, max_size=2),
    has_context=st.booleans(), same=st.booleans(),
    path=st.sampled_from([None, "a.b", "b", "'c.d'.a"]),
)  # fmt: skip
def test_fast_path_emits_what_the_general_path_emits(
    sample, records, inferred, drops, has_context, same, path
):
    """Each record of the fast path is, value by value, the decoded and conformed one."""
    context = {"given": 7} if has_context else {}
    # Records of the sample fit the inferred schema; a few others do.
    records = sample if same else records
    added = {"added": parse_path(path)} if path else {}
    decoded = [exactly(texts(one)) for one in sample]
    schema = infer([{**one, **context, "added": None} for one in decoded])
    selected = Selected(
        {("properties", name): False for name in drops if name in schema["properties"]}
    )
    content = ('{"data":' + texts(records) + "}").encode()
    made = pipeline(schema, selected=selected, context=context, added=added, inferred=inferred)
    written = lines(encoded(content, made, context))
    if written is None:
        return
    conformed = slow(content, made, context)
    assert conformed is not None
    assert [exact(line) for line in written] == [exact(line) for line in conformed]


@pytest.mark.parametrize("number", NUMBERS)
def test_number_keeps_its_spelling(number):
    """The fast path emits the digits, zeros and exponents that the API wrote."""
    content = f'{{"data": [{{"n": {number}}}]}}'.encode()
    schema = {"properties": {"n": {"type": ["number", "null"]}}}
    assert fast(content, schema) == [f'{{"n":{number}}}'.encode()]


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
        ({"type": ["object", "null"], "properties": {}}, '{"new": 1}'),
        ({"type": ["string", "null"]}, '"\\ud800"'),
    ],
)
def test_value_that_does_not_fit_its_column_leaves_the_fast_path(schema, record):
    """A page with a value that the column would change or refuse is decoded."""
    content = f'{{"data": [{{"n": {record}}}]}}'.encode()
    columns = {"properties": {"n": schema}}
    assert fast(content, columns) is None


def test_field_without_a_column_leaves_the_fast_path():
    """A page with a field that the schema lacks is decoded: the general path handles it."""
    schema = {"properties": {"n": {"type": "integer"}}}
    content = b'{"data": [{"n": 1}, {"n": 2, "new": 3}]}'
    assert fast(content, schema) is None


def test_context_never_hides_a_field_of_the_record():
    """A page whose records have a field of the context's name is decoded, and keeps it."""
    columns = {"n": {"type": "integer"}, "given": {"type": "integer"}}
    own = fast(b'{"data": [{"n": 1}]}', {"properties": columns}, context={"given": 7})
    assert [json.loads(line) for line in own] == [{"n": 1, "given": 7}]
    content = b'{"data": [{"n": 1, "given": 8}]}'
    assert fast(content, {"properties": columns}, context={"given": 7}) is None


def values(rows, *, is_ordered=False, kind="string"):
    """Return the replication values of a page that may matter, and how many records have none."""
    column = {
        "type": [kind, "null"],
        **({"format": "date-time"} if kind == "string" else {}),
    }
    columns = {"n": {"type": "integer"}, "at": column}
    made = pipeline({"properties": columns}, replication_key="at", is_ordered=is_ordered)
    content = ('{"data":[' + ",".join('{"n":1,"at":' + row + "}" for row in rows) + "]}").encode()
    page = encoded(content, made)
    return page.replication_values, page.without


def test_highest_replication_value_keeps_its_spelling():
    """Of timestamps, those that are the highest or the lowest are kept as written."""
    rows = ['"2024-01-01T00:00:00Z"', '"2024-01-02T00:00:00.1234567Z"', "null",
            '"2024-01-02T01:00:00.1234569+01:00"', '"2024-01-01T12:00:00Z"']  # fmt: skip
    assert values(rows) == ([json.loads(row) for row in rows if row != "null"][:3], 1)


def test_ascending_order_keeps_every_replication_value():
    """In ascending order each value counts, in the order of the records."""
    rows = ['"2024-01-02T00:00:00Z"', '"2024-01-01T00:00:00Z"', "null"]
    assert values(rows, is_ordered=True) == ([json.loads(row) for row in rows[:2]], 1)


def test_decimal_replication_values_keep_their_digits():
    """A number that a float would round keeps all its digits."""
    rows = ["12345678901234567890.5", "1"]
    assert values(rows, kind="number") == ([Decimal(rows[0]), 1], 0)


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "\x01", "\ud800"])
@pytest.mark.parametrize("place", ["column", "inner column", "added", "path"])
def test_name_that_json_escapes_is_decoded(name, place):
    """A field may have any name: those that the fast decoder does not take are slow."""
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
    key = name if place == "added" else None
    assert not pipeline({"properties": columns}, added=added, replication_key=key).is_fast


def test_what_is_deselected_inside_an_added_field_is_not_fast():
    """An added object of which a part is deselected goes the general way, which leaves it out."""
    column = {"type": ["integer", "null"]}
    inner = {"type": ["object", "null"], "properties": {"x": column, "y": column}}
    outer = {"type": ["object", "null"], "properties": {"p": inner}}
    schema = {"properties": {"o": outer, "added": inner}}
    content = b'{"data": [{"o": {"p": {"x": 1, "y": 2}}}]}'
    added = {"added": parse_path("o.p")}
    whole = b'{"o": {"p": {"x": 1, "y": 2}},"added":{"x": 1, "y": 2}}'.replace(b": ", b":")
    assert [text.replace(b" ", b"") for text in fast(content, schema, added=added)] == [
        whole.replace(b" ", b"")
    ]
    selected = Selected({("properties", "added", "properties", "y"): False})
    assert fast(content, schema, selected=selected, added=added) is None


def test_added_field_wins_over_the_context(caplog):
    """If a path and the context give a field of one name, it is that of the path; it is said."""
    column = {"type": ["integer", "null"]}
    outer = {"type": ["object", "null"], "properties": {"n": column}}
    schema = {"properties": {"o": outer, "both": column}}
    content = b'{"data":[{"o":{"n":1}}]}'
    made = pipeline(schema, added={"both": parse_path("o.n")}, context=["both"])
    assert encoded(content, made, {"both": 7}) is None
    assert slow(content, made, {"both": 7}) == [b'{"o":{"n":1},"both":1}']
    assert "hides that of the context" in caplog.text


@pytest.mark.parametrize("path", ["o.n", "'o'", "'o'.n"])
def test_key_that_looks_like_a_path_is_the_field(path):
    """A key that is spelled like the path of an added field is that field, if a record has it."""
    column = {"type": ["integer", "null"]}
    outer = {"type": ["object", "null"], "properties": {"n": column}}
    schema = {"properties": {"o": outer, path: column, "m": column}}
    content = b'{"data":[{"o":{"n":1},"%s":2}]}' % path.encode()
    made = pipeline(schema, added={"m": parse_path(path)})
    assert lines(encoded(content, made)) == slow(content, made, {})
    assert slow(content, made, {}) == [b'{"o":{"n":1},"%s":2,"m":2}' % path.encode()]
    other = content.replace(b"]}", b',{"o":{"n":1}}]}')
    assert encoded(other, made) is None


def test_replication_key_may_come_from_the_context():
    """A replication key that the context adds counts for every record."""
    schema = {"properties": {"n": {"type": "integer"}, "at": {"type": "string"}}}
    made = pipeline(schema, context=["at"], replication_key="at")
    page = encoded(b'{"data":[{"n":1},{"n":2}]}', made, {"at": "2024-01-01T00:00:00Z"})
    assert page.replication_values == ["2024-01-01T00:00:00Z"] * 2


@pytest.mark.parametrize("place", [0, 1, 3, 199])
@pytest.mark.parametrize("name", ["id", "n", "\\u006e"])
def test_page_whose_record_repeats_a_name_is_decoded(place, name):
    """Some readers take the first value, others the last."""
    rows = [f'{{"id": {number}, "n": 1}}' for number in range(200)]
    rows[place] = f'{{"id": 1, "n": 2, "{name}": 3}}'
    columns = {"properties": {"id": {"type": "integer"}, "n": {"type": "integer"}}}
    assert fast(('{"data": [' + ", ".join(rows) + "]}").encode(), columns) is None
    rows[place] = rows[place - 1]
    assert len(fast(('{"data": [' + ",".join(rows) + "]}").encode(), columns)) == 200


@pytest.mark.parametrize("pages", [0, 10])
@pytest.mark.parametrize("where", ["%s", '"o":{%s}', '"l":[{},{%s}]', '"any":[{"deep":{%s}}]'])
@pytest.mark.parametrize("nulls", ["", '"z":null,'])
def test_name_that_every_record_repeats_is_found_on_any_page(pages, where, nulls):
    """Inside objects and lists, too, and whether or not a part of the record is left out."""
    column = {"type": ["integer", "null"]}
    inner = {"type": ["object", "null"], "properties": {"n": column}}
    columns = {"n": column, "o": inner, "l": {"type": ["array", "null"], "items": inner}}
    columns |= {"any": {}, "z": {"type": ["null"]}}
    made = pipeline({"properties": columns})
    once, twice = (
        ('{"data":[' + ",".join(["{" + nulls + where % names + "}"] * 200) + "]}").encode()
        for names in ('"n":1', '"n":1,"n":2')
    )
    for _ in range(pages):
        assert encoded(once, made) is not None
    assert encoded(twice, made) is None
