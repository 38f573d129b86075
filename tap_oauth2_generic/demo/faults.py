"""Faults on demand: which requests fail, and how. No endpoint lives here."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_oauth2_generic.demo.http_messages import Request, Response, json_response
from tap_oauth2_generic.demo.params import Params

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("status", "drop", "cut")


@dataclass(frozen=True)
class Plan:
    """The fault of one path: how many requests pass first, how many fail then.

    Only requests whose query contains ``having`` count.
    """

    path: str
    having: str
    kind: str
    after: int
    times: int
    response: Response


class Faults:
    """The current plan, one at a time; safe to share between threads."""

    def __init__(self) -> None:
        """Start without a plan."""
        self._lock = threading.Lock()
        self._plan: Plan | None = None

    def plan(self, request: Request) -> Response:
        """Make requests fail: ``{"path", "having", "after", "times", "kind", "status"}``.

        Of the requests to ``path`` with ``having`` in the query, ``after`` pass and ``times`` fail.
        ``kind`` is ``status`` (respond with ``status``, ``body`` and ``retry_after``), ``drop``
        (close the connection without a response) or ``cut`` (truncate the response).
        """
        params = Params.from_body(request.body)
        seconds = params.integer("retry_after", 0, least=0)
        headers = (("Retry-After", str(seconds)),) if params.has("retry_after") else ()
        body = params.any("body", {"error": "fault", "error_description": "requested by a test"})
        plan = Plan(
            params.text("path") or "",
            params.text("having") or "",
            params.choice("kind", KINDS, KINDS[0]),
            params.integer("after", 0, least=0),
            params.integer("times", 1),
            json_response(body, params.integer("status", 503), headers),
        )
        with self._lock:
            self._plan = plan
        return json_response({"planned": True})

    def end(self, _: Request) -> Response:
        """Cancel the fault; returns how many requests were still to fail."""
        with self._lock:
            left, self._plan = (self._plan.times if self._plan else 0), None
        return json_response({"left": left})

    def apply(self, path: str, query: str, respond: Callable[[], Response]) -> Response:
        """Return the endpoint's response, or the planned fault if it is due."""
        plan = self._due(path, query)
        if plan is None:
            return respond()
        return plan.response if plan.kind == "status" else replace(respond(), fault=plan.kind)

    def _due(self, path: str, query: str) -> Plan | None:
        """Count a request and return the plan if the request must fail."""
        with self._lock:
            plan = self._plan
            if plan is None or plan.path != path or plan.having not in query or not plan.times:
                return None
            if plan.after:
                self._plan = replace(plan, after=plan.after - 1)
                return None
            self._plan = replace(plan, times=plan.times - 1)
            return plan
