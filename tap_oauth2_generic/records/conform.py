"""Select the fields of a record and fit each value to its column; no value is lost.

One function is made per schema. Knows no stream and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from decimal import Decimal
from typing import Any

from tap_oauth2_generic.records.infer import COLUMN_INTEGERS, IN_LIST
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.timestamps import is_date_time
from tap_oauth2_generic.settings.limits import MAX_NUMBER_LENGTH

#: Which columns are selected, by the steps that lead to each in its schema.
Select = Mapping[tuple[str, ...], bool]
Fit = Callable[[Any], Any]
_NULL = type(None)
# A null in a column that takes none: the field is left out of the record.
_LEFT_OUT = object()
# A value of a type that the column takes, and still does not fit.
_MISFIT = object()


class SchemaMismatchError(Exception):
    """A value does not fit the schema; ``path`` leads to it inside the record."""

    def __init__(self, value: Any, *, is_new: bool = False) -> None:
        super().__init__()
        self.value = value
        self.is_new = is_new
        self.path: list[str] = []


@dataclass
class RecordConformer:
    """Fits records of one stream to one schema.

    ``refuses_new_fields`` decides on fields that the schema lacks: if false they are dropped,
    and counted in ``dropped`` by path; otherwise they raise SchemaMismatchError like any value
    that does not fit. ``checks_formats`` holds inferred columns to what they were inferred from.
    """

    schema: Mapping[str, Any]
    selected: Select
    _: KW_ONLY
    refuses_new_fields: bool
    checks_formats: bool
    dropped: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the function that fits a record."""
        #: Returns the record to emit, a new dict; raises SchemaMismatchError.
        self.conform = self._object(self.schema, ())

    def _object(
        self, schema: Mapping[str, Any], at: tuple[str, ...]
    ) -> Callable[[dict[str, Any]], dict[str, Any]]:
        columns: dict[str, Fit | None] = {}
        required = frozenset(schema.get("required", ()))
        for name, member in schema.get("properties", {}).items():
            place = (*at, "properties", name)
            columns[name] = self._column(member, place) if self.selected[place] else None

        def fit(value: dict[str, Any]) -> dict[str, Any]:
            fitted = {}
            name = ""
            try:
                for name, member in value.items():
                    if name not in columns:
                        self._meet_new_field(at, name, member)
                    elif (column := columns[name]) is not None:
                        found = column(member)
                        if found is not _LEFT_OUT:
                            fitted[name] = found
                        elif name in required:
                            raise SchemaMismatchError(member)  # noqa: TRY301 - its path is added below
            except SchemaMismatchError as mismatch:
                mismatch.path.insert(0, name)
                raise
            return fitted

        return fit

    def _meet_new_field(self, at: tuple[str, ...], name: str, value: Any) -> None:
        if self.refuses_new_fields:
            raise SchemaMismatchError(value, is_new=True)
        path = ".".join((*at[1::2], name))
        self.dropped[path] = self.dropped.get(path, 0) + 1

    def _column(self, schema: Mapping[str, Any], at: tuple[str, ...]) -> Fit:
        # A schema of true, or one that names no type, takes anything.
        declared = schema.get("type") if isinstance(schema, Mapping) else None
        if not declared:
            return _keep
        types = {declared} if isinstance(declared, str) else set(declared)
        checks_text = self.checks_formats and schema.get("format") == "date-time"
        as_they_are, fitted = self._scalars(types, checks_text=checks_text)
        if "object" in types:
            # A column inferred from an empty object has no fields yet; a declared one takes any.
            has = "properties" in schema if self.checks_formats else schema.get("properties")
            fitted[dict] = self._object(schema, at) if has else _keep
        if "array" in types:
            fitted[list] = self._items(schema, at)
        otherwise = _as_text if "string" in types and not checks_text else _refuse

        def fit(value: Any) -> Any:
            kind = type(value)
            if kind in as_they_are:
                return value
            column = fitted.get(kind)
            found = _MISFIT if column is None else column(value)
            return otherwise(value) if found is _MISFIT else found

        return fit

    def _scalars(
        self, types: set[str], *, checks_text: bool
    ) -> tuple[frozenset[type], dict[type, Fit]]:
        """Return the Python types whose values fit as they are, and how others are fitted."""
        is_number = "number" in types
        fits = _integer if self.checks_formats and not is_number else _keep
        columns: dict[type, Fit] = {_NULL: _keep if "null" in types else _leave_out}
        if "boolean" in types:
            columns[bool] = _keep
        if is_number or "integer" in types:
            columns[int] = fits
            columns[Decimal] = _keep if is_number else _whole_number(fits)
            columns[str] = _number_in_text(types, fits)
        if "string" in types:
            columns[str] = _date_time if checks_text else _keep
        as_they_are = frozenset(kind for kind, fit in columns.items() if fit is _keep)
        return as_they_are, columns

    def _items(self, schema: Mapping[str, Any], at: tuple[str, ...]) -> Fit:
        described = schema.get("items")
        if described is None and self.checks_formats:
            return _only_empty
        if not isinstance(described, Mapping) or not described.get("type"):
            return _keep
        fit = self._column(described, (*at, "items", IN_LIST))

        def fit_all(values: list[Any]) -> list[Any]:
            try:
                fitted = [fit(value) for value in values]
            except SchemaMismatchError as mismatch:
                mismatch.path.insert(0, IN_LIST)
                raise
            # In a list a null cannot be left out without moving its neighbours.
            return [None if value is _LEFT_OUT else value for value in fitted]

        return fit_all


def _keep(value: Any) -> Any:
    return value


def _leave_out(_: Any) -> Any:
    return _LEFT_OUT


def _refuse(value: Any) -> Any:
    raise SchemaMismatchError(value)


def _only_empty(values: list[Any]) -> list[Any]:
    """Accept the empty list that a column was inferred from; a member has no type yet."""
    if values:
        mismatch = SchemaMismatchError(values[0])
        mismatch.path.insert(0, IN_LIST)
        raise mismatch
    return values


def _as_text(value: Any) -> str:
    return encode_json(value).decode()


def _date_time(value: str) -> Any:
    return value if is_date_time(value) else _MISFIT


def _integer(value: int) -> Any:
    return value if value in COLUMN_INTEGERS else _MISFIT


def _whole_number(fits: Fit) -> Fit:
    """Make the function that takes decimals without a fraction as integers."""

    def fit(value: Decimal) -> Any:
        if value != value.to_integral_value():
            return _MISFIT
        if value.adjusted() < MAX_NUMBER_LENGTH:
            return fits(int(value))
        # A huge exponent stays one: written out it would fill the memory.
        return value if fits is _keep else _MISFIT

    return fit


def _number_in_text(types: set[str], fits: Fit) -> Fit:
    """Make the function that takes numbers in strings, if they are written back the same."""
    readers: list[Callable[[str], int | Decimal]] = []
    readers += [int] if "integer" in types else []
    readers += [Decimal] if "number" in types else []

    def fit(value: str) -> Any:
        if not value or value[0] not in "-0123456789" or len(value) > MAX_NUMBER_LENGTH:
            return _MISFIT
        for reader in readers:
            try:
                number = reader(value)
            except (ValueError, ArithmeticError):
                continue
            if str(number) == value and Decimal(number).is_finite():
                return fits(number)
        return _MISFIT

    return fit
