"""The studio for a time: test reads of the soak's streams, in turn, in one process."""

from __future__ import annotations

import re
import time
from itertools import cycle
from threading import Event, Thread
from typing import IO, TYPE_CHECKING, Any

import psutil
import requests

from benchmarks import contenders
from benchmarks.processes import BenchmarkError, serving, watch_process
from benchmarks.soak_watch import Phase, sample_process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_READ = re.compile(r"read: ([\d,]+) records? of")
_REQUEST_SECONDS = 120


def soak_studio(folder: Path, streams: Sequence[Mapping[str, Any]], seconds: float) -> Phase:
    """Read each stream again and again; the records of each must not change between reads.

    Raises BenchmarkError.
    """
    seeded = {"grant_type": "refresh_token", "refresh_token": "soak-seed"}
    options = {"fault_every": 1000, "token_uses": 5000}
    with serving("benchmarks.soak_api", pages=100, seconds=0, **options) as api:
        *_, config = contenders.tap(api.address, folder, *streams, **seeded)
        reader = _Reader(len(streams), seconds)
        command = ["-m", "tap_oauth2_generic", "studio", "--no-browser", "--config", config]
        watch_process(command, reader.read, longest_seconds=600 + 2 * seconds)
        return reader.phase


class _Reader:
    """A browser that presses Test read."""

    def __init__(self, streams: int, seconds: float) -> None:
        now = time.monotonic()
        self.phase = Phase(now, now)
        self._streams, self._ends_at = streams, now + seconds
        self._interval_seconds = max(0.05, seconds / 600)
        self._seen: dict[int, str] = {}

    def read(self, output: IO[bytes], process: int) -> None:
        """Open the studio by the address that it prints, read, and end it."""
        studio, ended = psutil.Process(process), Event()
        address = next(filter(None, map(_address, output)), "")
        sampling = Thread(target=self._sample, args=(studio, ended))
        try:
            if address:
                self._press(address, sampling)
        finally:
            ended.set()
            if sampling.is_alive():
                sampling.join()
            studio.terminate()

    def _sample(self, studio: psutil.Process, ended: Event) -> None:
        while not ended.wait(self._interval_seconds):
            self.phase.samples.append(sample_process(studio))

    def _press(self, address: str, sampling: Thread) -> None:
        with requests.Session() as browser:
            browser.trust_env = False
            origin = address.partition("/?")[0]
            browser.get(address, timeout=_REQUEST_SECONDS)
            page = browser.get(f"{origin}/", timeout=_REQUEST_SECONDS).text
            token = re.search(r'name="form-token" content="([^"]+)"', page)
            browser.headers["Origin"] = origin
            browser.headers["X-Form-Token"] = token[1] if token else ""
            streams = [f"{origin}/streams/{index}" for index in range(self._streams)]
            # What the studio holds after its first reads is what it must not exceed later.
            for stream in streams:
                self._test_read(browser, stream)
            sampling.start()
            for stream in cycle(streams):
                self._test_read(browser, stream)
                if time.monotonic() > self._ends_at:
                    break

    def _test_read(self, browser: requests.Session, stream: str) -> None:
        browser.post(stream, {"action": "read"}, timeout=_REQUEST_SECONDS).raise_for_status()
        browser.get(f"{stream}/events", timeout=_REQUEST_SECONDS).raise_for_status()
        shown = browser.get(stream, timeout=_REQUEST_SECONDS).text
        if (found := _READ.search(shown)) is None:
            raise BenchmarkError(f"{stream}: the test read has failed")
        self.phase.misplaced += self._seen.setdefault(int(stream[-1]), found[1]) != found[1]
        self.phase.records["studio"] += int(found[1].replace(",", ""))
        self.phase.ended_at = time.monotonic()


def _address(line: bytes) -> str:
    found = re.match(r"\s+(http://\S+/\?key=\S+)\s*$", line.decode())
    return found[1] if found else ""
