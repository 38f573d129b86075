"""An hour or more in one process: check for growth, and for each record exactly once.

The studio is soaked after the sync, by test reads.

Only a soak of an hour or more updates the docs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import contenders, docs_page
from benchmarks.processes import BenchmarkError, serving, watch_process
from benchmarks.records import SCHEMA
from benchmarks.soak_studio import soak_studio
from benchmarks.soak_watch import Phase, Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PAGE_NUMBER = {"style": "page_number", "page_start": 0, "page_size_param": "size"}
_FULL: dict[str, Any] = {
    "records_path": "data",
    "schema": SCHEMA,
    "primary_keys": ["id"],
    "replication_key": "updated_at",
    "incremental": {"order": "asc"},
}
_IDENTIFIED = {"type": "object", "properties": {"id": {"type": "integer"}}}
#: Streams that differ in paging, parsing and writing.
SOAKED: Sequence[dict[str, Any]] = (
    {"name": "orders", "path": "orders", "pagination": _PAGE_NUMBER, **_FULL},
    {
        "name": "kept",
        "path": "kept",
        "pagination": {"style": "offset", "page_size_param": "size"},
        "keep": [{"path": "paid", "in": [True, False]}],
        **_FULL,
    },
    {
        "name": "linked",
        "path": "linked",
        "records_path": "data",
        "pagination": {"style": "next_url", "next_url_path": "next"},
    },
    {
        "name": "packed",
        "path": "packed",
        "response_format": "jsonl",
        "schema": SCHEMA,
        "pagination": {"style": "cursor", "cursor_header": "X-Next", "cursor_param": "cursor"},
    },
    {
        "name": "exported",
        "job": {
            "create": {"path": "exports", "body": {"what": "orders"}},
            "poll": {"path": "exports/{job.id}"},
            "status_path": "status",
            "done": ["done"],
            "download": {"path": "exported"},
        },
        "records_path": "data",
        "schema": SCHEMA,
        "pagination": _PAGE_NUMBER,
    },
    {
        "name": "owners",
        "path": "owners",
        "records_path": "data",
        "schema": _IDENTIFIED,
        "pagination": _PAGE_NUMBER,
    },
    {
        "name": "notes",
        "path": "owners/{parent.owner}",
        "schema": {**SCHEMA, "properties": {**SCHEMA["properties"], "owner": {"type": "integer"}}},
        "parent": {"stream": "owners", "keys": {"owner": "id"}},
    },
)


#: Streams read together, as one phase.
TOGETHER = {"owners": "owners, notes", "notes": "owners, notes"}
PHASES = len(SOAKED)  # two streams are read together, and the studio follows
LEAST_MINUTES = 60


@dataclass(frozen=True)
class Soak:
    """A complete soak: the records received, and the API's counters."""

    phases: dict[str, Phase]
    counted: dict[str, Any]
    studio: Phase | None = None

    @property
    def rows(self) -> dict[str, Phase]:
        """All phases, the studio's last."""
        return self.phases if self.studio is None else {**self.phases, "studio": self.studio}

    @property
    def records(self) -> Counter[str]:
        """Number of records of each stream."""
        return sum((phase.records for phase in self.phases.values()), Counter())

    def failures(self) -> Iterator[str]:
        """Yield each failure: records missing, doubled or misplaced, growth, a reused token."""
        for name, phase in self.rows.items():
            if phase.misplaced:
                yield f"{name}: {phase.misplaced} records are misplaced"
            yield from (f"{name}: {growth}" for growth in phase.growth())
        if self.records != Counter(self.counted["records"]):
            yield f"expected {self.counted['records']} records, received {dict(self.records)}"
        if self.counted["used_twice"]:
            yield f"{self.counted['used_twice']} refresh tokens were used twice"


def run_soak(
    folder: Path, pages: int, seconds: float, *, fault_every: int, token_uses: int, **settings: Any
) -> Soak:
    """Read six phases of at least ``pages`` and ``seconds``; raises BenchmarkError."""
    options = {"fault_every": fault_every, "token_uses": token_uses}
    with serving("benchmarks.soak_api", pages=pages, seconds=seconds, **options) as api:
        seeded = {"grant_type": "refresh_token", "refresh_token": "soak-seed"}
        watch = Watch(max(0.05, seconds / 600), TOGETHER)
        arguments = contenders.tap(api.address, folder, *SOAKED, **seeded, **settings)
        watch_process(arguments, watch.read, longest_seconds=600 + 10 * seconds)
        return Soak(watch.phases, api.counters())


def table(soak: Soak) -> Iterator[str]:
    """Return a soak without failures as Markdown."""
    yield "| Streams | Minutes | Records | Memory | Threads | Sockets | Other files |\n"
    yield "|:--|--:|--:|--:|--:|--:|--:|\n"
    for name, phase in soak.rows.items():
        minutes, records = (phase.ended_at - phase.began_at) / 60, sum(phase.records.values())
        early, late = phase.median_of("memory_bytes")
        yield f"| {name} | {minutes:.1f} | {records:,} | {early / 1e6:.0f} → {late / 1e6:.0f} MB |"
        for what in ("threads", "sockets", "files"):
            yield " {:.0f} → {:.0f} |".format(*phase.median_of(what))
        yield "\n"
    yield "\n" + "".join(_sentences(soak))


def _sentences(soak: Soak) -> Iterator[str]:
    counted, records = soak.counted, sum(soak.records.values())
    seconds = sum(phase.ended_at - phase.began_at for phase in soak.phases.values())
    faults = ", ".join(f"{name} ({count})" for name, count in counted["faults"].items())
    yield f"{records:,} records in {seconds / 60:.1f} minutes, none lost and none twice; "
    yield f"{counted['requests']:,} requests, with injected faults: {faults}; "
    yield f"{counted['tokens']:,} refresh tokens, none used twice. {docs_page.machine()}.\n"


def main() -> int:
    """Soak, and return exit status 1 if a record was lost or the tap failed."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=65, help="total (default: %(default)s)")
    minutes = parser.parse_args().minutes
    try:
        with tempfile.TemporaryDirectory() as folder:
            seconds = minutes * 60 / PHASES
            soak = run_soak(Path(folder), 100, seconds, fault_every=1000, token_uses=5000)
            soak = replace(soak, studio=soak_studio(Path(folder), SOAKED, seconds))
    except BenchmarkError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; nothing was written\n")
        return 130
    if failures := list(soak.failures()):
        sys.stderr.writelines(f"{failure}\n" for failure in failures)
        return 1
    shown = "".join(table(soak))
    sys.stdout.write(shown)
    if minutes >= LEAST_MINUTES:
        docs_page.put("soak", f"\n{shown}", docs_page.SOAK)
    return 0


if __name__ == "__main__":
    sys.exit(main())
