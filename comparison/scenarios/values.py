"""Values that a careless reader changes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from comparison.scenario import Row, Scenario, rows
from comparison.world import Reply, Seen


class ExactNumbers(Scenario):
    """Numbers that fit neither 64 bits nor a double."""

    name = "exact_numbers"
    title = "Integers beyond 64 bits, long fractions"
    story = "Integers of 21 digits and fractions of 20, as ledgers and token amounts have them."

    def prepare(self) -> None:
        """Serve 20 rows, their digits as the API writes them."""
        lines = [
            f'{{"id": {n}, "whole": 1{n:018}17, "fraction": 0.{n:02}345678901234567891}}'
            for n in range(1, 21)
        ]
        body = f'{{"data": [{", ".join(lines)}]}}'
        self.expected["items"] = json.loads(body, parse_float=Decimal)["data"]
        self.world.serve("/items", lambda _: Reply(body.encode()))


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


def _value(number: int) -> int | str | float | Row:
    return (number, f"n/a {number}", number + 0.5, {"amount": number})[number // 100]
