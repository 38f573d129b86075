"""The limit of children: their parents page by page, then one request for each value of a key.

Like the limit of a plain read it checks, selects, retries and remembers nothing.
"""

from __future__ import annotations

import sys
from functools import reduce
from operator import getitem
from typing import TYPE_CHECKING, Any

import msgspec
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def main() -> None:
    """Read the parents at a URL, and the children at one that ends in the value at a path."""
    parents, children, key = sys.argv[1:]
    path = key.split(".")
    session = requests.Session()
    session.headers["Authorization"] = "Bearer benchmark"
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    write = sys.stdout.buffer.write

    def read(url: str, stream: str) -> Iterator[Mapping[str, Any]]:
        page = pages = 1
        while page <= pages:
            body = decode(session.get(url, params={"page": page}, timeout=60).content)
            for record in body["data"]:
                yield record
                write(encode({"type": "RECORD", "stream": stream, "record": record}) + b"\n")
            page, pages = page + 1, body["pages"]

    seen = set()
    for parent in read(parents, "parents"):
        value = reduce(getitem, path, parent)
        if value not in seen:
            seen.add(value)
            for _ in read(f"{children}/{value}", "children"):
                pass


if __name__ == "__main__":
    main()
