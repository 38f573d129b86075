"""How a room declares its settings, and how raw configuration becomes those declarations.

One home for a setting's name, type, default, help and secrecy; knows no setting itself.
"""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_T = TypeVar("_T")
# Where a configuration has no value, as opposed to a null or an empty text.
_ABSENT = object()
# A part of a name that is shorter stands in too many.
_SHORTEST_PART = 3


@dataclass
class ErrorCollector:
    """What is wrong with a configuration: every error, and what was only changed or noted."""

    errors: list[str] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def add(self, where: str, sentence: str) -> None:
        """Note an error at a place such as ``streams[0].pagination``."""
        self.errors.append(f"{where}: {sentence}" if where else sentence)

    def warn(self, where: str, sentence: str) -> None:
        """Note something that is done otherwise than the configuration says."""
        self.warnings.append(f"{where}: {sentence}" if where else sentence)


@dataclass(frozen=True)
class FieldType:
    """A type of setting: its JSON Schema, and how a raw value becomes the parsed one.

    ``parse`` raises ValueError with the rest of a sentence: ``must be …``.
    """

    schema: Mapping[str, Any]
    parse: Callable[[Any], Any]
    empty_is_absent: bool = True


def setting(
    kind: FieldType,
    title: str,
    description: str,
    *,
    default: Any = dataclasses.MISSING,
    secret: bool = False,
) -> Any:
    """Declare one setting as a dataclass field; without a default it is required."""
    metadata = {"kind": kind, "title": title, "description": description, "secret": secret}
    if isinstance(default, dict | list):
        return dataclasses.field(
            default_factory=lambda: type(default)(default), metadata=metadata, repr=not secret
        )
    return dataclasses.field(default=default, metadata=metadata, repr=not secret)


def read(
    declaration: type[_T], raw: Mapping[str, Any], where: str, collector: ErrorCollector
) -> _T | None:
    """Parse the declared settings of one room out of a flat object.

    Gives None where any of them is wrong; every error is noted in ``problems``.
    """
    values: dict[str, Any] = {}
    mistakes = len(collector.errors)
    for declared in dataclasses.fields(declaration):  # type: ignore[arg-type]
        value = _value(declared, raw.get(declared.name, _ABSENT), where, collector)
        if value is not _ABSENT:
            values[declared.name] = value
    if len(collector.errors) > mistakes:
        return None
    made = declaration(**values)
    for sentence in getattr(made, "contradictions", tuple)():
        collector.add(where, sentence)
    return made if len(collector.errors) == mistakes else None


def reject_unknown(
    raw: Mapping[str, Any], known: Iterable[str], where: str, collector: ErrorCollector
) -> None:
    """Note each name that no setting has, with the nearest one that exists."""
    names = list(known)
    for name in raw:
        if name not in names:
            collector.add(where, f"unknown setting {name!r}{near_choice(name, names)}")


def near_choice(written: Any, choices: Iterable[str]) -> str:
    """Give a ``did you mean`` where a choice is near what was written, else an empty text.

    A choice that only goes on where the writer stopped is nearer than one of other letters.
    """
    wanted, named = str(written).lower(), {choice.lower(): choice for choice in choices}
    is_telling = len(wanted) >= _SHORTEST_PART
    begun = [name for name in named if is_telling and name.startswith(wanted)]
    holding = [name for name in named if is_telling and wanted in name]
    near = difflib.get_close_matches(wanted, begun, n=1) or (begun if len(begun) == 1 else [])
    near = near or difflib.get_close_matches(wanted, named, n=1)
    near = near or (holding if len(holding) == 1 else [])
    return f", did you mean {named[near[0]]!r}?" if near else ""


def names_of(*declarations: type) -> list[str]:
    """Give the names of all settings that the rooms declare, in order."""
    return [f.name for declaration in declarations for f in dataclasses.fields(declaration)]


def schema_of(*declarations: type, defaults: bool = False) -> dict[str, Any]:
    """Give a JSON Schema object for the rooms' settings.

    Defaults are left out inside nested objects: a validator that fills them in would give
    every choice of an object the settings of all others.
    """
    properties: dict[str, Any] = {}
    required = []
    for declared in (f for declaration in declarations for f in dataclasses.fields(declaration)):
        about = declared.metadata
        entry = {**about["kind"].schema}
        entry |= {"title": about["title"], "description": about["description"]}
        if about["secret"]:
            entry["secret"] = True
        if _is_required(declared):
            required.append(declared.name)
        elif defaults and (default := _default(declared)) is not None:
            entry["default"] = default
        properties[declared.name] = entry
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _is_required(declared: dataclasses.Field[Any]) -> bool:
    return (
        declared.default is dataclasses.MISSING and declared.default_factory is dataclasses.MISSING
    )


def _default(declared: dataclasses.Field[Any]) -> Any:
    if declared.default_factory is not dataclasses.MISSING:
        return declared.default_factory()
    default = declared.default
    # Paths and templates are shown as they would be written, and so are nested objects.
    if dataclasses.is_dataclass(default) and not hasattr(default, "text"):
        return {"style": default.style} if hasattr(default, "style") else {}
    return getattr(default, "text", default)


def _value(
    declared: dataclasses.Field[Any],
    raw: Any,
    where: str,
    collector: ErrorCollector,
) -> Any:
    kind: FieldType = declared.metadata["kind"]
    if raw is None or (raw == "" and kind.empty_is_absent):
        raw = _ABSENT
    if raw is _ABSENT:
        if _is_required(declared):
            collector.add(where, f"setting {declared.name!r} is required")
        return _ABSENT
    place = f"{where}.{declared.name}" if where else declared.name
    try:
        return kind.parse(raw)
    except NestedProblemsError as nested:
        for sentence in nested.collector.errors:
            collector.errors.append(f"{place}{sentence}")
    except ValueError as error:
        collector.add(place, str(error))
    return _ABSENT


class NestedProblemsError(ValueError):
    """Several errors inside one setting; each begins with its place below that setting."""

    def __init__(self, collector: ErrorCollector) -> None:
        """Carry the errors up to where the setting's own place is known."""
        super().__init__("\n".join(collector.errors))
        self.collector = collector
