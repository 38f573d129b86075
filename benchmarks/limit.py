"""The limit: the least work that reads and emits records with `requests` and `msgspec`.

It checks, selects, retries and remembers nothing; every other contender is compared with it.
"""

from __future__ import annotations

import sys

import msgspec
import requests

from benchmarks.records import STREAM


def main() -> None:
    """Read all pages of each address and write a RECORD line for each record."""
    session = requests.Session()
    session.headers["Authorization"] = "Bearer benchmark"
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    write = sys.stdout.buffer.write
    for address in sys.argv[1:]:
        page = pages = 1
        while page <= pages:
            body = decode(session.get(address, params={"page": page}, timeout=60).content)
            for record in body["data"]:
                write(encode({"type": "RECORD", "stream": STREAM, "record": record}) + b"\n")
            page, pages = page + 1, body["pages"]


if __name__ == "__main__":
    main()
