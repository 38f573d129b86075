"""Templates: strings with ``{name}`` or ``{name:format}`` placeholders.

A placeholder never reaches a Python attribute or calls anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.time_formats import Now
from tap_oauth2_generic.settings.fields import near_choice
from tap_oauth2_generic.settings.limits import MAX_PLAIN_DIGITS
from tap_oauth2_generic.settings.values import map_leaves

Scope = Mapping[str, Any]
#: The placeholders that are new for each request, and whether they take a format.
OF_REQUEST = {"uuid": False, "now": True}
_BRACE = re.compile("[{}]")
_PLACEHOLDER = re.compile(r"\{([^{}:\[!]+)(?::([^{}]*))?\}")
# In free text only a word, or a word with a field or a format, is one; ``{a: 1}`` is JSON.
_IN_TEXT = re.compile(r"""\{[^\W\d]\w*(?:\.[^"':]+)?(?::(?:[^\s"'][^"']*|.*%.*)?)?\}""")
_PLAIN_WORD = re.compile("[A-Za-z_.]+")


@dataclass(frozen=True)
class Placeholder:
    """One ``{name:format}``; ``family.field`` names a field of a family of values."""

    name: str
    pattern: str

    @property
    def family(self) -> str:
        """The part before the first dot: ``token`` of ``token.api_domain``."""
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Template:
    """A parsed template; ``is_free`` if its text may hold single braces."""

    text: str
    parts: tuple[str | Placeholder, ...]
    is_free: bool = False

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The placeholders, in order."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    @property
    def is_lone(self) -> bool:
        """Whether it is one placeholder and nothing else."""
        return len(self.parts) == 1 and isinstance(self.parts[0], Placeholder)

    def render(self, scope: Scope, encode: Callable[[str], str] = str) -> str:
        """Fill the placeholders; ``encode`` applies to their values only.

        Raises SettingError if the scope has no value for a placeholder.
        """
        return "".join(
            part if isinstance(part, str) else encode(as_text(_find(part, scope)))
            for part in self.parts
        )

    def value(self, scope: Scope) -> Any:
        """Return the text, or for a lone placeholder its value with its type."""
        lone = self.parts[0] if len(self.parts) == 1 else None
        if not isinstance(lone, Placeholder):
            return self.render(scope)
        return _find(lone, scope)

    def errors(self, known: Mapping[str, bool], *, is_secret: bool = False) -> list[str]:
        """Return a sentence for each wrong placeholder; of a secret it shows only plain words.

        ``known`` maps each valid name to whether it takes a format; a name that ends in a dot
        stands for any field of that family.
        """
        found = []
        for placeholder in self.placeholders:
            is_shown = not is_secret or _PLAIN_WORD.fullmatch(placeholder.name)
            shown = f"placeholder {{{placeholder.name}}}" if is_shown else "placeholder"
            family, dot, member = placeholder.name.partition(".")
            of_family = placeholder.name not in known and dot and member
            name = f"{family}." if of_family else placeholder.name
            if name not in known or placeholder.name.endswith("."):
                there_are = ", ".join(f"{{{k}NAME}}" if k[-1] == "." else f"{{{k}}}" for k in known)
                near = near_choice(placeholder.name, (k for k in known if k[-1] != "."))
                double = "; double the braces of literal text" if self.is_free else ""
                found.append(f"unknown {shown}{near}; known: {there_are}{double}")
            elif placeholder.pattern and not known[name]:
                found.append(f"{shown} takes no format")
        return found


def parse_template(text: str, *, is_free: bool = False) -> Template:
    """Parse a template; ``{{`` and ``}}`` are literal braces. Raises ValueError.

    In free text such as JSON, a brace that opens no ``{word}`` is itself.
    """
    parts: list[str | Placeholder] = [""]
    for part in _parts(text, is_free=is_free):
        if isinstance(part, str) and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    return Template(text, tuple(part for part in parts if part), is_free)


def _parts(text: str, *, is_free: bool) -> Iterator[str | Placeholder]:
    at, opened = 0, [""]  # the braces that are open: as many as close them
    while brace := _BRACE.search(text, at):
        yield text[at : brace.start()]
        at, one = brace.end(), brace[0]
        is_doubled = text.startswith(one, at)
        if one == "{" and not is_doubled:
            found = _PLACEHOLDER.match(text, brace.start())
            if found and (not is_free or _IN_TEXT.fullmatch(found[0])):
                yield Placeholder(found[1], found[2] or "")
                at = found.end()
                continue
        if not is_free and not is_doubled:
            wrong = "opens no {name}" if one == "{" else "closes none"
            raise ValueError(f"{text!r} is not a template: a brace {wrong}; double a literal brace")
        if one == "{":
            opened.append(one * (1 + is_doubled))
        else:
            # A brace that was opened single is closed by a single one: ``{"a": {"b": 1}}``.
            is_doubled = is_doubled and opened[-1] != "{"
            opened = opened[:-1] or [""]
        at += is_doubled
        yield one
    yield text[at:]


def request_scope(now: float) -> dict[str, Any]:
    """Return the values of the placeholders that are new for each request."""
    return {"uuid": str(uuid4()), "now": Now(now)}


def fill_values(value: Any, scope: Scope) -> Any:
    """Fill every template inside a value; a lone placeholder keeps the type of its value."""
    return map_leaves(value, lambda v: v.value(scope) if isinstance(v, Template) else v)


def as_text(value: Any) -> str:
    """Write a scalar as in a URL or header: ``true``, exact numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}" if abs(value.adjusted()) < MAX_PLAIN_DIGITS else str(value)
    if isinstance(value, dict | list):
        return encode_json(value).decode()
    return str(value)


def _find(placeholder: Placeholder, scope: Scope) -> Any:
    """Return the value of a placeholder; raise SettingError if there is none."""
    value = _find_value(placeholder.name, scope)
    if value is None:
        message = f"no value for placeholder {{{placeholder.name}}}"
        if placeholder.family == "token":
            message += ": the last token response has no such field"
        raise SettingError(message)
    # A time formats itself.
    return value.render(placeholder.pattern) if hasattr(value, "render") else value


def _find_value(name: str, scope: Scope) -> Any:
    """Return the value at a dotted name, None if there is none; a key may hold dots."""
    if (value := scope.get(name)) is not None or "." not in name:
        return value
    family, _, field = name.partition(".")
    members = scope.get(family)
    return _find_value(field, members) if isinstance(members, Mapping) else None
