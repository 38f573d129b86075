"""The demo's API: every paging style read to its end, filters, data."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import quote

import pytest

from tests.support.demo_pages import READERS, numbered_pages, pages_of_people, read_all, when

CAPS = {
    "contacts": ("per_page", 50, "data"),
    "issues": ("maxResults", 100, "issues"),
    "people": ("pageSize", 100, "connections"),
    "messages": ("$top", 100, "value"),
    "events": ("limit", 100, None),
    "charges": ("limit", 100, "data"),
    "lists": ("per_page", 10, "value"),
}


@pytest.mark.parametrize("name", READERS)
def test_full_read_returns_each_record_once_in_order(client, name):
    """Ids and times are unique, and the times ascend through 2025."""
    records = read_all(client, name)
    times = [when(record) for record in records]
    assert len(records) == client.counts()[name]
    assert len({record["id"] for record in records}) == len(records)
    assert times == sorted(set(times))
    assert {time.year for time in times} == {2025}


@pytest.mark.parametrize("name", READERS)
def test_paged_collection_has_at_least_three_pages(client, name):
    assert len(list(READERS[name](client))) >= (1 if name == "countries" else 3)


@pytest.mark.parametrize("name", READERS)
def test_updated_after_is_exclusive_on_every_page(client, name):
    records = read_all(client, name)
    third = len(records) // 3
    bound = records[third]["updated_at"]
    assert read_all(client, name, updated_after=bound) == records[third + 1 :]
    assert read_all(client, name, updated_after=records[-1]["updated_at"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "2025-06-30T10:00:00Z",
        "2025-06-30T10:00:00+00:00",
        "2025-06-30T12:00:00+02:00",
        "2025-06-30T12:00:00+0200",
        "2025-06-30t12:00:00.000000000+02",
        "2025-06-30 03:30:00.5-06:30",
    ],
)
def test_filter_compares_timestamps(client, text):
    """Offset, separator and fraction of a timestamp do not matter."""
    expected = read_all(client, "countries", updated_after="2025-06-30T10:00:00Z")
    assert 0 < len(expected) < client.counts()["countries"]
    assert read_all(client, "countries", updated_after=text) == expected


def test_date_means_midnight_utc(client):
    by_date = read_all(client, "charges", updated_after="2025-06-30")
    assert by_date == read_all(client, "charges", updated_after="2025-06-30T00:00:00Z")


@pytest.mark.parametrize("name", CAPS)
def test_page_size_is_capped_silently(client, name):
    parameter, cap, key = CAPS[name]
    answer = client.call(f"/{name}", **{parameter: 5000}).json()
    assert len(answer[key] if key else answer) == cap


def test_search_returns_at_most_100_hits(client):
    body = {"page": {"offset": 0, "size": 5000}}
    assert len(client.call("/search", method="POST", **body).json()["hits"]) == 100


def test_one_page_of_people_is_empty_with_a_next_token(client):
    sizes = [len(page) for page in pages_of_people(client)]
    assert sizes.count(0) == 1
    assert 0 < sizes.index(0) < len(sizes) - 1


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda token: token[:-1], id="cut"),
        pytest.param(quote, id="encoded once too often"),
        pytest.param(lambda token: token.replace("%2B", "+"), id="decoded once too often"),
        pytest.param(lambda token: token.replace("+", " "), id="plus read as a blank"),
        pytest.param(lambda token: "x" + token, id="longer"),
    ],
)
def test_altered_page_token_is_400(client, spoil):
    """A token contains ``+ / = %``, which careless encoding changes."""
    token = client.call("/people").json()["nextPageToken"]
    assert set("+/=%") <= set(token)
    assert client.call("/people", pageToken=token).ok
    response = client.call("/people", pageToken=spoil(token))
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_next_link_repeats_filter_and_page_size(client):
    bound = "2025-06-01T00:00:00+02:00"
    link = client.call("/messages", **{"$top": 7, "updated_after": bound}).json()
    assert link["@odata.nextLink"].startswith(f"{client.url}/api/v1/messages?")
    following = client.call(link["@odata.nextLink"]).json()
    assert len(following["value"]) == 7
    header = client.call("/events", limit=7, updated_after=bound)
    assert quote(bound, safe="") in header.links["next"]["url"]
    assert len(client.call(header.links["next"]["url"]).json()) == 7


def test_next_link_uses_the_host_of_the_request(client):
    host = client.url.replace("http://127.0.0.1", "localhost")
    token = client.token("client_credentials").json()["access_token"]
    headers = {"Host": host, "Authorization": f"Bearer {token}"}
    answer = client.http.get(f"{client.url}/api/v1/messages", headers=headers, timeout=5).json()
    assert answer["@odata.nextLink"].startswith(f"http://{host}/")


def test_tasks_of_all_lists_are_all_tasks(client):
    """One list has several pages, some have none, one is a 404."""
    sizes, missing = [], 0
    for parent in read_all(client, "lists"):
        path = f"/lists/{quote(parent['id'], safe='')}/tasks"
        response = client.call(path)
        missing += response.status_code == 404
        if response.ok:
            pages = list(numbered_pages(path, per_page=50)(client))
            sizes.append([len(page) for page in pages])
    assert missing == 1
    assert [] in sizes
    assert max(map(len, sizes)) >= 3
    assert sum(map(sum, sizes)) == client.counts()["tasks"]


def test_unknown_list_is_404(client):
    response = client.call("/lists/nothing/tasks")
    assert (response.status_code, response.json()["error"]) == (404, "not_found")


def test_amount_keeps_all_29_digits(client):
    records = client.call("/charges", limit=1).text
    assert '"amount_exact":12345678901234567890.123456789,' in records


def test_every_raw_number_is_json(client):
    """Exponents included."""
    hits = client.call("/search", method="POST", page={"size": 100})
    scores = [hit["score"] for hit in hits.json(parse_float=Decimal)["hits"]]
    assert all(isinstance(score, Decimal) for score in scores)


def test_data_is_as_varied_as_real_data(client):
    """It has nested objects, arrays, nulls, quotes, line breaks and many scripts."""
    texts = "".join(client.call(f"/{name}", limit=100).text for name in CAPS)
    texts += client.call("/countries").text
    for sample in (
        "null",
        "[]",
        '"subscribed":true',
        '\\"Quoted\\"',
        "\\n",
        "日本",
        "Ελλάδα",
        "🚀",
    ):
        assert sample in texts
