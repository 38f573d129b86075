"""Settings: declared once, read from raw configuration, every mistake found at once."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tap_oauth2_generic.settings.field_types import NAME, PATH, TEXT, enum, integer, nested
from tap_oauth2_generic.settings.fields import (
    ErrorCollector,
    names_of,
    near_choice,
    read,
    reject_unknown,
    schema_of,
    setting,
)
from tap_oauth2_generic.settings.paths import Path, parse_path


@dataclass(frozen=True, kw_only=True)
class Room:
    """A room with a setting of each sort."""

    size: int = setting(integer(1), "How big.")
    name: str | None = setting(NAME, "What it is called.", default=None)
    prefix: str = setting(TEXT, "What stands before.", default="Bearer")
    key: str | None = setting(NAME, "What opens it.", default=None, secret=True)
    extras: dict[str, str] = setting(
        nested(lambda raw, _: raw, {"type": "object"}), "What else.", default={}
    )
    where: Path = setting(PATH, "The way there.", default=parse_path("a.b"))

    def contradictions(self):
        """Say that a big room needs a name."""
        return ["a big room needs a name"] if self.size > 100 and not self.name else []


def reading(raw, where=""):
    collector = ErrorCollector()
    return read(Room, raw, where, collector), collector.errors


@pytest.mark.parametrize("raw", [{}, {"size": None}, {"size": ""}])
def test_a_required_setting_must_have_a_value(raw):
    """Absent, null and empty are the same to a required setting: one error that names it."""
    assert reading(raw) == (None, ["setting 'size' is required"])


@pytest.mark.parametrize("empty", [None, ""])
def test_null_and_empty_leave_the_default(empty):
    """A null or an empty text leaves an optional setting at its default."""
    room, _ = reading({"size": 1, "name": empty, "where": empty})
    assert (room.name, room.where.text) == (None, "a.b")


def test_an_empty_text_counts_where_the_kind_says_so():
    """Where an empty text means something it is kept; a null still leaves the default."""
    assert reading({"size": 1, "prefix": ""})[0].prefix == ""
    assert reading({"size": 1, "prefix": None})[0].prefix == "Bearer"


def test_every_mistake_is_found_at_once():
    """Each wrong setting is one error with its place, and nothing is made of the rest."""
    room, errors = reading({"size": 0, "name": [], "where": "a..b"}, "streams[2]")
    assert room is None
    assert [error.partition(":")[0] for error in errors] == [
        "streams[2].size",
        "streams[2].name",
        "streams[2].where",
    ]


def test_contradictions_are_said_of_settings_that_are_right_one_by_one():
    """A contradiction is an error with the room's place, and waits until each setting parses."""
    assert reading({"size": 101}, "x") == (None, ["x: a big room needs a name"])
    assert len(reading({"size": 101, "where": "a..b"})[1]) == 1
    assert reading({"size": 101, "name": "hall"})[0].name == "hall"


def test_earlier_errors_do_not_spoil_a_room():
    """A room that is right is given even where others before it had errors."""
    collector = ErrorCollector(["another: is wrong"])
    assert read(Room, {"size": 1}, "", collector) is not None
    assert collector.errors == ["another: is wrong"]


def test_defaults_are_not_shared():
    """Two rooms never share one object as their default."""
    first, second = reading({"size": 1})[0], reading({"size": 1})[0]
    first.extras["a"] = "b"
    assert second.extras == {}


def test_a_secret_is_not_in_the_representation():
    """The representation of a room shows plain settings and no secret."""
    shown = repr(reading({"size": 1, "name": "hall", "key": "hunter-2"})[0])
    assert "hall" in shown
    assert "hunter-2" not in shown


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nmae", "p: unknown setting 'nmae'; did you mean 'name'?"),
        ("prefx", "p: unknown setting 'prefx'; did you mean 'prefix'?"),
        ("Prefix", "p: unknown setting 'Prefix'; did you mean 'prefix'?"),
        ("zzzzzz", "p: unknown setting 'zzzzzz'"),
    ],
)
def test_an_unknown_name_is_said_with_the_nearest_there_is(name, sentence):
    """An unknown setting is one error, with a suggestion only where one is near."""
    collector = ErrorCollector()
    reject_unknown({name: "some value", "size": 1}, names_of(Room), "p", collector)
    assert collector.errors == [sentence]


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("zoho", "zoho_crm"),
        ("Zoho", "zoho_crm"),
        ("zomm", "zoom"),
        ("graph", "microsoft_graph"),
        ("google", "google_people"),
        ("goo", ""),  # there are two, neither much like it
        ("", ""),
        (None, ""),
    ],
)
def test_what_goes_on_where_a_writer_stopped_is_nearer_than_other_letters(written, near):
    """A choice that begins with what was written, or alone holds it, is meant before a like one."""
    choices = ("google_people", "google_calendar", "microsoft_graph", "zoho_crm", "zoom")
    assert near_choice(written, choices) == (f"; did you mean {near!r}?" if near else "")


def test_the_schema_says_all_that_was_declared():
    """The JSON Schema holds type, title, description, secrecy and what is required."""
    schema = schema_of(Room)
    assert list(schema["properties"]) == names_of(Room)
    assert schema["required"] == ["size"]
    key = {"type": "string", "title": "Key", "description": "What opens it.", "secret": True}
    assert schema["properties"]["key"] == key
    assert not any("default" in entry for entry in schema["properties"].values())


def test_defaults_are_shown_as_they_are_written():
    """Where defaults are asked for, a path is shown as its text, and none is no default."""
    properties = schema_of(Room, defaults=True)["properties"]
    shown = {name: entry["default"] for name, entry in properties.items() if "default" in entry}
    assert shown == {"prefix": "Bearer", "extras": {}, "where": "a.b"}


def test_the_schema_of_two_rooms_is_one_object():
    """Settings of several rooms stand in one flat object, in order."""

    @dataclass(frozen=True, kw_only=True)
    class Other:
        colour: str = setting(enum("red", "blue"), "Of the wall.", default="red")

    assert list(schema_of(Room, Other)["properties"]) == [*names_of(Room), "colour"]
    assert "required" not in schema_of(Other)


def test_a_place_stands_before_a_sentence_only_where_there_is_one():
    """Errors and warnings at the top level have no place before them."""
    collector = ErrorCollector()
    collector.add("", "wrong")
    collector.add("a.b", "wrong")
    collector.warn("", "changed")
    collector.warn("a.b", "changed")
    assert collector.errors == ["wrong", "a.b: wrong"]
    assert collector.warnings == ["changed", "a.b: changed"]
