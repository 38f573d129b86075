"""The error messages of the package, read from its source: each with ``…`` for every value."""

from __future__ import annotations

import ast

from tests.support import ROOT

PACKAGE = ROOT / "tap_oauth2_generic"
#: Messages of the demo and of programming mistakes are not for users of the tap.
_OTHERS = {"demo"}
_SHORTEST = 12


def error_messages():
    """Return each message of a raised error or a mistake in a configuration, with its file."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if not _OTHERS & set(path.relative_to(PACKAGE).parts):
            for message in _of_module(ast.parse(path.read_text(encoding="utf-8"))):
                if len(message.replace("…", "").strip()) >= _SHORTEST:
                    found.setdefault(message, path.relative_to(ROOT))
    return found


def all_strings():
    """Return every string of the package, with ``…`` for the values in it."""
    return [
        template
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for template in _templates(node, {})
    ]


def _of_module(tree):
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        names = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                names.setdefault(node.targets[0].id, []).append(node.value)
        for node in ast.walk(function):
            yield from _of_node(node, names)


def _of_node(node, names):
    """Yield the messages of a raised error, or of ``collector.add(place, message)``."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        if getattr(node.exc.func, "id", "").endswith(("Error", "Mismatch")):
            for argument in node.exc.args[:1]:
                yield from _templates(argument, names)
    elif _is_mistake(node):
        yield from _templates(node.args[1], names)


def _is_mistake(node):
    """Return whether a node is ``collector.add(place, message)``."""
    if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") != "add":
        return False
    return getattr(node.func.value, "id", "") == "collector" and len(node.args) > 1


def _templates(node, names):
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return ["".join(_part(value) for value in node.values)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return ["".join((_templates(side, names) or ["…"])[0] for side in (node.left, node.right))]
    if isinstance(node, ast.IfExp):
        return [t for side in (node.body, node.orelse) for t in _templates(side, names)]
    if isinstance(node, ast.Name):
        return [t for value in names.get(node.id, []) for t in _templates(value, {})]
    return []


def _part(value):
    return str(value.value) if isinstance(value, ast.Constant) else "…"
