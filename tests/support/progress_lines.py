"""What tests of a run's progress share: a stream, its answers, and the lines that tell of it."""

from __future__ import annotations

SCHEMA = {"properties": {"id": {"type": "integer"}, "at": {"type": "string"}}}
ITEMS = {"name": "items", "path": "items", "schema": SCHEMA}
PAGED = {**ITEMS, "pagination": {"style": "cursor", "cursor_path": "next", "cursor_param": "from"},
         "records_path": "rows"}  # fmt: skip


def page(number, last):
    """Give a page of two records, which names the next one unless it is the last."""
    rows = [{"id": 2 * number + one, "at": f"2024-05-0{number}T00:00:00Z"} for one in range(2)]
    return {"rows": rows, "next": None if number == last else str(number + 1)}


def lines(errors, beginning):
    """Give what was logged that begins so."""
    return [
        text
        for line in errors.splitlines()
        if (text := line.rpartition("|")[2].strip()).startswith(beginning)
    ]


def summary(run, stream="items"):
    """Give the one line that tells what was read of a stream, without its name."""
    (line,) = [text for text in lines(run.errors, f"Stream {stream!r}: ") if " request" in text]
    return line.split(": ", 1)[1]
