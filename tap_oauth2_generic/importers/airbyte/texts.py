"""Turn the strings of a manifest into the tap's templates; pure.

``{{ stream_partition.id }}`` becomes ``{parent.id}``, ``{{ stream_interval.start_time }}``
``{start}``, and so on; what has no placeholder leaves its stream out.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.importers.airbyte.expressions import Chain, Unknown, chain_of, value_of
from tap_oauth2_generic.importers.airbyte.expressions import split_text as split
from tap_oauth2_generic.importers.airbyte.folding import Folder
from tap_oauth2_generic.importers.airbyte.manifest import Component
from tap_oauth2_generic.importers.airbyte.settings_of_spec import SpecSettings
from tap_oauth2_generic.importers.airbyte.symbols import SLICES, Symbols
from tap_oauth2_generic.importers.names import is_secret, is_secret_member
from tap_oauth2_generic.settings.templates import as_text, parse_template

_PARTS = {"year": "%Y", "month": "%-m", "day": "%-d", "hour": "%-H", "minute": "%-M"}
_WORDS = {"%s": "epoch", "%ms": "epoch_ms", "%epoch_microseconds": "epoch_us", "%Y-%m-%d": "date"}
#: No value: the parameter is not sent.
OMITTED = object()


@dataclass
class Texts:
    """Renders the strings of one stream, or of the connection."""

    spec: SpecSettings
    symbols: Symbols = field(default_factory=Symbols)
    notes: list[str] = field(default_factory=list)
    #: What is missing from rows, none of which is lost.
    lost: list[str] = field(default_factory=list)
    secrets: list[Unknown] = field(default_factory=list)
    #: Secret parameters and headers, which the connection holds.
    of_connection: dict[str, dict[str, str | None]] = field(default_factory=dict)

    def has_secret(self, component: Component, value: Any) -> bool:
        """Return whether a value is, or holds, a secret."""
        before = len(self.secrets)
        parts = self.parts(component, value) if isinstance(value, str) else []
        touched, self.secrets[before:] = self.secrets[before:], []
        text = "".join(one if isinstance(one, str) else _source(one) for one in parts)
        return any(str(one) in text for one in touched)

    def parts(self, component: Component, value: str) -> list[str | ast.expr]:
        """Return the literal parts and folded expressions of a string; raise LeftOutError."""
        folder = Folder(
            {
                "config": self._of_config,
                "parameters": lambda keys: _at(component.parameters, keys),
            }
        )
        try:
            found = [one if isinstance(one, str) else folder.fold(one) for one in split(value)]
        except ValueError as error:
            raise component.fail(str(error)) from None
        return found

    def _of_config(self, keys: Chain) -> Any:
        found = self.spec.find(keys)
        if isinstance(found, Unknown) and found.is_secret:
            self.secrets.append(found)
        return found

    def constant(self, component: Component, value: Any) -> Any:
        """Return a value that no request changes; raise LeftOutError for any other."""
        if isinstance(value, list):
            return [self.constant(component, one) for one in value]
        if not isinstance(value, str):
            return value
        parts = self.parts(component, value)
        if len(parts) == 1 and isinstance(parts[0], ast.Constant):
            return parts[0].value
        if any(isinstance(one, ast.expr) and not isinstance(one, ast.Constant) for one in parts):
            raise component.fail(f"{_excerpt(value)} is not known before a request")
        return "".join(one if isinstance(one, str) else _text_of(one) for one in parts)

    def render(self, component: Component, value: Any, place: str = "") -> Any:
        """Return a template for a value, with its type; ``OMITTED`` for none.

        In ``params`` and ``body`` a brace may stand for itself, elsewhere it is doubled.
        """
        if isinstance(value, dict):
            made = {
                str(self.render(component, key)): self.render(component, one, place)
                for key, one in value.items()
            }
            return {key: one for key, one in made.items() if one is not OMITTED}
        if isinstance(value, list):
            made_list = [self.render(component, one, place) for one in value]
            return [one for one in made_list if one is not OMITTED]
        if not isinstance(value, str):
            return OMITTED if value is None else value
        before = len(self.secrets)
        parts = self.parts(component, value)
        if len(parts) == 1 and isinstance(parts[0], ast.Constant):
            found = self._lone(component, parts[0].value, place)
        else:
            found = "".join(self._part(component, one, place) for one in parts)
        for secret in [one for one in self.secrets[before:] if str(one) in str(found)]:
            if place != "path" or not _is_identifier(secret.keys[-1]):
                where = "where the tap keeps none; use headers or params"
                raise component.fail(f"{_excerpt(value)} puts a secret {where}")
            self.notes.append(f"line {component.line}: {secret} is in the path, which logs show")
        return found

    def _lone(self, component: Component, value: Any, place: str) -> Any:
        if value is None or value == "":
            return OMITTED
        if isinstance(value, Unknown) and not value.is_set and place in ("params", "headers"):
            self.notes.append(
                f"line {component.line}: {'.'.join(value.keys)} is optional there, and is not sent"
            )
            return OMITTED
        if isinstance(value, list) and place == "body":
            return value
        return literal(value, place) if isinstance(value, str) else value

    def _part(self, component: Component, part: str | ast.expr, place: str) -> str:
        if isinstance(part, str):
            return literal(part, place)
        if isinstance(part, ast.Constant):
            return literal(_text_of(part), place)
        found = self.placeholder(part, may_be_now=place not in ("", "path"))
        if found is None:
            raise component.fail(f"{{{{ {_source(part)} }}}} has no placeholder")
        return f"{{{found}}}"

    def placeholder(self, node: ast.expr, *, may_be_now: bool = True) -> str | None:
        """Return what stands between the braces for an expression, None if nothing does."""
        if chain := chain_of(node):
            return self.symbols.find(chain)
        if isinstance(node, ast.BoolOp | ast.IfExp):
            return self._with_default(node, may_be_now=may_be_now)
        if isinstance(node, ast.Attribute) and node.attr in _PARTS:
            inner = self._time(node.value, may_be_now=may_be_now)
            return f"{inner}:{_PARTS[node.attr]}" if inner else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            name = node.right.id if isinstance(node.right, ast.Name) else ""
            is_plain = name in ("int", "string", "tojson", "urlencode", "trim")
            return self.placeholder(node.left, may_be_now=may_be_now) if is_plain else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            inner = self.placeholder(node.left, may_be_now=may_be_now) or ""
            factor = node.right.value if isinstance(node.right, ast.Constant) else None
            return f"{inner}_ms" if inner.endswith(":epoch") and factor == 1000 else None  # noqa: PLR2004
        return self._format_time(node, may_be_now=may_be_now)

    def _with_default(self, node: ast.BoolOp | ast.IfExp, *, may_be_now: bool) -> str | None:
        """Return the placeholder of a value whose default never applies: it always has one."""
        first = node.body if isinstance(node, ast.IfExp) else node.values[0]
        asked = node.test if isinstance(node, ast.IfExp) else first
        chain = chain_of(asked) or chain_of(_first_of(asked))
        is_slice = chain is not None and chain[0] in SLICES
        is_or = isinstance(node, ast.IfExp) or isinstance(node.op, ast.Or)
        return self.placeholder(first, may_be_now=may_be_now) if is_slice and is_or else None

    def _format_time(self, node: ast.expr, *, may_be_now: bool) -> str | None:
        """Return the placeholder of a time that a function writes."""
        if not isinstance(node, ast.Call):
            return None
        given = [one.value for one in node.args if isinstance(one, ast.Constant)]
        if isinstance(node.func, ast.Attribute) and node.func.attr == "strftime" and given:
            inner = self._time(node.func.value, may_be_now=may_be_now)
            return f"{inner}:{strftime(given[0])}" if inner else None
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "format_datetime" and given:
            inner = self._time(node.args[0], may_be_now=may_be_now)
            return f"{inner}:{strftime(given[0])}" if inner else None
        if name == "timestamp" and node.args:
            inner = self._time(node.args[0], may_be_now=may_be_now)
            return f"{inner}:epoch" if inner else None
        inner = self._time(node, may_be_now=may_be_now)
        return f"{inner}:date" if inner and name == "today_utc" else inner

    def _time(self, node: ast.expr, *, may_be_now: bool) -> str | None:
        """Return the placeholder of a time without its format."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("now_utc", "today_utc") and not node.args and may_be_now:
                return "now"
            if node.func.id in ("str_to_datetime", "timestamp") and node.args:
                return self._time(node.args[0], may_be_now=may_be_now)
        chain = chain_of(node)
        found = self.symbols.find(chain) if chain else None
        return found if found in ("start", "end") else None


def _is_identifier(name: str) -> bool:
    """Return whether a setting names something, such as ``project_key``, and proves nothing."""
    return not is_secret_member(name) and ("_" in name or not is_secret(name))


def strftime(pattern: Any) -> str:
    """Return the tap's word or pattern for a format of times."""
    found = str(pattern)
    return _WORDS.get(found) or found.replace("%_ms", "%L")


def literal(text: str, place: str) -> str:
    """Return a string as a template that stands for itself."""
    if "{" not in text and "}" not in text:
        return str(text)
    doubled = text.replace("{", "{{").replace("}", "}}")
    if place not in ("params", "body"):
        return doubled
    try:
        is_itself = not parse_template(text, is_free=True).placeholders and "{{" not in text
    except ValueError:
        is_itself = False
    return str(text) if is_itself and "}}" not in text else doubled


def _first_of(node: ast.expr) -> ast.expr:
    return node.values[0] if isinstance(node, ast.BoolOp) else node


def _text_of(node: ast.expr) -> str:
    value = value_of(node)
    if isinstance(value, list | dict):
        # As Jinja writes them.
        return str(value)
    return "" if value is None else str(value) if isinstance(value, bool) else as_text(value)


def _at(value: Any, keys: Chain) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _source(node: ast.expr) -> str:
    try:
        return ast.unparse(node)[:80]
    except (AttributeError, ValueError, RecursionError):
        return "…"


def _excerpt(text: str) -> str:
    return repr(" ".join(text.split())[:80])
