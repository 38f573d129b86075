"""GraphQL: a query that is posted as JSON, the errors in its response, and its cost; pure.

Paging and nested lists are those of any stream.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tap_oauth2_generic.net.request import Response
from tap_oauth2_generic.net.retry import ResilienceSettings, Verdict, wait_and_retry
from tap_oauth2_generic.runtime.redaction import excerpt
from tap_oauth2_generic.runtime.timestamps import read_number
from tap_oauth2_generic.settings.field_types import TEMPLATES, TEXT
from tap_oauth2_generic.settings.fields import Settings, setting
from tap_oauth2_generic.settings.paths import parse_path

# What Shopify, GitHub and monday.com call a limit that passes.
_LIMITS = frozenset({"THROTTLED", "RATE_LIMITED", "COMPLEXITY_BUDGET_EXHAUSTED"})
_SHOWN = 3
# Shopify's cost of a query, in points that come back by a rate a second.
_COST, _STATUS = parse_path("extensions.cost"), "throttleStatus"


class GraphQL(Settings):
    """A GraphQL query."""

    query: str = setting(TEXT, "The query; no brace in it is a placeholder.", required=True)
    variables: dict[str, Any] = setting(
        TEMPLATES, "Its variables, whose strings are templates.", default={}
    )

    @property
    def body(self) -> dict[str, Any]:
        """The body of the request."""
        return {"query": self.query, "variables": self.variables}

    def contradictions(self) -> list[str]:
        """Return a sentence if there is no query."""
        return [] if self.query.strip() else ["setting 'query' is required"]


def decide(
    response: Response, settings: ResilienceSettings, now: float
) -> tuple[Verdict, str, float]:
    """Decide on a response with a good status.

    Also describe it by a verb phrase, and return the seconds until the query may be sent again.
    """
    body = response.read_body()
    wait = min(_seconds_to_restore(body), settings.max_wait)
    errors = body.get("errors") if isinstance(body, Mapping) else None
    if not errors:
        return Verdict("ok"), "", wait
    found = errors if isinstance(errors, list) else [errors]
    said = f"returned GraphQL errors: {'; '.join(map(_describe, found[:_SHOWN]))}"
    if not any(_code(error) in _LIMITS for error in found):
        return Verdict("fail"), said, wait
    if _cost_of(body) > _points_of(body, "maximumAvailable", math.inf):
        refusal = "the query costs more than the API ever allows; request fewer fields or records"
        return Verdict("fail", refusal=refusal), said, 0
    verdict = wait_and_retry(response.headers, settings, now, is_limit=True, holds_all=True)
    return (Verdict("retry", wait, holds_all=True) if wait else verdict), said, wait


def _seconds_to_restore(body: Any) -> float:
    rate = _points_of(body, "restoreRate", 0)
    missing = _cost_of(body) - _points_of(body, "currentlyAvailable", math.inf)
    return max(missing, 0) / rate if rate > 0 else 0


def _cost_of(body: Any) -> float:
    cost = _COST.find(body)
    return _number(cost.get("requestedQueryCost"), 0) if isinstance(cost, Mapping) else 0


def _points_of(body: Any, name: str, otherwise: float) -> float:
    cost = _COST.find(body)
    status = cost.get(_STATUS) if isinstance(cost, Mapping) else None
    return _number(status.get(name), otherwise) if isinstance(status, Mapping) else otherwise


def _number(value: Any, otherwise: float) -> float:
    found = read_number(value)
    return otherwise if found is None else float(found)


def _code(error: Any) -> Any:
    """Return the code of an error: of its extensions, or as GitHub's ``type``."""
    if not isinstance(error, Mapping):
        return None
    extensions = error.get("extensions")
    return extensions.get("code") if isinstance(extensions, Mapping) else error.get("type")


def _describe(error: Any) -> str:
    if not isinstance(error, Mapping):
        return excerpt(str(error))
    path = error.get("path")
    place = f" at {'.'.join(map(str, path))}" if isinstance(path, list) and path else ""
    return excerpt(f"{error.get('message') or _code(error)}{place}")
