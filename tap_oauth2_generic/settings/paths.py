"""Where a value is inside decoded JSON: bare dotted paths and JSONPath, parsed once.

Knows nothing of records, paging or tokens.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from tap_oauth2_generic.settings.limits import MAX_DESCENTS
from tap_oauth2_generic.settings.patterns import parse_pattern


class Missing:
    """The type of ``MISSING``: there is nothing at a path, which differs from a null there."""

    def __repr__(self) -> str:
        """Name it in messages and test failures."""
        return "MISSING"

    def __bool__(self) -> bool:
        """Count as false, like None."""
        return False


MISSING = Missing()
_SEGMENT = re.compile(r"""'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<bare>[^.'"]+)""")
_JSONPATH_CHILD = re.compile(
    r"""\.(?P<bare>[A-Za-z_][\w-]*)|\['(?P<key>[^'\\]*)'\]|\[(?P<index>\d+)\]"""
)


# What the library raises where an expression does not suit a value; of no one family.
_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    re.error,
)


class Path(Protocol):
    """An expression that finds values in decoded JSON."""

    @property
    def text(self) -> str:
        """The expression as it was written."""

    def find(self, value: Any) -> Any:
        """Give the first value there, or ``MISSING``."""

    def find_all(self, value: Any) -> list[Any]:
        """Give every value there; an empty list where there is none."""


@dataclass(frozen=True)
class DottedPath:
    """Keys and list positions, one inside the other; finds one value at most."""

    text: str
    keys: tuple[str | int, ...]

    def find(self, value: Any) -> Any:
        """Walk the keys; a bare path that is itself a key of the object finds that first."""
        is_bare = not self.text.startswith("$")
        if is_bare and isinstance(value, dict) and self.text in value:
            return value[self.text]
        for key in self.keys:
            value = _step(value, key)
            if value is MISSING:
                return MISSING
        return value

    def find_all(self, value: Any) -> list[Any]:
        """Give the one value there, in a list."""
        found = self.find(value)
        return [] if found is MISSING else [found]


@dataclass(frozen=True)
class JsonPath:
    """A JSONPath with wildcards, slices or filters, evaluated by ``jsonpath-ng``."""

    text: str
    expression: Any

    def find(self, value: Any) -> Any:
        """Give the first match, or ``MISSING``."""
        return next(iter(self.find_all(value)), MISSING)

    def find_all(self, value: Any) -> list[Any]:
        """Give all matches in document order; an expression that fails on a value has none."""
        # Filters know no Decimal, so they are asked about floats; what is given stays exact.
        compares = "?" in self.text
        try:
            matches = self.expression.find(_with_floats(value) if compares else value)
            if compares:
                return [match.full_path.find(value)[0].value for match in matches]
        except _FAILURES:
            return []
        return [match.value for match in matches]


def _adapted(expression: Any) -> Any:
    """Make the whole numbers of filters floats: older releases cut the value to their type.

    Bound what regular expressions may take. Raises NotImplementedError for what the parser takes
    and nothing evaluates.
    """
    if type(expression).__name__.lstrip("_") == "Intersect":
        message = "& is not supported"
        raise NotImplementedError(message)
    for comparison in getattr(expression, "expressions", ()):
        if type(getattr(comparison, "value", None)) is int:
            comparison.value = float(comparison.value)
        if getattr(comparison, "op", None) == "=~":
            parse_pattern(comparison.value)
        _adapted(getattr(comparison, "target", None))
    if getattr(expression, "op_symbol", None) == "*":
        expression.op = _product
    if isinstance(getattr(expression, "regex", None), re.Pattern):
        expression.regex = parse_pattern(expression.regex.pattern)
    for side in ("left", "right"):
        if hasattr(expression, side):
            _adapted(getattr(expression, side))
    return expression


def _product(one: Any, other: Any) -> Any:
    """Multiply two numbers; to Python, a text or list times a number is many of it."""
    if isinstance(one, str | list) or isinstance(other, str | list):
        raise TypeError
    return one * other


def _descents(expression: Any) -> int:
    """Count the ``..`` of an expression, those in its filters too."""
    inner = [getattr(expression, name, None) for name in ("left", "right", "target")]
    found = sum(_descents(one) for one in [*inner, *getattr(expression, "expressions", ())] if one)
    return found + (type(expression).__name__.lstrip("_") == "Descendants")


def _fits(value: Any, pattern: str) -> bool:
    """Do what ``=~`` does in a filter, within bounds."""
    return isinstance(value, str) and parse_pattern(pattern).search(value) is not None


def _with_floats(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_with_floats(member) for member in value]
    if isinstance(value, dict):
        return {name: _with_floats(member) for name, member in value.items()}
    return value


def passes_by(path: Path, other: DottedPath) -> bool:
    """Tell whether what a path finds is surely not inside what another one finds."""
    return isinstance(path, DottedPath) and path.keys[: len(other.keys)] != other.keys


def parse_path(text: str) -> Path:
    """Parse a bare dotted path, or a JSONPath where the text starts with ``$``.

    Raises ValueError with a sentence on what is wrong.
    """
    if text.startswith("$"):
        return _parse_jsonpath(text)
    return DottedPath(text, _parse_dotted(text))


def _step(value: Any, key: str | int) -> Any:
    if isinstance(key, int):
        # An index of a JSONPath, which is of lists alone.
        return value[key] if isinstance(value, list) and key < len(value) else MISSING
    if isinstance(value, dict):
        return value.get(key, MISSING)
    if isinstance(value, list) and re.fullmatch(r"-?\d{1,9}", key):
        index = int(key)
        return value[index] if -len(value) <= index < len(value) else MISSING
    return MISSING


def _parse_dotted(text: str) -> tuple[str, ...]:
    keys: list[str] = []
    position = 0
    while match := _SEGMENT.match(text, position):
        keys.append(next(group for group in match.groups() if group is not None))
        position = match.end()
        if position == len(text):
            return tuple(keys)
        if text[position] != ".":
            break
        position += 1
    message = f"{text!r} is not a path: keys are joined by dots, a key with a dot is quoted"
    raise ValueError(message)


def _parse_jsonpath(text: str) -> Path:
    """Give simple chains such as ``$.a['b'][0]`` a walk of their own, which is far faster."""
    keys: list[str | int] = []
    position = 1
    while match := _JSONPATH_CHILD.match(text, position):
        key = next(group for group in match.groups() if group is not None)
        keys.append(key if match["index"] is None else int(key))
        position = match.end()
    if position == len(text):
        return DottedPath(text, tuple(keys))
    from jsonpath_ng.ext.filter import OPERATOR_MAP
    from jsonpath_ng.ext.parser import parse

    # The library's own goes by ``re``, which may hang.
    OPERATOR_MAP["=~"] = _fits
    try:
        with warnings.catch_warnings():
            # Of what the library will not take later; it is refused here already.
            warnings.simplefilter("ignore", DeprecationWarning)
            expression = _adapted(parse(text))
        if _descents(expression) > MAX_DESCENTS:
            message = f".. may be there {MAX_DESCENTS} times at most"
            raise NotImplementedError(message)  # noqa: TRY301 - as what is not supported
        return JsonPath(text, expression)
    except Exception as error:  # noqa: BLE001 - the parser's own classes are not one family
        message = f"{text!r} is not a JSONPath: {' '.join(str(error).split())}"
        raise ValueError(message) from None
