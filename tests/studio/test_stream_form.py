"""The form of a stream: it shows every setting, and changes only what was edited."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from singer_sdk.exceptions import ConfigValidationError

from tap_oauth2_generic.config.streams import STREAM_SCHEMA
from tap_oauth2_generic.pagination import styles
from tap_oauth2_generic.settings.fields import schema_of
from tap_oauth2_generic.studio.json_edit import read_json
from tap_oauth2_generic.studio.project import Project
from tap_oauth2_generic.studio.stream_form import make_form, take_form
from tap_oauth2_generic.tap import TapOAuth2Generic

SETTINGS = STREAM_SCHEMA["properties"]
PAGING = SETTINGS["pagination"]["properties"]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(float)
    | st.text(max_size=8)
    | st.sampled_from(["", " a ", "a\nb", "a\r\nb", "true", "1", "[]", '{"a": 1}', "null", "a b"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from([*SETTINGS, "of_a_later_version"])
PAGINATION = st.dictionaries(st.sampled_from([*PAGING, "later"]), VALUES, max_size=4)
STYLED = st.builds(
    lambda found, style: {**found, "style": style}, PAGINATION, st.sampled_from([*styles()])
)
DEFINITIONS = st.dictionaries(NAMES, VALUES, max_size=5) | st.builds(
    lambda one, paging: {**one, "pagination": paging},
    st.dictionaries(NAMES, VALUES, max_size=3),
    PAGINATION | STYLED,
)


def fields_of(form):
    return [*form.fields, form.style, *form.paging, *form.more]


def sent(one):
    """Return what a browser sends of an untouched field."""
    if one.is_long:
        return one.value.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    return one.value.replace("\r", "").replace("\n", "")


def opened(path, *definitions):
    path.write_text(json.dumps({"base_url": "https://a.example", "streams": [*definitions]}))
    return Project(path)


def save_as_shown(project, edits):
    """Send the form of the first stream as it is shown, but for some fields."""
    shown = {one.name: sent(one) for one in fields_of(make_form(project, 0, checks=False))}
    take_form(project, 0, shown | edits)
    project.save(["streams"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DEFINITIONS)
def test_opening_and_saving_changes_nothing(tmp_path, definition):
    path = tmp_path / "config.json"
    project = opened(path, definition)
    before = path.read_text()
    save_as_shown(project, {})
    assert path.read_text() == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DEFINITIONS, DEFINITIONS)
def test_edit_changes_nothing_else(tmp_path, definition, other):
    """A later setting, a wrong value and the other stream stay as they were."""
    path = tmp_path / "config.json"
    project = opened(path, definition, other)
    save_as_shown(project, {"records_path": "rows.of.the.test"})
    expected = copy.deepcopy(definition) | {"records_path": "rows.of.the.test"}
    assert read_json(path.read_text())["streams"] == read_json(json.dumps([expected, other]))


@pytest.mark.parametrize("style", styles())
def test_every_declared_setting_has_a_labelled_field(tmp_path, style):
    """A new one appears by itself; none is left to the JSON view."""
    stream = {"name": "x", "path": "x", "pagination": {"style": style}}
    project = opened(tmp_path / "config.json", stream)
    form = make_form(project, 0, checks=False)
    own = {f"pagination.{name}" for name in schema_of(styles()[style])["properties"]}
    wanted = {*SETTINGS} - {"pagination"} | own | {"pagination.style"}
    labels = {one.name: one.label for one in fields_of(form)}
    assert labels.keys() == wanted
    assert all(labels.values())
    assert len({*labels.values()}) == len(labels)


#: For each kind of field: what is typed, with which style, and the sentence about it.
MISTAKES = {
    "number": ("pagination.page_size", "many", "must be a number, not 'many'"),
    "limit": ("pagination.page_size", "0", "must be at least 1, not 0"),
    "whole": ("schema_sample_size", "1.5", "must be a whole number, not 1.5"),
    "choice": ("response_format", "jsn", "not 'jsn'; did you mean 'json'?"),
    "style": ("pagination.style", "curser", "not 'curser'; did you mean 'cursor'?"),
    "JSONPath": ("records_path", "$.a[?(", "'$.a[?(' is not a JSONPath"),
    "template": ("path", "/x/{nothing}", "unknown placeholder {nothing}"),
    "query": ("params", '{"a": "{bookmrk}"}', "a: unknown placeholder {bookmrk}"),
    "not JSON": ("params", "{a: 1}", "must be an object, not a string"),
    "header": ("headers", '{"X": "a\\nb"}', "X: must be a single line"),
    "body": ("body", "hello", "must be an object or an array, not a string"),
    "required": ("name", "", "setting 'name' is required"),
    "required path": ("path", "", "setting 'path' is required"),
    "taken": ("name", "other", "the name 'other' is taken by another stream"),
    "parent": ("parent", '{"stream": "othr", "keys": {"a": "b"}}', "did you mean 'other'?"),
    "nested name": ("parent", '{"stream": "other", "keyz": {}}', "did you mean 'keys'?"),
    "partitions": ("partitions", '[{"a": 1}, {"b": 1}]', "[1] must be an object with the same"),
    "window": ("incremental", '{"window": "30 days"}', "window: must be an ISO 8601 duration"),
    "rules": ("response_rules", '[{"statu": 404}]', "[0]: unknown setting 'statu'"),
    "schema": ("schema", '{"type": "object"}', "must describe records"),
    "boolean": ("selected", "perhaps", "must be true or false, not a string"),
    "regex": ("pagination.cursor_pattern", "a+", "needs a group in parentheses"),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_mistake_is_at_its_field_with_the_sentence_of_the_command_line(tmp_path, kind):
    """What was typed stays in the field."""
    name, typed, sentence = MISTAKES[kind]
    style = "cursor" if name == "pagination.cursor_pattern" else "page_number"
    first = {"name": "x", "path": "x", "pagination": {"style": style}}
    project = opened(tmp_path / "config.json", first, {"name": "other", "path": "y"})
    take_form(project, 0, {name: typed})
    form = make_form(project, 0, checks=True)
    (one,) = [one for one in fields_of(form) if one.name == name]
    (found,) = [said for said in one.errors if sentence in said]
    assert one.value == typed
    with pytest.raises(ConfigValidationError) as raised:
        TapOAuth2Generic.parse_configuration(project.effective())
    assert any(line.endswith(found.rpartition(": ")[2]) for line in raised.value.errors)


@pytest.mark.parametrize(
    ("added", "field", "sentence"),
    [
        ({"primery_keys": ["id"]}, "primary_keys", "did you mean 'primary_keys'?"),
        (
            {"pagination": {"style": "offset", "ofset_param": "o"}},
            "pagination.offset_param",
            "did you mean 'offset_param'?",
        ),
        ({"wholly_unknown": 1}, None, "unknown setting 'wholly_unknown'"),
    ],
)
def test_unknown_name_is_said_with_what_was_meant(tmp_path, added, field, sentence):
    project = opened(tmp_path / "config.json", {"name": "x", "path": "x", **added})
    form = make_form(project, 0, checks=True)
    at = {one.name: " ".join(one.errors) for one in fields_of(form)} | {None: " ".join(form.errors)}
    assert sentence in at[field]
