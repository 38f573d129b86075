"""Paginators of a manifest as ``pagination``: how pages follow, and how they end; pure."""

from __future__ import annotations

import ast
import re
from typing import Any

from tap_oauth2_generic.importers.airbyte.expressions import Chain, chain_of, is_falsy
from tap_oauth2_generic.importers.airbyte.manifest import Component
from tap_oauth2_generic.importers.airbyte.requests import put_option
from tap_oauth2_generic.importers.airbyte.stop_conditions import read_stop
from tap_oauth2_generic.importers.airbyte.texts import Texts
from tap_oauth2_generic.settings.limits import MAX_PAGE_SIZE
from tap_oauth2_generic.settings.paths import join_keys, to_jsonpath

_TOKENS = {"PageIncrement": "page", "OffsetIncrement": "offset", "CursorPagination": "cursor"}


def token_of(paginator: Component | None) -> str:
    """Return the placeholder that stands for the page in a stream's templates."""
    strategy = paginator.child("pagination_strategy") if paginator else None
    return _TOKENS.get(strategy.type, "") if strategy else ""


def read_paging(paginator: Component | None, made: dict[str, Any], texts: Texts) -> dict[str, Any]:
    """Return the pagination of a stream whose request is ``made``; raise LeftOutError."""
    if paginator is None or paginator.type in ("NoPagination", ""):
        return {}
    if paginator.type != "DefaultPaginator":
        raise paginator.fail(f"{paginator.kind} is custom code")
    strategy = paginator.child("pagination_strategy")
    read = _STRATEGIES.get(strategy.type) if strategy else None
    if strategy is None or read is None:
        raise (strategy or paginator).fail("its pagination strategy is custom code")
    found = read(strategy, paginator, made, texts)
    _take_size(strategy, paginator, found, made, texts)
    return found


def _take_size(
    strategy: Component,
    paginator: Component,
    found: dict[str, Any],
    made: dict[str, Any],
    texts: Texts,
) -> None:
    size = texts.constant(strategy, strategy.get("page_size"))
    size = int(size) if str(size).isdecimal() else None
    option = paginator.child("page_size_option")
    if size is None or option is None:
        return
    found["page_size"] = min(max(size, 1), MAX_PAGE_SIZE)
    if size > MAX_PAGE_SIZE:
        texts.notes.append(
            f"line {strategy.line_of('page_size')}: page_size {size} becomes {MAX_PAGE_SIZE}, the "
            "largest that the tap asks for"
        )
    _take_option(option, "page_size_param", "{page_size}", found, made, texts)


def _take_option(  # noqa: PLR0913, PLR0917
    option: Component | None,
    setting: str,
    template: str,
    found: dict[str, Any],
    made: dict[str, Any],
    texts: Texts,
) -> None:
    """Let a paging value travel in its own parameter, or by a template in a header or body."""
    where = put_option(option, "", made, texts)
    if where is None:
        return
    name, place = where
    if place == "params" and found.get("params_in") != "body":
        found[setting] = name
    else:
        put_option(option, template, made, texts)


def _count_style(  # noqa: PLR0913, PLR0917
    style: str, param: str, strategy: Component, paginator: Component, made: Any, texts: Texts
) -> dict[str, Any]:
    found: dict[str, Any] = {"style": style}
    option = paginator.child("page_token_option")
    if option is not None and option.type == "RequestPath":
        raise option.fail("a page number as an address has no counterpart")
    if option is None and param not in texts.symbols.used:
        raise paginator.fail("no parameter of the request carries the page")
    _take_option(option, f"{param}_param", f"{{{param}}}", found, made, texts)
    if strategy.get("page_size"):
        found["stop_on_short_page"] = True
    return found


def _page_increment(
    strategy: Component, paginator: Component, made: dict[str, Any], texts: Texts
) -> dict[str, Any]:
    found = _count_style("page_number", "page", strategy, paginator, made, texts)
    start = texts.constant(strategy, strategy.data.get("start_from_page")) or 0
    return {**found, "page_start": int(start) if str(start).isdecimal() else 0}


def _offset_increment(
    strategy: Component, paginator: Component, made: dict[str, Any], texts: Texts
) -> dict[str, Any]:
    return _count_style("offset", "offset", strategy, paginator, made, texts)


def _cursor_pagination(
    strategy: Component, paginator: Component, made: dict[str, Any], texts: Texts
) -> dict[str, Any]:
    option = paginator.child("page_token_option")
    parts = [
        part
        for part in texts.parts(strategy, strategy.text("cursor_value"))
        if not isinstance(part, str) or part.strip()
    ]
    if len(parts) != 1 or isinstance(parts[0], str):
        raise strategy.fail("the next token is put together of several values", "cursor_value")
    follows = option is not None and option.type == "RequestPath"
    found = _next_of(strategy, parts[0], follows=follows)
    if not follows and found["style"] != "link_header":
        _take_token(found, option, paginator, made, texts)
    stop = strategy.get("stop_condition")
    if stop not in (None, "", False):
        read_stop(strategy, stop, found, texts)
    return found


def _take_token(
    found: dict[str, Any],
    option: Component | None,
    paginator: Component,
    made: dict[str, Any],
    texts: Texts,
) -> None:
    counted = {"page_number": "page", "offset": "offset"}.get(found["style"])
    token = counted or "cursor"
    if counted and "cursor" in texts.symbols.used:
        raise paginator.fail("a counted page in a template has no counterpart")
    if option is None and token not in texts.symbols.used:
        raise paginator.fail("no parameter of the request carries the next token")
    _take_option(option, f"{token}_param", f"{{{token}}}", found, made, texts)


def _next_of(strategy: Component, node: ast.expr, *, follows: bool) -> dict[str, Any]:
    """Return the style in which an expression leads to the next page."""
    is_guarded = isinstance(node, ast.IfExp) and chain_of(node.test) == ("last_record",)
    if isinstance(node, ast.IfExp) and is_guarded and is_falsy([node.orelse]):
        # A page without a record is the last one anyway.
        node = node.body
    pattern = ""
    while (cut := _cut_of(node)) is not None:
        node, pattern = cut[0], pattern or cut[1]
    chain = chain_of(node)
    root = chain[0] if chain else ""
    if chain and root == "response" and len(chain) > 1:
        if follows and not pattern:
            return {"style": "next_url", "next_url_path": to_path(chain[1:])}
        if not follows:
            found = {"style": "cursor", "cursor_path": to_path(chain[1:])}
            return found | ({"cursor_pattern": pattern} if pattern else {})
    if chain and root == "headers" and len(chain) > 1 and not pattern:
        return _next_of_header(strategy, chain, follows=follows)
    if chain and not follows and not pattern and _is_last_record(chain):
        return {"style": "last_record", "last_record_path": to_path(_in_record(chain))}
    if not follows and (counted := _count_style_of(node)):
        return counted
    sentence = f"the next token is computed: {ast.unparse(node)[:80]}"
    raise strategy.fail(sentence, "cursor_value")


def _next_of_header(strategy: Component, chain: Chain, *, follows: bool) -> dict[str, Any]:
    name = str(chain[1]).lower()
    if name == "link" and len(chain) > 2 and chain[2] == "next":  # noqa: PLR2004
        # A cursor next to the URL is what that URL carries.
        if follows or chain[3:4] in (("url",), ("cursor",)):
            return {"style": "link_header"}
    elif len(chain) == 2 and not follows:  # noqa: PLR2004
        return {"style": "cursor", "cursor_header": str(chain[1])}
    raise strategy.fail("the next token is in a header in a form of its own", "cursor_value")


def _is_last_record(chain: Chain) -> bool:
    return (chain[0] == "last_record" and len(chain) > 1) or (
        chain[0] == "last_records" and len(chain) > 2 and chain[1] == -1  # noqa: PLR2004
    )


def _in_record(chain: Chain) -> Chain:
    return chain[2:] if chain[0] == "last_records" else chain[1:]


def _cut_of(node: ast.expr) -> tuple[ast.expr, str] | None:
    """Return the value that ``.split("page=")[1]`` cuts, and the pattern that cuts it as well."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        right = node.right
        if isinstance(right, ast.Call) and isinstance(right.func, ast.Name) and right.args:
            given = right.args[0]
            if right.func.id == "regex_search" and isinstance(given, ast.Constant):
                pattern = str(given.value)
                return node.left, pattern if "(" in pattern else f"({pattern})"
        return None
    if not (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call)):
        return None
    called, index = node.value.func, ast.unparse(node.slice)
    is_split = isinstance(called, ast.Attribute) and called.attr == "split" and node.value.args
    if not is_split or not isinstance(node.value.args[0], ast.Constant):
        return None
    by = re.escape(str(node.value.args[0].value))
    inner = called.value  # type: ignore[attr-defined]
    if index == "0" and (before := _cut_of(inner)) is not None:
        return before[0], before[1].replace("(.*)", f"(.*?)(?:{by}|$)")
    if index in ("1", "-1"):
        return inner, f"{by}(.*)" if index == "1" else f".*{by}(.*)"
    return None


def _count_style_of(node: ast.expr) -> dict[str, Any] | None:
    """Return the style of ``response.page + 1`` or ``response.offset + response.limit``."""
    if isinstance(node, ast.IfExp):
        return _count_style_of(node.body)
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)):
        return None
    left, right = chain_of(node.left), node.right
    if left is None or left[0] not in ("response", "last_page_token_value"):
        return None
    if isinstance(right, ast.Constant) and right.value == 1:
        return {"style": "page_number"}
    added = chain_of(right)
    is_size = added and added[0] in ("response", "last_page_size")
    return {"style": "offset"} if is_size or isinstance(right, ast.Constant) else None


def to_path(keys: Chain) -> str:
    """Return keys as a path of the tap."""
    if all(isinstance(key, str) and re.fullmatch(r"[^.'\"$*\[\]]+", key) for key in keys):
        return join_keys(tuple(map(str, keys)))
    if any(isinstance(key, int) for key in keys):
        return ".".join(f"'{key}'" if "." in str(key) else str(key) for key in keys)
    return to_jsonpath(tuple(map(str, keys)))


_STRATEGIES = {
    "PageIncrement": _page_increment,
    "OffsetIncrement": _offset_increment,
    "CursorPagination": _cursor_pagination,
}
