"""A test read: some pages of one stream, each shown when it has arrived.

The code path is that of a sync; nothing is written, and no bookmark moves.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from tap_oauth2_generic.extract.trial_read import TrialPage, describe_records, read_pages
from tap_oauth2_generic.replication.bookmark import Bookmark
from tap_oauth2_generic.runtime.log import LOG
from tap_oauth2_generic.runtime.masked_json import mask
from tap_oauth2_generic.runtime.redaction import printable, redact
from tap_oauth2_generic.runtime.stats import plural
from tap_oauth2_generic.settings.limits import MAX_PREVIEW_PAGES
from tap_oauth2_generic.stream import OAuth2Stream
from tap_oauth2_generic.studio.sessions import keep_session, sentence
from tap_oauth2_generic.tap import TapOAuth2Generic

_MAX_SHOWN = 20
# Records that the schema is inferred from.
_MAX_SAMPLED = 1_000


@dataclass
class Trial:
    """One read, and what the page shows of it so far."""

    name: str
    state: Literal["reads", "done", "stopped", "failed"] = "reads"
    pages: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0
    findings: dict[str, Any] = field(default_factory=dict)
    paging: str = ""
    error: str = ""
    bookmark: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    _sampled: list[dict[str, Any]] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _stopped: bool = False

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

    def begin(self, raw: Mapping[str, Any]) -> None:
        """Start to read; ``raw`` is a configuration with the stream and its ancestors alone."""
        threading.Thread(target=self._run, args=(dict(raw),), daemon=True).start()

    def stop(self) -> None:
        """Show no further page; the request under way ends by itself."""
        self._stopped = True
        self._change("stopped")

    def watch(self) -> Iterator[None]:
        """Yield once for each change, the last time when it has ended."""
        while True:
            seen, was_open = self._version(), self.is_open
            yield
            if not was_open:
                return
            with self._changed:
                # It may have changed while the one before was shown.
                while seen == self._version():
                    self._changed.wait(1)

    def _version(self) -> tuple[str, int, int]:
        return self.state, len(self.pages), len(self.log)

    def _run(self, raw: dict[str, Any]) -> None:
        with self._logged():
            try:
                tap = TapOAuth2Generic(config=raw, setup_mapper=False)
                with keep_session(tap.session):
                    stream = tap.streams[self.name]
                    highest = Bookmark(None, stream.plan.read_range.pattern)
                    for page in islice(read_pages(stream.sample), MAX_PREVIEW_PAGES):
                        if self._stopped:
                            return
                        self._take(page)
                        self._follow(page, highest, stream)
                self.error = self.error or stream.reader.check.missing
            except Exception as error:  # noqa: BLE001 - shown on the page
                self.error = sentence(error)
        if not self._stopped:
            self._change("failed" if self.error else "done")

    def _take(self, page: TrialPage) -> None:
        description, records = page.describe(), page.records
        self._sampled += records[: _MAX_SAMPLED - len(self._sampled)]
        findings = describe_records(self._sampled)
        shown = mask(self._sampled[:_MAX_SHOWN])
        with self._changed:
            self.pages.append({**description, "context": mask(page.slice.context)})
            self.records, self.findings = shown, findings
            self.count += len(records)
            self.paging, self.error = redact(page.paging), page.failure
            self._changed.notify_all()

    def _follow(self, page: TrialPage, highest: Bookmark, stream: OAuth2Stream) -> None:
        """Show where the bookmark would be after a page."""
        key, reads = stream.replication_key, stream.plan.read_range
        if not key:
            self.bookmark = {"Replication": "FULL_TABLE: each run reads everything"}
            return
        highest.observe_in_order([one[key] for one in page.records if one.get(key) is not None])
        reached = highest.value
        self.bookmark = {
            "Replication": f"INCREMENTAL by {key}",
            "First run reads from": str(page.slice.start.raw if page.slice.start else "the start"),
            "Bookmark before": "none",
            "Bookmark after": "none" if reached is None else redact(str(reads.hold(reached))),
        }

    def _change(self, state: Literal["done", "stopped", "failed"]) -> None:
        with self._changed:
            self.state = state
            self._changed.notify_all()

    @contextmanager
    def _logged(self) -> Iterator[None]:
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
