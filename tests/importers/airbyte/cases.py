"""One manifest for each component, and the rows that it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.importers.airbyte.manifests import (
    DATES,
    IDS,
    SIZE,
    cursor_of,
    manifest,
    option,
    paginator,
    parent,
    stream,
)

Build = Callable[[str], dict[str, Any]]


def _cursor(**more: Any) -> dict[str, Any]:
    return {"incremental_sync": {**DATES, **more}}


def _filter(condition: str) -> dict[str, Any]:
    return {"selector": {"record_filter": {"type": "RecordFilter", "condition": condition}}}


def _add(name: str, value: str) -> dict[str, Any]:
    field = {"type": "AddedFieldDefinition", "path": [name], "value": value}
    return {"type": "AddFields", "fields": [field]}


def _list(**more: Any) -> dict[str, Any]:
    router = {"type": "ListPartitionRouter", "values": ["a", "b"], "cursor_field": "kind", **more}
    return {"partition_router": router}


_ONE = {
    "plain": ("/all", {}),
    "page_number": ("/pages", {"retriever": paginator(
        {"type": "PageIncrement", "page_size": SIZE, "start_from_page": 1}, "page", "size")}),
    "page_number_from_zero": ("/zero", {"retriever": paginator(
        {"type": "PageIncrement", "page_size": SIZE}, "page", "size")}),
    "offset": ("/offset", {"retriever": paginator(
        {"type": "OffsetIncrement", "page_size": SIZE}, "offset", "size")}),
    "cursor": ("/cursor", {"retriever": paginator(
        cursor_of("{{ response.meta.next }}", "{{ not response.meta.next }}"), "cursor")}),
    "cursor_cut_out": ("/links", {"retriever": paginator(
        cursor_of("{{ response['meta']['next'].split('cursor=')[1] }}",
                  "{{ response.more is false }}"), "cursor")}),
    "next_url": ("/links", {"retriever": paginator(
        cursor_of("{{ response.get('meta', {}).get('next') }}"), None)}),
    "link_header": ("/header", {"retriever": paginator(
        cursor_of("{{ headers['link']['next']['url'] }}",
                  "{{ 'next' not in headers['link'] }}"), None)}),
    "last_record": ("/after", {"retriever": paginator(
        cursor_of("{{ last_record['id'] }}", "{{ not response.more }}"), "after")}),
    "last_record_if_any": ("/after", {"retriever": paginator(
        cursor_of("{{ last_record['id'] if last_record else None }}", "{{ not response.more }}"),
        "after")}),
    "path_of_records": ("/nested", {"field_path": ["a", "b"]}),
    "values_of_object": ("/keyed", {"field_path": ["items", "*"]}),
    "parameters": ("{{ parameters['where'] }}", {"$parameters": {"where": "/all"}}),
    "nested_value": ("/all", {"transformations": [_add("size", "{{ record['in']['size'] }}")]}),
    "cursor_of_dates": ("/since", _cursor(start_time_option=option("from"))),
    "windows": ("/since", _cursor(
        start_time_option=option("from"), end_time_option=option("to"), step="P2D",
        cursor_granularity="PT1S")),
    "client_side": ("/all", _cursor(is_client_side_incremental=True)),
    "list_of_partitions": ("/kinds", {"retriever": _list(request_option=option("kind"))}),
    "partition_in_template": ("/kinds", {
        "retriever": _list(),
        "requester": {"request_parameters": {"kind": "{{ stream_partition.kind }}"}}}),
}  # fmt: skip
_SOME = {
    "filter": ("/all", _filter("{{ record['kind'] == 'a' }}"), [2, 4, 6]),
    "filter_by_code": ("/all", _filter("{{ record['in']['size'] >= 40 and record.kind != 'a' }}"),
                       [5, 7]),
    "ignored_error": ("/missing", {"requester": {"error_handler": {
        "type": "DefaultErrorHandler", "response_filters": [
            {"type": "HttpResponseFilter", "http_codes": [404], "action": "IGNORE"}]}}}, []),
    "jsonl": ("/jsonl", {"field_path": [], "retriever": {"decoder": {"type": "JsonlDecoder"}}},
              [1, 2]),
    "csv": ("/csv", {"field_path": [], "retriever": {"decoder": {
        "type": "CsvDecoder", "delimiter": ";"}}}, [1, 2]),
    "xml": ("/xml", {"field_path": ["r", "items"], "retriever": {"decoder": {
        "type": "XmlDecoder"}}}, [1, 2]),
}  # fmt: skip


def _build(path: str, changes: dict[str, Any]) -> Build:
    return lambda url: manifest(stream(url, path, **_copy(changes)))


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(one) for key, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list) else value


def _children(url: str) -> dict[str, Any]:
    above = stream(url, "/pages", requester={"request_parameters": {"size": "3"}})
    below = stream(
        url, "/items/{{ stream_slice.item_id }}/parts", "parts", retriever=parent(above),
        transformations=[_add("of", "{{ stream_partition['item_id'] }}")],
    )  # fmt: skip
    return manifest(above, below)


def _grandchildren(url: str) -> dict[str, Any]:
    top = stream(url, "/pages", "top")
    middle = stream(url, "/top/{{ stream_slice.id }}/middle", "middle",
                    retriever=parent(top, partition_field="id"))  # fmt: skip
    path = "/top/{{ stream_slice.parent_slice.id }}/middle/{{ stream_slice.id }}/low"
    low = stream(url, path, "low", retriever=parent(middle, partition_field="id"))
    return manifest(low)


def _job(url: str) -> dict[str, Any]:
    base = {"type": "HttpRequester", "url_base": url}
    path = ["result"]
    retriever = {
        "type": "AsyncRetriever",
        "creation_requester": {**base, "path": "jobs", "http_method": "POST",
                               "request_body_json": {"of": "items"}},
        "polling_requester": {**base, "path": "jobs/{{ creation_response['key'] }}"},
        "status_extractor": {"type": "DpathExtractor", "field_path": ["status"]},
        "status_mapping": {"completed": ["done"], "failed": ["failed"], "running": ["running"],
                           "timeout": ["late"]},
        "download_target_extractor": {"type": "DpathExtractor", "field_path": path},
        "download_requester": {**base, "url_base": "{{ download_target }}", "path": ""},
        "download_decoder": {"type": "CsvDecoder", "delimiter": ";"},
    }  # fmt: skip
    made = stream(url, "/jobs", field_path=[], retriever=retriever)
    del made["retriever"]["requester"]
    return manifest(made)


def _posted(url: str) -> dict[str, Any]:
    strategy = {"type": "OffsetIncrement", "page_size": SIZE, "inject_on_first_request": True}
    paging = paginator(strategy, "from")
    paging["paginator"]["page_token_option"]["inject_into"] = "body_json"
    body = {"q": "{a}", "rest": ["{{ parameters['word'] }}"]}
    requester = {"http_method": "POST", "request_body_json": body}
    return manifest(stream(url, "/posted", retriever=paging, requester=requester,
                           **{"$parameters": {"word": "x"}}))  # fmt: skip


#: Name, manifest, stream, the IDs of its rows.
CASES: list[tuple[str, Build, str, list[int]]] = [
    *((name, _build(*about), "items", IDS) for name, about in _ONE.items()),
    *((name, _build(path, changes), "items", ids) for name, (path, changes, ids) in _SOME.items()),
    ("children", _children, "parts", [101, 201, 301]),
    ("grandchildren", _grandchildren, "low", [1011, 2011, 3011]),
    ("job", _job, "items", [1, 2]),
    ("posted", _posted, "items", IDS),
]
