"""The result of a run as a table, on the terminal and in docs."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from tests.fuzz.fuzz_targets import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.fuzz.fuzz_run import Figure

PAGE = ROOT / "docs" / "explanation" / "soak-and-fuzz.md"
BEGIN, END = "<!-- fuzz -->\n", "<!-- /fuzz -->\n"


def print_table(figures: Sequence[Figure]) -> None:
    """Print the figures."""
    print("".join(_markdown(figures)))


def write_page(figures: Sequence[Figure], path: Path = PAGE) -> None:
    """Write the figures between their markers."""
    before, rest = path.read_text().split(BEGIN, 1)
    _, after = rest.split(END, 1)
    path.write_text(f"{before}{BEGIN}{''.join(_markdown(figures))}{END}{after}")


def _markdown(figures: Sequence[Figure]) -> Iterator[str]:
    yield "| Target | hypothesis | atheris | A second | Branches reached | Rules broken |\n"
    yield "|:--|--:|--:|--:|--:|--:|\n"
    for target in dict.fromkeys(figure.target for figure in figures):
        yield _row(target, [figure for figure in figures if figure.target == target])
    yield f"\n{sum(f.inputs for f in figures):,} inputs in all; Python "
    yield f"{platform.python_version()}, {platform.machine()}.\n"


def _row(target: str, figures: Sequence[Figure]) -> str:
    inputs = {figure.engine: f"{figure.inputs:,}" for figure in figures}
    rate = sum(f.inputs for f in figures) / max(sum(f.seconds for f in figures), 1)
    reached = next((f"{f.branches[0]} to {f.branches[1]}" for f in figures if f.branches), "—")
    cells = [target, inputs.get("hypothesis", "—"), inputs.get("atheris", "—"), f"{rate:.0f}"]
    return f"| {' | '.join([*cells, reached, str(sum(f.faults for f in figures))])} |\n"
