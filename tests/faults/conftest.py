"""A server behind the fault proxy, and a stream of four pages read through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.fault_bench import MODES, PAGE_SIZE, ROWS, STREAM, Bench
from tests.faults.fault_proxy import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def proxy(api: Any, paged_api: Any) -> Iterator[FaultProxy]:
    """Serve four pages behind a proxy that injects faults into the third."""
    paged_api(ROWS, style="page_number", cap=PAGE_SIZE)
    with FaultProxy(api.host) as proxy:
        proxy.is_faulty = lambda target: "page=3" in target
        yield proxy


@pytest.fixture(params=MODES)
def bench(request: Any, api: Any, proxy: FaultProxy, tap: Any) -> Bench:
    stream = {**STREAM, **MODES[request.param]}
    settings = {"timeout": 1, "max_retries": 1, "max_wait": 0.01}
    config = api.config(stream, base_url=f"http://{proxy.host}", **settings)
    return Bench(proxy, tap, config)
