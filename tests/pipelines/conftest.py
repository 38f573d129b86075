"""Fixtures: a demo API, a PostgreSQL server, a Meltano project per test, the warehouses."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.demo.server import DemoServer
from tests.pipelines.meltano_project import ROOT, Project
from tests.pipelines.warehouses import CSV, DuckDB, JSONLines, PostgreSQL
from tests.support.demo_client import Client
from tests.support.postgres import postgres

WAREHOUSES = {kind.loader: kind for kind in (DuckDB, PostgreSQL, CSV, JSONLines)}


def pytest_collection_modifyitems(items):
    """Mark the tests of this folder: they run only where their plugins are installed."""
    for item in items:
        if "tests/pipelines" in item.path.relative_to(ROOT).as_posix():
            item.add_marker("pipelines")


@pytest.fixture
def demo():
    """A client of a demo API that no other test uses, so the test may change its rows."""
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
    """Each warehouse, empty."""
    kind = WAREHOUSES[request.param]
    where = request.getfixturevalue("postgres_url") if kind is PostgreSQL else tmp_path
    made = kind(where)
    yield made
    made.close()


@pytest.fixture
def project(tmp_path):
    """A project with the tap and no loader."""
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
