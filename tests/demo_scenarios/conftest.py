"""One running demo for all scenarios, and configurations that read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_oauth2_generic.demo.server import DemoServer

if TYPE_CHECKING:
    from collections.abc import Iterator


class Demo:
    """A running demo as scenarios use it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False

    def config(self, *streams: dict[str, Any], **settings: Any) -> dict[str, Any]:
        """Return a configuration for the demo with these streams."""
        return {
            "base_url": f"{self.url}/api/v1",
            "access_token_url": f"{self.url}/oauth/token",
            "grant_type": "client_credentials",
            "client_id": "demo-client",
            "client_secret": "demo-secret",
            "max_retries": 0,
            "streams": list(streams),
            **settings,
        }

    def counts(self) -> dict[str, int]:
        return self.http.get(f"{self.url}/demo/counts", timeout=10).json()

    def change(self) -> dict[str, int]:
        return self.http.post(f"{self.url}/demo/change", timeout=10).json()


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    with DemoServer(port=0) as server:
        demo = Demo(server.url)
        with demo.http:
            yield demo


@pytest.fixture
def own_demo() -> Iterator[Demo]:
    """A demo of one test, which may change its rows."""
    with DemoServer(port=0) as server:
        demo = Demo(server.url)
        with demo.http:
            yield demo
