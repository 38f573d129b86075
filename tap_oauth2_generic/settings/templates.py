"""Templates: strings with ``{name}`` or ``{name:format}`` placeholders.

A placeholder never reaches a Python attribute or calls anything.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tap_oauth2_generic.errors import SettingError
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.settings.limits import MAX_PLAIN_DIGITS

Scope = Mapping[str, Any]


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
    """A parsed template."""

    text: str
    parts: tuple[str | Placeholder, ...]

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The placeholders, in order."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    def render(self, scope: Scope, encode: Callable[[str], str] = str) -> str:
        """Fill the placeholders; ``encode`` applies to their values only.

        Raises SettingError if the scope has no value for a placeholder.
        """
        return "".join(
            part if isinstance(part, str) else encode(_fill(part, scope)) for part in self.parts
        )

    def errors(self, known: Mapping[str, bool], *, named: bool = True) -> list[str]:
        """Return a sentence for each wrong placeholder, which it shows if ``named``.

        ``known`` maps each valid name to whether it takes a format; a name that ends in a dot
        stands for any field of that family.
        """
        found = []
        for placeholder in self.placeholders:
            shown = f"placeholder {{{placeholder.name}}}" if named else "placeholder"
            family, dot, member = placeholder.name.partition(".")
            of_family = placeholder.name not in known and dot and member
            name = f"{family}." if of_family else placeholder.name
            if name not in known or placeholder.name.endswith("."):
                there_are = ", ".join(f"{{{k}NAME}}" if k[-1] == "." else f"{{{k}}}" for k in known)
                found.append(f"unknown {shown}; known: {there_are}")
            elif placeholder.pattern and not known[name]:
                found.append(f"{shown} takes no format")
        return found


def parse_template(text: str) -> Template:
    """Parse a template; ``{{`` and ``}}`` are literal braces. Raises ValueError."""
    parts: list[str | Placeholder] = []
    try:
        for literal, name, pattern, conversion in string.Formatter().parse(text):
            if literal:
                parts.append(literal)
            if name is not None:
                parts.append(_placeholder(name, pattern or "", conversion))
    except ValueError as error:
        raise ValueError(f"{text!r} is not a template: {error}; double a literal brace") from None
    return Template(text, tuple(parts))


def as_text(value: Any) -> str:
    """Write a scalar as in a URL or header: ``true``, exact numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}" if abs(value.adjusted()) < MAX_PLAIN_DIGITS else str(value)
    if isinstance(value, dict | list):
        return encode_json(value).decode()
    return str(value)


def _placeholder(name: str, pattern: str, conversion: str | None) -> Placeholder:
    if not name or conversion or "{" in pattern or "[" in name:
        raise ValueError(f"placeholder {{{name}}} needs a plain name")
    return Placeholder(name, pattern)


def _fill(placeholder: Placeholder, scope: Scope) -> str:
    family, _, field = placeholder.name.partition(".")
    value: Any = scope.get(placeholder.name)
    if value is None and field:
        members = scope.get(family) or {}
        value = members.get(field) if isinstance(members, Mapping) else None
    if value is None:
        message = f"no value for placeholder {{{placeholder.name}}}"
        if family == "token":
            message += ": the last token response has no such field"
        raise SettingError(message)
    # A bound in time formats itself.
    return value.render(placeholder.pattern) if hasattr(value, "render") else as_text(value)
