"""Values that a careless reader changes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from comparison.scenario import Row, Scenario, rows
from comparison.world import Reply, Seen


class BigIntegers(Scenario):
    """Integers that do not fit 64 bits."""

    name = "big_integers"
    title = "Integers beyond 64 bits"
    story = "Integers of 21 digits, such as token amounts and document numbers."

    def prepare(self) -> None:
        """Serve 20 rows, their digits as the API writes them."""
        serve_text(self, [f'{{"id": {n}, "whole": 1{n:018}17}}' for n in range(1, 21)])


class LongFractions(Scenario):
    """Fractions that do not fit a double."""

    name = "long_fractions"
    title = "Long fractions"
    story = "Fractions of 20 digits, such as exchange rates."

    def prepare(self) -> None:
        """Serve 20 rows, their digits as the API writes them."""
        digits = "345678901234567891"
        serve_text(self, [f'{{"id": {n}, "fraction": 0.{n:02}{digits}}}' for n in range(1, 21)])


class ChangingTypes(Scenario):
    """A field has another type on each page."""

    name = "changing_types"
    title = "Types that change"
    story = (
        "The field `value` holds integers on the first page, strings on the second, fractions on "
        "the third and objects on the fourth. A value kept as its JSON text is unchanged."
    )

    def prepare(self) -> None:
        """Serve 400 rows on 4 pages."""
        self.expected["items"] = [
            {**row, "value": _value(number)} for number, row in enumerate(rows(1, 400))
        ]
        self.world.serve("/items", self.page)

    def page(self, seen: Seen) -> Any:
        """Return the page."""
        page = int(seen.query.get("page", 1))
        return {"data": self.expected["items"][100 * (page - 1) : 100 * page], "pages": 4}


def serve_text(scenario: Scenario, lines: list[str]) -> None:
    """Serve rows that are JSON already."""
    body = f'{{"data": [{", ".join(lines)}]}}'
    scenario.expected["items"] = json.loads(body, parse_float=Decimal)["data"]
    scenario.world.serve("/items", lambda _: Reply(body.encode()))


def _value(number: int) -> int | str | float | Row:
    return (number, f"n/a {number}", number + 0.5, {"amount": number})[number // 100]
