"""Select the fields of a record and fit each value to its column; no value is lost.

One function is made per schema. Knows no stream and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, NamedTuple

from tap_oauth2_generic.records.fit import (
    LEFT_OUT,
    MISFIT,
    Fit,
    SchemaMismatchError,
    as_text,
    fit_scalars,
    fit_text,
    keep,
    kind_of,
    refuse,
    types_in_text,
)
from tap_oauth2_generic.records.infer import IN_LIST, ONLY_NULLS, named_types, types_of
from tap_oauth2_generic.settings.limits import MAX_NAMED_FIELDS

#: Which columns are selected, by the steps that lead to each in its schema.
Select = Mapping[tuple[str, ...], bool]
#: Counts the dropped fields that are not named.
OTHERS = ""
_NONE: Mapping[str, Any] = {}


class _Moved(NamedTuple):
    """A value that goes into a variant of its column, which gets ``null`` in its place."""

    null: Any
    column: str
    value: Any


@dataclass
class RecordConformer:
    """Fits records of one stream to one schema.

    ``refuses_new_fields`` decides on fields that the schema lacks: if false they are dropped,
    and counted in ``dropped`` by path, except for the ``keys``; otherwise they raise
    SchemaMismatchError like any value that does not fit. ``checks_formats`` holds inferred
    columns to what they were inferred from. ``reads_text``: strings stand for values of any type,
    as in CSV. ``variants`` are the columns for values that do not fit: see ``growth``.
    """

    schema: Mapping[str, Any]
    selected: Select
    _: KW_ONLY
    refuses_new_fields: bool
    checks_formats: bool
    reads_text: bool = False
    keys: Collection[str] = ()
    dropped: dict[str, int] = field(default_factory=dict)
    variants: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the function that fits a record."""
        #: Returns the record to emit, a new dict; raises SchemaMismatchError.
        self.conform = self._object(self.schema, (), self.variants)

    def _object(
        self, schema: Mapping[str, Any], at: tuple[str, ...], variants: Mapping[str, Any]
    ) -> Callable[[dict[str, Any]], dict[str, Any]]:
        columns = self._columns(schema, at, variants)
        required = frozenset(schema.get("required", ()))

        def fit(value: dict[str, Any]) -> dict[str, Any]:
            fitted = {}
            name = ""
            try:
                for name, member in value.items():
                    if name not in columns:
                        self._meet_new_field(at, name, member)
                    elif (column := columns[name]) is not None:
                        found = column(member)
                        if type(found) is _Moved:
                            fitted[found.column] = found.value
                            found = found.null
                        if found is not LEFT_OUT:
                            fitted[name] = found
                        elif name in required:
                            raise SchemaMismatchError(member)  # noqa: TRY301 - its path is added below
            except SchemaMismatchError as mismatch:
                mismatch.path.insert(0, name)
                raise
            return fitted

        return fit

    def _columns(
        self, schema: Mapping[str, Any], at: tuple[str, ...], variants: Mapping[str, Any]
    ) -> dict[str, Fit | None]:
        """Return how the value of each field is fitted, None for a deselected one."""
        columns: dict[str, Fit | None] = {}
        moved: dict[str, dict[str, tuple[str, Fit]]] = {}
        for name, member in schema.get("properties", {}).items():
            place, inner = (*at, "properties", name), variants.get(name, {})
            if isinstance(inner, str):
                (kind,) = types_of(member)
                moved.setdefault(inner, {})[kind] = (name, self.column(member, place))
                # A field of the API with the name of a variant.
                columns[name] = self._null_so_far(at, name)
            elif self.checks_formats and member == ONLY_NULLS:
                columns[name] = self._null_so_far(at, name)
            else:
                chosen = self.selected[place]
                columns[name] = self.column(member, place, inner) if chosen else None
        for name, others in moved.items():
            own = columns.get(name, self._null_so_far(at, name))
            if own is not None:
                columns[name] = _with_variants(own, others)
        return columns

    def _meet_new_field(self, at: tuple[str, ...], name: str, value: Any) -> Any:
        place = (*at, "properties", name)
        if not self.selected[place]:
            return LEFT_OUT
        # A null is noted in an inferred schema, so that the next page may stay encoded.
        refuses = self.refuses_new_fields or (not at and name in self.keys)
        if self.checks_formats if value is None else refuses:
            raise SchemaMismatchError(value, is_new=True)
        if value is not None:
            path = ".".join((*at[1::2], name))
            if path not in self.dropped and len(self.dropped) >= MAX_NAMED_FIELDS:
                path = OTHERS
            self.dropped[path] = self.dropped.get(path, 0) + 1
        return LEFT_OUT

    def _null_so_far(self, at: tuple[str, ...], name: str) -> Fit:
        return lambda value: LEFT_OUT if value is None else self._meet_new_field(at, name, value)

    def column(self, schema: Any, at: tuple[str, ...], variants: Mapping[str, Any] = _NONE) -> Fit:
        """Return the function that fits a value to a column; it raises SchemaMismatchError."""
        if not (types := named_types(schema)):
            return keep
        checks_text = self.checks_formats and schema.get("format") == "date-time"
        fitted = fit_scalars(types, is_inferred=self.checks_formats, is_time=checks_text)
        if self.reads_text and (meant := self.types_in_text(schema, at)):
            fitted[str] = fit_text(meant, fitted.get(str, lambda _: MISFIT))
        as_they_are = frozenset(kind for kind, fit in fitted.items() if fit is keep)
        if "object" in types:
            # A column inferred from an empty object has no fields yet; a declared one takes any.
            has = "properties" in schema if self.checks_formats else schema.get("properties")
            fitted[dict] = self._object(schema, at, variants) if has else keep
        if "array" in types:
            fitted[list] = self._items(schema, at)
        otherwise = as_text if "string" in types and not checks_text else refuse

        def fit(value: Any) -> Any:
            kind = type(value)
            if kind in as_they_are:
                return value
            column = fitted.get(kind)
            found = MISFIT if column is None else column(value)
            return otherwise(value) if found is MISFIT else found

        return fit

    def types_in_text(self, schema: Any, at: tuple[str, ...]) -> frozenset[str]:
        """Return the types that a string may stand for in a column."""
        is_key = at[1:] in {(key,) for key in self.keys}
        return types_in_text(schema, is_text=self.reads_text, is_key=is_key)

    def _items(self, schema: Mapping[str, Any], at: tuple[str, ...]) -> Fit:
        fit = self.column(schema.get("items"), (*at, "items", IN_LIST))
        if fit is keep:
            return keep

        def fit_all(values: list[Any]) -> list[Any]:
            try:
                fitted = [fit(value) for value in values]
            except SchemaMismatchError as mismatch:
                mismatch.path.insert(0, IN_LIST)
                raise
            # In a list a null cannot be left out without moving its neighbours.
            return [None if value is LEFT_OUT else value for value in fitted]

        return fit_all


def _with_variants(own: Fit, others: Mapping[str, tuple[str, Fit]]) -> Fit:
    """Make the function that moves values that do not fit the own column to another one."""
    null = own(None)

    def fit(value: Any) -> Any:
        try:
            return own(value)
        except SchemaMismatchError as mismatch:
            # A path leads into an object or a list, which is of the right type.
            if mismatch.path or kind_of(value) not in others:
                raise
        column, fit_other = others[kind_of(value)]
        return _Moved(null, column, fit_other(value))

    return fit
