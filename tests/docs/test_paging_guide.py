"""Each configuration of the paging guide reads all pages of an API of that family."""

from __future__ import annotations

import json
import re

import pytest

from tests.docs.blocks import DOCS, blocks
from tests.support.server import Reply

PAGE = DOCS / "guides" / "paging.md"
NEXT_LINK = {"Link": '<{url}/events?page=2>; rel="next"'}
CURSOR = {"X-Next-Cursor": "abc"}
#: For each section: both pages around their records ``[]``, what leads to the second, headers.
FAMILIES = {
    "Django REST framework": (
        '{"count": 3, "next": "{url}/accounts/?page=2", "results": []}',
        '{"count": 3, "next": null, "results": []}', "page=2", {},
    ),
    "Spring": (
        '{"content": [], "totalPages": 2}', '{"content": [], "totalPages": 2}', "page=1", {},
    ),
    "OData": (
        '{"value": [], "@odata.nextLink": "{url}/users?$skiptoken=X"}',
        '{"value": []}', "skiptoken=X", {},
    ),
    "HAL": (
        '{"_embedded": {"orders": []}, "_links": {"next": {"href": "/orders?page=2"}}}',
        '{"_embedded": {"orders": []}, "_links": {}}', "page=2", {},
    ),
    "JSON:API": (
        '{"data": [], "links": {"next": "{url}/articles?page[cursor]=abc"}}',
        '{"data": [], "links": {"next": null}}', "cursor]=abc", {},
    ),
    "GraphQL": (
        '{"data": {"issues": {"nodes": [], "pageInfo": {"hasNextPage": true, "endCursor": "c"}}}}',
        '{"data": {"issues": {"nodes": [], "pageInfo": {"hasNextPage": false, "endCursor": "d"}}}}',
        '"c"', {},
    ),
    "HubSpot": (
        '{"results": [], "paging": {"next": {"after": "abc"}}}', '{"results": []}', "after=abc", {},
    ),
    "Link header": ("[]", "[]", "page=2", NEXT_LINK),
    "ID of the last record": (
        '{"data": [], "has_more": true}', '{"data": [], "has_more": false}',
        "starting_after=2", {},
    ),
    "Offset and total": (
        '{"issues": [], "total": 3}', '{"issues": [], "total": 3}', "startAt=2", {},
    ),
    "Cursor in a header or URL": (
        '{"paging": {"next": "{url}/x?cursor=abc"}, "all": []}', '{"paging": {}, "all": []}',
        "cursor=abc", CURSOR,
    ),
    "Paging values inside a string": (
        '{"QueryResponse": {"Customer": []}}', '{"QueryResponse": {"Customer": []}}',
        "STARTPOSITION%203", {},
    ),
}  # fmt: skip


def record(number):
    """Return a record with every field that a configuration of the guide names."""
    at = f"2026-01-0{number}T00:00:00Z"
    return {
        "id": number,
        "Id": str(number),
        "lastModified": at,
        "updatedAt": at,
        "attributes": {"updatedAt": at},
    }


def streams():
    """Yield each stream that the guide shows, with the heading above it."""
    text = PAGE.read_text(encoding="utf-8").split("\n")
    for block in blocks(PAGE):
        if block.language == "json" and block.note != "not settings":
            shown = json.loads(block.text)
            for stream in shown.get("streams", [shown]):
                headings = [line for line in text[: block.line] if line.startswith("## ")]
                yield pytest.param(headings[-1][3:], stream, id=str(block))


@pytest.mark.parametrize(("family", "stream"), list(streams()))
def test_configuration_of_the_guide_reads_all_pages(api, tap, family, stream):
    """Three records on two pages are read, each once and in order."""
    first, second, leads_to_second, headers = FAMILIES[family]

    def respond(seen):
        is_second = leads_to_second in f"{seen.target} {seen.content.decode()}"
        records = json.dumps([record(3)] if is_second else [record(1), record(2)])
        body = (second if is_second else first).replace("{url}", api.url).replace("[]", records, 1)
        sent = {} if is_second else {k: v.replace("{url}", api.url) for k, v in headers.items()}
        return Reply(body.encode(), headers=sent)

    fragment = {"name": "all", "path": "all", "records_path": "all"}
    whole = stream if "path" in stream else {**fragment, **stream}
    api.routes[f"/{whole['path']}"] = respond
    for link in re.findall(r"{url}/([\w/]+)|\"/(\w+)", first + "".join(headers.values())):
        api.routes[f"/{''.join(link)}"] = respond
    run = tap.ok(api.config(whole, start_date="2020-01-01T00:00:00Z"))
    assert [found["id"] for found in run.records(whole["name"])] == [1, 2, 3]


def test_guide_has_every_family():
    """Each family above is a section of the guide with a configuration."""
    assert {case.values[0] for case in streams()} == set(FAMILIES)
