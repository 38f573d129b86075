"""The demo, a PostgreSQL, a Meltano project for each test, and the warehouses to load."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.demo import DemoServer
from tests.pipelines.meltano_project import ROOT, Project
from tests.pipelines.warehouses import CSV, DuckDB, JSONLines, PostgreSQL
from tests.support.demo_client import Client
from tests.support.postgres import postgres

WAREHOUSES = {kind.loader: kind for kind in (DuckDB, PostgreSQL, CSV, JSONLines)}


def pytest_collection_modifyitems(items):
    """Mark every test of this folder, so that it runs only where its plugins are installed."""
    for item in items:
        if "tests/pipelines" in item.path.relative_to(ROOT).as_posix():
            item.add_marker("pipelines")


@pytest.fixture
def demo():
    """A client of a demo of its own, whose rows the test changes."""
    with DemoServer(port=0) as server:
        client = Client(server.url)
        with client.http:
            yield client


@pytest.fixture(scope="session")
def postgres_url():
    with postgres() as url:
        yield url


@pytest.fixture(params=WAREHOUSES)
def warehouse(request, tmp_path):
    """Each warehouse in turn, empty."""
    kind = WAREHOUSES[request.param]
    where = request.getfixturevalue("postgres_url") if kind is PostgreSQL else tmp_path
    made = kind(where)
    yield made
    made.close()


@pytest.fixture
def project(tmp_path):
    """A project with the tap alone."""
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder)


@pytest.fixture
def loading_project(tmp_path, warehouse):
    """A project with the tap and the loader of the warehouse."""
    folder = tmp_path / "project"
    folder.mkdir()
    made = Project(folder, warehouse.loader)
    made.environment |= warehouse.environment
    return made
