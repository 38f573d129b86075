"""Why paging ended: one vocabulary, each reason of the code documented in its present words."""

from __future__ import annotations

import ast
import re

from tests.docs.blocks import DOCS
from tests.support import ROOT

PACKAGE = ROOT / "tap_oauth2_generic"
PAGE = (DOCS / "reference" / "pagination.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^\| `([^`]+)` \|", PAGE.partition("## Reasons")[2], re.MULTILINE)
MAKERS = {"Stop", "Problem"}


def joined(sets):
    return set().union(*sets)


class Reasons:
    """Follows the first argument of each Stop to the strings that it may be."""

    def __init__(self):
        folders = [PACKAGE / "pagination", PACKAGE / "extract"]
        files = [path for folder in folders for path in sorted(folder.glob("*.py"))]
        nodes = [
            node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        ]
        self.functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
        self.constants = {}
        for scope in (node for node in nodes if isinstance(node, ast.Module | ast.ClassDef)):
            for node in scope.body:
                if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                    self.constants.setdefault(getattr(target, "id", ""), []).append(node.value)

    def all(self):
        found = {
            text
            for function in self.functions
            for node in ast.walk(function)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MAKERS
            for text in self.strings(node.args[0], function)
        }
        return {text.replace("……", "…") for text in found if text.strip(" …")}

    def strings(self, node, function):
        if isinstance(node, ast.Constant):
            return {node.value} if isinstance(node.value, str) else set()
        if isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else "…" for p in node.values]
            return {"".join(parts)}
        if isinstance(node, ast.IfExp):
            return self.strings(node.body, function) | self.strings(node.orelse, function)
        if isinstance(node, ast.BoolOp):
            return joined(self.strings(value, function) for value in node.values)
        if isinstance(node, ast.Call):
            return self.returned(getattr(node.func, "attr", getattr(node.func, "id", "")))
        if isinstance(node, ast.Attribute):
            return joined(self.strings(v, function) for v in self.constants.get(node.attr, []))
        return self.named(node.id, function) if isinstance(node, ast.Name) else set()

    def returned(self, name):
        """Return what the functions of a name return."""
        return joined(
            self.strings(node.value, function)
            for function in self.functions
            if function.name == name
            for node in ast.walk(function)
            if isinstance(node, ast.Return) and node.value is not None
        )

    def named(self, name, function):
        """Return what is assigned to a name in a function, else in a module."""
        values = []
        for node in ast.walk(function):
            if isinstance(node, ast.Assign | ast.NamedExpr):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                names = [getattr(one, "id", None) for one in getattr(target, "elts", [target])]
                if name in names:
                    same = [node.value] * len(names)
                    values.append(getattr(node.value, "elts", same)[names.index(name)])
        return joined(self.strings(v, function) for v in values or self.constants.get(name, []))


def test_every_reason_is_documented_in_its_words():
    """What stands in a Stop, with ``…`` for values, is a row of the page; nothing else is."""
    # The reason of a 304 is passed on as an argument.
    assert Reasons().all() == set(SHOWN) - {"status 304: not modified"}
