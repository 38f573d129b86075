"""The figures of a benchmark: shown, written into the docs, and compared with them."""

from __future__ import annotations

import re

import pytest

from benchmarks import baseline, docs_page, loads, pairs, paths, report, throughput
from benchmarks.figures import Figure

BEGIN, END = docs_page.markers(docs_page.SPEED)


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
