"""Objects and lists in flattened records are strings of JSON, spelled as the SDK spells them."""

from __future__ import annotations

import msgspec
import pytest
from singer_sdk.singerlib.json import serialize_json

from tap_oauth2_generic.records.flattening import decode_value, json_in_strings
from tap_oauth2_generic.runtime.json_encoder import encode_json

NESTED = [
    "[]", "{}", "[1,-2.5,null,true]", '{"a":{"b":[{}]}}', '["a",""]', '{"a,]":"b}"}',
    "[1.50,0.1,1000000]", "[0.0000001,5]", "[0.000000]", "[-0]", "[1,-0,2]", "[-0.0]", "[-0.5]",
    "[1e3]", "[1E3]", "[0e0]", "[10e0]", "[1.5e-7,2]", "[2e+3]", '{"n":9e5}', '["1e3","0e5,"]',
    '["1e3,5"]', "[12345678901234567890.5]", "[ 1, 2 ]", '{"a": 1}', "[\n1]",
    '["é"]', '{"ü":"ß"}', '["☃"]', '["😀"]', '["\x7f"]', '["\u2028"]', '["a\x80"]',
    '["\\n"]', '["\\""]', '["\\\\"]', '["\\u00e9"]', '["\\/"]', '["\\\\n"]', '["-0,"]',
]  # fmt: skip
OTHERS = ["null", "1.50", "1e3", "-0", '"a"', '"[a"', '"{"', '"é"', '"\\n"', "true", '""', "0"]


def as_the_sdk(text):
    written = encode_json(serialize_json(decode_value(text)))
    return written if text[0] in "[{" else text.encode()


def written(*texts):
    return [bytes(one) for one in json_in_strings([msgspec.Raw(text.encode()) for text in texts])]


@pytest.mark.parametrize("text", NESTED)
def test_nested_value_is_written_as_by_the_sdk(text):
    """Also among values that are spelled in another way, or not nested."""
    assert written(text) == [as_the_sdk(text)]
    for other in ("[1]", '{"é":[]}', "[1e3]", "null"):
        assert written(other, text, other) == [*map(as_the_sdk, (other, text, other))]


@pytest.mark.parametrize("text", OTHERS)
def test_value_that_is_not_nested_stays_as_it_is(text):
    assert written(text, "[1]") == [text.encode(), b'"[1]"']
    assert written("[1e3]", text) == [as_the_sdk("[1e3]"), text.encode()]
