"""Run the tests of a package on each of its mutants, in one pytest session.

The tests run once as they are, to learn which lines each reaches. Then each mutant gets a fork of
this process, so that imports and collection are paid once. In it the mutated code replaces that of
the function, and the tests that reach it run, the fastest first, until one fails.
"""

from __future__ import annotations

import functools
import gc
import importlib
import os
import pkgutil
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import runtestprotocol

from tests.mutation.mutants import Mutant, mutants_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

# Seconds for one test, in addition to a multiple of what it took.
_GRACE_SECONDS, _TIMES = 10.0, 20.0
# The processor time of all tests of one mutant, and of one that is fast.
_MOST_SECONDS, _FAST_SECONDS = 6.0, 0.01
_SURVIVED, _KILLED, _IMPOSSIBLE = 0, 1, 2


@dataclass
class Result:
    """What became of a package's mutants; ``late`` are those killed because a test hung."""

    package: str
    mutants: int = 0
    killed: int = 0
    late: int = 0
    survivors: list[str] = field(default_factory=list)

    @property
    def tried(self) -> int:
        """Number of mutants that were run."""
        return self.killed + len(self.survivors)


def mutate_package(
    package: str, folders: Sequence[str], sample: int | None, seed: int, only: str
) -> Result:
    """Run the mutants of a package, or a sample of them; raises SystemExit if a test fails."""
    result = Result(package)
    root = importlib.import_module(f"tap_oauth2_generic.{package}")
    for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
        importlib.import_module(module.name)
    paths = sorted(Path(root.__path__[0]).rglob("*.py"))
    mutants = [mutant for path in paths for mutant in mutants_of(path) if only in str(mutant)]
    result.mutants = len(mutants)
    if sample is not None and sample < len(mutants):
        mutants = sorted(Random(seed).sample(mutants, sample), key=mutants.index)  # noqa: S311
    # The package was imported before pytest, and a plugin with it.
    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    arguments = ["-q", "--no-header", "-p", "no:cacheprovider", "--tb=native", *quiet, *folders]
    status = pytest.main([*arguments], plugins=[_MutationLoop(mutants, result)])
    if status not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        raise SystemExit(f"the tests of {package} fail without a mutation")
    return result


class _MutationLoop:
    """A pytest plugin that runs the tests once for each mutant."""

    def __init__(self, mutants: Sequence[Mutant], result: Result) -> None:
        self._mutants, self._result = mutants, result
        #: Seconds by the clock and of processor time.
        self._seconds: dict[pytest.Item, float] = {}
        self._costs: dict[pytest.Item, float] = {}
        self._reached: dict[tuple[str, int], set[pytest.Item]] = defaultdict(set)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        files = {str(mutant.path) for mutant in self._mutants}
        caches = _caches()
        for item, following in _pairs(session.items):
            # Each test is to reach the lines of a function whose result is kept.
            for cache in caches:
                if str(cache.__module__).startswith("tap_oauth2_generic."):
                    cache.cache_clear()
            self._run_as_it_is(item, following, files)
        if session.testsfailed:
            return True
        functions = _functions_of(files)
        caches = _caches()
        gc.freeze()
        unchanged = self._chosen({*session.items})
        if _in_fork(lambda: None, lambda: self._pass(unchanged)) != _SURVIVED:
            session.testsfailed += 1
            return True
        for mutant in self._mutants:
            mutated = functions.get((str(mutant.path), *mutant.function))
            if mutated:
                self._judge(mutant, mutated, caches)
        gc.unfreeze()
        return True

    def _run_as_it_is(self, item: pytest.Item, following: Any, files: set[str]) -> None:
        lines: set[tuple[str, int]] = set()
        began, before = time.perf_counter(), time.process_time()
        with_trace = _tracer(files, lines)
        threading.settrace(with_trace)
        sys.settrace(with_trace)
        try:
            reports = runtestprotocol(item, nextitem=following, log=False)
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
        self._seconds[item] = time.perf_counter() - began
        self._costs[item] = time.process_time() - before
        for report in reports:
            if report.failed:
                item.session.testsfailed += 1
                print(f"{item.nodeid}\n{report.longrepr}", file=sys.__stderr__)
        if all(report.passed for report in reports):
            for line in lines:
                self._reached[line].add(item)

    def _judge(self, mutant: Mutant, mutated: list[FunctionType], caches: list[Any]) -> None:
        items: set[pytest.Item] = set()
        for line in mutant.lines:
            items |= self._reached[str(mutant.path), line]
        chosen = self._chosen(items)
        status = _in_fork(lambda: _mutate(mutant, mutated, caches), lambda: self._pass(chosen))
        if status == _SURVIVED:
            self._result.survivors.append(f"{mutant} ({len(items)} tests)")
            print("survived:", self._result.survivors[-1], file=sys.__stderr__, flush=True)
        elif status != _IMPOSSIBLE:
            self._result.killed += 1
            self._result.late += status == -signal.SIGALRM

    def _chosen(self, items: set[pytest.Item]) -> list[pytest.Item]:
        """Return the fast tests, then the first case of each function, the second, and so on."""
        cases: Counter[str] = Counter()
        ranks, left = {}, _MOST_SECONDS
        for item in sorted(items, key=self._costs.__getitem__):
            function = item.nodeid.partition("[")[0]
            ranks[item] = cases[function] if self._costs[item] > _FAST_SECONDS else -1
            cases[function] += 1
        chosen = []
        for item in sorted(ranks, key=ranks.__getitem__):
            if self._costs[item] < left or not chosen:
                left -= self._costs[item]
                chosen.append(item)
        return chosen

    def _pass(self, items: Sequence[pytest.Item]) -> bool:
        """Run tests until one fails."""
        for item, following in _pairs(items):
            signal.setitimer(signal.ITIMER_REAL, _GRACE_SECONDS + _TIMES * self._seconds[item])
            if any(one.failed for one in runtestprotocol(item, nextitem=following, log=False)):
                return False
        return True


def _mutate(mutant: Mutant, mutated: list[FunctionType], caches: list[Any]) -> None:
    code = mutant.code()
    for function in mutated:
        function.__code__ = code
    for cache in caches:
        cache.cache_clear()


def _caches() -> list[Any]:
    return [one for one in gc.get_objects() if isinstance(one, functools._lru_cache_wrapper)]


class _Shared:
    """In place of a test after the last: what the whole session shares, such as a server, stays.

    Forks use it as it is, and leave none of their own behind when a test fails.
    """

    def __init__(self, session: pytest.Session) -> None:
        self._session = session

    def listchain(self) -> list[pytest.Session]:
        """Return the nodes whose fixtures stay."""
        return [self._session]


def _pairs(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, Any]]:
    return zip(items, [*items[1:], *(_Shared(item.session) for item in items[-1:])], strict=True)


def _tracer(files: set[str], lines: set[tuple[str, int]]) -> Callable[..., Any]:
    def enter(frame: FrameType, event: str, arg: object) -> Callable[..., Any] | None:
        return note if frame.f_code.co_filename in files else None

    def note(frame: FrameType, event: str, arg: object) -> Callable[..., Any]:
        if event == "line":
            lines.add((frame.f_code.co_filename, frame.f_lineno))
        return note

    return enter


def _functions_of(files: set[str]) -> dict[tuple[str, str, int], list[FunctionType]]:
    """Return the functions of these files by file, name and first line."""
    found = defaultdict(list)
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename in files:
            code = one.__code__
            found[code.co_filename, code.co_name, code.co_firstlineno].append(one)
    return found


def _in_fork(change: Callable[[], None], passes: Callable[[], bool]) -> int:
    """Return the exit status of a fork: 0 if the mutant survives, negative for a signal."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = _IMPOSSIBLE
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        # Raises ValueError if the function has lost its only use of a name around it.
        change()
        status = _KILLED
        status = _SURVIVED if passes() else _KILLED
    finally:
        os._exit(status)
