"""Settings: declared once, read from raw configuration, all mistakes reported at once."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.runtime.redaction import register
from tap_oauth2_generic.settings.field_types import NAME, PATH, TEXT, enum, integer, nested
from tap_oauth2_generic.settings.fields import (
    ErrorCollector,
    Settings,
    names_of,
    near_choice,
    read,
    reject_unknown,
    schema_of,
    setting,
)
from tap_oauth2_generic.settings.paths import Path, parse_path


class Section(Settings):
    """A section with a setting of each kind."""

    size: int = setting(integer(1), "How big.", required=True)
    name: str | None = setting(NAME, "What it is called.")
    prefix: str = setting(TEXT, "What stands before.", default="Bearer")
    key: str | None = setting(NAME, "What opens it.", secret=True)
    extras: dict[str, str] = setting(
        nested(lambda raw, _: raw, {"type": "object"}), "What else.", default={}
    )
    where: Path = setting(PATH, "The way there.", default=parse_path("a.b"))

    def contradictions(self):
        """A big section needs a name."""
        return ["a big section needs a name"] if self.size > 100 and not self.name else []


def reading(raw):
    collector = ErrorCollector()
    return read(Section, raw, collector), collector.errors


def test_an_error_shows_only_the_beginning_of_a_long_value():
    collector = ErrorCollector()
    collector.add("streams[0]", f"must be an object, not {'a' * 70_000}")
    [error] = collector.errors
    assert error.startswith("streams[0]: must be an object, not aaa")
    assert error.endswith("aaa …")
    assert len(error) == 2_002


def test_a_secret_is_masked_before_an_error_is_cut():
    secret = "PlantedSecretOfAnError"
    register(secret)
    for before in range(1_960, 2_010):
        collector = ErrorCollector()
        collector.add("", f"{'a' * before} {secret} {'b' * 99}")
        assert secret[:4] not in collector.errors[0]


@pytest.mark.parametrize("raw", [{}, {"size": None}, {"size": ""}])
def test_required_setting_must_have_a_value(raw):
    """An absent, null or empty required setting is one error that names it."""
    assert reading(raw)[1] == ["setting 'size' is required"]


@pytest.mark.parametrize("empty", [None, ""])
def test_null_and_empty_keep_the_default(empty):
    """A null or an empty string keeps the default of an optional setting."""
    section, _ = reading({"size": 1, "name": empty, "where": empty})
    assert (section.name, section.where.text) == (None, "a.b")


def test_empty_string_counts_if_the_type_says_so():
    """A type may keep an empty string; a null still keeps the default."""
    assert reading({"size": 1, "prefix": ""})[0].prefix == ""
    assert reading({"size": 1, "prefix": None})[0].prefix == "Bearer"


def test_all_mistakes_are_reported_at_once():
    """Each mistake is one error with its place."""
    _, errors = reading({"size": 0, "name": [], "where": "a..b"})
    assert [error.partition(":")[0] for error in errors] == [
        "size",
        "name",
        "where",
    ]


def test_contradiction_is_an_error_unless_it_concerns_a_wrong_setting():
    """A contradiction comes with the other mistakes; nothing follows from a wrong value."""
    assert reading({"size": 101})[1] == ["a big section needs a name"]
    assert len(reading({"size": 101, "where": "a..b"})[1]) == 2
    assert len(reading({"size": 0})[1]) == len(reading({"size": 101, "name": []})[1]) == 1
    assert reading({"size": 101, "name": "hall"})[0].name == "hall"


def test_earlier_errors_do_not_fail_a_valid_section():
    """A valid section is returned although others before it had errors."""
    collector = ErrorCollector([("another", "is wrong")])
    assert read(Section, {"size": 1}, collector) is not None
    assert collector.errors == ["another: is wrong"]


def test_defaults_are_not_shared():
    """Two sections never share one object as their default."""
    first, second = reading({"size": 1})[0], reading({"size": 1})[0]
    first.extras["a"] = "b"
    assert second.extras == {}


def test_repr_shows_no_setting():
    """The repr of a section shows none of its values, so no secret."""
    shown = repr(reading({"size": 1, "name": "hall", "key": "hunter-2"})[0])
    assert "Section" in shown
    assert not any(value in shown for value in ("hall", "hunter-2"))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nmae", "p: unknown setting 'nmae'; did you mean 'name'?"),
        ("prefx", "p: unknown setting 'prefx'; did you mean 'prefix'?"),
        ("Prefix", "p: unknown setting 'Prefix'; did you mean 'prefix'?"),
        ("zzzzzz", "p: unknown setting 'zzzzzz'"),
    ],
)
def test_unknown_setting_suggests_the_nearest(name, sentence):
    """An unknown setting is one error, with a suggestion only if one is near."""
    collector = ErrorCollector()
    reject_unknown({name: "some value", "size": 1}, names_of(Section), "p", collector)
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
def test_completion_is_nearer_than_another_spelling(written, near):
    """A choice that begins with the word, or alone contains it, is suggested first."""
    choices = ("google_people", "google_calendar", "microsoft_graph", "zoho_crm", "zoom")
    assert near_choice(written, choices) == (f"; did you mean {near!r}?" if near else "")


def test_schema_holds_everything_declared():
    """The JSON Schema holds type, title, description, secrecy and required settings."""
    schema = schema_of(Section)
    assert list(schema["properties"]) == names_of(Section)
    assert schema["required"] == ["size"]
    key = {"type": "string", "title": "Key", "description": "What opens it.", "secret": True}
    assert schema["properties"]["key"] == key
    assert not any("default" in entry for entry in schema["properties"].values())


def test_defaults_are_shown_as_written():
    """A default path is shown as its string, and None is no default."""
    properties = schema_of(Section, defaults=True)["properties"]
    shown = {name: entry["default"] for name, entry in properties.items() if "default" in entry}
    assert shown == {"prefix": "Bearer", "extras": {}, "where": "a.b"}


def test_schema_of_two_sections_is_one_object():
    """The settings of several sections form one flat object, in order."""

    class Other(Settings):
        colour: str = setting(enum("red", "blue"), "Of the wall.", default="red")

    assert list(schema_of(Section, Other)["properties"]) == [*names_of(Section), "colour"]
    assert "required" not in schema_of(Other)


def test_place_comes_before_the_sentence():
    """Errors and warnings at the top level have no place."""
    collector = ErrorCollector()
    collector.add("", "wrong")
    collector.add("a.b", "wrong")
    collector.warn("", "changed")
    collector.warn("a.b", "changed")
    assert collector.errors == ["wrong", "a.b: wrong"]
    assert collector.warnings == ["changed", "a.b: changed"]
