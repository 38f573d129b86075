"""One figure of a run, and the sizes of a run. Knows no measurement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A ratio or another number to compare between machines, and how it was obtained."""

    part: str
    name: str
    value: float
    unit: str
    detail: str = ""


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    records: int
    rounds: int
    delayed_pages: int
    pages: tuple[int, ...]
    partitions: tuple[int, ...]


FULL = Size(100_000, 3, 64, (1_000, 10_000, 100_000), (100, 1_000, 10_000))
QUICK = Size(10_000, 1, 16, (100, 1_000), (10, 100))
