"""The result of a run: a table on the terminal and in docs, and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.docs_page import PERFORMANCE, SPEED, machine, put
from benchmarks.throughput import PART as THROUGHPUT
from benchmarks.throughput import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from benchmarks.figures import Figure

PICTURE = PERFORMANCE.with_name("ratios.png")
_WHOLE_FROM = 20
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
    put(SPEED, "".join(_markdown(figures)), path)


def _markdown(figures: Sequence[Figure]) -> Iterator[str]:
    yield "| Part | Measurement | Figure | From |\n|:--|:--|--:|:--|\n"
    for figure in figures:
        value = f"{format_value(figure)} {figure.unit}"
        yield f"| {figure.part} | {figure.name} | {value} | {figure.detail} |\n"
    yield f"\n{machine()}.\n"


def format_value(figure: Figure) -> str:
    """Format a figure with its significant digits."""
    return f"{figure.value:.2f}" if figure.value < _WHOLE_FROM else f"{figure.value:.0f}"


def draw(figures: Sequence[Figure], path: Path = PICTURE) -> None:
    """Draw the wall times of all contenders as bars."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(8, 6.4), layout="constrained")
    FigureCanvasAgg(drawing)
    _bars(drawing.subplots(), [figure for figure in figures if figure.part == THROUGHPUT])
    drawing.savefig(path, dpi=150, metadata={"Software": None})


def _bars(axes: Axes, figures: Sequence[Figure]) -> None:
    names = [figure.name for figure in figures]
    colours = [OTHERS_COLOUR if name == TEMPLATE else OURS_COLOUR for name in names]
    bars = axes.barh(names, [figure.value for figure in figures], color=colours, height=0.62)
    axes.bar_label(bars, [format_value(figure) for figure in figures], padding=4, color=TEXT_COLOUR)
    axes.set_title("Wall time of the whole process, as a multiple of the limit", loc="left",
                   fontsize=11, color=TEXT_COLOUR)  # fmt: skip
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0, labelcolor=TEXT_COLOUR)
    axes.xaxis.set_visible(False)
    axes.spines[:].set_visible(False)
