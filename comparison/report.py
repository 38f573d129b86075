"""The tables of `docs/explanation/comparison.md` and README.md, made from the results.

`scripts/generate.py` writes them, and checks that they are those of `results.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from comparison.peer import CONFIGURATIONS, NOT_POSSIBLE, Peer, name
from comparison.peers import PEERS
from comparison.results import Results
from comparison.scenario import Scenario
from comparison.scenarios import SCENARIOS
from comparison.verdict import Verdict

#: What README.md sums up for each tool.
SUMS: tuple[tuple[str, Callable[[Verdict], int]], ...] = (
    ("Scenarios without a fault", lambda verdict: verdict.right),
    ("Rows lost with exit status 0", lambda verdict: 0 if verdict.fails else verdict.lost),
    ("Rows lost with an error", lambda verdict: verdict.lost if verdict.fails else 0),
    ("Dead connections, leaked tokens", lambda verdict: (not verdict.alive) + verdict.leaked),
)


def parts() -> dict[str, str]:
    """Return the generated parts of the page, by the name of their markers."""
    results = Results.load()
    return {
        "compared": "".join(_table(results)),
        "compared_figures": "".join(_figures(results)),
        "compared_versions": "".join(_versions(results)),
        "compared_stories": "".join(_stories()),
    }


def readme() -> str:
    """Return the six lines of README.md."""
    results = Results.load()
    rows = [
        [title, *(str(sum(map(count, _of_peer(results, peer)))) for peer in PEERS)]
        for title, count in SUMS
    ]
    head = [f"{len(SCENARIOS)} scenarios", *(peer.TITLE for peer in PEERS)]
    return "".join(_lines(head, rows, number=True))


def cell(verdict: Verdict | None) -> str:
    """Return what went wrong, in a few words."""
    if verdict is None:
        return "not possible"
    if verdict.right:
        return "✓"
    endless = verdict.statuses[-1] is None
    faults = [
        verdict.lost and f"**{verdict.lost} lost**",
        verdict.twice and not endless and f"{verdict.twice} twice",
        verdict.changed and f"{verdict.changed} changed",
        not verdict.alive and "connection dead",
        verdict.leaked and "**token leaked**",
        not (verdict.lost or verdict.honest or verdict.fails) and "failure not reported",
        "does not end" if endless else f"exit {verdict.statuses[-1]}",
    ]
    return ", ".join(str(fault) for fault in faults if fault)


def _table(results: Results) -> Iterator[str]:
    rows = [
        [scenario.title, *(_cell(results, scenario, peer) for peer in PEERS)]
        for scenario in SCENARIOS
    ]
    yield from _lines(["", *(peer.TITLE for peer in PEERS)], rows)


def _cell(results: Results, scenario: type[Scenario], peer: Peer) -> str:
    by_peer = results.verdicts.get(scenario.name, {})
    return cell(by_peer[name(peer)]) if name(peer) in by_peer else "not run"


def _figures(results: Results) -> Iterator[str]:
    head = ["Scenario", "Lost", "Twice", "Changed", "Connection", "Token leaked", "Exit status"]
    for peer in PEERS:
        yield f"\n### {peer.TITLE}\n\n"
        rows = [_counts(title, verdict) for title, verdict in _by_title(results, peer)]
        yield from _lines(head, rows)
        yield from _reasons(peer)


def _counts(title: str, verdict: Verdict | None) -> list[str]:
    if verdict is None:
        return [title, *["not possible"] * 6]
    alive, leaked = "alive" if verdict.alive else "dead", "yes" if verdict.leaked else "no"
    statuses = ", ".join("stopped" if s is None else str(s) for s in verdict.statuses)
    endless = verdict.twice and verdict.statuses[-1] is None
    twice = "endlessly" if endless else str(verdict.twice)
    return [title, str(verdict.lost), twice, str(verdict.changed), alive, leaked, statuses]


def _reasons(peer: Peer) -> Iterator[str]:
    """Yield why scenarios are not possible."""
    for scenario in SCENARIOS:
        path = CONFIGURATIONS / scenario.name / f"{name(peer)}{NOT_POSSIBLE}"
        if path.exists():
            yield f"\n{scenario.title}: {path.read_text().strip()}\n"


def _versions(results: Results) -> Iterator[str]:
    named = (f"{peer.PACKAGE} {results.versions[name(peer)]}" for peer in PEERS)
    yield f"{', '.join(named)}; {results.machine}.\n"


def _stories() -> Iterator[str]:
    for scenario in SCENARIOS:
        runs = f" {scenario.runs} runs." if scenario.runs > 1 else ""
        yield f"- **{scenario.title}.** {scenario.story}{runs}\n"


def _by_title(results: Results, peer: Peer) -> Iterator[tuple[str, Verdict | None]]:
    for scenario in SCENARIOS:
        by_peer = results.verdicts.get(scenario.name, {})
        if name(peer) in by_peer:
            yield scenario.title, by_peer[name(peer)]


def _of_peer(results: Results, peer: Peer) -> Iterator[Verdict]:
    return (verdict for _, verdict in _by_title(results, peer) if verdict is not None)


def _lines(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, number: bool = False
) -> Iterator[str]:
    yield f"| {' | '.join(head)} |\n"
    yield f"|:--|{('--:|' if number else ':--|') * (len(head) - 1)}\n"
    for row in rows:
        yield f"| {' | '.join(row)} |\n"
