"""The result of a run: a table on the terminal and in docs, and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import loads, throughput
from benchmarks.docs_page import PERFORMANCE, README, SPEED, machine, put
from benchmarks.figures import FULL
from benchmarks.paths import INCREMENTAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from benchmarks.figures import Figure

PICTURE = PERFORMANCE.with_name("ratios.png")
_WHOLE_FROM = 20
#: Reads of the picture, from the straight one to those that change every record.
DRAWN = (
    "full read",
    "incremental",
    "order: asc",
    "add_fields: nested",
    "keep",
    "partitions",
    "stream map: rename",
    "flattening",
    "CSV",
    throughput.TEMPLATE,
)
OTHERS = {throughput.TEMPLATE, loads.TEMPLATE, loads.DLT, loads.FASTEST_DLT}
OURS_COLOUR, OTHERS_COLOUR, TEXT_COLOUR = "#1f6f8b", "#b8c4c8", "#333333"


def print_table(figures: Sequence[Figure]) -> None:
    """Print the figures of a run."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=machine(), title_justify="left")
    for title in ("Part", "Measured", "Figure", "", "From"):
        table.add_column(title, justify="right" if title == "Figure" else "left")
    for number, figure in enumerate(figures):
        first = number == 0 or figures[number - 1].part != figure.part
        name = figure.part if first else ""
        table.add_row(name, figure.name, format_value(figure), figure.unit, figure.detail)
    Console(width=150).print(table)


def write_page(figures: Sequence[Figure], path: Path = PERFORMANCE) -> None:
    """Write the figures between their markers."""
    put(SPEED, "\n" + "".join(_markdown(figures)), path)


def _markdown(figures: Sequence[Figure]) -> Iterator[str]:
    yield "| Part | Measurement | Figure | From |\n|:--|:--|--:|:--|\n"
    for figure in figures:
        value = f"{format_value(figure)} {figure.unit}"
        yield f"| {figure.part} | {figure.name} | {value} | {figure.detail} |\n"
    yield f"\n{machine()}.\n"


def format_value(figure: Figure) -> str:
    """Format a figure with its significant digits."""
    return f"{figure.value:.2f}" if figure.value < _WHOLE_FROM else f"{figure.value:.0f}"


def write_readme(figures: Sequence[Figure], path: Path = README) -> None:
    """Write the one sentence of the figures that matter most."""
    values = {(figure.part, figure.name): format_value(figure) for figure in figures}
    ours = values[throughput.PART, throughput.large_name(INCREMENTAL, FULL)]
    template = values[throughput.PART, throughput.TEMPLATE]
    dlt = values[loads.PART, loads.FASTEST_DLT]
    put(
        SPEED,
        f"An incremental read of {FULL.many_records:,} records takes {ours} times the limit, a "
        f"loop that only decodes and encodes records; the SDK template's tap takes {template} "
        f"times. A load into DuckDB takes dlt {dlt} times as long.",
        path,
    )


def draw(figures: Sequence[Figure], path: Path = PICTURE) -> None:
    """Draw times of the tap and of others as bars: to the limit, and into DuckDB."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(8, 4.6), layout="constrained")
    FigureCanvasAgg(drawing)
    reads, into = drawing.subplots(2, height_ratios=(len(DRAWN), 4))
    shown = [figure for figure in figures if figure.part == throughput.PART]
    to_limit = {figure.name: figure.value for figure in shown if figure.name in DRAWN}
    _bars(reads, "Reading: time of the process, as a multiple of the limit", to_limit)
    others = {figure.name: figure.value for figure in figures if figure.unit == loads.TIMES_OURS}
    _bars(into, "Loading into DuckDB: as a multiple of this tap", {loads.OURS: 1.0, **others})
    drawing.savefig(path, dpi=150, metadata={"Software": None})


def _bars(axes: Axes, title: str, values: Mapping[str, float]) -> None:
    colours = [OTHERS_COLOUR if name in OTHERS else OURS_COLOUR for name in values]
    bars = axes.barh(list(values), list(values.values()), color=colours, height=0.62)
    axes.bar_label(bars, fmt="{:.2f}", padding=4, color=TEXT_COLOUR)
    axes.set_title(title, loc="left", fontsize=11, color=TEXT_COLOUR)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0, labelcolor=TEXT_COLOUR)
    axes.xaxis.set_visible(False)
    axes.spines[:].set_visible(False)
