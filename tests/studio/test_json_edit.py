"""Edits of JSON text: the value is the new one, and the rest keeps its bytes."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_oauth2_generic.studio.json_edit import edit_json, read_json

TEXT = """{
    "base_url" : "https://a.example",   "later": [1.50, 2e3,
        "x"],
    "streams": [
        {"name": "a", "path": "/a"},
        { "name": "b",
          "path": "/b" }
    ],
    "scopes": []
}
"""
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
INDENTS = st.sampled_from(["", "  ", "\t", "    "])


@given(VALUES, VALUES, INDENTS)
def test_edited_text_holds_the_value(before, after, indent):
    text = edit_json("", before)
    text = text.replace("  ", indent) if indent.strip(" ") == "" else text
    assert read_json(edit_json(text, after)) == after


@given(VALUES)
def test_unchanged_value_keeps_every_byte(value):
    text = edit_json("", value)
    assert edit_json(text, read_json(text)) == text


def changed(**settings):
    return {**copy.deepcopy(read_json(TEXT)), **settings}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (changed(), TEXT),
        (changed(base_url="https://b.example"), TEXT.replace("//a.", "//b.")),
        (
            changed(client_id="me"),
            TEXT.replace('"scopes": []', '"scopes": [],   "client_id": "me"'),
        ),
        (changed(scopes=["read"]), TEXT.replace("[]", '[\n        "read"\n    ]')),
        (
            changed(streams=[{"name": "b", "path": "/b"}]),
            TEXT.replace('{"name": "a", "path": "/a"},\n        ', ""),
        ),
        (
            changed(streams=[{"name": "a", "path": "/a"}, {"name": "b", "path": "/c"}]),
            TEXT.replace('"/b"', '"/c"'),
        ),
    ],
    ids=["nothing", "string", "new", "empty", "removed", "nested"],
)
def test_only_the_changed_part_is_written_anew(value, expected):
    assert edit_json(TEXT, value) == expected


def test_line_breaks_of_windows_stay():
    value = changed(scopes=["read"], client_id="me")
    edited = edit_json(TEXT.replace("\n", "\r\n"), value)
    assert edited == edit_json(TEXT, value).replace("\n", "\r\n")


@pytest.mark.parametrize("text", [r'"\ud800"', r'{"\udfff": 1}'])
def test_half_a_character_is_no_json(text):
    with pytest.raises(ValueError, match="surrogates"):
        read_json(text)


def test_setting_is_removed_with_its_separator():
    value = changed()
    del value["later"]
    edited = edit_json(TEXT, value)
    assert read_json(edited) == value
    assert '"base_url" : "https://a.example"' in edited
    assert '{ "name": "b",\n          "path": "/b" }' in edited
