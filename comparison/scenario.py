"""What every scenario has: a story, servers that act it out, and the rows a tool should deliver."""

from __future__ import annotations

from typing import Any, ClassVar

from comparison.world import World

Row = dict[str, Any]


class Scenario:
    """A situation at an API; a subclass sets the routes of its servers in ``prepare``."""

    name: ClassVar[str]
    title: ClassVar[str]
    #: What the API does and what a tool should do, for the page of docs.
    story: ClassVar[str]
    runs: ClassVar[int] = 1
    #: Whether the last run should end with an exit status other than 0; None if either is right.
    fails: ClassVar[bool | None] = False

    def __init__(self, world: World) -> None:
        self.world = world
        #: By stream, the rows to deliver, each with its `id`.
        self.expected: dict[str, list[Row]] = {}
        self.prepare()

    def prepare(self) -> None:
        """Set the routes and the expected rows."""
        raise NotImplementedError

    def before(self, run: int) -> None:
        """Change the API before run 1, 2, …."""


def rows(first: int, last: int, **more: Any) -> list[Row]:
    """Return rows with these numbers, each a minute newer than the one before."""
    return [
        {
            "id": number,
            "name": f"row {number}",
            "updated_at": f"2026-01-01T{number // 60:02}:{number % 60:02}:00Z",
            **more,
        }
        for number in range(first, last + 1)
    ]
