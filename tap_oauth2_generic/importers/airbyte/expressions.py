"""Parse the ``{{ … }}`` of a manifest, and fold what is known before a request; pure.

Nothing is evaluated but constants, by the few operations below: an expression is foreign code.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from tap_oauth2_generic.importers.airbyte.operations import (
    TRANSPARENT,
)

#: A path into a value that only a request or response has: the root, then keys.
Chain = tuple[Any, ...]
_OPEN = re.compile(r"\{\{-?")
_MAX_EXPRESSION = 5000


class Unknown(str):
    """What a person must put in the place of a setting.

    ``is_set``: the manifest requires it; ``is_declared``: its spec says so, or not.
    """

    __slots__ = ("is_declared", "is_secret", "is_set", "keys")
    keys: tuple[str, ...]
    is_declared: bool
    is_set: bool
    is_secret: bool

    def as_optional(self) -> Unknown:
        """Return the same setting as one that nobody has to set."""
        made = Unknown(str(self))
        made.keys, made.is_secret, made.is_declared = self.keys, self.is_secret, self.is_declared
        made.is_set = False
        return made

    def __bool__(self) -> bool:
        """Return whether the manifest requires it."""
        return self.is_set


def split_text(text: str) -> list[str | ast.expr]:
    """Return the literal parts and the expressions of a string; raise ValueError."""
    parts: list[str | ast.expr] = []
    at = 0
    if "{%" in text or "{#" in text:
        raise ValueError("it has statements {% … %}, not only values {{ … }}")
    while opened := _OPEN.search(text, at):
        if opened.start() > at:
            parts.append(text[at : opened.start()])
        found, at = _expression(text, opened.end())
        parts.append(found)
    return [*parts, text[at:]] if text[at:] else parts


def _expression(text: str, start: int) -> tuple[ast.expr, int]:
    """Return the expression that begins at a position, and where it ends: it may hold ``}}``."""
    end = text.find("}}", start)
    for _ in range(5):
        if end < 0 or end - start > _MAX_EXPRESSION:
            break
        source = text[start:end].strip().removesuffix("-").replace("~", "+")
        try:
            return ast.parse(" ".join(source.split()), mode="eval").body, end + 2
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            end = text.find("}}", end + 1)
    shown = " ".join(text[start : start + 60].split())
    raise ValueError(f"{{{{ {shown}… is an expression that cannot be read")


def chain_of(node: ast.AST) -> Chain | None:
    """Return the path that an expression reads, such as ``("response", "next")``."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        base = chain_of(node.value)
        return (*base, node.attr) if base else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        base = chain_of(node.value)
        return (*base, node.slice.value) if base else None
    if isinstance(node, ast.Subscript) and ast.unparse(node.slice) == "-1":
        base = chain_of(node.value)
        return (*base, -1) if base else None
    if isinstance(node, ast.Call):
        return _chain_of_call(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return chain_of(node.left) if filter_of(node)[0] in TRANSPARENT else None
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and is_falsy(node.values[1:]):
        return chain_of(node.values[0])
    return None


def _chain_of_call(node: ast.Call) -> Chain | None:
    called = node.func
    if isinstance(called, ast.Attribute) and called.attr == "get" and node.args:
        base, key = chain_of(called.value), node.args[0]
        if base and isinstance(key, ast.Constant) and is_falsy(node.args[1:]):
            return (*base, key.value)
    return None


def chain_with_default(node: ast.expr) -> Chain | None:
    """Return the path of ``config.get("a", "b")``, whose default is a value."""
    is_get = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
    if isinstance(node, ast.Call) and is_get and node.func.attr == "get":  # type: ignore[attr-defined]
        return chain_of(ast.Call(node.func, node.args[:1], []))
    return None


def is_falsy(nodes: list[ast.expr]) -> bool:
    """Return whether each of these is a constant that counts as false."""
    return all(
        (isinstance(one, ast.Constant) and not one.value)
        or (isinstance(one, ast.Dict) and not one.keys)
        or (isinstance(one, ast.List) and not one.elts)
        or (isinstance(one, ast.Name) and one.id in {"none", "null", "false"})
        for one in nodes
    )


def filter_of(node: ast.BinOp) -> tuple[str, list[ast.expr]]:
    """Return the name of a filter and its arguments."""
    right = node.right
    if isinstance(right, ast.Call) and isinstance(right.func, ast.Name):
        return right.func.id, right.args
    return (right.id, []) if isinstance(right, ast.Name) else ("", [])


def value_of(node: ast.expr) -> Any:
    """Return the value of a constant, None of anything else."""
    return node.value if isinstance(node, ast.Constant) else None
