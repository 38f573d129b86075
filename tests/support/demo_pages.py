"""Read each collection of the demo to its end, by its paging style."""

from __future__ import annotations

from datetime import datetime


def pages_of_countries(client, **params):
    yield client.call("/countries", **params).json()


def numbered_pages(path, **params):
    def pages(client, **more):
        number = 1
        while here := client.call(path, page=number, **params, **more).json()["value"]:
            yield here
            number += 1

    return pages


def pages_of_contacts(client, **params):
    more, number = True, 1
    while more:
        answer = client.call("/contacts", page=number, per_page=50, **params).json()
        assert answer["info"]["page"] == number
        assert answer["info"]["count"] == len(answer["data"])
        yield answer["data"]
        more, number = answer["info"]["more_records"], number + 1


def pages_of_issues(client, **params):
    start, total = 0, 1
    while start < total:
        answer = client.call("/issues", startAt=start, maxResults=100, **params).json()
        assert (answer["startAt"], answer["maxResults"]) == (start, 100)
        yield [{**issue, "updated_at": issue["fields"]["updated"]} for issue in answer["issues"]]
        start, total = start + len(answer["issues"]), answer["total"]


def pages_of_people(client, **params):
    answer = client.call("/people", pageSize=100, **params).json()
    yield answer["connections"]
    while token := answer.get("nextPageToken"):
        answer = client.call("/people", pageSize=100, pageToken=token, **params).json()
        yield answer["connections"]


def pages_of_messages(client, **params):
    answer = client.call("/messages", **{"$top": 100}, **params).json()
    yield answer["value"]
    while url := answer.get("@odata.nextLink"):
        answer = client.call(url).json()
        yield answer["value"]


def pages_of_events(client, **params):
    response = client.call("/events", limit=100, **params)
    yield response.json()
    while link := response.links.get("next"):
        response = client.call(link["url"])
        yield response.json()


def pages_of_charges(client, **params):
    more, after = True, {}
    while more:
        answer = client.call("/charges", limit=100, **after, **params).json()
        assert answer["object"] == "list"
        yield answer["data"]
        more = answer["has_more"]
        after = {"starting_after": answer["data"][-1]["id"]} if more else {}


def pages_of_search(client, **params):
    offset, total = 0, 1
    while offset < total:
        page = {"offset": offset, "size": 100}
        answer = client.call("/search", method="POST", page=page, **params).json()
        yield answer["hits"]
        offset, total = offset + len(answer["hits"]), answer["total"]
        total = total or offset


READERS = {
    "countries": pages_of_countries,
    "contacts": pages_of_contacts,
    "issues": pages_of_issues,
    "people": pages_of_people,
    "messages": pages_of_messages,
    "events": pages_of_events,
    "charges": pages_of_charges,
    "search": pages_of_search,
    "lists": numbered_pages("/lists", per_page=10),
}


def read_all(client, name, **params):
    """Return all records of a collection."""
    return [record for page in READERS[name](client, **params) for record in page]


def when(record):
    """Return when a record was changed."""
    return datetime.fromisoformat(record["updated_at"].replace("Z", "+00:00"))
