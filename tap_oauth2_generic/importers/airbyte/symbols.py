"""The values of a slice that a stream's templates name, each with its placeholder; pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from tap_oauth2_generic.importers.airbyte.expressions import Chain

#: The roots under which a manifest names them.
SLICES = frozenset({"stream_partition", "stream_slice", "stream_interval", "partition"})


@dataclass
class Symbols:
    """The names that a stream's templates may use, each with its placeholder."""

    partition: dict[str, str] = field(default_factory=dict)
    interval: dict[str, str] = field(default_factory=dict)
    token: str = ""
    is_job: bool = False
    #: Values are lists of one, of which templates name the first.
    is_group: bool = False
    used: set[str] = field(default_factory=set)

    def find(self, chain: Chain) -> str | None:
        """Return the placeholder of a value, None if there is none."""
        skipped = ("_partition", 0) if self.is_group else ("_partition",)
        root, keys = chain[0], [key for key in chain[1:] if key not in skipped]
        found = None
        if root in SLICES and keys:
            if keys[0] in ("partition", "cursor_slice"):
                keys = keys[1:]
            name = ".".join(map(str, keys))
            # The whole list has no counterpart.
            is_whole = self.is_group and 0 not in chain
            found = self.interval.get(name) or (None if is_whole else self.partition.get(name))
        elif root == "next_page_token" and self.token:
            found = self.token
        elif root in ("creation_response", "polling_response", "create_job_response") and keys:
            found = f"job.{'.'.join(map(str, keys))}" if self.is_job else None
        if found:
            self.used.add(found)
        return found
