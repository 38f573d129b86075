"""Compressed responses: asked for in what can be read, and read as a whole or not at all."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zlib
from contextlib import suppress
from importlib import import_module

import pytest

from tests.support.commands import write_config
from tests.support.server import Reply


def raw_deflate(content):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


PACK = {"gzip": gzip.compress, "deflate": zlib.compress}
for coding, names in {"br": ["brotli"], "zstd": ["compression.zstd", "backports.zstd"]}.items():
    for name in names:
        with suppress(ImportError):
            PACK.setdefault(coding, import_module(name).compress)
AS = [*PACK.items(), ("x-gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", raw_deflate)]
SCHEMA = {"properties": {"id": {"type": "integer"}}}
STREAM = {"name": "items", "path": "items", "records_path": "d", "schema": SCHEMA}
PAGES = 4

STYLES = {
    "page_number": {"total_pages_path": "pages"},
    "offset": {"page_size": 2, "total_pages_path": "pages"},
    "cursor": {"cursor_path": "next", "cursor_param": "page"},
    "next_url": {"next_url_path": "link"},
}


def page_of(seen):
    if "offset" in seen.query:
        return int(seen.query["offset"]) // 2 + 1
    return int(seen.query.get("page", 1))


def body(page):
    after = page + 1 if page < PAGES else None
    return {"d": [{"id": page * 2 + n} for n in range(2)], "pages": PAGES, "next": after,
            "link": after and f"?page={after}"}  # fmt: skip


def packed(content, *codings):
    raw = json.dumps(content).encode()
    for coding in codings:
        raw = PACK[coding](raw)
    return Reply(raw, headers={"Content-Encoding": ", ".join(codings)})


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("name", "pack"), AS)
def test_compressed_records_are_equal(api, tap, name, pack, style):
    def respond(seen):
        content = pack(json.dumps(body(page_of(seen))).encode())
        return Reply(content, headers={"Content-Encoding": name})

    api.routes["/items"] = respond
    run = tap.ok(api.config({**STREAM, "pagination": {"style": style, **STYLES[style]}}))
    assert run.ids() == list(range(2, 2 * PAGES + 2))


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ({}, ", ".join(PACK)),
        ({"Accept-Encoding": "identity"}, "identity"),
        ({"accept-encoding": "gzip"}, "gzip"),
    ],
)
def test_what_can_be_read_is_asked_for_unless_a_header_says_otherwise(api, tap, headers, sent):
    api.serve("/items", body(PAGES))
    tap.ok(api.config(STREAM, headers=headers))
    (seen,) = api.requests("/items")
    names = [name for name in seen.headers if name.lower() == "accept-encoding"]
    assert [seen.headers[name] for name in names] == [sent]


@pytest.mark.parametrize("second", PACK)
@pytest.mark.parametrize("first", PACK)
def test_body_compressed_twice_is_read(api, tap, first, second):
    api.serve("/items", packed(body(PAGES), first, second))
    assert len(tap.ok(api.config(STREAM)).records()) == 2


@pytest.mark.parametrize("coding", PACK)
@pytest.mark.parametrize("fault", ["cut", "other", "plain"])
def test_corrupt_body_is_retried_then_one_error(api, tap, coding, fault):
    whole = packed(body(PAGES), coding)
    other = "deflate" if coding == "gzip" else "gzip"
    content = {
        "cut": whole.content[:-1],
        "other": packed(body(PAGES), other).content,
        "plain": json.dumps(body(PAGES)).encode(),
    }[fault]
    bad = Reply(content, headers=whole.headers)
    api.serve("/items", bad, whole)
    assert len(tap.ok(api.config(STREAM, max_retries=1, max_wait=0.01)).records()) == 2
    api.serve("/items", bad)
    run = tap(api.config(STREAM, max_retries=0))
    assert run.status == 1
    (line,) = run.error_lines
    assert "page 1: GET" in line
    assert "got a truncated or corrupt response (" in line
    assert not run.records()


@pytest.mark.parametrize("header", [{"Content-Encoding": "gzip"}, {}])
@pytest.mark.parametrize("fault", [None, "end", "middle", "more"])
def test_large_gzip_body_is_read_as_a_whole_or_not_at_all(api, tap, fault, header):
    """It is decompressed piece by piece."""
    texts = [os.urandom(60_000).hex() for _ in range(20)]
    whole = gzip.compress(
        json.dumps({"d": [{"id": n, "t": t} for n, t in enumerate(texts)]}).encode()
    )
    assert len(whole) > 2**20
    content = {
        None: whole,
        "end": whole[:-1],
        "middle": whole[: len(whole) // 2],
        "more": whole + b"more",
    }[fault]
    api.serve("/items", Reply(content, headers=header))
    run = tap(api.config(STREAM, max_retries=0))
    assert run.status == (fault is not None)
    assert run.ids() == ([] if fault else list(range(20)))
    assert fault is None or "corrupt" in run.error_lines[0]


@pytest.mark.parametrize("status", [200, 204, 304])
@pytest.mark.parametrize("coding", PACK)
def test_no_body_is_an_empty_page_whatever_its_coding(api, tap, coding, status):
    pagination = {"style": "page_number"}
    rules = [{"empty": True, "action": "end"}] if status == 200 else []
    stream = {**STREAM, "pagination": pagination, "response_rules": rules}
    last = Reply(b"", status, {"Content-Encoding": coding})
    api.serve("/items", packed({"d": body(1)["d"]}, coding), last)
    assert len(tap.ok(api.config(stream, max_in_flight=1)).records()) == 2


BOMBS = {
    "json": b"[" + b" " * (2**27 + 2**24) + b"]",
    "xml": b"<r>" + b" " * (2**27 + 2**24) + b"</r>",
}


@pytest.mark.parametrize(
    ("kind", "format_"), [*((kind, "json") for kind in (*PACK, "a gzip file")), ("gzip", "xml")]
)
def test_bomb_is_one_error_and_is_not_retried(api, tap, kind, format_):
    """It would unpack to more than 100 times its size, and to more than 128 MB."""
    headers = {} if kind == "a gzip file" else {"Content-Encoding": kind}
    api.serve("/items", Reply(PACK.get(kind, gzip.compress)(BOMBS[format_]), headers=headers))
    run = tap(api.config({**STREAM, "response_format": format_}, max_retries=3))
    assert run.status == 1
    (line,) = run.error_lines
    assert line.startswith("stream 'items', page 1: ")
    assert "it unpacks to more than 134,217,728 bytes; is it a bomb?" in line
    assert len(api.requests("/items")) == 1


def test_coding_without_its_package_names_the_extra(api, tmp_path):
    """A server that sends it unasked ends the run with one line."""
    api.serve("/items", Reply(b"\x28\xb5\x2f\xfd", headers={"Content-Encoding": "zstd"}))
    path = write_config(tmp_path, api.config({"name": "items", "path": "items"}))
    hide = "import sys; sys.modules.update({'backports.zstd': None, 'compression.zstd': None})"
    then = "import runpy; runpy.run_module('tap_oauth2_generic', run_name='__main__')"
    command = [sys.executable, "-c", f"{hide}; {then}", "--config", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "zstd" not in api.seen[0].headers["Accept-Encoding"]
    (line,) = [line for line in done.stderr.splitlines() if "| ERROR" in line]
    assert "stream 'items', page 1" in line
    assert "zstd needs a package that is not installed" in line
    assert "run pip install 'tap-oauth2-generic[zstd]'" in line
