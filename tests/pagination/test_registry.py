"""The registry of styles: found by name, read from one flat object."""

from __future__ import annotations

import dataclasses

import jsonschema
import pytest

from tap_oauth2_generic.pagination import PAGINATION, read_style, styles
from tap_oauth2_generic.settings.fields import WRONG, ErrorCollector, names_of
from tests.support.settings import valid_style

NAMES = ["none", "page_number", "offset", "cursor", "next_url", "link_header", "last_record"]
EXAMPLES = {
    "none": {},
    "page_number": {"page_param": "p", "page_start": 0, "stop_on_short_page": True},
    "offset": {"offset_param": "o", "page_start": 1, "params_in": "body"},
    "cursor": {"cursor_path": "next", "cursor_param": "after", "cursor_pattern": "(x)"},
    "next_url": {"next_url_path": "$.next"},
    "link_header": {},
    "last_record": {"last_record_path": "id", "cursor_param": "after"},
}


def mistakes(**raw):
    collector = ErrorCollector()
    read_style(raw, collector)
    return collector.errors


def test_every_style_is_registered():
    assert list(styles()) == NAMES
    assert all(style.style == name and style.fits for name, style in styles().items())


@pytest.mark.parametrize("name", NAMES)
def test_style_reads_its_own_and_the_shared_settings(name):
    shared = {"page_size": 50, "page_size_param": "n", "total_path": "t", "total_pages_path": "tp"}
    raw = {"style": name, **shared, "has_more_path": "m", "max_pages": 3, **EXAMPLES[name]}
    jsonschema.validate(raw, PAGINATION.schema)
    made = read_style(raw, ErrorCollector())
    assert type(made) is styles()[name]
    assert (made.size_sent, made.page_size_param, made.max_pages) == (50, "n", 3)


@pytest.mark.parametrize("name", NAMES)
def test_style_is_frozen(name):
    made = valid_style(style=name, **EXAMPLES[name])
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.page_size = 1


def test_default_style_is_none():
    assert type(valid_style()) is styles()["none"]


def test_null_style_is_the_default():
    assert type(valid_style(style=None)) is styles()["none"]


@pytest.mark.parametrize(
    ("style", "end"),
    [("curser", "not 'curser'; did you mean 'cursor'?"), ("xyz", "not 'xyz'"), (5, "not 5")],
)
def test_unknown_style_lists_all_styles(style, end):
    assert read_style({"style": style}, ErrorCollector()) is WRONG
    assert mistakes(style=style) == [f"style must be one of {', '.join(NAMES)}, {end}"]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (
            {"style": "offset", "page_param": "p"},
            "'page_param' belongs to style page_number, not offset",
        ),
        (
            {"style": "none", "cursor_param": "c"},
            "'cursor_param' belongs to style cursor, last_record, not none",
        ),
        (
            {"page_param": "p"},
            "'page_param' belongs to style page_number, and no style is set",
        ),
        (
            {"style": "link_header", "params_in": "body"},
            (
                "'params_in' belongs to style "
                "none, page_number, offset, cursor, last_record, not link_header"
            ),
        ),
        (
            {"style": "offset", "ofset_param": "o"},
            "unknown setting 'ofset_param'; did you mean 'offset_param'?",
        ),
        ({"stile": "cursor"}, "unknown setting 'stile'; did you mean 'style'?"),
        ({"style": "next_url"}, "setting 'next_url_path' is required"),
        ({"style": "offset", "page_size": 0}, "page_size: must be at least 1, not 0"),
        ({"max_pages": 0}, "max_pages: must be at least 1, not 0"),
        ({"style": "offset", "page_start": -1}, "page_start: must be at least 0, not -1"),
    ],
)
def test_mistake_is_one_sentence(raw, sentence):
    assert mistakes(**raw) == [sentence]


def test_misspelled_style_is_no_style():
    assert read_style({"stile": "cursor", "cursor_path": "a"}, ErrorCollector()) is WRONG


@pytest.mark.parametrize(("asked", "sent"), [(1, 1), (200, 200), (201, 200), ("500", 200)])
@pytest.mark.parametrize("name", NAMES)
def test_page_size_above_200_is_capped(name, asked, sent):
    made = valid_style(style=name, page_size=asked, **EXAMPLES[name])
    assert made.size_sent == sent
    assert [str(asked) in remark for remark in made.remarks()] == (
        [True] if sent != int(asked) else []
    )


def test_schema_lists_every_setting_once_without_defaults():
    properties = PAGINATION.schema["properties"]
    assert set(properties) == {"style", *names_of(*styles().values())}
    assert not any("default" in entry for entry in properties.values())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"stile": "none"}, PAGINATION.schema)
