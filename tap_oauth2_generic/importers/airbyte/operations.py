"""The few operations by which a constant of a manifest is known before a request; pure."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

#: The longest text that is put together.
MAX_VALUE = 100_000
#: The methods of strings that may be called.
METHODS = frozenset({
    "split", "replace", "lower", "upper", "strip", "rstrip", "lstrip", "join", "startswith",
    "endswith", "title",
})  # fmt: skip
#: Filters that change a value's type or spaces, but not what it says.
TRANSPARENT = frozenset({"int", "string", "float", "tojson", "trim", "default", "d", "list"})
FILTERS: dict[str, Callable[..., Any]] = {
    "int": lambda value: int(value or 0),
    "string": str,
    "float": float,
    "lower": lambda value: str(value).lower(),
    "upper": lambda value: str(value).upper(),
    "trim": lambda value: str(value).strip(),
    "length": len,
    "count": len,
    "first": lambda value: value[0],
    "last": lambda value: value[-1],
    "list": list,
    "join": lambda value, by="": by.join(map(str, value)),
    "replace": lambda value, old, new: str(value).replace(old, new),
    "default": lambda value, other="", _=False: other if value in (None, "") else value,
    "d": lambda value, other="", _=False: other if value in (None, "") else value,
}
COMPARISONS: dict[type, Callable[[Any, Any], bool]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Is: lambda a, b: a is b,
    ast.IsNot: lambda a, b: a is not b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
}


def size(*values: Any) -> int:
    """Return how long the strings and lists together are."""
    return sum(len(one) for one in values if isinstance(one, str | list))


def add(left: Any, right: Any) -> Any:
    """Add two values as ``+`` or ``~`` would; what is unknown stays part of a string."""
    if isinstance(left, str) or isinstance(right, str):
        return f"{left}{right}"
    return left + right
