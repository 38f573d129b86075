"""The limit: the least work that reads and emits records with `requests` and `msgspec`.

It checks, selects, retries and remembers nothing; every other contender is compared with it.
"""

from __future__ import annotations

import csv
import io
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import requests

from benchmarks.records import STREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def main() -> None:
    """Read all pages of each address and write a RECORD line for each record."""
    session = requests.Session()
    session.headers["Authorization"] = "Bearer benchmark"
    encode, write = msgspec.json.Encoder().encode, sys.stdout.buffer.write
    for address in sys.argv[1:]:
        read = READERS.get(address.rpartition(".")[2], _json)
        page = pages = 1
        while page <= pages:
            content = session.get(address, params={"page": page}, timeout=60).content
            records, pages = read(content, page)
            for record in records:
                write(encode({"type": "RECORD", "stream": STREAM, "record": record}) + b"\n")
            page += 1


_decode = msgspec.json.Decoder().decode


def _json(content: bytes, _: int) -> tuple[Iterable[Any], int]:
    body = _decode(content)
    return body["data"], body["pages"]


def _json_lines(content: bytes, page: int) -> tuple[Iterable[Any], int]:
    """Read a page that says nothing of the pages after it, unless it is empty."""
    return map(_decode, content.splitlines()), page + bool(content)


def _csv(content: bytes, page: int) -> tuple[Iterable[Any], int]:
    names, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    return (dict(zip(names, row, strict=True)) for row in rows), page + bool(rows)


READERS: Mapping[str, Callable[[bytes, int], tuple[Iterable[Any], int]]] = {
    "csv": _csv,
    "jsonl": _json_lines,
}


if __name__ == "__main__":
    main()
