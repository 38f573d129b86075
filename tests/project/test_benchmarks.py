"""The benchmarks compare equal work and report their figures. No timing here."""

from __future__ import annotations

import dataclasses
import json
import time
from datetime import datetime, timezone
from decimal import Decimal
from threading import Thread
from urllib.request import urlopen

import pytest

from benchmarks import (
    bulk,
    children,
    contenders,
    equality,
    growth,
    latency,
    loaded_rows,
    loads,
    memory,
    paths,
    startup,
    throughput,
)
from benchmarks.figures import Size
from benchmarks.processes import BenchmarkError, measure, server, serving
from benchmarks.records import OWNED, SCHEMA, STREAM, record
from tests.support.batches import load_with_sdk

RECORDS = 450


@pytest.fixture(scope="module")
def api():
    """Serve three pages, the last one short."""
    with server(RECORDS) as served:
        yield served


@pytest.fixture
def delivered(tmp_path):
    """A function that runs a contender and returns its records."""

    def run(arguments):
        output = tmp_path / "messages.jsonl"
        measure(arguments, output=output)
        messages = [json.loads(line) for line in output.read_bytes().splitlines()]
        return [message["record"] for message in messages if message["type"] == "RECORD"]

    return run


@pytest.fixture
def served():
    return [record(number) for number in range(RECORDS)]


@pytest.mark.parametrize("path", list(paths.paths()), ids=lambda path: path.name)
def test_every_path_delivers_the_rows_of_the_limit(tmp_path, path):
    """Each changed in plain Python as the path's settings say."""
    equality.check([path], tmp_path)


def test_limit_and_template_deliver_every_record(api, delivered, served, tmp_path):
    assert delivered(contenders.limit(api.address)) == served
    assert delivered(contenders.template_tap(api.address, tmp_path)) == served


@pytest.mark.parametrize(
    "wrong",
    [
        dataclasses.replace(paths.INCREMENTAL, expected=lambda row: {**row, "paid": None}),
        dataclasses.replace(paths.INCREMENTAL, expected=lambda row: row if row["paid"] else None),
        dataclasses.replace(paths.INCREMENTAL, reads=["0/newest"]),
        dataclasses.replace(paths.INCREMENTAL, reads=["0/orders", "0/tenth/1"]),
    ],
    ids=["changed", "missing", "in another order", "too many"],
)
def test_rows_that_differ_are_an_error(tmp_path, wrong):
    with pytest.raises(BenchmarkError, match=r"incremental: row \d+ should be .* but delivered "):
        equality.check([wrong], tmp_path)


@pytest.mark.parametrize("style", contenders.STYLES)
def test_every_paging_style_delivers_each_record_once(api, delivered, served, tmp_path, style):
    stream = latency.paged_stream(style, latency_ms=0)
    assert delivered(contenders.tap(api.address, tmp_path, stream)) == served


@pytest.mark.parametrize(
    ("streams", "each"),
    [
        (growth.paged_stream, 1),
        (growth.partitioned_stream, 1),
        (growth.owned_partitions, OWNED),
        (growth.owned_streams, OWNED),
    ],
)
def test_growing_read_has_as_many_records(api, delivered, tmp_path, streams, each):
    found = delivered(contenders.tap(api.address, tmp_path, *streams(5)))
    assert len({values["id"] for values in found}) == len(found) == 5 * each


@pytest.mark.parametrize("name", ["partitions", "children"])
def test_each_partition_and_each_child_is_requested_once(api, delivered, tmp_path, name):
    streams = latency.known_ahead(3)[name]
    found = delivered(contenders.tap(api.address, tmp_path, *streams))
    assert [values["owner"] for values in found if "page" in values] == [0, 1, 2]


def test_checksums_are_the_same_however_a_loader_keeps_a_value():
    """JSON as text, timestamps with and without a zone, decimals: the same; another value: not."""
    columns = list(SCHEMA["properties"])
    rows = [[made[name] for name in columns] for made in map(record, range(3))]
    for row in rows:
        row[columns.index("customer")] = json.dumps(row[columns.index("customer")])
        row[columns.index("total")] = Decimal(str(row[columns.index("total")]))
        for name, zone in (("created_at", timezone.utc), ("updated_at", None)):
            moment = datetime.fromisoformat(row[columns.index(name)].replace("Z", "+00:00"))
            row[columns.index(name)] = moment.replace(tzinfo=zone)
    expected = loaded_rows.expected(3)
    assert loaded_rows.checksums(columns, rows) == expected
    rows[2][columns.index("note")] = "another"
    found = loaded_rows.checksums(columns, rows)
    assert [name for name in columns if found[name] != expected[name]] == ["note"]


def test_records_are_large_and_varied():
    """About 0.9 KB, with an object, a list, a fraction, a null and non-ASCII text."""
    records = [record(number) for number in range(200)]
    text = "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in records)
    assert 850 < len(text.encode()) / 200 < 950
    assert not text.isascii()
    assert set(records[0]) == set(SCHEMA["properties"])
    kinds = {type(value) for values in records for value in values.values()}
    assert {dict, list, float, type(None), bool, int, str} <= kinds


def test_network_delays_both_ways_and_changes_nothing(api):
    with serving("benchmarks.network", api=api.address, delay=0.05) as network:
        started = time.monotonic()
        delayed = page_after(network, 0)
        # Two ways of the connection to the API, two of the request.
        assert time.monotonic() - started >= 4 * 0.05
    assert delayed == page_after(api, 0)


def test_server_counts_concurrent_pages_since_the_last_query(api):
    api.counters()
    for _ in range(2):
        page_after(api, 0)
    assert (api.counters()["most_concurrent"], api.counters()["pages"]) == (1, 0)
    threads = [Thread(target=page_after, args=(api, 500)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted = api.counters()
    assert (counted["most_concurrent"], counted["pages"]) == (3, 3)
    assert counted["last_page_at"] - counted["first_page_at"] >= 0.5


def page_after(api, latency_ms):
    with urlopen(f"{api.address}/{latency_ms}/{STREAM}?page=1", timeout=30) as response:
        return response.read()


def test_failed_contender_is_an_error_with_its_last_output(api, tmp_path):
    arguments = contenders.tap(api.address, tmp_path, contenders.ORDERS, max_in_flihgt=1)
    with pytest.raises(BenchmarkError, match="max_in_flihgt"):
        measure(arguments)


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", [throughput, latency, startup, growth, children, bulk, loads, memory]
)
def test_every_part_yields_positive_figures(tmp_path, part):
    """Unless they are differences of two runs, which so few records leave to chance."""
    few = (1, 3)
    size = Size(
        records=400,
        many_records=600,
        loaded_records=300,
        bulk_records=300,
        page_records=300,
        rounds=1,
        delayed_pages=4,
        pages=few,
        partitions=few,
        streams=few,
    )
    figures = list(part.figures(size, tmp_path))
    assert len({(figure.part, figure.name) for figure in figures}) == len(figures) >= 2
    assert all(figure.value > 0 for figure in figures if figure.part not in {"memory", "growth"})


def test_tap_and_limit_deliver_the_same_parents_and_children(tmp_path):
    children.check(tmp_path)


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_batch_files_hold_the_same_records(api, served, tmp_path, kind):
    output = tmp_path / "messages.jsonl"
    measure(contenders.batches(api.address, tmp_path / "files", format=kind), output=output)
    loaded = load_with_sdk(output.read_text())[STREAM]
    if kind == "jsonl":
        assert loaded == json.loads(json.dumps(served), parse_float=Decimal)
    assert [values["id"] for values in loaded] == [values["id"] for values in served]
