"""Declare settings as dataclass fields, and read raw configuration into them.

One home for a setting's name, type, default, help and secrecy; knows no setting itself.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, TypeVar

from typing_extensions import dataclass_transform

from tap_oauth2_generic.runtime.redaction import excerpt
from tap_oauth2_generic.settings.limits import MAX_LINE_LENGTH

_T = TypeVar("_T", bound="Settings")
# Shorter parts of a name occur in too many names.
_SHORTEST_PART = 3
# Words of a setting's name as its title writes them.
_WORDS = {word.lower(): word for word in ("CA", "ID", "JWT", "PKCE", "URI", "URL")} | {
    "auth": "authentication",
    "cert": "certificate",
    "max": "maximum",
    "param": "parameter",
    "params": "parameters",
}


@dataclass
class ErrorCollector:
    """The errors and warnings about a configuration, each with its place."""

    found: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def add(self, where: str, sentence: str) -> None:
        """Add an error at a place such as ``streams[0].pagination``."""
        self.found.append((where, sentence))

    def warn(self, where: str, sentence: str) -> None:
        """Add a warning: the tap does something other than configured."""
        self.warnings.append(f"{where}: {sentence}" if where else sentence)

    @property
    def errors(self) -> list[str]:
        """The errors as lines to show."""
        lines = [f"{where}: {sentence}" if where else sentence for where, sentence in self.found]
        # The SDK logs them itself, and a value that one quotes may be long.
        most = MAX_LINE_LENGTH
        return [line if len(line) <= most else f"{excerpt(line, most)} …" for line in lines]


class WrongSettingError(Exception):
    """A rule touched the value of a setting that is an error already."""


class _Wrong:
    """The value of a wrong setting: any use of it raises WrongSettingError.

    So every rule that needs no wrong setting still runs, and no error follows from another.
    """

    def _raise(self, *_: object) -> NoReturn:
        raise WrongSettingError

    __getattr__ = __bool__ = __iter__ = __len__ = __contains__ = __getitem__ = _raise
    __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __sub__ = __rsub__ = _raise
    __eq__ = __hash__ = __str__ = __or__ = __ror__ = __and__ = __rand__ = _raise


#: Stands for a setting that is missing or cannot be parsed.
WRONG: Any = _Wrong()


@dataclass(frozen=True)
class FieldType:
    """A type of setting: its JSON Schema and its parser.

    ``parse`` raises ValueError with the rest of a sentence: ``must be …``.
    """

    schema: Mapping[str, Any]
    parse: Callable[[Any], Any]
    empty_is_absent: bool = True


def setting(
    kind: FieldType,
    description: str,
    *,
    default: Any = None,
    required: bool = False,
    secret: bool = False,
) -> Any:
    """Declare a setting as a dataclass field; it is None without a default."""
    metadata = {"type": kind, "description": description, "secret": secret}
    if required:
        default = dataclasses.MISSING
    if isinstance(default, dict | list):
        return dataclasses.field(default_factory=default.copy, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Settings:
    """A frozen dataclass of settings, whose repr shows none of them.

    Compiling methods for each class would take a tenth of the time to the first request.
    """

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    def __init_subclass__(cls) -> None:
        """Collect the fields."""
        dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)

    def __init__(self, **values: Any) -> None:
        declared = dataclasses.fields(self)
        vars(self).update({one.name: _default(one) for one in declared} | values)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        """Refuse it."""
        raise dataclasses.FrozenInstanceError(name)


def read(declaration: type[_T], raw: Mapping[str, Any], collector: ErrorCollector) -> _T:
    """Parse the settings of one declaration out of a flat object.

    The collector holds every error; the value of a wrong setting is what could be read of it.
    """
    values: dict[str, Any] = {}
    for declared in dataclasses.fields(declaration):
        kind, value = declared.metadata["type"], raw.get(declared.name)
        if value is None or (value == "" and kind.empty_is_absent):
            if _is_required(declared):
                collector.add("", f"setting {declared.name!r} is required")
            continue
        try:
            values[declared.name] = kind.parse(value)
        except ValueError as error:
            collector.found += errors_at(declared.name, error)
            values[declared.name] = getattr(error, "parsed", WRONG)
    made = declaration(**values)
    with suppress(WrongSettingError):
        collector.found += (("", sentence) for sentence in getattr(made, "contradictions", list)())
    return made


def reject_unknown(
    raw: Iterable[str], known: Iterable[str], where: str, collector: ErrorCollector
) -> None:
    """Add an error for each unknown setting, with the nearest known one."""
    names = list(known)
    for name in raw:
        if name not in names:
            collector.add(where, f"unknown setting {name!r}{near_choice(name, names)}")


def near_choice(written: Any, choices: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` if one choice is near, else an empty string."""
    return f"; did you mean {found!r}?" if (found := find_near(written, choices)) else ""


def find_near(written: Any, choices: Iterable[str]) -> str | None:
    """Return the choice that a word may be misspelled for, None if none is near.

    A choice that begins with the word is nearer than one spelled differently.
    """
    wanted, named = str(written).lower(), {choice.lower(): choice for choice in choices}
    is_telling = len(wanted) >= _SHORTEST_PART
    begun = [name for name in named if is_telling and name.startswith(wanted)]
    holding = [name for name in named if is_telling and wanted in name]
    near = difflib.get_close_matches(wanted, begun, n=1) or (begun if len(begun) == 1 else [])
    near = near or difflib.get_close_matches(wanted, named, n=1)
    near = near or (holding if len(holding) == 1 else [])
    return named[near[0]] if near else None


def names_of(*declarations: type[Settings]) -> list[str]:
    """Return the names of all declared settings, in order."""
    return [declared.name for one in declarations for declared in dataclasses.fields(one)]


def schema_of(*declarations: type[Settings], defaults: bool = False) -> dict[str, Any]:
    """Return the JSON Schema of an object with the declared settings.

    Nested objects have no defaults: a validator that fills them in would add the settings of
    all paging styles at once.
    """
    properties: dict[str, Any] = {}
    required = []
    for declared in (declared for one in declarations for declared in dataclasses.fields(one)):
        about = declared.metadata
        entry = {**about["type"].schema}
        entry |= {"title": title(declared.name), "description": about["description"]}
        if about["secret"]:
            entry["secret"] = True
        if _is_required(declared):
            required.append(declared.name)
        elif defaults and (default := _shown(_default(declared))) is not None:
            entry["default"] = default
        properties[declared.name] = entry
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema


def title(name: str) -> str:
    """Return the title of a setting: its name in full words."""
    words = " ".join(_WORDS.get(word, word) for word in name.split("_"))
    return words[:1].upper() + words[1:]


def _is_required(declared: dataclasses.Field[Any]) -> bool:
    return declared.default is dataclasses.MISSING is declared.default_factory


def _default(declared: dataclasses.Field[Any]) -> Any:
    if declared.default_factory is not dataclasses.MISSING:
        return declared.default_factory()
    return WRONG if _is_required(declared) else declared.default


def _shown(default: Any) -> Any:
    """Return a default as written in a configuration."""
    if isinstance(default, Settings):
        return {"style": default.style} if hasattr(default, "style") else {}
    return getattr(default, "text", default)


class NestedError(ValueError):
    """Several errors inside one setting, as pairs of the place below it and a sentence.

    ``parsed`` is what could be read of its value.
    """

    def __init__(self, *found: tuple[str, str], parsed: Any = WRONG) -> None:
        super().__init__(*found)
        self.parsed = parsed


def errors_at(place: str, error: ValueError) -> list[tuple[str, str]]:
    """Return the sentences of an error, each with its place."""
    found = error.args if isinstance(error, NestedError) else [("", str(error))]
    return [(f"{place}{inner}", sentence) for inner, sentence in found]
