"""A server behind the fault proxy, and a stream of three pages that is read through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.fault_bench import PAGE_SIZE, ROWS, STREAM, WAYS, Bench
from tests.faults.fault_proxy import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def proxy(api: Any) -> Iterator[FaultProxy]:
    """Serve the rows, by page and lower bound, behind a proxy that spoils the second page."""

    def answer(seen: Any) -> Any:
        rows = [row for row in ROWS if row["at"] >= seen.query.get("since", "")]
        first = (int(seen.query["page"]) - 1) * PAGE_SIZE
        return {"d": rows[first : first + PAGE_SIZE]}

    api.routes["/items"] = answer
    with FaultProxy(api.host) as proxy:
        proxy.spoils = lambda target: "page=2" in target
        yield proxy


@pytest.fixture(params=WAYS)
def bench(request: Any, api: Any, proxy: FaultProxy, tap: Any) -> Bench:
    stream = {**STREAM, **WAYS[request.param]}
    settings = {"timeout": 1, "max_retries": 1, "max_wait": 0.01}
    config = api.config(stream, base_url=f"http://{proxy.host}", **settings)
    return Bench(proxy, tap, config)
