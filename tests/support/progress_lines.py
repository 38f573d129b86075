"""Shared by tests of progress: a stream, its pages, and the log lines about it."""

from __future__ import annotations

import re

SCHEMA = {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}}
ITEMS = {"name": "items", "path": "items", "schema": SCHEMA}
PAGED = {**ITEMS, "pagination": {"style": "cursor", "cursor_path": "next", "cursor_param": "from"},
         "records_path": "rows"}  # fmt: skip


def page(number, last):
    """Return a page of two records, with the token of the next one unless it is the last."""
    rows = [{"id": 2 * number + one, "at": f"2024-05-0{number}T00:00:00Z"} for one in range(2)]
    return {"rows": rows, "next": None if number == last else str(number + 1)}


def lines(errors, beginning):
    """Return the logged lines that begin so."""
    return [
        text
        for line in errors.splitlines()
        if (text := line.rpartition("|")[2].strip()).startswith(beginning)
    ]


def summary(run, stream="items"):
    """Return the summary of a stream, without its name."""
    logged = lines(run.errors, f"stream {stream!r}: ")
    (line,) = [text for text in logged if re.search(r"\d requests?\b", text)]
    return line.split(": ", 1)[1]
