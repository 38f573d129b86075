"""Compare the figures of a run with those that the docs show. No measuring here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.docs_page import PERFORMANCE, SPEED, get

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from benchmarks.figures import Figure

#: Part and name of a figure.
Key = tuple[str, str]

#: A figure is worse if it is more than a third above; shared machines vary by less.
ALLOWED = 4 / 3


def committed(path: Path = PERFORMANCE) -> dict[Key, float]:
    """Return the figures of the table in the docs."""
    rows = [line.split("|")[1:4] for line in get(SPEED, path).splitlines() if line[:2] == "| "]
    return {(part.strip(), name.strip()): float(shown.split()[0]) for part, name, shown in rows[1:]}


def worse(figures: Sequence[Figure], before: Mapping[Key, float]) -> Iterator[str]:
    """Yield a line for each figure that is worse than the committed one by over a third."""
    for figure in figures:
        old = before.get((figure.part, figure.name))
        if old is not None and _is_worse(figure, old):
            shown = f"{figure.value:.2f} {figure.unit} instead of {old:.2f}"
            yield f"{figure.part}, {figure.name}: {shown}"


def _is_worse(figure: Figure, old: float) -> bool:
    if figure.higher_is_better:
        return figure.value * ALLOWED < old
    return figure.value > old * ALLOWED


def unmatched(figures: Sequence[Figure], before: Mapping[Key, float]) -> Iterator[str]:
    """Yield a line for each figure that only the run or only the docs have."""
    measured = {(figure.part, figure.name) for figure in figures}
    parts = {figure.part for figure in figures}
    for part, name in measured - before.keys():
        yield f"{part}, {name}: not in the docs, so not compared"
    for part, name in before.keys() - measured:
        if part in parts:
            yield f"{part}, {name}: in the docs, but not measured"
