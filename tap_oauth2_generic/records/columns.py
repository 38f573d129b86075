"""What the columns of warehouses hold, as far as schemas and records must agree on it."""

from __future__ import annotations

from collections.abc import Mapping

#: Which columns are selected, by the steps that lead to each in its schema.
Select = Mapping[tuple[str, ...], bool]

# The values of an integer column; longer integers go into a number column.
COLUMN_INTEGERS = range(-(2**63), 2**63)

#: Stands for the members of a list in a path.
IN_LIST = "[]"
