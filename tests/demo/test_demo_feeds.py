"""The demo's feeds: bounds in every format, errors in a 200, drifting records."""

from __future__ import annotations

import pytest

from tap_oauth2_generic.demo import feed_records, shop
from tap_oauth2_generic.demo.feeds_api import BOUNDS
from tests.support import ROOT


def pages(client, kind, **params):
    """Return all changes of a kind, page by page."""
    found = []
    while here := client.call(f"/changes/{kind}", offset=len(found), **params).json()["changes"]:
        assert len(here) <= 10
        found += here
    return [change["id"] for change in found]


def test_docs_name_every_demo_parameter():
    """The demo page names all kinds of changes, forms of bounds and regions."""
    page = (ROOT / "docs" / "development" / "demo-api.md").read_text(encoding="utf-8")
    for name in (*feed_records.KEYS, *BOUNDS, *shop.REGIONS):
        assert f"`{name}`" in page, name


@pytest.mark.parametrize("kind", feed_records.KEYS)
@pytest.mark.parametrize("order", ["asc", "desc", "none"])
def test_every_kind_returns_each_change_once_in_every_order(client, kind, order):
    ids = pages(client, kind, order=order)
    assert sorted(ids) == list(range(feed_records.CHANGES))
    assert (ids == sorted(ids)) == (order == "asc")
    assert (ids == sorted(ids)[::-1]) == (order == "desc")


@pytest.mark.parametrize(
    ("kind", "bounds", "since", "until"),
    [
        ("iso", "iso", "2025-01-11T06:00:00Z", "2025-01-21T07:00:00+01:00"),
        ("nested", "date", "2025-01-11", "2025-01-21"),
        ("mixed", "local", "11.01.2025 06:00", "21.01.2025 06:00"),
        ("sparse", "epoch", "1736575200", "1737439200"),
        ("epoch_ms", "epoch_ms", "1736575200000", "1737439200000"),
        ("text", "number", "11", "21"),
    ],
)
def test_since_is_inclusive_and_until_exclusive_in_every_format(client, kind, bounds, since, until):
    found = pages(client, kind, bounds=bounds, since=since, until=until)
    assert found == list(range(10, 20))


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/changes/daily", {}, 404),
        ("/changes/iso", {"since": "yesterday"}, 400),
        ("/changes/iso", {"since": "2025-01-01", "bounds": "epoch"}, 400),
        ("/changes/iso", {"bounds": "weeks"}, 400),
        ("/changes/epoch", {"since": "2025-01-01"}, 400),
        ("/changes/iso", {"order": "up"}, 400),
        ("/readings", {"drift": "far"}, 400),
    ],
)
def test_bound_in_another_format_is_rejected(client, path, params, status):
    assert client.call(path, **params).status_code == status


def test_channel_error_has_status_200(client):
    errors = {}
    for channel in [*client.call("/channels").json()["channels"], {"name": "none"}]:
        response = client.call(f"/channels/{channel['name']}/posts")
        assert response.status_code == 200
        errors[channel["name"]] = response.json().get("error")
        assert response.json()["ok"] == ("posts" in response.json())
    assert errors == {
        "general": None,
        "random": None,
        "private": "not_in_channel",
        "old": "is_archived",
        "none": "channel_not_found",
    }


@pytest.mark.parametrize("drift", feed_records.DRIFTS)
def test_readings_drift_from_the_named_record(client, drift):
    plain = client.call("/readings").json()["readings"]
    drifted = client.call("/readings", drift=drift, **{"from": 12}).json()["readings"]
    assert drifted[:12] == plain[:12]
    assert drifted[12] != plain[12]
