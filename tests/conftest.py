"""Fixtures that all tests share; what they are made of is in ``tests.support``."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tap_oauth2_generic.demo.server import DemoServer
from tap_oauth2_generic.runtime.redaction import Redactor, redact
from tests.support import ROOT
from tests.support.clocks import SleepingClock
from tests.support.paging import PagedApi
from tests.support.runs import TapRunner
from tests.support.server import ApiServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# Names in a test module, and fixtures, that start servers, processes or browsers.
_STARTERS = {
    "subprocess",
    "multiprocessing",
    "socket",
    "benchmarks",
    "ApiServer",
    "DemoServer",
    "opened",
}
_STARTING_FIXTURES = {
    "api",
    "other_api",
    "tap",
    "demo",
    "shared_demo",
    "own_client",
    "server",
    "browser",
}
# Properties hold on a busy machine, too: how long an example takes decides nothing.
settings.register_profile("any-pace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-pace")
# Committing to a token store in memory takes no time.
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - not a fixed name


@pytest.fixture
def clock() -> SleepingClock:
    return SleepingClock()


@pytest.fixture
def api() -> Iterator[ApiServer]:
    """A server whose responses the test scripts."""
    with ApiServer() as server:
        yield server


@pytest.fixture
def demo() -> Iterator[DemoServer]:
    """The demo of this project, on a free port."""
    with DemoServer(port=0) as server:
        yield server


@pytest.fixture
def other_api() -> Iterator[ApiServer]:
    with ApiServer() as server:
        yield server


@pytest.fixture
def paged_api(api: ApiServer) -> Callable[..., PagedApi]:
    """A function that has ``api`` serve rows in pages of any style."""

    def serve(
        rows: Sequence[dict[str, Any]], *, style: str, cap: int = 100, path: str = "items"
    ) -> PagedApi:
        return PagedApi(api, rows, style, cap, path)

    return serve


@pytest.fixture
def own_address() -> str:
    """An address of this machine that is not loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address other than loopback")
        return str(probe.getsockname()[0])


@pytest.fixture(autouse=True)
def state_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep each test's tokens to itself, and the machine's proxies out."""
    with tempfile.TemporaryDirectory(dir=_MEMORY, ignore_cleanup_errors=True) as folder:
        monkeypatch.setenv("XDG_STATE_HOME", folder)
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield Path(folder)


@pytest.fixture(autouse=True)
def own_secrets() -> None:
    """Forget the secrets of other tests: they last as long as the process."""
    vars(redact.__self__).update(vars(Redactor()))


@pytest.fixture
def tap(tmp_path: Path, capfdbinary: Any) -> TapRunner:
    """Run the tap's command with a configuration, and optionally a state and a catalog."""
    return TapRunner(tmp_path, capfdbinary)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as ``unit`` each test that starts no server, process or browser."""
    for item in items:
        if isinstance(item, pytest.Function) and _is_unit(item):
            item.add_marker("unit")


def _is_unit(item: pytest.Function) -> bool:
    folder = item.path.parent.name
    if not (ROOT / "tap_oauth2_generic" / folder).is_dir():
        return False
    imported = {name for name in vars(item.module) if not name.startswith("_")}
    return not (_STARTERS & imported or _STARTING_FIXTURES & set(item.fixturenames))
