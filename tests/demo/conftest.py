"""The demo under test, served on a free port."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.demo.server import DemoServer
from tests.support.demo_client import Browser, Client


@pytest.fixture(scope="session")
def shared_demo():
    with DemoServer(port=0) as demo:
        yield demo


@pytest.fixture
def client(shared_demo):
    """A client of a demo whose rows no test changes."""
    client = Client(shared_demo.url)
    with client.http:
        yield client


@pytest.fixture
def browser(shared_demo):
    browser = Browser(shared_demo.url)
    with browser.http:
        yield browser


@pytest.fixture
def own_client(clock):
    """A client of its own demo, with tokens of 100 s and a clock that the test moves."""
    with DemoServer(port=0, token_lifetime=100, clock=clock) as demo:
        client = Client(demo.url)
        with client.http:
            yield client
