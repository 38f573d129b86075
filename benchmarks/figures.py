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
    higher_is_better: bool = False


@dataclass(frozen=True)
class Size:
    """The amount to measure."""

    records: int
    many_records: int
    loaded_records: int
    bulk_records: int
    page_records: int
    rounds: int
    delayed_pages: int
    pages: tuple[int, ...]
    partitions: tuple[int, ...]
    streams: tuple[int, ...]


FULL = Size(
    records=100_000,
    many_records=500_000,
    loaded_records=30_000,
    bulk_records=300_000,
    page_records=115_000,
    rounds=3,
    delayed_pages=64,
    pages=(1_000, 10_000, 100_000),
    partitions=(1_000, 10_000, 100_000),
    streams=(100, 300, 1_000),
)
QUICK = Size(
    records=10_000,
    many_records=50_000,
    loaded_records=3_000,
    bulk_records=10_000,
    page_records=11_500,
    rounds=1,
    delayed_pages=16,
    pages=(100, 1_000),
    partitions=(100, 1_000),
    streams=(30, 100),
)
