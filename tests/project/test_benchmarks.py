"""The benchmarks compare equal work, and say what they found. Nothing here is timed."""

from __future__ import annotations

import json
from threading import Thread
from urllib.request import urlopen

import pytest

from benchmarks import contenders, docs_page, growth, latency, report, startup, throughput
from benchmarks.figures import Figure, Size
from benchmarks.processes import BenchmarkError, measured, server
from benchmarks.records import SCHEMA, STREAM, record

RECORDS = 450
BEGIN, END = docs_page.markers(report.NAME)


@pytest.fixture(scope="module")
def api():
    """Serve three pages, the last one short."""
    with server(RECORDS) as serving:
        yield serving


@pytest.fixture
def delivered(tmp_path):
    """Run a contender and give its records."""

    def run(arguments):
        output = tmp_path / "messages.jsonl"
        measured(arguments, output=output)
        messages = [json.loads(line) for line in output.read_bytes().splitlines()]
        return [message["record"] for message in messages if message["type"] == "RECORD"]

    return run


@pytest.fixture(scope="module")
def served():
    return [record(number) for number in range(RECORDS)]


def test_all_contenders_deliver_what_is_served(api, delivered, served, tmp_path):
    """Limit, template tap and this tap deliver the same records in the same order."""
    assert delivered(contenders.limit(api.address)) == served
    for contender in (contenders.template_tap, contenders.declared, contenders.inferred):
        assert delivered(contender(api.address, tmp_path)) == served, contender.__name__


def test_the_general_way_differs_in_its_two_fields_alone(api, delivered, served, tmp_path):
    """With a field added and one deselected, all other values are what is served."""
    expected = []
    for values in served:
        others = {name: values[name] for name in values if name != contenders.DESELECTED_FIELD}
        expected.append({**others, "city": values["customer"]["address"]["city"]})
    assert delivered(contenders.general(api.address, tmp_path)) == expected


@pytest.mark.parametrize("style", contenders.STYLES)
def test_the_server_serves_every_style(api, delivered, served, tmp_path, style):
    """Each style of paging brings all records exactly once, in order."""
    stream = latency.paged(style, latency_ms=0)
    assert delivered(contenders.tap(api.address, tmp_path, stream)) == served


@pytest.mark.parametrize(("stream", "count"), [(growth.paged, 5), (growth.partitioned, 7)])
def test_what_grows_brings_a_record_for_each(api, delivered, tmp_path, stream, count):
    """A tiny page, and a partition, is one record."""
    found = delivered(contenders.tap(api.address, tmp_path, stream(count)))
    assert len({values["id"] for values in found}) == len(found) == count


@pytest.mark.parametrize("name", ["partitions", "children"])
def test_what_is_delayed_brings_a_record_for_each(api, delivered, tmp_path, name):
    """Each partition is asked for once, and each parent's child."""
    streams = latency.known_ahead(3)[name]
    found = delivered(contenders.tap(api.address, tmp_path, *streams))
    assert [values["owner"] for values in found if "page" in values] == [0, 1, 2]


def test_records_are_as_large_and_as_varied_as_promised():
    """A record has about 0.9 KB, with an object, a list, a fraction, a null and non-ASCII text."""
    records = [record(number) for number in range(200)]
    text = "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in records)
    assert 850 < len(text.encode()) / 200 < 950
    assert not text.isascii()
    assert set(records[0]) == set(SCHEMA["properties"])
    kinds = {type(value) for values in records for value in values.values()}
    assert {dict, list, float, type(None), bool, int, str} <= kinds


def test_the_server_counts_what_is_under_way_at_once(api):
    """The server tells the most pages under way at once, and begins anew when it was asked."""
    api.counters()
    for _ in range(2):
        page_after(api, 0)
    assert (api.counters()["most_under_way"], api.counters()["pages"]) == (1, 0)
    threads = [Thread(target=page_after, args=(api, 500)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted = api.counters()
    assert (counted["most_under_way"], counted["pages"]) == (3, 3)
    assert counted["last_page_at"] - counted["first_page_at"] >= 0.5


def page_after(api, latency_ms):
    with urlopen(f"{api.address}/{latency_ms}/{STREAM}?page=1", timeout=30) as answer:
        return answer.read()


def test_a_contender_that_fails_is_told_with_its_last_words(api, tmp_path):
    """No figure comes of a process that failed; what it said is in the error."""
    arguments = contenders.tap(api.address, tmp_path, contenders.ORDERS, max_in_flihgt=1)
    with pytest.raises(BenchmarkError, match="max_in_flihgt"):
        measured(arguments)


FIGURES = [
    Figure("throughput", throughput.LIMIT, 1.0, throughput.OF_LIMIT, "1.40 s"),
    Figure("throughput", throughput.OURS, 0.956, throughput.OF_LIMIT, "1.34 s"),
    Figure("memory", throughput.OURS, 41.7, "MB above an idle tap", "peak 120 MB"),
]


def test_figures_are_written_between_their_markers(tmp_path):
    """Writing figures, once or twice, changes what stands between the markers and nothing else."""
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


def test_page_has_markers_for_figures_and_shows_the_picture():
    """The performance page has both markers once, and the picture it shows exists."""
    text = docs_page.PERFORMANCE.read_text()
    assert text.count(BEGIN) == text.count(END) == 1
    assert f"]({report.PICTURE.name})" in text
    assert report.PICTURE.read_bytes().startswith(b"\x89PNG")


def test_every_figure_is_in_the_table(capsys):
    """The printed table has a row for each figure."""
    report.print_table(FIGURES)
    printed = capsys.readouterr().out
    assert all(figure.detail in printed and figure.unit in printed for figure in FIGURES)


@pytest.mark.slow
@pytest.mark.parametrize("part", [throughput, latency, startup, growth])
def test_every_part_gives_figures(tmp_path, part):
    """Each part runs to its end, and gives a positive number for all that it names."""
    size = Size(records=400, rounds=1, delayed_pages=4, pages=(1, 3), partitions=(1, 3))
    figures = list(part.figures(size, tmp_path))
    assert len({(figure.part, figure.name) for figure in figures}) == len(figures) >= 2
    assert all(figure.value > 0 for figure in figures if figure.part != "memory")
