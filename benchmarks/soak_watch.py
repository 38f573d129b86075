"""Watch a tap from outside: read its output like a loader, and sample its process."""

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
# Sockets and files are counted at different moments, and a closing socket still counts.
_CHANCE, _FEW = 1.15, 4


@dataclass(frozen=True)
class Sample:
    """Resources of a process at one moment."""

    memory_bytes: int
    threads: int
    sockets: int
    files: int


@dataclass
class Phase:
    """Records of a stream, or of streams read together, and samples of the process meanwhile."""

    began_at: float
    ended_at: float
    records: Counter[str] = field(default_factory=Counter)
    misplaced: int = 0
    samples: list[Sample] = field(default_factory=list)

    def count(self, stream: str, number: int) -> None:
        """Count a record, and check that its number follows the last one."""
        self.misplaced += number != self.records[stream]
        self.records[stream] += 1
        self.ended_at = monotonic()

    def median_of(self, what: str) -> tuple[float, float]:
        """Return the median of a resource in the second and in the last tenth of the samples."""
        size = -(-len(self.samples) // _TENTHS)
        parts = self.samples[size : 2 * size] or self.samples, self.samples[-size:]
        early, late = (median(getattr(sample, what) for sample in part) for part in parts)
        return early, late

    def growth(self) -> Iterator[str]:
        """Yield each resource that grew more than by chance."""
        for what in fields(Sample):
            early, late = self.median_of(what.name)
            if late > early * _CHANCE + _FEW:
                yield f"{what.name} grew from {early:,.0f} to {late:,.0f}"


class _Numbered(msgspec.Struct):
    id: int


class _Message(msgspec.Struct):
    type: str
    stream: str = ""
    record: _Numbered | None = None


class Watch:
    """Read the output of a tap like a loader, and sample its process in a thread."""

    def __init__(self, interval_seconds: float, together: Mapping[str, str]) -> None:
        """Sample every ``interval_seconds``; ``together`` maps streams to a common phase."""
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
                self._count(decoder.decode(line))
        finally:
            ended.set()
            sampling.join()

    def _count(self, message: _Message) -> None:
        if message.record is None:
            return
        name = self._together.get(message.stream, message.stream)
        if name not in self.phases:
            self._current = self.phases[name] = Phase(monotonic(), monotonic())
        self.phases[name].count(message.stream, message.record.id)

    def _sample(self, process: psutil.Process, ended: Event) -> None:
        while not ended.wait(self._interval_seconds):
            if (phase := self._current) is not None:
                phase.samples.append(sample_process(process))


def sample_process(process: psutil.Process) -> Sample:
    """Return what a process holds now."""
    sockets, memory = len(process.net_connections()), process.memory_info().rss
    return Sample(memory, process.num_threads(), sockets, process.num_fds() - sockets)
