"""The figures of `make kill` as a table, on the terminal and in docs."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PAGE = ROOT / "docs" / "explanation" / "soak-and-fuzz.md"
BEGIN, END = "<!-- kills -->\n", "<!-- /kills -->\n"


@dataclass(frozen=True)
class Figure:
    """What kills did to one kind of run; ``twice`` counts rows that one run emitted again."""

    what: str
    kills: int
    rows: int
    lost: int
    twice: int
    damaged: int

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, doubled or damaged."""
        return not (self.lost or self.twice or self.damaged)


def table(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| Killed | Kills | Rows | Rows lost | Rows twice in a run | Tokens or files damaged |\n"
    yield "|:--|--:|--:|--:|--:|--:|\n"
    for one in figures:
        rows = (f"{count:,}" if one.rows else "—" for count in (one.rows, one.lost, one.twice))
        yield f"| {one.what} | {one.kills} | {' | '.join(rows)} | {one.damaged} |\n"
    yield f"\n{sum(one.kills for one in figures)} kills in all; Python "
    yield f"{platform.python_version()}, {platform.machine()}.\n"


def write_page(figures: Sequence[Figure], path: Path = PAGE) -> None:
    """Write the figures between their markers."""
    before, rest = path.read_text().split(BEGIN, 1)
    _, after = rest.split(END, 1)
    path.write_text(f"{before}{BEGIN}{''.join(table(figures))}{END}{after}")
