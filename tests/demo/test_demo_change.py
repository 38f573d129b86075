"""The demo's data is the same at every start and changes only on request."""

from __future__ import annotations

from datetime import datetime, timezone

from tap_oauth2_generic.demo.server import DemoServer
from tests.support.demo_client import Client
from tests.support.demo_pages import READERS, read_all, when

LAST_OF_2025 = "2025-12-31T23:59:59Z"


def test_every_start_has_the_same_data(client, own_client):
    for name in ("countries", "contacts", "issues", "people", "charges"):
        assert client.call(f"/{name}").content == own_client.call(f"/{name}").content
    assert client.counts() == own_client.counts()


def test_demo_has_between_two_and_ten_thousand_rows(client):
    assert set(client.counts()) == {*READERS, "tasks"}
    assert 2_000 < sum(client.counts().values()) < 10_000


def test_next_sync_finds_exactly_the_changed_rows(own_client):
    before = {
        name: {record["id"]: record for record in read_all(own_client, name)} for name in READERS
    }
    changed = own_client.change()
    assert set(changed) == {*READERS, "tasks"}
    for name, old in before.items():
        found = read_all(own_client, name, updated_after=LAST_OF_2025)
        new = [record for record in found if record["id"] not in old]
        assert len(found) == changed[name] > len(new) == 1
        assert len(read_all(own_client, name)) == len(old) + 1
        for record in found:
            assert record["id"] not in old or visible(record) != visible(old[record["id"]])


def test_changes_have_unique_ascending_past_times(own_client):
    latest = datetime(2025, 12, 31, tzinfo=timezone.utc)
    for _ in range(10):
        changed = own_client.change()
        for name in READERS:
            found = read_all(own_client, name, updated_after=latest.isoformat())
            assert len(found) == changed[name]
        latest = max(when(read_all(own_client, name)[-1]) for name in READERS)
    assert latest < datetime.now(timezone.utc)


def test_same_changes_lead_to_the_same_data(own_client):
    with DemoServer(port=0) as twin:
        other = Client(twin.url)
        with other.http:
            for each in (other, own_client, other, own_client):
                each.change()
            for name in READERS:
                assert read_all(other, name) == read_all(own_client, name)


def test_change_needs_post_and_no_token(own_client):
    assert sum(own_client.change().values()) == 4 * len(own_client.counts())
    assert own_client.http.get(f"{own_client.url}/demo/change", timeout=5).status_code == 405


def visible(record):
    """Return a record without its times."""
    fields = {name: value for name, value in record.items() if name != "updated_at"}
    if "fields" in fields:
        fields["fields"] = {**fields["fields"], "updated": None}
    return fields
