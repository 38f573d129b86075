"""Manifests of the tests' own, one for each component, and an API that they describe."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from tests.support.server import Reply

if TYPE_CHECKING:
    from tests.support.server import ApiServer, Seen

ROWS = [
    {"id": n, "kind": "ab"[n % 2], "at": f"2024-01-0{n}T00:00:00Z", "in": {"size": n * 10}}
    for n in range(1, 8)
]
IDS = [row["id"] for row in ROWS]
SIZE = 3


def manifest(*streams: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a manifest of streams."""
    return {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": [streams[0]["name"]]},
        "streams": list(streams),
        "spec": {
            "type": "Spec",
            "connection_specification": {
                "type": "object",
                "required": ["start_date", "key"],
                "properties": {
                    "key": {"type": "string", "airbyte_secret": True},
                    "start_date": {"type": "string", "examples": ["2024-01-01T00:00:00Z"]},
                },
            },
        },
        **more,
    }


def stream(url: str, path: str, name: str = "items", **changes: Any) -> dict[str, Any]:
    """Return a stream; ``changes`` are fields of its parts, by name."""
    requester = {"type": "HttpRequester", "url_base": url, "path": path, "http_method": "GET"}
    requester |= changes.pop("requester", {})
    selector = {
        "type": "RecordSelector",
        "extractor": {"type": "DpathExtractor", "field_path": changes.pop("field_path", ["items"])},
        **changes.pop("selector", {}),
    }
    retriever = {
        "type": "SimpleRetriever",
        "requester": requester,
        "record_selector": selector,
        **changes.pop("retriever", {}),
    }
    schema = {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}}
    return {
        "type": "DeclarativeStream",
        "name": name,
        "primary_key": ["id"],
        "retriever": retriever,
        "schema_loader": schema,
        **changes,
    }


def paginator(strategy: dict[str, Any], token: Any = "", size: str = "") -> dict[str, Any]:
    """Return a paginator whose token travels in a parameter, or is an address (``None``)."""
    option = {"type": "RequestOption", "inject_into": "request_parameter", "field_name": token}
    made = {
        "type": "DefaultPaginator",
        "pagination_strategy": strategy,
        "page_token_option": {"type": "RequestPath"} if token is None else option,
    }
    if size:
        made["page_size_option"] = {**option, "field_name": size}
    return {"paginator": made}


def cursor_of(value: str, stop: str = "") -> dict[str, Any]:
    """Return the strategy of a cursor."""
    found = {"type": "CursorPagination", "cursor_value": value}
    return found | ({"stop_condition": stop} if stop else {})


DATES = {
    "type": "DatetimeBasedCursor",
    "cursor_field": "at",
    "datetime_format": "%Y-%m-%dT%H:%M:%SZ",
    "start_datetime": {"type": "MinMaxDatetime", "datetime": "{{ config['start_date'] }}"},
    "end_datetime": {"type": "MinMaxDatetime", "datetime": "2024-01-09T00:00:00Z",
                     "datetime_format": "%Y-%m-%dT%H:%M:%SZ"},
}  # fmt: skip


def option(name: str, place: str = "request_parameter") -> dict[str, Any]:
    """Return a request option."""
    return {"type": "RequestOption", "inject_into": place, "field_name": name}


def parent(of: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a router over the records of a stream."""
    config = {"type": "ParentStreamConfig", "stream": of, "parent_key": "id",
              "partition_field": "item_id", **more}  # fmt: skip
    return {"partition_router": {"type": "SubstreamPartitionRouter",
                                 "parent_stream_configs": [config]}}  # fmt: skip


#: What each path of the API has instead of a page of rows.
BODIES: dict[str, Any] = {
    "/nested": {"a": {"b": ROWS}},
    "/keyed": {"items": {str(row["id"]): row for row in ROWS}},
    "/lists": {"groups": [{"items": ROWS[:3]}, {"items": ROWS[3:]}]},
    "/csv": b"id;kind\n1;a\n2;b\n",
    "/jsonl": b'{"id": 1}\n{"id": 2}\n',
    "/xml": b"<r><items><id>1</id></items><items><id>2</id></items></r>",
}
_TYPES = {"/csv": "text/csv", "/jsonl": "application/x-ndjson", "/xml": "application/xml"}


def serve(api: ApiServer) -> None:
    """Serve the API that the manifests describe."""
    for path, body in BODIES.items():
        headers = {"Content-Type": _TYPES.get(path, "application/json")}
        api.serve(path, Reply(body, headers=headers))
    api.serve("/all", {"items": ROWS})
    api.serve("/missing", Reply({"error": "none"}, 404))
    api.routes["/pages"] = lambda s: _part(s, (int(s.query.get("page", 1)) - 1) * SIZE)
    api.routes["/zero"] = lambda s: _part(s, int(s.query.get("page", 0)) * SIZE)
    api.routes["/offset"] = lambda s: _part(s, int(s.query.get("offset", 0)))
    api.routes["/after"] = lambda s: _part(s, int(s.query.get("after", 0)))
    api.routes["/cursor"] = lambda s: _with_next(s, lambda n: f"c={n}")
    api.routes["/links"] = lambda s: _with_next(s, lambda n: f"{api.url}/links?cursor=c%3D{n}")
    api.routes["/header"] = lambda s: _header(s, api)
    api.routes["/since"] = _since
    api.routes["/kinds"] = lambda s: {"items": [r for r in ROWS if r["kind"] == s.query["kind"]]}
    for row in ROWS[:3]:
        api.serve(f"/items/{row['id']}/parts", {"items": [{"id": row["id"] * 100 + 1}]})
        middle = f"/top/{row['id']}/middle"
        api.serve(middle, {"items": [{"id": row["id"] * 10}]})
        api.serve(f"{middle}/{row['id'] * 10}/low", {"items": [{"id": row["id"] * 1000 + 11}]})
    for row in ROWS[3:]:
        api.serve(f"/top/{row['id']}/middle", {"items": []})
    api.routes["/jobs"] = lambda s: {"key": 7} if s.json == {"of": "items"} else Reply({}, 400)
    api.serve("/jobs/7", {"status": "done", "result": f"{api.url}/csv"})
    api.routes["/posted"] = lambda s: _part(s, s.json["from"]) if s.json["q"] == "{a}" else None


def _part(seen: Seen, start: int) -> dict[str, Any]:
    size = int(seen.query.get("size", SIZE))
    rows = ROWS[start : start + size]
    return {"items": rows, "more": start + size < len(ROWS), "total": len(ROWS)}


def _with_next(seen: Seen, write: Any) -> dict[str, Any]:
    start = int(seen.query.get("cursor", "c=0").partition("=")[2])
    found = _part(seen, start)
    return {**found, "meta": {"next": write(start + SIZE) if found["more"] else None}}


def _header(seen: Seen, api: ApiServer) -> Reply:
    start = int(seen.query.get("start", 0))
    found = _part(seen, start)
    link = f'<{api.url}/header?start={start + SIZE}>; rel="next"'
    return Reply(found, headers={"Link": link} if found["more"] else {})


def _since(seen: Seen) -> Any:
    low, high = seen.query.get("from", ""), seen.query.get("to", "9")
    return {"items": [row for row in ROWS if low <= row["at"] <= high]}


def is_authorized(seen: Seen, name: str, value: str) -> bool:
    """Return whether a request has a header or parameter."""
    return value in (seen.headers.get(name), seen.query.get(name))


def basic(user: str, password: str) -> str:
    """Return the header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def written(document: dict[str, Any]) -> str:
    """Return a manifest as the builder exports it."""
    return json.dumps(document, indent=1)
