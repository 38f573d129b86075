"""A test read: some pages of one stream, each shown when it has arrived.

The code path is that of a sync; nothing is written, and no bookmark moves.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from copy import copy
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from tap_oauth2_generic.errors import InputError, TapError
from tap_oauth2_generic.extract.schema_sample import SchemaSample
from tap_oauth2_generic.extract.trial_read import TrialPage, describe_records, read_pages
from tap_oauth2_generic.records.infer import infer, without_nulls
from tap_oauth2_generic.records.pipeline import Slice
from tap_oauth2_generic.runtime.log import LOG
from tap_oauth2_generic.runtime.redaction import printable, redact
from tap_oauth2_generic.runtime.stats import plural
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.stream import OAuth2Stream
from tap_oauth2_generic.studio.named_secrets import mask_members
from tap_oauth2_generic.studio.read_bookmark import ReadBookmark
from tap_oauth2_generic.studio.read_limits import ReadLimits
from tap_oauth2_generic.studio.sessions import keep_session, sentence
from tap_oauth2_generic.studio.trial_view import MAX_BODY, describe_slice, shorten, show_body
from tap_oauth2_generic.tap import TapOAuth2Generic

_MAX_SHOWN = 20
# Records that the schema is inferred from.
_MAX_SAMPLED = 1_000
# Slices that are listed to choose from.
_MAX_SLICES = 200
# Contexts that are listed after the read: their parents may have to be read for it.
_MAX_CONTEXTS = 20
State = Literal["reads", "done", "stopped", "failed"]


@dataclass
class Trial:
    """One read, and what the page shows of it so far.

    ``slices`` are the contexts and windows to choose from, each after its name; ``chosen`` is the
    one that is read. Without it, the first window of each context is.
    """

    name: str
    limits: ReadLimits = field(default_factory=ReadLimits)
    #: The configuration of the read, secrets included.
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    slices: list[tuple[str, Slice]] = field(default_factory=list)
    chosen: int | None = None
    state: State = "reads"
    pages: list[dict[str, Any]] = field(default_factory=list)
    sampled: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0
    findings: dict[str, Any] = field(default_factory=dict)
    paging: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: str = ""
    bookmarks: list[ReadBookmark] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    _session: Session | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _changes: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it still reads."""
        return self.state == "reads"

    @property
    def summary(self) -> str:
        """What was read, in a few words."""
        read = f"{plural(self.count, 'record')} of {plural(len(self.pages), 'page')}"
        ended = {"reads": "reading", "done": "read", "stopped": "stopped after", "failed": "failed"}
        return f"{ended[self.state]}: {read}"

    @property
    def choices(self) -> list[str]:
        """The contexts and windows to choose from, in words; none if there is only one."""
        return [name for name, _ in self.slices] if len(self.slices) > 1 else []

    @property
    def schema(self) -> dict[str, Any]:
        """The schema to declare, which fits the records that were read."""
        return without_nulls(infer(self.sampled))

    def begin(self, raw: Mapping[str, Any]) -> None:
        """Start to read; ``raw`` is a configuration with the stream and its ancestors alone."""
        self.raw = dict(raw)
        threading.Thread(target=self._run, args=(dict(raw),), daemon=True).start()

    def stop(self) -> None:
        """Begin no further request, and show nothing of the one under way."""
        self._change("stopped")
        if self._session is not None:
            self._session.close()

    def now(self) -> Trial:
        """Return what it shows at this moment, while it goes on."""
        with self._changed:
            return copy(self)

    def watch(self) -> Iterator[bool]:
        """Yield True for each change, the last time when it has ended; else False each second."""
        while True:
            seen, was_open = self._version(), self.is_open
            yield True
            if not was_open:
                return
            while seen == self._version():
                with self._changed:
                    # It may have changed while the one before was shown.
                    if seen == self._version():
                        self._changed.wait(1)
                if seen == self._version():
                    yield False

    def _version(self) -> tuple[int, int]:
        return self._changes, len(self.log)

    def _run(self, raw: dict[str, Any]) -> None:
        with self._keep_log():
            error = ""
            try:
                tap = TapOAuth2Generic(config=raw, setup_mapper=False)
                with keep_session(tap.session):
                    self._session = tap.session
                    error = self._read(tap.streams[self.name])
            except Exception as raised:  # noqa: BLE001 - shown on the page
                error = sentence(raised)
        if self.is_open:
            self.error = error
            self._change("failed" if error else "done")

    def _read(self, stream: OAuth2Stream) -> str:
        """Read until a limit; return what failed."""
        sample, error = stream.sample, ""
        contexts = sample.contexts()
        chosen = None if self.chosen is None else [self.slices[self.chosen][1]]
        slices = chosen or self._list_slices(sample, contexts)
        # An export job is deleted when its pages are closed.
        with closing(read_pages(sample, slices)) as pages:
            while self.is_open and (page := next(pages, None)) is not None:
                if self.is_open:
                    self._take(page)
                    error = page.failure or error
                    self._follow(page, stream)
                del page
                if len(self.pages) >= self.limits.pages or self.count >= self.limits.records:
                    self.paging.append("This read stopped at its limit")
                    break
        if chosen is None and self.is_open:
            # The rest of those that were read already, for the list.
            with suppress(TapError):
                rest = islice(contexts, max(0, _MAX_CONTEXTS - len(self.slices)))
                for _ in self._list_slices(sample, rest):
                    pass
        return error or stream.reader.check.missing

    def _list_slices(
        self, sample: SchemaSample, contexts: Iterator[dict[str, Any]]
    ) -> Iterator[Slice]:
        """Yield the first slice of each context, and list all of them."""
        bookmark, reads = self.limits.bookmark, sample.plan.read_range
        if bookmark is not None and not reads.key:
            raise InputError("a bookmark needs a replication key; set it, or read without bookmark")
        if bookmark is not None and not reads.takes(bookmark):
            raise InputError(f"the bookmark {bookmark!r} is no value that {reads.key!r} may have")
        for context in contexts:
            found = sample.plan.trial_slices(context, bookmark)
            room = _MAX_SLICES - len(self.slices)
            self.slices += [(describe_slice(sample, one), one) for one in found[:room]]
            yield from found[:1]

    def _take(self, page: TrialPage) -> None:
        sampled, findings, records = self.sampled, self.findings, self.records
        if new := next(page.parts(), [])[: _MAX_SAMPLED - len(sampled)]:
            sampled = [*sampled, *map(shorten, new)]
            findings, records = describe_records(sampled), mask_members(sampled[:_MAX_SHOWN])
        content, where = page.fetched.response.content, describe_slice(page.sample, page.slice)
        described = {**page.describe(), "context": where, "content": show_body(content)}
        described["is_cut"] = len(content) > MAX_BODY
        known = f" of {page.known_pages}" if page.known_pages else ""
        goes_on = f"ended: {redact(page.stop.reason)}" if page.stop else redact(page.paging)
        with self._changed:
            self.sampled, self.findings, self.records = sampled, findings, records
            self.pages.append(described)
            self.count += page.length
            place = f"{where}: page" if where else "page"
            self.paging.append(f"{place} {page.number}{known}; {goes_on}")
            if page.stop and not page.stop.complete and not page.stop.failed:
                self.warnings.append(f"{place} {page.number}: {redact(page.stop.reason)}")
            self._note_change()

    def _follow(self, page: TrialPage, stream: OAuth2Stream) -> None:
        """Follow the bookmark of each slice as a sync would."""
        reads = stream.plan.read_range
        if not reads.key:
            return
        if page.number == 1:
            where = describe_slice(page.sample, page.slice)
            made = ReadBookmark(where, reads, self.limits.bookmark, page.slice.start)
            self.bookmarks.append(made)
        parts = page.parts()
        while (part := next(parts, None)) is not None:
            self.bookmarks[-1].observe(part)
            del part
        self.bookmarks[-1].conclude(page.stop, page.slice.end)
        self._change(self.state)

    def _change(self, state: State) -> None:
        with self._changed:
            if self.is_open:
                self.state = state
            self._note_change()

    def _note_change(self) -> None:
        self._changes += 1
        self._changed.notify_all()

    @contextmanager
    def _keep_log(self) -> Iterator[None]:
        """Keep what this thread logs meanwhile."""
        own, lines = threading.get_ident(), self.log

        class Keep(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                if record.thread == own:
                    lines.append(printable(redact(f"{record.levelname}: {record.getMessage()}")))

        handler = Keep(logging.INFO)
        LOG.addHandler(handler)
        try:
            yield
        finally:
            LOG.removeHandler(handler)
