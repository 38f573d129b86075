"""What is emitted of a record: selected fields, each value fitted to its column, none lost.

One function is made per schema. Knows no stream and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from tap_oauth2_generic.records.columns import COLUMN_INTEGERS, Select
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.runtime.timestamps import is_date_time
from tap_oauth2_generic.settings.limits import MAX_NUMBER_LENGTH

Fit = Callable[[Any], Any]
#: What stands in a path for the members of a list.
IN_LIST = "[]"
# A field that is to be left out of the record: a null in a column that takes none.
_LEFT_OUT = object()


class SchemaMismatchError(Exception):
    """A value has no place in the schema; ``path`` leads to it inside the record."""

    def __init__(self, value: Any, *, is_new: bool = False) -> None:
        """Keep the value; each level on the way out adds its key to the path."""
        super().__init__()
        self.value = value
        self.is_new = is_new
        self.path: list[str] = []


class RecordConformer:
    """Shapes records of one stream after one schema.

    ``on_new_field`` decides on fields that the schema lacks: False drops them, and counts
    them in ``dropped`` by path; True raises MisfitError, as any value out of place does.
    ``checks_formats`` holds columns that were inferred to what they were inferred from.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        selected: Select,
        *,
        refuses_new_fields: bool,
        checks_formats: bool,
        dropped: dict[str, int] | None = None,
    ) -> None:
        """Make the shaping function; costs some microseconds a field."""
        self.dropped: dict[str, int] = {} if dropped is None else dropped
        self._refuses_new_fields = refuses_new_fields
        self._checks_formats = checks_formats
        self._fit = self._object(schema, selected, ())

    def shape(self, record: dict[str, Any]) -> dict[str, Any]:
        """Give the record to emit, a new dict; raises MisfitError."""
        shaped: dict[str, Any] = self._fit(record)
        return shaped

    def _object(self, schema: Mapping[str, Any], selected: Select, at: tuple[str, ...]) -> Fit:
        fits: dict[str, Fit | None] = {}
        required = frozenset(schema.get("required", ()))
        for name, member in schema.get("properties", {}).items():
            place = (*at, "properties", name)
            fits[name] = self._column(member, selected, place) if selected[place] else None

        def fit(value: dict[str, Any]) -> dict[str, Any]:
            shaped = {}
            name = ""
            try:
                for name, member in value.items():
                    if name not in fits:
                        self._new_field(at, name, member)
                    elif (column := fits[name]) is not None:
                        fitted = column(member)
                        if fitted is not _LEFT_OUT:
                            shaped[name] = fitted
                        elif name in required:
                            raise SchemaMismatchError(member)  # noqa: TRY301 - its path is added below
            except SchemaMismatchError as misfit:
                misfit.path.insert(0, name)
                raise
            return shaped

        return fit

    def _new_field(self, at: tuple[str, ...], name: str, value: Any) -> None:
        if self._refuses_new_fields:
            raise SchemaMismatchError(value, is_new=True)
        path = ".".join((*at[1::2], name))
        self.dropped[path] = self.dropped.get(path, 0) + 1

    def _column(  # noqa: C901 - see fit
        self, schema: Mapping[str, Any], selected: Select, at: tuple[str, ...]
    ) -> Fit:
        """Make the function that fits one value to one column."""
        # A schema of true, or one that names no type, takes anything.
        declared = schema.get("type") if isinstance(schema, Mapping) else None
        if not declared:
            return _as_it_is
        types = {declared} if isinstance(declared, str) else set(declared)
        # What was inferred from an empty object has no fields yet; a declared one takes any.
        has_fields = "properties" in schema if self._checks_formats else schema.get("properties")
        members = self._object(schema, selected, at) if has_fields else _as_it_is
        items = self._items(schema, selected, at)
        is_text = "string" in types
        checks_text = self._checks_formats and schema.get("format") == "date-time"
        checks_size = self._checks_formats and "number" not in types

        def fit(value: Any) -> Any:  # noqa: C901, PLR0911, PLR0912 - one branch a JSON type
            kind = type(value)
            if value is None:
                return None if "null" in types else _LEFT_OUT
            if kind is str:
                if is_text and (not checks_text or is_date_time(value)):
                    return value
                if not is_text and (number := _as_number(value, types)) is not None:
                    if not checks_size or number in COLUMN_INTEGERS:
                        return number
                    raise SchemaMismatchError(value)
            elif kind is bool:
                if "boolean" in types:
                    return value
            elif kind is int:
                if ("integer" in types or "number" in types) and not (
                    checks_size and value not in COLUMN_INTEGERS
                ):
                    return value
            elif kind is Decimal:
                if "number" in types:
                    return value
                if "integer" in types and value == value.to_integral_value():
                    if value.adjusted() < MAX_NUMBER_LENGTH:
                        whole = int(value)
                        if not checks_size or whole in COLUMN_INTEGERS:
                            return whole
                    elif not checks_size:
                        # A huge exponent stays one: written out it would fill the memory.
                        return value
            elif kind is dict:
                if "object" in types:
                    return members(value)
            elif kind is list and "array" in types:
                return items(value)
            if is_text and not checks_text:
                return _as_text(value)
            raise SchemaMismatchError(value)

        return fit

    def _items(self, schema: Mapping[str, Any], selected: Select, at: tuple[str, ...]) -> Fit:
        described = schema.get("items")
        if described is None and self._checks_formats:
            return _empty_alone
        if not isinstance(described, Mapping) or not described.get("type"):
            return _as_it_is
        fit = self._column(described, selected, (*at, "items", "[]"))

        def fit_all(values: list[Any]) -> list[Any]:
            try:
                fitted = [fit(value) for value in values]
            except SchemaMismatchError as misfit:
                misfit.path.insert(0, IN_LIST)
                raise
            # In a list a null cannot be left out without moving its neighbours.
            return [None if value is _LEFT_OUT else value for value in fitted]

        return fit_all


def _empty_alone(values: list[Any]) -> list[Any]:
    """Take the empty list that a column was inferred from; a member has no type yet."""
    if values:
        misfit = SchemaMismatchError(values[0])
        misfit.path.insert(0, IN_LIST)
        raise misfit
    return values


def _as_it_is(value: Any) -> Any:
    return value


def _as_text(value: Any) -> str:
    """Write what is no text as JSON text: exact, and readable back."""
    return encode_json(value).decode()


def _as_number(value: str, types: set[str]) -> int | Decimal | None:
    """Read a number that an API wrote as text, where writing it again gives the same text."""
    if not value or value[0] not in "-0123456789" or len(value) > MAX_NUMBER_LENGTH:
        return None
    readers: list[Callable[[str], int | Decimal]] = []
    readers += [int] if "integer" in types else []
    readers += [Decimal] if "number" in types else []
    for reader in readers:
        try:
            number = reader(value)
        except (ValueError, ArithmeticError):
            continue
        if str(number) == value and Decimal(number).is_finite():
            return number
    return None
