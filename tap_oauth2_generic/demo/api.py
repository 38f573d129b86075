"""The API's endpoints: one function per collection, each with the paging of a well-known API.

The rows are in ``store``; tokens, routes and sockets are elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode

from tap_oauth2_generic.demo import records
from tap_oauth2_generic.demo.cursors import Position, read_token
from tap_oauth2_generic.demo.http_messages import (
    Problem,
    Request,
    Response,
    invalid_request,
    json_response,
)
from tap_oauth2_generic.demo.params import Params
from tap_oauth2_generic.demo.records import MISSING_LIST, list_id

if TYPE_CHECKING:
    from datetime import datetime

    from tap_oauth2_generic.demo.store import Row, Store

CONTACTS_CAP = 50
LISTS_CAP = 10
CAP = 100
DEFAULT_SIZE = 20
EMPTY_PAGE = 2
"""Number of pages of people before the empty one."""


def countries(store: Store, request: Request) -> Response:
    """``[…]``: everything at once."""
    params = Params.from_query(request.query)
    return json_response(_json(store.rows("countries", params.instant("updated_after"))))


def contacts(store: Store, request: Request) -> Response:
    """``{"data": […], "info": {"page", "count", "more_records"}}``: page numbers from 1."""
    params = Params.from_query(request.query)
    rows = store.rows("contacts", params.instant("updated_after"))
    page, here, more = _numbered_page(rows, params, CONTACTS_CAP)
    info = {"page": page, "count": len(here), "more_records": more}
    return json_response({"data": _json(here), "info": info})


def issues(store: Store, request: Request) -> Response:
    """``{"startAt", "maxResults", "total", "issues": […]}``: offsets."""
    params = Params.from_query(request.query)
    rows = store.rows("issues", params.instant("updated_after"))
    start, size = params.integer("startAt", 0, least=0), _size(params, "maxResults")
    here = _json(rows[start : start + size])
    return json_response({"startAt": start, "maxResults": size, "total": len(rows), "issues": here})


def people(store: Store, request: Request) -> Response:
    """``{"connections": […], "nextPageToken"}``: opaque tokens; the third page is empty."""
    params = Params.from_query(request.query)
    position = _position(params, "pageToken")
    rows = _rows_from(store, "people", params, position)
    pages = position.pages if position else 0
    if position and pages == EMPTY_PAGE:
        token = Position(pages + 1, position.after).token()
        return json_response({"connections": [], "nextPageToken": token})
    size = _size(params, "pageSize")
    body: dict[str, object] = {"connections": _json(rows[:size])}
    if len(rows) > size:
        body["nextPageToken"] = Position(pages + 1, rows[size - 1].updated).token()
    return json_response(body)


def messages(store: Store, request: Request) -> Response:
    """``{"value": […], "@odata.nextLink": "https://…"}``: an absolute link in the body."""
    params = Params.from_query(request.query)
    rows = _rows_from(store, "messages", params, _position(params, "$skiptoken"))
    size = _size(params, "$top")
    body: dict[str, object] = {"value": _json(rows[:size])}
    if len(rows) > size:
        body["@odata.nextLink"] = _next_url(request, params, "$top", "$skiptoken", rows[:size])
    return json_response(body)


def events(store: Store, request: Request) -> Response:
    """``[…]`` with a ``Link`` header (RFC 8288) while there is a next page."""
    params = Params.from_query(request.query)
    rows = _rows_from(store, "events", params, _position(params, "cursor"))
    size = _size(params, "limit")
    if len(rows) <= size:
        return json_response(_json(rows))
    url = _next_url(request, params, "limit", "cursor", rows[:size])
    return json_response(_json(rows[:size]), headers=(("Link", f'<{url}>; rel="next"'),))


def charges(store: Store, request: Request) -> Response:
    """``{"object": "list", "data": […], "has_more"}``: pages follow the id of the last record."""
    params = Params.from_query(request.query)
    rows = store.rows("charges", params.instant("updated_after"))
    last_id = params.text("starting_after")
    if last_id is not None:
        rows = _after_id(rows, last_id)
    size = _size(params, "limit")
    body = {"object": "list", "data": _json(rows[:size]), "has_more": len(rows) > size}
    return json_response(body)


def search(store: Store, request: Request) -> Response:
    """``{"hits": […], "total"}``: a JSON request body with ``page`` (``offset``, ``size``)."""
    params = Params.from_body(request.body)
    page = params.member("page")
    rows = store.rows("search", params.instant("updated_after"))
    offset, size = page.integer("offset", 0, least=0), _size(page, "size")
    return json_response({"hits": _json(rows[offset : offset + size]), "total": len(rows)})


def lists(store: Store, request: Request) -> Response:
    """``{"value": […]}``: page numbers; only an empty page marks the end."""
    params = Params.from_query(request.query)
    rows = store.rows("lists", params.instant("updated_after"))
    return json_response({"value": _json(_numbered_page(rows, params, LISTS_CAP)[1])})


def tasks(store: Store, request: Request, list_in_path: str) -> Response:
    """``{"value": […]}``: the tasks of one list. One of the lists returns 404."""
    parent = _list(store, list_in_path)
    params = Params.from_query(request.query)
    rows = store.rows("tasks", params.instant("updated_after"), parent)
    return json_response({"value": _json(_numbered_page(rows, params, CONTACTS_CAP)[1])})


def comments(store: Store, _: Request, list_in_path: str, task_in_path: str) -> Response:
    """``{"value": […]}``: the comments on one task, all at once."""
    parent, task = _list(store, list_in_path), unquote(task_in_path)
    if all(row.id != task for row in store.rows("tasks", None, parent)):
        raise Problem(404, "not_found", "there is no such task in this list")
    return json_response({"value": records.comments(task)})


def _list(store: Store, in_path: str) -> str:
    """Return the id of the list that a path names."""
    parent = unquote(in_path)
    if parent == list_id(MISSING_LIST) or all(row.id != parent for row in store.rows("lists")):
        raise Problem(404, "not_found", "there is no such list, or it has no tasks")
    return parent


def _json(rows: list[Row]) -> list[object]:
    return [row.json for row in rows]


def _size(params: Params, name: str, cap: int = CAP) -> int:
    """Return the requested page size, silently capped like on most servers."""
    return min(params.integer(name, DEFAULT_SIZE), cap)


def _numbered_page(rows: list[Row], params: Params, cap: int) -> tuple[int, list[Row], bool]:
    """Return the number of the requested page, its rows, and whether more follow."""
    page, size = params.integer("page", 1), _size(params, "per_page", cap)
    return page, rows[(page - 1) * size : page * size], len(rows) > page * size


def _position(params: Params, name: str) -> Position | None:
    token = params.text(name)
    return None if token is None else read_token(token)


def _rows_from(store: Store, name: str, params: Params, position: Position | None) -> list[Row]:
    bounds: list[datetime] = [position.after] if position else []
    asked = params.instant("updated_after")
    return store.rows(name, max([*bounds, asked]) if asked else next(iter(bounds), None))


def _after_id(rows: list[Row], last_id: str) -> list[Row]:
    for index, row in enumerate(rows):
        if row.id == last_id:
            return rows[index + 1 :]
    raise invalid_request("starting_after is not the id of a charge")


def _next_url(
    request: Request, params: Params, size_name: str, token_name: str, here: list[Row]
) -> str:
    kept = {name: params.text(name) for name in (size_name, "updated_after")}
    query = {name: text for name, text in kept.items() if text is not None}
    query[token_name] = Position(1, here[-1].updated).token()
    return f"{request.origin}{request.path}?{urlencode(query)}"
