"""Watch a tap from outside: its output as a loader sees it, the rest through its process.

Knows neither the streams nor the expected result.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from statistics import median
from threading import Event, Thread
from time import monotonic
from typing import IO, TYPE_CHECKING

import msgspec
import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TENTHS = 10
# A socket and its file are counted at different moments, and a closing one still counts.
_CHANCE, _FEW = 1.15, 4


@dataclass(frozen=True)
class Sample:
    """The resources of a process at one moment."""

    memory_bytes: int
    threads: int
    sockets: int
    files: int


@dataclass
class Phase:
    """One stream, or some that are read together: its records, and samples of the process."""

    began_at: float
    ended_at: float
    records: Counter[str] = field(default_factory=Counter)
    astray: int = 0
    samples: list[Sample] = field(default_factory=list)

    def take(self, stream: str, number: int) -> None:
        """Count a record; it must be the next one."""
        self.astray += number != self.records[stream]
        self.records[stream] += 1
        self.ended_at = monotonic()

    def held(self, what: str) -> tuple[float, float]:
        """Return the mean of a resource in the second and in the last tenth of the samples."""
        size = -(-len(self.samples) // _TENTHS)
        parts = self.samples[size : 2 * size] or self.samples, self.samples[-size:]
        early, late = (median(getattr(sample, what) for sample in part) for part in parts)
        return early, late

    def growth(self) -> Iterator[str]:
        """Yield each resource that grew by more than chance."""
        for what in fields(Sample):
            early, late = self.held(what.name)
            if late > early * _CHANCE + _FEW:
                yield f"{what.name} grew from {early:,.0f} to {late:,.0f}"


class _Numbered(msgspec.Struct):
    id: int


class _Message(msgspec.Struct):
    type: str
    stream: str = ""
    record: _Numbered | None = None


class Watch:
    """Reads the output of a tap as a loader would, and samples its process meanwhile."""

    def __init__(self, interval_seconds: float, together: Mapping[str, str]) -> None:
        """Sample the process at this interval.

        ``together`` maps each stream that shares a phase to the name of that phase.
        """
        self.phases: dict[str, Phase] = {}
        self._interval_seconds, self._together = interval_seconds, together
        self._current: Phase | None = None

    def read(self, output: IO[bytes], process: int) -> None:
        """Read until the output ends."""
        ended = Event()
        sampling = Thread(target=self._sample, args=(psutil.Process(process), ended))
        sampling.start()
        decoder = msgspec.json.Decoder(_Message)
        try:
            for line in output:
                self._take(decoder.decode(line))
        finally:
            ended.set()
            sampling.join()

    def _take(self, message: _Message) -> None:
        if message.record is None:
            return
        name = self._together.get(message.stream, message.stream)
        if name not in self.phases:
            self._current = self.phases[name] = Phase(monotonic(), monotonic())
        self.phases[name].take(message.stream, message.record.id)

    def _sample(self, process: psutil.Process, ended: Event) -> None:
        while not ended.wait(self._interval_seconds):
            if (phase := self._current) is not None:
                phase.samples.append(_sample(process))


def _sample(process: psutil.Process) -> Sample:
    sockets, memory = len(process.net_connections()), process.memory_info().rss
    return Sample(memory, process.num_threads(), sockets, process.num_fds() - sockets)
