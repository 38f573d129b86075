"""Conditions and values of records: as conditions of ``keep``, or as expressions of stream maps."""

from __future__ import annotations

import ast
from typing import Any

from tap_oauth2_generic.importers.airbyte.expressions import (
    Chain,
    Unknown,
    chain_of,
    chain_with_default,
    value_of,
)
from tap_oauth2_generic.importers.airbyte.paging import to_path
from tap_oauth2_generic.importers.airbyte.symbols import Symbols

_SLICES = frozenset({"stream_partition", "stream_slice", "stream_interval"})
_STATES = _SLICES | {"stream_state"}
_TIMES = frozenset({"int", "float", "string", "format_datetime", "timestamp", "str_to_datetime"})
_METHODS = frozenset({"lower", "upper", "strip", "replace", "split", "startswith", "endswith"})
_TYPES = {"int": "int", "string": "str", "float": "float"}
_OPERATORS: dict[type, str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.In: "in", ast.NotIn: "not in", ast.Lt: "<",
    ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Is: "==", ast.IsNot: "!=",
}  # fmt: skip


def to_conditions(node: ast.expr) -> list[dict[str, Any]] | None:
    """Return conditions of ``keep`` that all must hold, None if it takes an expression."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        found = [to_conditions(one) for one in node.values]
        return None if None in found else [one for some in found for one in some or []]
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return None
    chain, right = chain_of(node.left), node.comparators[0]
    if chain is None or chain[0] != "record" or not isinstance(right, ast.Constant):
        return None
    path, value = to_path(chain[1:]), value_of(right)
    if isinstance(value, Unknown | dict):
        return None
    if isinstance(node.ops[0], ast.Eq | ast.Is) and not isinstance(value, list):
        return [{"path": path, "equals": value}]
    if isinstance(node.ops[0], ast.In) and isinstance(value, list) and value:
        return [{"path": path, "in": value}]
    return None


def find_newer_key(node: ast.expr, symbols: Symbols) -> str | None:
    """Return the key of a condition that keeps what is newer than the bookmark, else None."""
    if not isinstance(node, ast.Compare) or len(node.ops) > 1:
        return None
    if not isinstance(node.ops[0], ast.Gt | ast.GtE):
        return None
    side = _without_time(node.left)
    left = chain_of(side) or chain_with_default(side)
    parts = list(ast.walk(node.comparators[0]))
    names = {one.id for one in parts if isinstance(one, ast.Name)}
    if not left or left[0] != "record" or not names & _STATES or names - _STATES - _TIMES:
        return None
    bounds = symbols.interval.items()
    others = {*symbols.partition, *(key for key, bound in bounds if bound != "start")}
    if others & {key for one in parts for key in chain_of(one) or ()}:
        return None
    # An earlier time than the bookmark keeps more rows.
    is_changed = any(isinstance(one, ast.Slice | ast.Sub) for one in parts)
    return None if is_changed else ".".join(map(str, left[1:]))


def _without_time(node: ast.expr) -> ast.expr:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args
    return node.args[0] if isinstance(node, ast.Call) and is_call else node


def reads_bound(node: ast.expr, symbols: Symbols) -> bool:
    """Return whether an expression reads a bound of its slice, which no column holds."""
    chains = filter(None, map(chain_of, ast.walk(node)))
    return any(chain[0] in _SLICES and chain[-1] in symbols.interval for chain in chains)


def to_expression(node: ast.expr) -> str | None:  # noqa: PLR0911 - one line for each kind
    """Return the expression of a stream map for one of the manifest, None if there is none."""
    if isinstance(node, ast.Constant):
        return None if isinstance(node.value, Unknown) else repr(node.value)
    if chain := chain_of(node):
        return _member(chain)
    if isinstance(node, ast.BoolOp):
        word = " and " if isinstance(node.op, ast.And) else " or "
        return _join(word, node.values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = to_expression(node.operand)
        return f"(not {inner})" if inner else None
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _comparison(node)
    if isinstance(node, ast.IfExp):
        parts = [to_expression(one) for one in (node.body, node.test, node.orelse)]
        return f"({parts[0]} if {parts[1]} else {parts[2]})" if all(parts) else None
    if isinstance(node, ast.BinOp):
        return _operation(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        base = to_expression(node.func.value)
        given = [to_expression(one) for one in node.args]
        if base and node.func.attr in _METHODS and all(given):
            return f"{base}.{node.func.attr}({', '.join(map(str, given))})"
    return None


def _operation(node: ast.BinOp) -> str | None:
    left = to_expression(node.left)
    if isinstance(node.op, ast.BitOr) and isinstance(node.right, ast.Name):
        kind = _TYPES.get(node.right.id)
        return f"{kind}({left})" if kind and left else None
    right = to_expression(node.right)
    return f"({left} + {right})" if isinstance(node.op, ast.Add) and left and right else None


def _comparison(node: ast.Compare) -> str | None:
    right, operator = node.comparators[0], node.ops[0]
    left = to_expression(node.left)
    if isinstance(right, ast.Name) and right.id == "defined":
        # As Jinja's record has it, a null is defined; a column of the tap cannot tell.
        return f"({left} {'!=' if isinstance(operator, ast.Is) else '=='} None)" if left else None
    other = to_expression(right)
    word = _OPERATORS.get(type(operator))
    return f"({left} {word} {other})" if left and other and word else None


def _join(word: str, nodes: list[ast.expr]) -> str | None:
    found = [to_expression(one) for one in nodes]
    return f"({word.join(map(str, found))})" if all(found) else None


def _member(chain: Chain) -> str | None:
    if chain[0] in _SLICES and len(chain) == 2:  # noqa: PLR2004
        return f"record.get({chain[1]!r})"
    if chain[0] != "record" or not all(isinstance(key, str) for key in chain):
        return None
    if len(chain) == 1:
        return "record"
    found = f"record.get({chain[1]!r})"
    for key in chain[2:]:
        found = f"({found} or {{}}).get({key!r})"
    return found
