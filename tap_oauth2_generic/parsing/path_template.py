"""Paths with placeholders: a value that is put into one stays one key of it; pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tap_oauth2_generic.runtime.redaction import excerpt
from tap_oauth2_generic.settings.fields import FieldType
from tap_oauth2_generic.settings.paths import DottedPath, Path, before_choice, parse_path
from tap_oauth2_generic.settings.templates import Scope, Template, parse_template
from tap_oauth2_generic.settings.values import text

_MAX_SHOWN = 60
# Inside a bare path these characters of a value are part of a key; no text has their stand-ins.
_ESCAPES = {ord(one): 0xFDD0 + number for number, one in enumerate(".'\"$")}
_UNESCAPES = {stand_in: one for one, stand_in in _ESCAPES.items()}


def _records_path(value: Any) -> Path | Template:
    written = text(value)
    template = parse_template(written) if "{" in written else None
    return template if template is not None and template.placeholders else parse_path(written)


TEMPLATED_PATH = FieldType({"type": "string"}, _records_path)


def _encoder_for(path: str) -> Callable[[str], str]:
    """Return what makes a value safe inside a path, or raises ValueError."""
    if not path.startswith("$"):
        return lambda value: value.translate(_ESCAPES)
    is_quoted = "{" not in re.sub(r"'[^']*'|\"[^\"]*\"", "", path)
    allowed = re.compile(r"""[^'"\\*]*""" if is_quoted else r"[\w-]+")

    def encode(value: str) -> str:
        if not allowed.fullmatch(value):
            shown = excerpt(value, _MAX_SHOWN)
            raise ValueError(f"the value {shown!r} would change the path it is put into")
        return value

    return encode


def render_path(template: Template, scope: Scope) -> Path:
    """Fill the placeholders of a path; raise ValueError for a value that would change it."""
    return _parse_rendered(template.render(scope, _encoder_for(template.text)))


def _parse_rendered(path: str) -> Path:
    """Parse a path in which the values of a bare one are escaped."""
    if path.startswith("$"):
        return parse_path(path)
    written = path.translate(_UNESCAPES)
    keys = (str(key).translate(_UNESCAPES) for key in before_choice(parse_path(path)).keys)
    return DottedPath(f"'{written}'" if written.startswith("$") else written, tuple(keys))
