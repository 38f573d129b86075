"""The benchmarks compare equal work and report their figures. No timing here."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from datetime import datetime, timezone
from decimal import Decimal
from threading import Thread
from urllib.request import urlopen

import pytest

from benchmarks import (
    baseline,
    bulk,
    children,
    contenders,
    docs_page,
    equality,
    growth,
    latency,
    loaded_rows,
    loads,
    pairs,
    paths,
    report,
    startup,
    throughput,
)
from benchmarks.figures import Figure, Size
from benchmarks.processes import BenchmarkError, measure, server, serving
from benchmarks.records import SCHEMA, STREAM, record
from tests.support.batches import load_with_sdk

RECORDS = 450
BEGIN, END = docs_page.markers(docs_page.SPEED)


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
    ("stream", "count"), [(growth.paged_stream, 5), (growth.partitioned_stream, 7)]
)
def test_tiny_page_or_partition_is_one_record(api, delivered, tmp_path, stream, count):
    found = delivered(contenders.tap(api.address, tmp_path, *stream(count)))
    assert len({values["id"] for values in found}) == len(found) == count


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


FIGURES = [
    Figure("throughput", "full read", 1.0, pairs.OF_LIMIT, "1.40 s"),
    Figure("throughput", "incremental", 0.956, pairs.OF_LIMIT, "1.34 s"),
    Figure("memory", "incremental", 41.7, "MB above an idle tap", "peak 120 MB"),
]


def test_figures_are_written_between_their_markers_only(tmp_path):
    """Once or twice alike."""
    path = tmp_path / "page.md"
    before, after = docs_page.PERFORMANCE.read_text().split(BEGIN)[0], "\n## After\n"
    path.write_text(f"{before}{BEGIN}old\n{END}{after}")
    report.write_page(FIGURES, path)
    written = path.read_text()
    assert written.startswith(before + BEGIN)
    assert written.endswith(END + after)
    assert "| 0.96 times the limit | 1.34 s |" in written
    assert "| 42 MB above an idle tap |" in written
    assert "old" not in written.removeprefix(before)
    report.write_page(FIGURES, path)
    assert path.read_text() == written


def test_readme_has_a_sentence_of_the_figures(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(f"before {BEGIN}old{END} after")
    figures = [
        Figure("throughput", "incremental, 500,000 records", 0.987, pairs.OF_LIMIT),
        Figure("throughput", throughput.TEMPLATE, 9.5, pairs.OF_LIMIT),
        Figure(loads.PART, loads.FASTEST_DLT, 1.456, loads.TIMES_OURS),
    ]
    report.write_readme(figures, path)
    before, sentence, after = re.split("<[^>]*>", path.read_text())
    assert (before, after) == ("before ", " after")
    assert re.findall(r"\d+\.\d+", sentence) == ["0.99", "9.50", "1.46"]
    assert docs_page.get(docs_page.SPEED, docs_page.README)


def test_picture_shows_paths_that_are_measured():
    assert {path.name for path in paths.paths()} >= {*report.DRAWN} - {throughput.TEMPLATE}


def test_page_has_markers_for_figures_and_shows_the_picture():
    """The performance page has both markers once, and the picture it shows exists."""
    text = docs_page.PERFORMANCE.read_text()
    assert text.count(BEGIN) == text.count(END) == 1
    assert f"]({report.PICTURE.name})" in text
    assert report.PICTURE.read_bytes().startswith(b"\x89PNG")


def test_printed_table_has_every_figure(capsys):
    report.print_table(FIGURES)
    printed = capsys.readouterr().out
    assert all(figure.detail in printed and figure.unit in printed for figure in FIGURES)


@pytest.mark.parametrize(
    ("value", "higher_is_better", "is_worse"),
    [
        (1.33, False, False),
        (1.34, False, True),
        (0.1, False, False),
        (0.76, True, False),
        (0.74, True, True),
        (9.0, True, False),
    ],
)
def test_figure_is_worse_from_a_third_on(tmp_path, value, higher_is_better, is_worse):
    """Than in the docs, where it is 1.00."""
    path = page_with(
        [Figure("part", "same", 1.0, "times"), Figure("other", "name", 1.0, "times")], tmp_path
    )
    run = [Figure("part", "same", value, "times", higher_is_better=higher_is_better)]
    before = baseline.committed(path)
    worse = [f"part, same: {value:.2f} times instead of 1.00"] if is_worse else []
    assert list(baseline.worse(run, before)) == worse
    assert list(baseline.unmatched(run, before)) == []


def test_figure_without_a_counterpart_is_named(tmp_path):
    """Unless its part was not measured."""
    shown = [Figure("part", "gone", 2.0, "times"), Figure("other", "name", 1.0, "times")]
    before = baseline.committed(page_with(shown, tmp_path))
    run = [Figure("part", "new", 3.0, "times")]
    assert sorted(baseline.unmatched(run, before)) == [
        "part, gone: in the docs, but not measured",
        "part, new: not in the docs, so not compared",
    ]
    assert list(baseline.worse(run, before)) == []


def test_every_committed_figure_can_be_compared():
    lines = docs_page.get(docs_page.SPEED, docs_page.PERFORMANCE).splitlines()
    assert len(baseline.committed()) == sum(line.startswith("| ") for line in lines) - 1


def page_with(figures, folder):
    path = folder / "page.md"
    path.write_text(f"{BEGIN}\n{END}\n")
    report.write_page(figures, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("part", [throughput, latency, startup, growth, children, bulk, loads])
def test_every_part_yields_positive_figures(tmp_path, part):
    """Unless they are differences of two runs, which so few records leave to chance."""
    few = (1, 3)
    size = Size(
        records=400,
        many_records=600,
        loaded_records=300,
        bulk_records=300,
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
