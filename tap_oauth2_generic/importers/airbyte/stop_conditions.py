"""The ``stop_condition`` of a paginator as settings of ``pagination`` that end it; pure."""

from __future__ import annotations

import ast
from typing import Any

from tap_oauth2_generic.importers.airbyte.expressions import Chain, chain_of
from tap_oauth2_generic.importers.airbyte.manifest import Component
from tap_oauth2_generic.importers.airbyte.texts import Texts
from tap_oauth2_generic.settings.paths import to_jsonpath

_FOLLOWING = ("cursor", "next_url", "link_header")


def read_stop(strategy: Component, condition: Any, found: dict[str, Any], texts: Texts) -> None:
    """Add what ends paging to ``found``; raise LeftOutError for a condition that is lost."""
    parts = texts.parts(strategy, str(condition))
    nodes = [one for one in parts if isinstance(one, ast.expr)]
    if len(nodes) != 1 or any(isinstance(one, str) and one.strip() for one in parts):
        if not nodes and str(condition).strip().lower() in ("false", ""):
            return
        raise strategy.fail("the stop condition is no single expression", "stop_condition")
    _Reader(found).read(nodes[0], strategy)


class _Reader:
    def __init__(self, found: dict[str, Any]) -> None:
        self._found = found

    def read(self, node: ast.expr, strategy: Component) -> None:
        """Read one condition, or each of several of which any ends paging."""
        if isinstance(node, ast.Constant) and not node.value:
            return
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            for one in node.values:
                self.read(one, strategy)
            return
        takes = (self._absence, self._flag, self._size, self._total, self._value)
        if not any(take(node) for take in takes):
            shown = ast.unparse(node)[:80]
            raise strategy.fail(f"the stop condition has no counterpart: {shown}", "stop_condition")

    def _absence(self, node: ast.expr) -> bool:
        """``not response.next``: a missing token ends paging by itself."""
        chain = _absence_of(node)
        if chain is None:
            return False
        root = chain[0]
        if root in ("response", "last_records", "last_record") and len(chain) == 1:
            self._end_at_empty_page()
            return True
        if root == "headers" or self._is_token(chain):
            return self._found["style"] == "link_header" or self._is_token(chain)
        if root == "response" and _looks_like_more(chain):
            self._found["has_more_path"] = _path(chain)
            return True
        if root in ("response", "last_record", "last_records"):
            # Of what is no token, it is the list of records or the object around the token.
            if not self._holds_token(chain):
                self._end_at_empty_page()
            return True
        return False

    def _flag(self, node: ast.expr) -> bool:
        """``response.has_more == false``, ``response.isLast``."""
        chain, value = _comparison_of(node)
        if chain is None:
            chain, value = chain_of(node), True
        if chain is None or chain[0] != "response" or not isinstance(value, bool):
            return False
        self._found["last_page_path" if value else "has_more_path"] = _path(chain)
        return True

    def _size(self, node: ast.expr) -> bool:
        """``last_page_size == 0``, ``response.data | length == 0``, ``last_page_size < 100``."""
        if not isinstance(node, ast.Compare) or len(node.ops) != 1:
            return False
        is_length = isinstance(node.left, ast.BinOp) and isinstance(node.left.right, ast.Name)
        is_length = is_length and node.left.right.id in ("length", "count")  # type: ignore[attr-defined]
        chain = chain_of(node.left)
        is_count = chain and (chain[0] == "last_page_size" or "count" in str(chain[-1]))
        if not is_length and not is_count:
            return False
        right = node.comparators[0]
        limit = right.value if isinstance(right, ast.Constant) else None
        if isinstance(limit, int | float) and isinstance(node.ops[0], ast.Eq | ast.Lt | ast.LtE):
            # A short page is followed by an empty one, if the token leads on at all.
            self._end_at_empty_page()
            return True
        return False

    def _total(self, node: ast.expr) -> bool:
        """``response.page >= response.total_pages``, ``offset + limit >= response.total``."""
        if not isinstance(node, ast.Compare) or len(node.ops) != 1:
            return False
        sides = [node.left, node.comparators[0]]
        if isinstance(node.ops[0], ast.Lt | ast.LtE):
            sides.reverse()
        elif not isinstance(node.ops[0], ast.Gt | ast.GtE | ast.Eq):
            return False
        total = chain_of(sides[1])
        if total is None or total[0] != "response" or not _is_of_response(sides[0]):
            return False
        is_pages = self._found["style"] == "page_number" or "page" in str(total[-1]).lower()
        self._found["total_pages_path" if is_pages else "total_path"] = _path(total)
        return True

    def _value(self, node: ast.expr) -> bool:
        """``response.next == "-1"``: a value of the token that means the end."""
        chain, value = _comparison_of(node)
        if chain is None or not self._is_token(chain) or isinstance(value, list | dict):
            return False
        if self._found["style"] == "link_header":
            # results="false" in that header is an end by itself.
            return True
        self._found.setdefault("end_values", []).append("" if value is None else value)
        return True

    def _end_at_empty_page(self) -> None:
        if self._found["style"] in _FOLLOWING:
            self._found["stop_on_empty_page"] = True

    def _token(self) -> str:
        return str(self._found.get("cursor_path") or self._found.get("next_url_path") or "")

    def _is_token(self, chain: Chain) -> bool:
        if chain[0] == "headers":
            name = str(self._found.get("cursor_header") or "link").lower()
            return len(chain) > 1 and str(chain[1]).lower() == name
        return chain[0] == "response" and _path(chain) == self._token()

    def _holds_token(self, chain: Chain) -> bool:
        return self._token().startswith(f"{_path(chain)}.")


def _path(chain: Chain) -> str:
    keys = tuple(map(str, chain[1:]))
    is_plain = not any(set(key) & set(".'\"$*[]") for key in keys)
    return ".".join(keys) if is_plain else to_jsonpath(keys)


def _looks_like_more(chain: Chain) -> bool:
    word = str(chain[-1]).lower().replace("_", "").replace("-", "")
    return "more" in word or word in {"hasnext", "hasnextpage", "truncated", "istruncated"}


def _absence_of(node: ast.expr) -> Chain | None:
    """Return what an expression says is missing or empty."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return chain_of(node.operand)
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return None
    right = node.comparators[0]
    if isinstance(node.ops[0], ast.NotIn) and isinstance(node.left, ast.Constant):
        base = chain_of(right)
        return (*base, node.left.value) if base else None
    is_nothing = (isinstance(right, ast.Constant) and right.value in (None, "", [])) or (
        isinstance(right, ast.List | ast.Dict) and not ast.unparse(right).strip("[]{}")
    )
    if isinstance(node.ops[0], ast.Is | ast.Eq) and is_nothing:
        return chain_of(node.left)
    is_undefined = isinstance(right, ast.Name) and right.id == "defined"
    return chain_of(node.left) if is_undefined and isinstance(node.ops[0], ast.IsNot) else None


def _comparison_of(node: ast.expr) -> tuple[Chain | None, Any]:
    """Return a value of the response and the constant that it equals."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return None, None
    right = node.comparators[0]
    if not isinstance(right, ast.Constant):
        return None, None
    value = right.value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        value = value.lower() == "true"
    if isinstance(node.ops[0], ast.Eq | ast.Is):
        return chain_of(node.left), value
    if isinstance(node.ops[0], ast.NotEq | ast.IsNot) and isinstance(value, bool):
        return chain_of(node.left), not value
    return None, None


def _is_of_response(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_of_response(node.left) or _is_of_response(node.right)
    chain = chain_of(node)
    roots = ("response", "last_page_size", "next_page_token", "last_page_token_value")
    return bool(chain) and chain[0] in roots  # type: ignore[index]
