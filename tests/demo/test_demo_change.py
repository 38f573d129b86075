"""The laws of the demo's data: the same at every start, and changed on request only."""

from __future__ import annotations

from datetime import datetime, timezone

from tap_oauth2_generic.demo import DemoServer
from tests.support.demo_client import Client
from tests.support.demo_pages import WALKS, walk, when

LAST_OF_2025 = "2025-12-31T23:59:59Z"


def test_every_start_makes_the_same_data(client, own_client):
    """Two demos hold the same records, byte for byte."""
    for name in ("countries", "contacts", "issues", "people", "charges"):
        assert client.call(f"/{name}").content == own_client.call(f"/{name}").content
    assert client.counts() == own_client.counts()


def test_there_are_a_few_thousand_rows(client):
    """All collections together hold between two and ten thousand rows."""
    assert set(client.counts()) == {*WALKS, "tasks"}
    assert 2_000 < sum(client.counts().values()) < 10_000


def test_a_change_is_exactly_what_a_second_run_finds(own_client):
    """After a change, the filter by the last bookmark finds as many rows as the change named."""
    before = {name: {record["id"]: record for record in walk(own_client, name)} for name in WALKS}
    changed = own_client.change()
    assert set(changed) == {*WALKS, "tasks"}
    for name, old in before.items():
        found = walk(own_client, name, updated_after=LAST_OF_2025)
        new = [record for record in found if record["id"] not in old]
        assert len(found) == changed[name] > len(new) == 1
        assert len(walk(own_client, name)) == len(old) + 1
        for record in found:
            assert record["id"] not in old or visible(record) != visible(old[record["id"]])


def test_each_change_comes_after_the_one_before(own_client):
    """Changes of one demo never share a time, are later than all before, and lie in the past."""
    latest = datetime(2025, 12, 31, tzinfo=timezone.utc)
    for _ in range(10):
        changed = own_client.change()
        for name in WALKS:
            found = walk(own_client, name, updated_after=latest.isoformat())
            assert len(found) == changed[name]
        latest = max(when(walk(own_client, name)[-1]) for name in WALKS)
    assert latest < datetime.now(timezone.utc)


def test_the_same_changes_give_the_same_data(own_client):
    """A demo that was changed as often as another holds the same records."""
    with DemoServer(port=0) as twin:
        other = Client(twin.url)
        with other.http:
            for each in (other, own_client, other, own_client):
                each.change()
            for name in WALKS:
                assert walk(other, name) == walk(own_client, name)


def test_a_change_needs_no_token(own_client):
    """Both demonstration endpoints answer without a token; a change is a POST."""
    assert sum(own_client.change().values()) == 4 * len(own_client.counts())
    assert own_client.http.get(f"{own_client.url}/demo/change", timeout=5).status_code == 405


def visible(record):
    """Return a record without its times."""
    fields = {name: value for name, value in record.items() if name != "updated_at"}
    if "fields" in fields:
        fields["fields"] = {**fields["fields"], "updated": None}
    return fields
