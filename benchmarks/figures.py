"""One figure of a run, and the size of a run. No measuring here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A number that can be compared between machines, and its source."""

    part: str
    name: str
    value: float
    unit: str
    detail: str = ""


@dataclass(frozen=True)
class Size:
    """The amount to measure."""

    records: int
    many_records: int
    rounds: int
    delayed_pages: int
    pages: tuple[int, ...]
    partitions: tuple[int, ...]
    streams: tuple[int, ...]


FULL = Size(
    100_000, 500_000, 3, 64, (1_000, 10_000, 100_000), (1_000, 10_000, 100_000), (10, 100, 1_000)
)
QUICK = Size(10_000, 50_000, 1, 16, (100, 1_000), (100, 1_000), (10, 100))
