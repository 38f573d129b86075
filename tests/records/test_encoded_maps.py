"""Stream maps and flattening of encoded records emit what the SDK makes of decoded ones."""

from __future__ import annotations

import copy
import json
import logging
from decimal import Decimal

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from singer_sdk.exceptions import MappingError
from singer_sdk.mapper import PluginMapper

from tap_oauth2_generic.errors import RecordError
from tap_oauth2_generic.parsing.formats import open_envelope
from tap_oauth2_generic.records.conform import RecordConformer
from tap_oauth2_generic.records.encoded_page import EncodedPage
from tap_oauth2_generic.records.infer import infer, without_nulls
from tap_oauth2_generic.records.passthrough import Conform
from tap_oauth2_generic.records.pipeline import Pipeline, Slice
from tap_oauth2_generic.records.steps import AddContext, AddFields, Encode
from tap_oauth2_generic.records.stream_maps import MapStreams
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.log import StreamLog
from tap_oauth2_generic.settings.paths import parse_path
from tests.records.test_passthrough import SCALARS, Selected, exactly, lines, texts

QUICK = settings(max_examples=400)
NAMES = ["a", "b", "c.d", "é", "", "type", "required", "__b"]
ODD = ['"\\/ \\u00e9"', '"\x7f\\\\"', '"é\\u0000"', '"😀"', "[ 1, -0]", "[1e3]", "[0.0000001]",
       '["3e4, 1e5"]', '[{"é":"ü"},[]]', '{"a":1,"a":2}', "[-0.0,1.50]", '{"b":{}}']  # fmt: skip
VALUES = st.recursive(
    SCALARS | st.sampled_from(ODD).map(lambda text: (text,)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=4,
)
BOTH, OTHERS = (dict.fromkeys(names, VALUES) for names in (NAMES[:2], NAMES[2:]))
RECORD = st.one_of(
    st.fixed_dictionaries(BOTH, optional=OTHERS),
    st.fixed_dictionaries({}, optional=BOTH | OTHERS),
)
RENAME = {"x": "a", "a": None}
MAPS = [
    {}, RENAME, {"a": "b", "b": "a"}, {"a": "__NULL__", "c.d": None}, {"x": "'eu'", "y": "1.5"},
    {"a": "self"}, {"a": "str(self)"}, {"x": "None", "y": "True"}, {"x": "config['k']"},
    {"x": "a if b else 'z'"}, {"x": "[a, b]"}, {"x": "{'in': a, 'é': [b]}"}, {"x": "f'{a}-{b}'"},
    {"x": "md5(str(a))", "y": "a"}, {"x": "float(a) * 2"}, {"x": "a == b"}, {"x": "int('7')"},
    {"x": "__stream_name__"}, {"x": "__original_stream_name__"}, {"b": "datetime.date(2024, 1, 2)"},
    {"__filter__": "a"}, {"__filter__": "a == b"}, {"__filter__": "False"}, {"__filter__": "None"},
    {"__filter__": "b", "x": "b"}, {"__alias__": "'other'"}, {"a": "a", "__alias__": "o"},
    {"__else__": None, "x": "a"}, {"__else__": None},
    {"__else__": None, "a": "b", "__alias__": "o"},
    {"__key_properties__": ["y"], "__else__": None, "y": "b"},
    {"__key_properties__": None, "a": None}, {"in": None}, {"__key_properties__": ["x"], "x": "a"},
]  # fmt: skip
WHOLE_RECORD = [
    {"x": "record"}, {"x": "_['a']"}, {"x": "record.get('a')"}, {"__filter__": "'b' in record"},
]  # fmt: skip
# Each fails on most records.
FAILING = [
    {"x": "a", "y": "x"}, {"x": "json.dumps(b)"}, {"x": "len(a)"}, {"x": "a.b"}, {"x": "a['b']"},
    {"x": "[one for one in a]"},
]  # fmt: skip
ANY_MAP = st.sampled_from([*MAPS, *WHOLE_RECORD, *FAILING])
STREAM_MAPS = st.one_of(
    ANY_MAP.map(lambda one: {"items": one}),
    st.builds(
        lambda one, two: {"items": one, "copy": {"__source__": "items", **two}}, ANY_MAP, ANY_MAP
    ),
    ANY_MAP.map(lambda one: {"it*": one}),
    st.sampled_from([{}, {"__else__": None}, {"items": None}, {"others": RENAME}]),
)
FLATTENING = [
        {"flattening_enabled": True, "flattening_max_depth": depth, **more}
        for depth in (0, 1, 2, 5)
        for more in (
            {}, {"flattening_separator": "."}, {"flattening_separator": ""},
            {"flattening_max_key_length": 4}, {"flattening_max_key_length": 1},
        )
    ]  # fmt: skip


def maps_of(config, schema, keys=()):
    """Return the SDK's maps of a stream; new ones, since an expression might remember."""
    mapper = PluginMapper(
        {"stream_map_config": {"k": 1}, **copy.deepcopy(config)}, logging.getLogger("sdk")
    )
    mapper.register_raw_stream_schema("items", schema, list(keys))
    return mapper.stream_maps["items"]


def made_by_sdk(maps, records):
    """Return the name and record that the SDK makes of each; None if one has no column."""
    made = []
    for one in maps:
        columns = one.transformed_schema.get("properties", {})
        for record in records:
            if (found := one.transform(copy.deepcopy(record))) is None:
                continue
            beyond = [name for name in found if name not in columns and one.flattening_enabled]
            if any(found[name] is not None for name in beyond):
                return None
            made.append((one.stream_alias, {n: v for n, v in found.items() if n not in beyond}))
    return made


def in_order(text):
    """Decode a record with the order of its members and every digit."""
    return json.loads(
        text,
        parse_float=lambda digits: ("number", Decimal(digits)),
        object_pairs_hook=lambda pairs: [*dict(pairs).items()],
    )


class Case:
    """One stream with its schema, its maps, and the steps before them."""

    def __init__(self, config, schema, *, selected=None, inferred=True, adds=(), added=None):
        selected = Selected(selected or {})
        conformer = RecordConformer(
            schema, selected, refuses_new_fields=True, checks_formats=inferred
        )
        self.prepare = [AddFields(added or {}), AddContext(adds, StreamLog("items"))]
        self.conform = Conform(conformer, [*adds, *(added or {})], None, is_ordered=False)
        sent = without_nulls(schema) if inferred else schema
        columns = {
            name: column for name, column in sent["properties"].items()
            if selected["properties", name]
        }  # fmt: skip
        self.config, self.schema = config, {**sent, "properties": columns}
        self.maps = MapStreams("items", maps_of(config, self.schema), config, encodes=True)

    def run(self, content, last, context):
        opened = open_envelope(content, parse_path("data"))
        if opened is None:
            return None
        page = EncodedPage(opened[1].text, opened[1].members)
        return Pipeline(self.prepare, [self.conform, last]).apply_encoded(page, Slice(context))

    def check(self, content, context=None):
        """Return what is emitted, or None if the page is decoded; it is what the SDK makes."""
        context = context or {}
        plain = self.run(content, Encode(), context)
        mapped = self.run(content, self.maps, context)
        if plain is None:
            assert mapped is None
            return None
        records = [exactly(line) for line in lines(plain)]
        try:
            made = made_by_sdk(maps_of(self.config, self.schema), records)
        except Exception:  # noqa: BLE001 - an expression may raise anything
            made = None
        if made is None:
            assert mapped is None
            with pytest.raises(RecordError):
                [self.maps.apply(record, Slice(context)) for record in records]
            return None
        names = [name for name, _ in made]
        expected = [(name, in_order(encode_json(record))) for name, record in made]
        general = [one for record in records for one in self.maps.apply(record, Slice(context))]
        general.sort(key=lambda one: names.index(one[0]))
        assert [(name, in_order(record)) for name, record in general] == expected
        if mapped is None:
            return None
        emitted = [(n, in_order(r)) for n, rows in mapped.emitted for r in rows if r]
        assert emitted == expected
        return mapped.emitted


@QUICK
@given(
    row=RECORD, extra=st.lists(RECORD, max_size=1), inferred=st.booleans(),
    drops=st.sets(st.sampled_from(NAMES), max_size=1), maps=STREAM_MAPS,
    flattening=st.just({}) | st.sampled_from(FLATTENING),
    has_context=st.booleans(), path=st.sampled_from([None, "a.b", "'c.d'.a"]),
)  # fmt: skip
def test_encoded_records_become_what_the_sdk_makes_of_decoded_ones(
    row, extra, inferred, drops, maps, flattening, has_context, path
):
    """Names, members, their order and every digit are those of the SDK's transform."""
    context = {"given": 7} if has_context else {}
    added = {"added": parse_path(path)} if path else {}
    schema = infer([{**exactly(texts(row)), **context, **dict.fromkeys(added)}])
    drops = {("properties", name): False for name in drops if name in schema["properties"]}
    config = {"stream_maps": maps, **flattening}
    try:
        case = Case(config, schema, selected=drops, inferred=inferred, adds=context, added=added)
    except (MappingError, ValueError):
        # The SDK refuses keys without a column, and two columns of one name.
        reject()
    content = ('{"data":' + texts([row, *extra]) + "}").encode()
    case.check(content, context)


ROWS = [
    '{"a":1,"b":"x","in":{"é":1.50,"deep":{"é":[{"ü":"\x7f","n":1e3}]},"list":[]},"c":["é\\n"]}',
    '{"b":"y","a":2,"c":null,"in":null}',
    '{"in":{"deep":null},"a":3,"b":"","c":["é"]}',
]
CONTENT = f'{{"data":[{",".join(ROWS)}]}}'.encode()


@pytest.mark.parametrize("flattening", [{}, *FLATTENING])
@pytest.mark.parametrize("maps", [*MAPS, *WHOLE_RECORD])
def test_maps_and_flattening_leave_records_encoded(maps, flattening):
    """Only flattening after an expression that may read any field needs decoded records."""
    config = {"stream_maps": {"items": maps, "copy": {"__source__": "items"}}, **flattening}
    case = Case(config, infer([exactly(row) for row in ROWS]))
    is_flattened = bool(flattening.get("flattening_max_depth"))
    assert (case.check(CONTENT) is None) == (is_flattened and maps in WHOLE_RECORD)


@pytest.mark.parametrize(
    "column",
    [
        {}, {"type": ["object", "null"], "properties": {}}, {"type": ["object", "string"]},
        {"type": ["object", "string", "null"], "properties": {"b": {"type": ["string", "null"]}}},
        {"anyOf": [{"type": "object", "properties": {"b": {"type": "string"}}}, {"type": "null"}]},
        {"anyOf": [{"type": "integer"}, {"type": "object"}]}, {"type": ["array", "string"]},
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", ["null", '"[x"', '{"b":"é"}', '{"z":[1]}', "[1.50]", "7", "{}"])
@pytest.mark.parametrize("depth", [1, 2])
def test_value_of_a_declared_column_is_flattened_as_by_the_sdk(column, value, depth):
    """A column of several types, or of none, holds what the SDK makes of its values."""
    schema = {"type": "object", "properties": {"a": {"type": ["integer"]}, "x": column}}
    config = {"flattening_enabled": True, "flattening_max_depth": depth}
    Case(config, schema, inferred=False).check(f'{{"data":[{{"a":1,"x":{value}}}]}}'.encode())
