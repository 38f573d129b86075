"""The shop's endpoints: parameters in every place, responses that are not a plain list.

The records are in ``shop``; tokens, routes and sockets are elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from tap_oauth2_generic.demo import shop
from tap_oauth2_generic.demo.http_messages import (
    Problem,
    Request,
    Response,
    invalid_request,
    json_response,
)
from tap_oauth2_generic.demo.params import Params

if TYPE_CHECKING:
    from tap_oauth2_generic.demo.records import Record

CAP = 20
ARTICLES_CAP = 10


def orders(request: Request, region_in_path: str) -> Response:
    """``{"result": {REGION: {"orders": […]}}, "total"}``: any method, query, form or JSON body.

    ``status`` may be repeated, ``year`` and ``ordered_from`` filter; the page is ``offset`` and
    ``limit``, in a JSON body also nested in ``page``; ``X-Currency`` chooses the currency.
    """
    region = unquote(region_in_path)
    if region not in shop.REGIONS:
        raise Problem(404, "not_found", "there is no such region")
    params = Params.from_anywhere(request)
    rows = [row for row in shop.orders(_currency(request)) if row["region"] == region]
    rows = _filter_orders(rows, params)
    page = params.member("page") if params.has("page") else params
    offset, limit = page.integer("offset", 0, least=0), min(page.integer("limit", CAP), CAP)
    here = rows[offset : offset + limit]
    return json_response({"result": {region: {"orders": here}}, "total": len(rows)})


def prices(_: Request) -> Response:
    """``{"prices": {"A-100": {…}, "A-101": {…}}}``: an object of objects."""
    return json_response({"prices": shop.prices()})


def stock(request: Request) -> Response:
    """``{"items": […], "total"}``: offsets, and a total higher than the number of records."""
    params = Params.from_query(request.query)
    offset = params.integer("offset", 0, least=0)
    items = shop.stock()[offset : offset + CAP]
    return json_response({"items": items, "total": shop.REPORTED_STOCK})


def articles(request: Request) -> Response:
    """``[…]``: page numbers, and a 404 past the last page."""
    first = (Params.from_query(request.query).integer("page", 1) - 1) * ARTICLES_CAP
    if first >= shop.ARTICLES:
        raise Problem(404, "not_found", "there is no such page")
    return json_response(shop.articles()[first : first + ARTICLES_CAP])


def _currency(request: Request) -> str:
    currency = request.headers.get("x-currency", shop.CURRENCIES[0])
    if currency not in shop.CURRENCIES:
        raise invalid_request(f"X-Currency must be one of {', '.join(shop.CURRENCIES)}")
    return currency


def _filter_orders(rows: list[Record], params: Params) -> list[Record]:
    statuses, since = params.texts("status"), params.instant("ordered_from")
    if params.has("year"):
        year = params.integer("year", 0)
        rows = [row for row in rows if row["year"] == year]
    if since is not None:
        bound = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        rows = [row for row in rows if row["ordered_at"] >= bound]
    rows = [row for row in rows if not statuses or row["status"] in statuses]
    return sorted(rows, key=lambda row: str(row["ordered_at"]))
