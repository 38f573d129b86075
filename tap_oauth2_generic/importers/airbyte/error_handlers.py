"""The error handlers of a manifest as ``response_rules``; pure."""

from __future__ import annotations

import ast
import re
from typing import Any

from tap_oauth2_generic.importers.airbyte.expressions import chain_of, value_of
from tap_oauth2_generic.importers.airbyte.manifest import Component, LeftOutError
from tap_oauth2_generic.importers.airbyte.paging import to_path
from tap_oauth2_generic.importers.airbyte.texts import Texts
from tap_oauth2_generic.net.retry import LEAST_ERROR

_ACTIONS = {
    "IGNORE": "ignore",
    "SUCCESS": "ignore",
    "FAIL": "fail",
    "RETRY": "retry",
    "RATE_LIMITED": "retry",
    "REFRESH_TOKEN_THEN_RETRY": "refresh",
}
# The tap fails or retries these by itself.
_FAILING = frozenset({400, 401, 403, 404, 405, 406, 409, 410, 422})
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_DEFAULTS = {"fail": _FAILING, "retry": _RETRIED}


def read_rules(handler: Component | None, texts: Texts, lost: list[str]) -> list[dict[str, Any]]:
    """Return response rules; what has no counterpart is added to ``lost`` with its line."""
    found: list[dict[str, Any]] = []
    for rule in reversed(_rules(handler, texts, lost) if handler else []):
        # The first rule that fits counts: one that says what the tap does anyhow shields it from
        # those after it.
        default = _DEFAULTS.get(rule["action"], frozenset())
        codes = [code for code in rule.get("status", ()) if found or code not in default]
        if codes or "status" not in rule:
            status = {"status": codes if len(codes) > 1 else codes[0]} if codes else {}
            found.insert(0, {**rule, **status})
    return found


def _rules(handler: Component, texts: Texts, lost: list[str]) -> list[dict[str, Any]]:
    if handler.type == "CompositeErrorHandler":
        inner = handler.children("error_handlers", "DefaultErrorHandler")
        return [rule for one in inner for rule in _rules(one, texts, lost)]
    if handler.type != "DefaultErrorHandler":
        lost.append(
            f"line {handler.line}: {handler.type} is custom code; the tap retries 429 and 5xx, "
            "and fails on other errors"
        )
        return []
    found: list[dict[str, Any]] = []
    for one in handler.children("response_filters", "HttpResponseFilter"):
        found += _of_filter(one, texts, lost)
    for one in handler.children("backoff_strategies"):
        if one.type not in ("ExponentialBackoffStrategy", "ConstantBackoffStrategy"):
            texts.notes.append(
                f"line {one.line}: {one.kind}: the tap waits by Retry-After and X-RateLimit-Reset; "
                "another header belongs in rate_limit_header"
            )
    return found


def _of_filter(one: Component, texts: Texts, lost: list[str]) -> list[dict[str, Any]]:
    action = _ACTIONS.get(one.text("action", "").upper())
    if one.type != "HttpResponseFilter" or (one.text("action") and action is None):
        lost.append(f"line {one.line}: {one.text('action') or one.type} has no counterpart")
        return []
    if action is None:
        return []
    codes = one.get("http_codes")
    listed = codes if isinstance(codes, list) else []
    codes = [int(code) for code in listed if str(code).isdecimal()]
    is_success = one.text("action").upper() == "SUCCESS"
    if is_success:
        # The tap reads the records of these as it is; to ignore them would lose rows.
        codes = [code for code in codes if code >= LEAST_ERROR]
    found: list[dict[str, Any]] = [{"status": codes, "action": action}] if codes else []
    if one.text("error_message_contains") and action != "fail":
        lost.append(
            f"line {one.line_of('error_message_contains')}: a rule by the text of an error needs "
            f"the path of its message; the rule would be {action}"
        )
    predicate = one.text("predicate")
    if predicate and is_success:
        lost.append(f"line {one.line_of('predicate')}: SUCCESS by a predicate has no counterpart")
    elif predicate:
        found += _of_predicate(one, predicate, action, texts, lost)
    return found


def _of_predicate(
    one: Component, predicate: str, action: str, texts: Texts, lost: list[str]
) -> list[dict[str, Any]]:
    try:
        parts = texts.parts(one, predicate)
    except LeftOutError:
        parts = []
    if len(parts) == 1 and not isinstance(parts[0], str):
        conditions = [_condition(node) for node in _alternatives(parts[0])]
        if all(conditions):
            return [{**(condition or {}), "action": action} for condition in conditions]
    lost.append(
        f"line {one.line_of('predicate')}: a rule by this predicate has no counterpart; it would "
        f"be {action}"
    )
    return []


def _alternatives(node: ast.expr) -> list[ast.expr]:
    is_or = isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or)
    return node.values if is_or and isinstance(node, ast.BoolOp) else [node]


def _condition(node: ast.expr) -> dict[str, Any] | None:  # noqa: PLR0911 - a line for each
    """Return a condition on the response; ``'code' in response and response.code == 1`` is one."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        found = [one for one in map(_condition, node.values) if one != {}]
        return found[0] if len(found) == 1 else None
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return None
    left, right, operator = node.left, node.comparators[0], node.ops[0]
    chain, given = chain_of(left), value_of(right)
    if isinstance(operator, ast.In) and isinstance(left, ast.Constant):
        around = chain_of(right)
        if around == ("response",):
            return {}
        is_part = around and around[0] == "response" and isinstance(left.value, str)
        pattern = re.escape(str(left.value))
        return {"path": to_path(around[1:]), "matches": pattern} if around and is_part else None
    if chain is None or chain[0] != "response" or len(chain) == 1:
        return None
    if isinstance(operator, ast.Eq) and isinstance(right, ast.Constant):
        return {"path": to_path(chain[1:]), "equals": given}
    if isinstance(operator, ast.NotEq) and isinstance(given, str | int):
        return {"path": to_path(chain[1:]), "matches": f"^(?!{re.escape(str(given))}$)"}
    if isinstance(operator, ast.In) and isinstance(given, list):
        return {"path": to_path(chain[1:]), "in": given}
    return None
