"""A stream of four pages read through faults, and its records over all runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.fault_proxy import FaultProxy

PAGE_SIZE = 3
ROWS = [{"id": n, "at": f"2024-01-{n:02}T00:00:00Z", "t": "\u00e9" * 20} for n in range(1, 13)]
_COLUMNS = {"id": {"type": "integer"}, "at": {"type": "string"}, "t": {"type": "string"}, "x": {}}
STREAM = {
    "name": "items",
    "path": "items",
    "records_path": "rows",
    "schema": {"properties": _COLUMNS},
    "replication_key": "at",
    "incremental": {"start_param": "since", "order": "asc"},
    "pagination": {"style": "page_number"},
}
#: Settings of a stream that make its records take the fast path or not.
MODES = {"fast path": {}, "decoded": {"keep": [{"path": "id", "matches": "."}]}}


class Bench:
    """The stream behind the proxy, and its records over all runs."""

    def __init__(self, proxy: FaultProxy, tap: Callable[..., Any], config: dict[str, Any]) -> None:
        self.proxy = proxy
        self.config = config
        self._tap = tap
        self._state: dict[str, Any] = {}
        self.taken: dict[int, dict[str, Any]] = {}

    def run(self) -> Any:
        """Run the tap from the last STATE, and collect its records."""
        run = self._tap(self.config, state=self._state)
        self.taken |= {record["id"]: record for record in run.records("items")}
        states = [m["value"] for m in run.messages if m["type"] == "STATE"]
        self._state = states[-1] if states else self._state
        return run

    @property
    def bookmark(self) -> Any:
        return self._state.get("bookmarks", {}).get("items", {}).get("replication_key_value")
