"""Trouble on demand: the requests that are to go wrong, and how. No endpoint's own answer here."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_oauth2_generic.demo.params import Params
from tap_oauth2_generic.demo.wire import Request, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("status", "drop", "cut")


@dataclass(frozen=True)
class Plan:
    """What goes wrong at one path: after so many requests, so many times.

    Only requests count whose query holds the text ``having``.
    """

    path: str
    having: str
    kind: str
    after: int
    times: int
    answer: Response


class Trouble:
    """The plan in force, one at a time, safe to share between threads."""

    def __init__(self) -> None:
        """Begin without any."""
        self._lock = threading.Lock()
        self._plan: Plan | None = None

    def plan(self, request: Request) -> Response:
        """Make requests go wrong: ``{"path", "having", "after", "times", "kind", "status"}``.

        Of the requests to ``path`` whose query holds ``having``, so many after so many.
        ``kind`` is ``status`` (answered with ``status``, ``body`` and ``retry_after``), ``drop``
        (the connection is closed without an answer) or ``cut`` (the answer breaks off).
        """
        params = Params.from_body(request.body)
        seconds = params.integer("retry_after", 0, least=0)
        headers = (("Retry-After", str(seconds)),) if params.has("retry_after") else ()
        body = params.any("body", {"error": "trouble", "error_description": "as was asked for"})
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
        """End the trouble; tells how often it was still to come."""
        with self._lock:
            left, self._plan = (self._plan.times if self._plan else 0), None
        return json_response({"left": left})

    def befall(self, path: str, query: str, answer: Callable[[], Response]) -> Response:
        """Return what a request gets: ``answer``, or the trouble that is due."""
        plan = self._due(path, query)
        if plan is None:
            return answer()
        return plan.answer if plan.kind == "status" else replace(answer(), fault=plan.kind)

    def _due(self, path: str, query: str) -> Plan | None:
        """Count a request, and return the plan if it is to go wrong."""
        with self._lock:
            plan = self._plan
            if plan is None or plan.path != path or plan.having not in query or not plan.times:
                return None
            if plan.after:
                self._plan = replace(plan, after=plan.after - 1)
                return None
            self._plan = replace(plan, times=plan.times - 1)
            return plan
