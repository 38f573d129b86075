"""Several runs: what a bookmark passes over, and what it does not."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

from comparison.scenario import Row, Scenario, rows
from comparison.world import Seen


class KilledRun(Scenario):
    """A run is killed in the middle."""

    name = "killed_run"
    title = "Killed run"
    story = (
        "The first run is killed (SIGKILL) when it asks for the fourth of six pages; rows come in "
        "the order of `updated_at`. The second run starts from what the first one left."
    )
    runs = 2

    def prepare(self) -> None:
        """Serve 120 rows on 6 pages."""
        self.expected["items"] = rows(1, 120)
        self.is_first = True
        self.world.serve("/items", self.page)

    def before(self, run: int) -> None:
        """Kill in the first run only."""
        self.is_first = run == 1

    def page(self, seen: Seen) -> Any:
        """Return the page of the rows since the bookmark."""
        page = int(seen.query.get("page", 1))
        if page == 4 and self.is_first:  # noqa: PLR2004
            self.world.kill.set()
            self.world.killed.wait(30)
        found = since(seen, self.expected["items"], inclusive=True)
        pages = max(1, -(-len(found) // 20))
        return {"data": found[20 * (page - 1) : 20 * page], "pages": pages}


class MixedOffsets(Scenario):
    """Timestamps with several UTC offsets."""

    name = "mixed_offsets"
    title = "Timestamps with mixed UTC offsets"
    story = (
        "`updated_at` has the UTC offset of whoever changed the row: sorted as strings, the rows "
        "are not in the order of time. The second run finds 10 newer rows."
    )
    runs = 2

    def prepare(self) -> None:
        """Serve 20 rows, then 30."""
        before = [_row_at(n, f"08:{n:02}:00Z") for n in range(1, 11)]
        east = [_row_at(n, f"10:{n:02}:00+02:00") for n in range(11, 21)]
        after = [_row_at(n, f"09:{n:02}:00Z") for n in range(21, 31)]
        self.expected["items"] = [*before, *east, *after]
        self.available = 0
        self.world.serve("/items", self.page)

    def before(self, run: int) -> None:
        """Add the newer rows for the second run."""
        self.available = 20 if run == 1 else 30

    def page(self, seen: Seen) -> Any:
        """Return the rows since the bookmark."""
        return {"data": since(seen, self.expected["items"][: self.available], inclusive=True)}


class NewParents(Scenario):
    """A parent that appears later has children that are older than the bookmark."""

    name = "new_parents"
    title = "Children of new parents"
    story = (
        "Each parent has children, too many to read them all in each run, so that they are read "
        "since the bookmark. Before the second run a third parent is shared with the connection; "
        "its children are older than those of the first two."
    )
    runs = 2

    def prepare(self) -> None:
        """Serve 10 children of each parent."""
        self.children = {
            1: _children_of(1, "2026-02-01"),
            2: _children_of(2, "2026-02-02"),
            3: _children_of(3, "2026-01-03"),
        }
        self.expected["parents"] = [{"id": parent} for parent in self.children]
        self.expected["children"] = [row for found in self.children.values() for row in found]
        self.shared = 0
        self.world.serve("/parents", lambda _: {"data": self.expected["parents"][: self.shared]})
        for parent in self.children:
            self.world.serve(f"/parents/{parent}/children", self.page)

    def before(self, run: int) -> None:
        """Share the third parent before the second run."""
        self.shared = run + 1

    def page(self, seen: Seen) -> Any:
        """Return the children of a parent since the bookmark."""
        parent = int(seen.path.split("/")[2])
        return {"data": since(seen, self.children[parent], inclusive=True)}


class EmptyNight(Scenario):
    """A run finds nothing, and the next one finds late rows."""

    name = "empty_night"
    title = "Empty night"
    story = (
        "The first run reads 20 rows, the second finds none, the third 10 more, which are newer "
        "than the rows of the first run and older than the moment of the second."
    )
    runs = 3

    def prepare(self) -> None:
        """Serve 20 rows, and 10 more later."""
        self.expected["items"] = rows(1, 30)
        self.available = 0
        self.world.serve("/items", self.page)

    def before(self, run: int) -> None:
        """Add rows before the third run."""
        self.available = 20 if run < 3 else 30  # noqa: PLR2004

    def page(self, seen: Seen) -> Any:
        """Return the rows after the bookmark."""
        return {"data": since(seen, self.expected["items"][: self.available], inclusive=False)}


def since(seen: Seen, found: list[Row], *, inclusive: bool) -> list[Row]:
    """Return the rows from the `since` of a request on, or all."""
    text = seen.query.get("since", "")
    if not text:
        return found
    bound = _moment(text)
    return [
        row
        for row in found
        if _moment(row["updated_at"]) > bound or (inclusive and _moment(row["updated_at"]) == bound)
    ]


def _moment(text: str) -> datetime:
    """Read a timestamp; one without an offset is in UTC, and +0000 is the same as +00:00."""
    found = datetime.fromisoformat(
        re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text.replace("Z", "+00:00"))
    )
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _row_at(number: int, time: str) -> Row:
    return {"id": number, "name": f"row {number}", "updated_at": f"2026-01-01T{time}"}


def _children_of(parent: int, day: str) -> list[Row]:
    return [
        {"id": 10 * parent + n, "parent_id": parent, "updated_at": f"{day}T00:0{n}:00Z"}
        for n in range(10)
    ]
