"""Find values in decoded JSON: bare dotted paths and JSONPath, parsed once.

Knows nothing of records, paging or tokens.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from msgspec import UNSET

from tap_oauth2_generic.settings.limits import MAX_DESCENTS
from tap_oauth2_generic.settings.patterns import Pattern, parse_pattern
from tap_oauth2_generic.settings.values import map_leaves

#: No value at a path, as opposed to a null; false, too.
MISSING = UNSET
_KEY = r"""(?:'([^']*)'|"([^"]*)"|([^.'"]+))"""
_DOTTED = re.compile(rf"{_KEY}(?:\.{_KEY})*")
# A step of a JSONPath that needs no library: a name, a quoted name, an index.
_CHILD = r"""(?:\.([A-Za-z_][\w-]*)|\['([^'\\]*)'\]|\[(\d+)\])"""
_NAME = re.compile(r"[A-Za-z_]\w*")
_CHILDREN = re.compile(rf"\$(?:{_CHILD})*")
# The nodes of jsonpath-ng whose time and memory are bounded, once `_bound` has seen them.
_NODES = frozenset({
    "Root", "This", "Parent", "Child", "Fields", "Wildcard", "Index", "Slice", "Descendants",
    "Union", "Where", "WhereNot", "Filter", "Expression", "And", "Or", "Operation", "SortedThis",
    "Len", "Keys", "Path", "Sub", "Split", "Str",
})  # fmt: skip
# What jsonpath-ng raises if an expression does not suit a value: no common family.
_FAILURES = (
    ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError, re.error,
)  # fmt: skip


@dataclass(frozen=True)
class DottedPath:
    """A chain of keys and list positions; finds one value at most."""

    text: str
    keys: tuple[str | int, ...]

    def find(self, value: Any) -> Any:
        """Follow the keys; a bare path that is itself a key of the object finds that first."""
        is_bare = not self.text.startswith("$")
        if is_bare and isinstance(value, dict) and self.text in value:
            return value[self.text]
        for key in self.keys:
            value = _step(value, key)
            if value is MISSING:
                return MISSING
        return value

    def find_all(self, value: Any) -> list[Any]:
        """Return the match in a list."""
        found = self.find(value)
        return [] if found is MISSING else [found]


@dataclass(frozen=True)
class JsonPath:
    """A JSONPath with wildcards, slices or filters, evaluated by ``jsonpath-ng``."""

    text: str
    expression: Any

    def find(self, value: Any) -> Any:
        """Return the first match, or ``MISSING``."""
        return next(iter(self.find_all(value)), MISSING)

    def find_all(self, value: Any) -> list[Any]:
        """Return all matches in document order; none if the expression fails on the value."""
        # Filters cannot compare a Decimal, so they see floats; the values returned stay exact.
        compares = "?" in self.text
        try:
            matches = self.expression.find(map_leaves(value, _as_float) if compares else value)
            if compares:
                return [match.full_path.find(value)[0].value for match in matches]
            return [match.value for match in matches]
        except _FAILURES:
            return []


Path = DottedPath | JsonPath


@dataclass(frozen=True)
class _Matching:
    """A node that finds the strings of another one that match a pattern, within bounds."""

    left: Any
    pattern: Pattern

    def find(self, datum: Any) -> list[Any]:
        return [
            match
            for match in self.left.find(datum)
            if isinstance(match.value, str) and self.pattern.search(match.value)
        ]


def _bound(node: Any) -> int:
    """Bound what the nodes of an expression may cost; return the number of its ``..``.

    Raises NotImplementedError for what the parser accepts and nothing evaluates.
    """
    kind = type(node).__name__.lstrip("_")
    if kind not in _NODES:
        raise NotImplementedError(f"{'&' if kind == 'Intersect' else kind} is not supported")
    descents = (kind == "Descendants") + sum(map(_bound, _children(node)))
    if kind == "Expression" and node.op == "=~":
        # The library's own =~ may never end.
        node.target, node.op = _Matching(node.target, parse_pattern(node.value)), None
    elif kind == "Expression" and type(node.value) is int:
        # Older releases truncate what they compare with an integer.
        node.value = float(node.value)
    elif kind == "Operation" and node.op_symbol == "*":
        node.op = _product
    elif kind == "Slice" and node.find(0):
        # Older releases take any other value for a list of one.
        node.find = partial(_find_items, node.find, takes_objects=str(node) == "[*]")
    elif kind == "Sub":
        node.regex = parse_pattern(node.regex.pattern)
    return descents


def _find_items(find: Any, datum: Any, *, takes_objects: bool) -> list[Any]:
    """Return the matches of a slice in a list, or of ``[*]`` in an object."""
    from jsonpath_ng import Fields  # see _parse_jsonpath

    if isinstance(datum.value, dict):
        return list(Fields("*").find(datum)) if takes_objects else []
    return list(find(datum)) if isinstance(datum.value, list) else []


def _children(node: Any) -> Iterator[Any]:
    members = [getattr(node, name, None) for name in ("left", "right", "target", "value")]
    members += [*(getattr(node, "expressions", None) or ()), *getattr(node, "operands", ())]
    for member in members:
        # The expressions of a sort are pairs: what to sort by, and the direction.
        child = member[0] if isinstance(member, tuple) else member
        if hasattr(child, "find") and not isinstance(child, str):
            yield child


def _product(one: Any, other: Any) -> Any:
    """Multiply two numbers; Python would repeat a string or list, up to all memory."""
    if isinstance(one, str | list) or isinstance(other, str | list):
        raise TypeError
    return one * other


def _as_float(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def passes_by(path: Path, other: DottedPath) -> bool:
    """Return whether no match of a path can lie inside the match of another one."""
    return isinstance(path, DottedPath) and path.keys[: len(other.keys)] != other.keys


def before_choice(path: Path) -> DottedPath:
    """Return the part of a path before its first step that may find several values."""
    if isinstance(path, DottedPath):
        return path
    steps = re.match(_CHILDREN, path.text)
    parsed = parse_path(steps[0] if steps else "$")
    return parsed if isinstance(parsed, DottedPath) else DottedPath("$", ())


def join_keys(keys: tuple[str, ...]) -> str:
    """Join keys to a bare path; one that holds a dot is quoted."""
    return ".".join(f"'{key}'" if "." in key else key for key in keys)


def flatten(key: str) -> str:
    """Return a key in lower case and without punctuation, to compare spellings."""
    return re.sub(r"[^a-z0-9]", "", key.lower())


def to_jsonpath(keys: tuple[str, ...]) -> str:
    """Join keys to a JSONPath."""
    return "$" + "".join(f".{key}" if _NAME.fullmatch(key) else f"['{key}']" for key in keys)


def parse_path(text: str) -> Path:
    """Parse a bare dotted path, or a JSONPath if it starts with ``$``; raise ValueError.

    Simple chains such as ``$.a['b'][0]`` become the far faster DottedPath.
    """
    if _CHILDREN.fullmatch(text):
        steps = re.findall(_CHILD, text)
        return DottedPath(text, tuple(int(i) if i else name or key for name, key, i in steps))
    if text.startswith("$"):
        return _parse_jsonpath(text)
    if not _DOTTED.fullmatch(text):
        raise ValueError(f"{text!r} is not a path: join keys by dots, quote a key with a dot")
    return DottedPath(text, tuple("".join(groups) for groups in re.findall(_KEY, text)))


def _step(value: Any, key: str | int) -> Any:
    if isinstance(key, int):
        # An index of a JSONPath applies to lists only.
        return value[key] if isinstance(value, list) and key < len(value) else MISSING
    if isinstance(value, dict):
        return value.get(key, MISSING)
    if isinstance(value, list) and re.fullmatch(r"-?[0-9]{1,9}", key):
        index = int(key)
        return value[index] if -len(value) <= index < len(value) else MISSING
    return MISSING


def _parse_jsonpath(text: str) -> JsonPath:
    from jsonpath_ng.ext.parser import parse  # slow to import

    try:
        with warnings.catch_warnings():
            # About syntax that the library will drop; it is rejected here already.
            warnings.simplefilter("ignore", DeprecationWarning)
            expression = parse(text)
        if _bound(expression) > MAX_DESCENTS:
            raise NotImplementedError(f"at most {MAX_DESCENTS} .. are allowed")  # noqa: TRY301
        return JsonPath(text, expression)
    except Exception as error:  # noqa: BLE001 - the parser's own classes are not one family
        said = " ".join(str(error).split())
        raise ValueError(f"{text!r} is not a JSONPath: {said}") from None
