"""Fold what is known of an expression before a request, into constants; pure."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from tap_oauth2_generic.importers.airbyte.expressions import (
    Chain,
    Unknown,
    chain_of,
    chain_with_default,
    filter_of,
    value_of,
)
from tap_oauth2_generic.importers.airbyte.operations import (
    COMPARISONS,
    FILTERS,
    MAX_VALUE,
    METHODS,
    add,
    size,
)

_NAMES = {"true": True, "false": False, "none": None, "null": None}


def _constant(value: Any) -> ast.Constant:
    return ast.Constant(value)


class Folder:
    """Folds what is known: the parameters of a component, and the settings by their defaults."""

    def __init__(self, known: Mapping[str, Callable[[Chain], Any]]) -> None:
        self._known = known

    def fold(self, node: ast.expr) -> ast.expr:
        """Return the expression with each known part as a constant."""
        chain = chain_of(node) or chain_with_default(node)
        if chain and chain[1:] and chain[0] in self._known:
            value, default = self._known[chain[0]](chain[1:]), self._default(node)
            if isinstance(value, Unknown) and isinstance(node, ast.Call) and not value.is_declared:
                value = value.as_optional()
            is_unset = value is None or (isinstance(value, Unknown) and not value)
            return _constant(default if is_unset and default is not None else value)
        kind = type(node).__name__
        if kind == "Name" and isinstance(node, ast.Name) and node.id in _NAMES:
            return _constant(_NAMES[node.id])
        made = getattr(self, f"_{kind.lower()}", None)
        try:
            return made(node) if made else node
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError):
            return node

    def _default(self, node: ast.expr) -> Any:
        """Return the default of ``config.get("a", "b")``."""
        if isinstance(node, ast.Call) and node.args[1:]:
            found = self.fold(node.args[1])
            return found.value if isinstance(found, ast.Constant) else None
        return None

    def _list(self, node: ast.List) -> ast.expr:
        members = [self.fold(one) for one in node.elts]
        if all(isinstance(one, ast.Constant) for one in members):
            return _constant([value_of(one) for one in members])
        return ast.List(members, ast.Load())

    _tuple = _list

    def _dict(self, node: ast.Dict) -> ast.expr:
        keys = [self.fold(one) for one in node.keys if one is not None]
        values = [self.fold(one) for one in node.values]
        if all(isinstance(one, ast.Constant) for one in [*keys, *values]):
            return _constant(dict(zip(map(value_of, keys), map(value_of, values), strict=True)))
        return ast.Dict([*keys], values)

    def _boolop(self, node: ast.BoolOp) -> ast.expr:
        is_or, left = isinstance(node.op, ast.Or), list[ast.expr]()
        for one in map(self.fold, node.values):
            if isinstance(one, ast.Constant):
                if bool(one.value) == is_or:
                    left.append(one)
                    break
                last = one
                continue
            left.append(one)
        if not left:
            return last
        return left[0] if len(left) == 1 else ast.BoolOp(node.op, left)

    def _unaryop(self, node: ast.UnaryOp) -> ast.expr:
        value = self.fold(node.operand)
        if isinstance(value, ast.Constant) and isinstance(node.op, ast.Not):
            return _constant(not value.value)
        if isinstance(value, ast.Constant) and isinstance(node.op, ast.USub):
            return _constant(-value_of(value))
        return ast.UnaryOp(node.op, value)

    def _ifexp(self, node: ast.IfExp) -> ast.expr:
        test = self.fold(node.test)
        if isinstance(test, ast.Constant):
            return self.fold(node.body if test.value else node.orelse)
        return ast.IfExp(test, self.fold(node.body), self.fold(node.orelse))

    def _compare(self, node: ast.Compare) -> ast.expr:
        left, right = self.fold(node.left), self.fold(node.comparators[0])
        both = isinstance(left, ast.Constant) and isinstance(right, ast.Constant)
        given = value_of(left), value_of(right)
        if len(node.ops) == 1 and both and not _is_open(*given):
            return _constant(COMPARISONS[type(node.ops[0])](*given))
        return ast.Compare(left, node.ops, [right, *node.comparators[1:]])

    def _binop(self, node: ast.BinOp) -> ast.expr:
        left = self.fold(node.left)
        if isinstance(node.op, ast.BitOr):
            name, arguments = filter_of(node)
            given = [self.fold(one) for one in arguments]
            if isinstance(left, ast.Constant) and name in FILTERS and _constants(given):
                if isinstance(left.value, Unknown):
                    return left
                return _constant(FILTERS[name](left.value, *_constants(given, values=True)))
            return ast.BinOp(left, node.op, node.right)
        right = self.fold(node.right)
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            if isinstance(node.op, ast.Add) and size(left.value, right.value) < MAX_VALUE:
                return _constant(add(left.value, right.value))
            if isinstance(node.op, ast.Sub):
                return _constant(value_of(left) - value_of(right))
        return ast.BinOp(left, node.op, right)

    def _call(self, node: ast.Call) -> ast.expr:
        given = [self.fold(one) for one in node.args]
        if isinstance(node.func, ast.Attribute):
            base = self.fold(node.func.value)
            if node.func.attr in METHODS and isinstance(base, ast.Constant) and _constants(given):
                if isinstance(base.value, Unknown):
                    return base
                method = getattr(str(base.value), node.func.attr)
                return _constant(method(*_constants(given, values=True)))
            if node.func.attr == "get" and isinstance(base, ast.Constant) and _constants(given):
                return _constant(value_of(base).get(*_constants(given, values=True)))
            func = ast.Attribute(base, node.func.attr, ast.Load())
            return ast.Call(func, given, node.keywords)
        return ast.Call(node.func, given, node.keywords)

    def _subscript(self, node: ast.Subscript) -> ast.expr:
        base, key = self.fold(node.value), self.fold(node.slice)
        if isinstance(base, ast.Constant) and isinstance(key, ast.Constant):
            return base if isinstance(base.value, Unknown) else _constant(value_of(base)[key.value])
        return ast.Subscript(base, key, ast.Load())

    def _attribute(self, node: ast.Attribute) -> ast.expr:
        base = self.fold(node.value)
        if isinstance(value_of(base), dict):
            return _constant(value_of(base).get(node.attr))
        return ast.Attribute(base, node.attr, ast.Load())


def _is_open(*values: Any) -> bool:
    """Return whether a comparison depends on what a person has yet to set."""
    return any(isinstance(one, Unknown) and one.is_set for one in values)


def _constants(nodes: list[ast.expr], *, values: bool = False) -> Any:
    found = [one.value for one in nodes if isinstance(one, ast.Constant)]
    return found if values else len(found) == len(nodes)
