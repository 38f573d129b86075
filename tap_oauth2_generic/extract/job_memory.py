"""What the state of a stream keeps of an export job that runs, so that the next run goes on.

Sends no request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.config.streams import StreamConfig
from tap_oauth2_generic.records.pipeline import Slice
from tap_oauth2_generic.runtime.json_encoder import encode_sorted
from tap_oauth2_generic.settings.templates import as_text

_STATE = "job"


@dataclass
class JobMemory:
    """Keeps one job in ``state()``, the state of the stream, which ``send_state`` sends."""

    stream: StreamConfig
    state: Callable[[], dict[str, Any]] = field(default=dict)
    send_state: Callable[[], None] = field(default=lambda: None)

    def recall(self, slice_: Slice) -> dict[str, Any] | None:
        """Return the fields of the job of a slice, None if the state has none."""
        kept = self.state().get(_STATE)
        if not isinstance(kept, Mapping) or not isinstance(kept.get("fields"), Mapping):
            return None
        is_same = encode_sorted(kept.get("slice")) == encode_sorted(self._describe(slice_))
        return dict(kept["fields"]) if is_same and "id" in kept["fields"] else None

    def remember(self, slice_: Slice, job: Mapping[str, Any]) -> None:
        """Keep the fields of a job that its requests use, and send the state."""
        used = {
            one.split(".")[1] for one in self.stream.request.placeholders if one.startswith("job.")
        }
        fields = {name: value for name, value in job.items() if name in {"id", *used}}
        self.state()[_STATE] = {"slice": self._describe(slice_), "fields": fields}
        self.send_state()

    def forget(self) -> None:
        """Keep no job any more."""
        if self.state().pop(_STATE, None) is not None:
            self.send_state()

    def _describe(self, slice_: Slice) -> dict[str, Any]:
        """Return what identifies the job of a slice; a last slice that is open ends with the job.

        Between two windows an end that moved would leave a gap.
        """
        has_windows = self.stream.settings.incremental.window is not None
        definition = encode_sorted(self.stream.written.get("job"))
        return {
            "context": slice_.context,
            "start": slice_.start and as_text(slice_.start.render()),
            "end": as_text(slice_.end.render()) if has_windows else None,
            "definition": hashlib.sha256(definition).hexdigest()[:16],
        }
