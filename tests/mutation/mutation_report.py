"""The result of mutation testing as a table, on the terminal and in docs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.mutation.mutation_run import Result

FOLDER = ROOT / ".mutation"
PAGE = ROOT / "docs" / "explanation" / "soak-and-fuzz.md"


def print_table(results: Sequence[Result]) -> None:
    """Print the figures and where the survivors are."""
    print("\n" + "\n".join(map(_row, results)))
    print(f"survivors are listed in {FOLDER}")


def write_page(results: Sequence[Result], path: Path = PAGE) -> None:
    """Replace the rows of these packages in the table of mutants."""
    rows = {f"| `{result.package}` ": _row(result) for result in results}
    lines = path.read_text().splitlines()
    replaced = [next((rows[r] for r in rows if line.startswith(r)), line) for line in lines]
    path.write_text("\n".join(replaced) + "\n")


def _row(result: Result) -> str:
    share = f"{100 * result.killed / max(result.tried, 1):.1f} %"
    counts = (result.mutants, result.tried, result.killed, result.late, len(result.survivors))
    cells = [f"`{result.package}`", *(f"{count:,}" for count in counts), share]
    return f"| {' | '.join(cells)} |"
