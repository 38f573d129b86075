"""Customers exported as a file: JSON, JSON Lines or CSV, with or without gzip. No data here."""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING

from tap_oauth2_generic.demo import shop
from tap_oauth2_generic.demo.http_messages import Problem, Request, Response
from tap_oauth2_generic.demo.raw_json import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_oauth2_generic.demo.records import Record


def _csv(rows: list[Record]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _lines(rows: list[Record]) -> str:
    return "".join(f"{render(row)}\n" for row in rows)


WRITERS: dict[str, tuple[str, Callable[[list[Record]], str]]] = {
    "json": ("application/json", render),
    "jsonl": ("application/x-ndjson", _lines),
    "csv": ("text/csv; charset=utf-8", _csv),
}


def customers(request: Request, file: str) -> Response:
    """``customers.json``, ``.jsonl`` or ``.csv``; with ``.gz`` a gzip file.

    Without ``.gz`` the response is compressed if the client accepts gzip.
    """
    name, dot, packed = file.partition(".gz")
    stem, _, form = name.partition(".")
    if stem != "customers" or form not in WRITERS or (dot and packed):
        raise Problem(404, "not_found", "there is no such file")
    content_type, write = WRITERS[form]
    body = write(shop.customers()).encode()
    if dot:
        return Response(200, "application/gzip", gzip.compress(body, mtime=0))
    if "gzip" in request.headers.get("accept-encoding", ""):
        encoding = (("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
        return Response(200, content_type, gzip.compress(body, mtime=0), encoding)
    return Response(200, content_type, body)
