"""Limits: the reference lists each of them."""

from __future__ import annotations

from reference_tables import limit_rows

from tap_oauth2_generic.settings import limits


def test_every_limit_is_in_the_reference():
    """The comment above each limit is a row of the reference: what, how much, what then."""
    rows = [*limit_rows()][2:]
    assert len(rows) == len([name for name in vars(limits) if name.isupper()])
    assert all(row.count("|") == 4 for row in rows)
