"""Fit one value to a column of one type; no value is lost.

A value that does not fit raises SchemaMismatchError, or is ``MISFIT`` if its type fits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any

from tap_oauth2_generic.parsing.table import BOOLEANS
from tap_oauth2_generic.records.infer import COLUMN_INTEGERS, named_types
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.timestamps import is_date_time
from tap_oauth2_generic.settings.limits import MAX_NUMBER_LENGTH

Fit = Callable[[Any], Any]
# An empty string is no time.
_TIMES = frozenset({"date-time", "date", "time"})
_KINDS: Mapping[type, str] = {bool: "boolean", str: "string", dict: "object", list: "array"}
#: A null in a column that takes none: the field is left out of the record.
LEFT_OUT = object()
#: A value of a type that the column takes, and still does not fit.
MISFIT = object()


class SchemaMismatchError(Exception):
    """A value does not fit the schema; ``path`` leads to it inside the record."""

    def __init__(self, value: Any, *, is_new: bool = False) -> None:
        super().__init__()
        self.value = value
        self.is_new = is_new
        self.path: list[str] = []


def kind_of(value: Any) -> str:
    """Return the type of the variant that holds a value."""
    return _KINDS.get(type(value), "number")


def keep(value: Any) -> Any:
    """Accept a value as it is."""
    return value


def refuse(value: Any) -> Any:
    """Raise SchemaMismatchError."""
    raise SchemaMismatchError(value)


def as_text(value: Any) -> str:
    """Write a value as JSON."""
    return encode_json(value).decode()


def fit_scalars(types: set[str], *, is_inferred: bool, is_time: bool) -> dict[type, Fit]:
    """Return how values of each Python type are fitted to a column; none that is nested."""
    is_number = "number" in types
    is_bounded = is_inferred and not is_number
    fits = _keep_if(COLUMN_INTEGERS.__contains__) if is_bounded else keep
    fitted: dict[type, Fit] = {type(None): keep if "null" in types else lambda _: LEFT_OUT}
    if "boolean" in types:
        fitted[bool] = keep
    if is_number or "integer" in types:
        fitted[int] = fits
        fitted[Decimal] = keep if is_number else _whole_number(fits)
        fitted[str] = _number_in_text(types, fits)
    if "string" in types:
        fitted[str] = _keep_if(is_date_time) if is_time else keep
    return fitted


def types_in_text(schema: Any, *, is_text: bool, is_key: bool) -> frozenset[str]:
    """Return the types that a string may stand for in a column: if ``is_text``, not only numbers.

    None in a column of strings, except for null in one of times. A key is never null.
    """
    types = frozenset(named_types(schema))
    if "string" in types:
        types &= {"null"} if schema.get("format") in _TIMES else set()
    if not is_text:
        return types & {"integer", "number"}
    return types - {"null"} if is_key else types


def fit_text(types: Collection[str], otherwise: Fit) -> Fit:
    """Return how a string is fitted that stands for a null or boolean among these types."""
    is_boolean = "boolean" in types and not {"integer", "number"} & {*types}

    def fit(value: str) -> Any:
        if not value and "null" in types:
            return None
        found = BOOLEANS.get(value.lower()) if is_boolean else None
        return otherwise(value) if found is None else found

    return fit


def _keep_if(holds: Callable[[Any], bool]) -> Fit:
    return lambda value: value if holds(value) else MISFIT


def _whole_number(fits: Fit) -> Fit:
    def fit(value: Decimal) -> Any:
        if value != value.to_integral_value():
            return MISFIT
        if value.adjusted() < MAX_NUMBER_LENGTH:
            return fits(int(value))
        # A huge exponent stays one: written out it would fill the memory.
        return value if fits is keep else MISFIT

    return fit


def _number_in_text(types: set[str], fits: Fit) -> Fit:
    readers: list[Callable[[str], int | Decimal]] = []
    readers += [int] if "integer" in types else []
    readers += [Decimal] if "number" in types else []

    def fit(value: str) -> Any:
        if not value or value[0] not in "-0123456789" or len(value) > MAX_NUMBER_LENGTH:
            return MISFIT
        for reader in readers:
            try:
                number = reader(value)
            except (ValueError, ArithmeticError):
                continue
            if str(number) == value and Decimal(number).is_finite():
                return fits(number)
        return MISFIT

    return fit
