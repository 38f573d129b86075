"""Form fields made from declared settings: how each is shown, and what was typed in it.

Knows no setting: a new one appears by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.settings.values import from_json

Kind = Literal["text", "number", "choice", "words", "json"]
_SHORT_LINE = 60


@dataclass(frozen=True)
class FormField:
    """One setting as a form shows it; ``errors`` and ``warnings`` are sentences about its value.

    ``hint`` stands in an empty field: the default, or the value of a preset.
    """

    name: str
    label: str
    kind: Kind
    help: str = ""
    hint: str = ""
    choices: tuple[str, ...] = ()
    is_secret: bool = False
    is_required: bool = False
    value: str = ""
    is_set: bool = False
    errors: tuple[str, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())

    @property
    def id(self) -> str:
        """The ID of its element."""
        return "field-" + self.name.replace(".", "-")

    @property
    def is_long(self) -> bool:
        """Whether it needs several lines: a field of one line would drop the line breaks."""
        return self.kind == "json" or bool({*self.value} & {*"\r\n"})

    @property
    def rows(self) -> int:
        """The height of its element, in lines."""
        return min(12, max(2, self.value.count("\n") + 1))


def declared_field(name: str, schema: Mapping[str, Any], label: str = "") -> FormField:
    """Return the empty field of a declared setting."""
    types = schema.get("type", "string")
    types = [types] if isinstance(types, str) else list(types)
    kind: Kind = "text"
    choices = tuple(map(str, schema.get("enum", ())))
    if choices:
        kind = "choice"
    elif types == ["boolean"]:
        kind, choices = "choice", ("true", "false")
    elif {"integer", "number"} & {*types} and "string" not in types:
        kind = "number"
    elif "array" in types and schema.get("items", {}).get("type") == "string":
        kind = "words"
    elif {"array", "object"} & {*types}:
        kind = "json"
    hint = _shown(schema["default"]) if schema.get("default") not in (None, [], {}, "") else ""
    title, about = label or schema.get("title") or name, str(schema.get("description", ""))
    return FormField(name, title, kind, about, hint, choices, bool(schema.get("secret")))


def with_value(one: FormField, value: Any, errors: Iterable[str] = ()) -> FormField:
    """Return a field that shows a raw value; of a secret only that it is set."""
    is_set = value not in (None, "")
    shown = "" if one.is_secret or not is_set else show_value(one.kind, value)
    return replace(one, value=shown, is_set=is_set, errors=tuple(errors))


def show_value(kind: Kind, value: Any) -> str:
    """Return a raw value as a field shows it."""
    if kind == "words" and isinstance(value, list) and all(_is_word(one) for one in value):
        return " ".join(value)
    return _shown(value)


def read_value(kind: Kind, typed: str, before: Any) -> Any:
    """Return the raw value of what was typed; None if the field is empty.

    What cannot be read stays a string, about which the setting complains.
    """
    typed = typed if "\n" in typed else typed.strip()
    if before is not None and _lines(typed) == _lines(show_value(kind, before)):
        return before
    typed = typed.replace("\r\n", "\n")
    if not typed:
        return None
    if kind == "words":
        is_list = isinstance(before, list) or typed.startswith("[")
        return _words(typed) if is_list or before is None else typed
    return typed if kind == "text" else from_json(typed)


def _lines(text: str) -> list[str]:
    """Return the lines of a string: a browser sends its own line breaks."""
    return text.strip().replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _words(typed: str) -> Any:
    found = from_json(typed) if typed.startswith("[") else typed
    return found if isinstance(found, list) else typed.replace(",", " ").split()


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and value != "" and not {*value} & {*" ,[\t\n"}


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    encoded = encode_json(value)
    if len(encoded) <= _SHORT_LINE or not isinstance(value, dict | list):
        return msgspec.json.format(encoded, indent=0).decode()
    return msgspec.json.format(encoded, indent=2).decode()


def read_form(
    fields: Iterable[FormField], form: Mapping[str, str], raw: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Yield name and new raw value of each field that was changed.

    An empty secret field changes nothing; its checkbox ``NAME.remove`` removes the value.
    """
    for one in (one for one in fields if one.name in form):
        typed = form[one.name]
        if one.is_secret:
            if f"{one.name}.remove" in form:
                yield one.name, None
            elif typed.strip():
                yield one.name, read_value(one.kind, typed, None)
            continue
        before = raw.get(one.name)
        value = read_value(one.kind, typed, before)
        if value != before and not (value is None and before == ""):
            yield one.name, value


def sort_errors(
    found: Iterable[tuple[str, str]], names: Iterable[str]
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the sentences about each named setting, and all others with their place.

    A sentence without a place belongs to the first setting that it names.
    """
    known, others = {name: list[str]() for name in names}, list[str]()
    for where, sentence in found:
        name = where.partition("[")[0].partition(".")[0]
        if not where:
            words = sentence.replace("'", " ").replace(":", " ").replace(",", " ").split()
            name = next((word for word in words if word in known), "")
        rest = where.removeprefix(name).removeprefix(".")
        if name in known:
            known[name].append(f"{rest}: {sentence}" if rest else sentence)
        else:
            others.append(f"{where}: {sentence}" if where else sentence)
    return {name: said for name, said in known.items() if said}, others
