"""The mutants of a module: each differs from it in one place in one function.

Wording (strings with spaces, parts of f-strings), annotations and defaults stay as they are.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import CodeType

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_NOT_RUN = {"annotation", "returns", "decorator_list"}


@dataclass(frozen=True)
class Mutant:
    """A replacement of one node of a function.

    ``function`` is the name and first line of the outermost function, as in its code object;
    ``lines`` are those that a test must reach to notice the mutant.
    """

    path: Path
    function: tuple[str, int]
    lines: range
    holder: Any
    place: tuple[str, int | None]
    old: ast.AST
    new: ast.AST
    tree: ast.Module

    def __str__(self) -> str:
        name = f"{self.path.parent.name}/{self.path.name}:{self.lines[-1]} {self.function[0]}"
        return f"{name}: {_shown(self.old)} -> {_shown(self.new)}"

    def code(self) -> CodeType:
        """Change the tree, for good, and return the code of the mutated function."""
        field, index = self.place
        new = ast.copy_location(self.new, self.old)
        if index is None:
            setattr(self.holder, field, new)
        else:
            getattr(self.holder, field)[index] = new
        module = compile(ast.fix_missing_locations(self.tree), str(self.path), "exec")
        return next(code for code in _codes(module) if _key(code) == self.function)


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield the mutants of a module."""
    tree = ast.parse(path.read_text())
    for function in _outermost(tree.body):
        first = min([function.lineno, *(one.lineno for one in function.decorator_list)])
        for found in _below(function, function):
            yield Mutant(path, (function.name, first), *found, tree)


def _outermost(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for statement in body:
        if isinstance(statement, _FUNCTIONS):
            yield statement
        elif isinstance(statement, ast.ClassDef):
            yield from _outermost(statement.body)


def _below(holder: ast.AST, statement: ast.AST) -> Iterator[tuple[Any, ...]]:
    """Yield lines, holder, place, node and replacement of each mutation below a node."""
    for field, index, node in _children(holder):
        inner = node if isinstance(node, ast.stmt | ast.ExceptHandler) else statement
        lines = range(inner.lineno, getattr(node, "end_lineno", inner.lineno) + 1)
        for new in _replacements(holder, field, node):
            yield lines, holder, (field, index), node, new
        yield from _below(node, inner)


def _children(holder: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(holder):
        if field in _NOT_RUN or (field == "args" and isinstance(holder, _FUNCTIONS)):
            continue
        many = isinstance(value, list)
        for index, node in enumerate(value if many else [value]):
            if isinstance(node, ast.AST) and not _is_wording(holder, node, index):
                yield field, index if many else None, node


def _is_wording(holder: ast.AST, node: ast.AST, index: int) -> bool:
    """Return whether a node is a docstring, text in an f-string, or the type of a ``cast``."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    is_cast = isinstance(holder, ast.Call) and ast.unparse(holder.func) == "cast" and index == 0
    return is_cast or (isinstance(holder, ast.JoinedStr) and isinstance(node, ast.Constant))


def _replacements(holder: ast.AST, field: str, node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.expr():
            yield from _other_expressions(node)
        case ast.ExceptHandler(name=name, body=body):
            yield ast.ExceptHandler(ast.Tuple([], ast.Load()), name, body)
        case ast.stmt():
            yield from _other_statements(node)
    if field in {"test", "ifs"} and not isinstance(holder, ast.IfExp | ast.Assert):
        yield ast.Constant(value=False)
        if not isinstance(holder, ast.While):
            yield ast.Constant(value=True)


def _other_expressions(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Constant(value=value):
            yield from _other_constants(value)
        case ast.Compare(left=left, ops=[op], comparators=others):
            yield ast.Compare(left, [_COMPARISONS[type(op)]()], others)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            yield ast.BinOp(left, _OPERATORS[type(op)](), right)
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)


def _other_constants(value: object) -> Iterator[ast.expr]:
    if isinstance(value, bool):
        yield ast.Constant(value=not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value=value + 1)
    elif isinstance(value, str) and not set(value) & set(" \n"):
        yield ast.Constant(value=f"XX{value}XX")


def _other_statements(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
        case ast.Return(value=ast.expr()) if not _is_none(node.value):
            yield ast.Return(ast.Constant(value=None))
        case ast.Expr(value=value) if not isinstance(value, ast.Yield | ast.YieldFrom):
            yield ast.Pass()
        case ast.AugAssign(target=target, op=op, value=value):
            yield ast.Pass()
            if type(op) in _OPERATORS:
                yield ast.AugAssign(target, _OPERATORS[type(op)](), value)
        case ast.Raise() | ast.Delete():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case ast.AnnAssign(target=ast.Attribute() | ast.Subscript(), value=ast.expr()):
            yield ast.Pass()


def _is_none(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _key(code: CodeType) -> tuple[str, int]:
    return code.co_name, code.co_firstlineno


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, type(code)):
            yield from _codes(inner)


def _shown(node: ast.AST) -> str:
    first, *more = ast.unparse(node).splitlines()
    return f"{first} …" if more else first
