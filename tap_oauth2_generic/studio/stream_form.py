"""A stream as a form: its request, its list block, and every other setting.

Only names and order are decided here; the rest is declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tap_oauth2_generic.config.streams import STREAM_SECTIONS
from tap_oauth2_generic.pagination import DEFAULT_STYLE, styles
from tap_oauth2_generic.settings.fields import schema_of
from tap_oauth2_generic.studio.form_fields import (
    FormField,
    declared_field,
    read_form,
    with_value,
)
from tap_oauth2_generic.studio.named_secrets import secret_hints
from tap_oauth2_generic.studio.project import Project
from tap_oauth2_generic.studio.stream_list import streams_of

#: The settings of a request, under the names of a hosted connector.
BLOCK = {
    "path": "Path",
    "method": "Method",
    "params": "Query Parameters",
    "headers": "Headers",
    "body": "Request Body",
    "body_format": "Body Format",
}
_OUTPUT = {
    "records_path": "Json Path For Output Records",
    "primary_keys": "Primary Keys",
    "replication_key": "Replication Key",
    "parent": "Parent",
}
# In the order of the hosted connector's list blocks.
_PAGING = {
    "page_size_param": "Page Size Field Name",
    "page_size": "Page Size",
    "page_param": "Page Number Field Name",
    "offset_param": "Offset Field Name",
    "page_start": "Page Start",
    "cursor_path": "Json Path For Cursor",
    "cursor_header": "Response Header For Cursor",
    "cursor_param": "Output Name For Cursor Token",
    "next_url_path": "Json Path For Next URL",
    "last_record_path": "Json Path For Last Record Value",
}
DECLARED: Mapping[str, Any] = schema_of(*STREAM_SECTIONS, defaults=True)["properties"]
_STYLE = "pagination.style"


@dataclass(frozen=True)
class StreamForm:
    """The form as it is shown; ``errors`` belong to no field."""

    index: int
    name: str
    fields: list[FormField]
    style: FormField
    paging: list[FormField]
    more: list[FormField]
    errors: list[str]

    @property
    def is_wrong(self) -> bool:
        """Whether there is any mistake."""
        listed = [*self.fields, self.style, *self.paging, *self.more]
        return bool(self.errors) or any(one.errors for one in listed)

    @property
    def shows_more(self) -> bool:
        """Whether a setting beyond the usual ones is set or wrong."""
        return any(one.is_set or one.errors for one in self.more)


def block_fields(values: Mapping[str, Any], errors: Mapping[str, list[str]]) -> list[FormField]:
    """Return the fields of a request with values and mistakes."""
    empty = (declared_field(name, DECLARED[name], label) for name, label in BLOCK.items())
    return [_shown(one, values.get(one.name), errors.get(one.name, ())) for one in empty]


def _shown(one: FormField, value: Any, errors: Iterable[str]) -> FormField:
    made = with_value(one, value, errors)
    return replace(made, warnings=tuple(secret_hints(one.name, value)))


def make_form(project: Project, index: int, *, checks: bool) -> StreamForm:
    """Return the form of a stream of the draft."""
    definition = streams_of(project)[index]
    found = project.check()[1].found if checks else []
    flat = _flatten(definition)
    style, paging = _style_field(flat), _paging_fields(flat)
    usual = {"name": "Stream Name", **BLOCK, **_OUTPUT}
    fields = [declared_field(name, DECLARED[name], label) for name, label in usual.items()]
    others = (name for name in DECLARED if name not in {*usual, "pagination"})
    more = [declared_field(name, DECLARED[name]) for name in others]
    known = [one.name for one in (*fields, style, *paging, *more)]
    # Of two equal names the second is the mistake; here it is the one that a person edits.
    taken = f"the name {definition.get('name')!r} is taken"
    where = f"streams[{index}]"
    own = ((where, said.partition(": ")[2]) if taken in said else (at, said) for at, said in found)
    errors, rest = _errors_of(own, index, known)

    def shown(one: FormField) -> FormField:
        return _shown(one, flat.get(one.name), errors.get(one.name, ()))

    return StreamForm(
        index,
        str(definition.get("name", "")),
        [*map(shown, fields)],
        shown(style),
        [*map(shown, paging)],
        [*map(shown, more)],
        rest,
    )


def take_form(project: Project, index: int, form: Mapping[str, str]) -> None:
    """Put what was typed into the draft."""
    streams = [*streams_of(project)]
    definition = dict(streams[index])
    flat = _flatten(definition)
    before = flat.get(_STYLE)
    fields = [declared_field(name, DECLARED[name]) for name in DECLARED if name != "pagination"]
    fields += [_style_field(flat), *_paging_fields(flat)]
    given = _object(definition.get("pagination"))
    pagination = dict(given)
    for name, value in read_form(fields, form, flat):
        target, key = definition, name
        if name.startswith("pagination."):
            target, key = pagination, name.partition(".")[2]
        if value is None:
            target.pop(key, None)
        else:
            target[key] = value
    if pagination.get("style") != before:
        pagination = _restyle(pagination)
    if pagination != given:
        definition["pagination"] = pagination
        if not pagination:
            del definition["pagination"]
    if definition != streams[index]:
        streams[index] = definition
        project.change("streams", streams)


def _restyle(pagination: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings without those that only other styles have."""
    names = {name: {*schema_of(style)["properties"]} for name, style in styles().items()}
    own = names.get(str(pagination.get("style")), set())
    others = set[str]().union(*names.values()) - own
    return {name: value for name, value in pagination.items() if name not in others}


def _flatten(definition: Mapping[str, Any]) -> dict[str, Any]:
    pagination = _object(definition.get("pagination"))
    return {**definition, **{f"pagination.{name}": value for name, value in pagination.items()}}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _style_field(flat: Mapping[str, Any]) -> FormField:
    chosen = styles().get(str(flat.get(_STYLE) or DEFAULT_STYLE))
    fits = f" This one fits {chosen.fits}." if chosen is not None else ""
    about = f"The paging style: how the API splits a list over several responses.{fits}"
    return FormField(_STYLE, "List block", "choice", about, DEFAULT_STYLE, tuple(styles()))


def _paging_fields(flat: Mapping[str, Any]) -> list[FormField]:
    chosen = styles().get(str(flat.get(_STYLE) or DEFAULT_STYLE))
    declared = schema_of(chosen, defaults=True)["properties"] if chosen is not None else {}
    names = [*(name for name in _PAGING if name in declared)]
    names += [name for name in declared if name not in _PAGING]
    made = (declared_field(name, declared[name], _PAGING.get(name, "")) for name in names)
    return [replace(one, name=f"pagination.{one.name}") for one in made]


def _errors_of(
    found: Iterable[tuple[str, str]], index: int, known: Iterable[str]
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the sentences about each field of a stream, and the others about it."""
    errors, others = {name: list[str]() for name in known}, list[str]()
    for where, said in found:
        place, sentence = where, said
        if not where:
            # The rules across settings put the place into the sentence.
            place, _, sentence = said.partition(": ")
        if place != (own := f"streams[{index}]") and not place.startswith(f"{own}."):
            continue
        rest = place.removeprefix(own).removeprefix(".")
        name = _field_of(rest, sentence, [*errors])
        if name:
            below = rest.removeprefix(name).removeprefix(".") if rest.startswith(name) else ""
            errors[name].append(f"{below}: {sentence}" if below else sentence)
        else:
            others.append(f"{rest}: {sentence}" if rest else sentence)
    return errors, others


def _field_of(place: str, sentence: str, known: Iterable[str]) -> str:
    """Return the field that a sentence is about: that of its place, or one that it names."""
    begun = [name for name in known if f"{place}.".replace("[", ".").startswith(f"{name}.")]
    words = sentence.replace("'", " ").split()
    named = (f"{place}.{word}" if place else word for word in words)
    return max(begun, key=len, default="") or next((n for n in named if n in known), "")
