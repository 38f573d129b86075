"""A schema grown over a page of records: new columns, and no column ever changes its type.

Loaders do not survive a changed type: one rounds fractions in silence, another renames the
column away. A value that does not fit goes into a variant of its column, ``<name>__<type>``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tap_oauth2_generic.errors import RecordError
from tap_oauth2_generic.records.conform import RecordConformer, Select
from tap_oauth2_generic.records.fit import Fit, SchemaMismatchError, kind_of
from tap_oauth2_generic.records.infer import (
    COLUMNS,
    FREE_FORM,
    ONLY_NULLS,
    Schema,
    grow,
    settle_items,
    types_of,
    without_nulls,
)
from tap_oauth2_generic.settings.limits import MAX_PROPERTIES

_NESTED = ("object", "array")


@dataclass(frozen=True)
class Columns:
    """The columns of a stream.

    ``schema`` also notes fields that were only null if it is inferred. ``variants`` names the
    field that each variant belongs to; inside an object column it is nested.
    """

    schema: Mapping[str, Any]
    variants: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class GrowthRules:
    """What may be added to a schema, and what becomes of a value that does not fit.

    ``keys`` are always added, and their type may not change. Objects inside ``levels`` others
    are columns, too: flattening makes them of their fields. ``reads_text`` is that of the
    conformer.
    """

    new_fields: str
    on_type_change: str
    is_inferred: bool
    keys: Collection[str] = ()
    levels: int = 0
    separator: str = ""
    reads_text: bool = False

    @property
    def adds(self) -> bool:
        """Whether objects get the fields that they lack."""
        return self.new_fields == "add"

    @property
    def joins(self) -> bool:
        """Whether values of another type get a type or a column, at least inside of objects."""
        return self.is_inferred or self.on_type_change != "fail"


@dataclass
class Growth:
    """Grows the columns of one object: of the record, or of an object that is flattened.

    ``say`` gets a warning about each column whose values change their type; ``at`` are the
    steps to the object.
    """

    rules: GrowthRules
    selected: Select
    say: Callable[..., None]
    old: Columns
    at: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Start with the old columns, and fit values as they will be fitted to records."""
        self._conformer = RecordConformer(
            {},
            self.selected,
            refuses_new_fields=True,
            checks_formats=self.rules.is_inferred,
            reads_text=self.rules.reads_text,
            keys=self.rules.keys,
        )
        self._columns: dict[str, Schema] = dict(self.old.schema.get("properties", {}))
        self._variants = dict(self.old.variants)
        self._owned = {
            (owner, kind): name
            for name, owner in self._variants.items()
            if isinstance(owner, str)
            for kind in types_of(self._columns[name])
        }
        self._inner: dict[str, Growth] = {}
        self._fits: dict[str, Fit] = {}
        self._new: set[str] = set()
        self._taken: Collection[str] = ()

    def over(self, records: Iterable[Mapping[str, Any]]) -> Columns:
        """Return columns that hold the records, too; raise RecordError if they may not.

        The records are iterated twice.
        """
        self._taken = {name for record in records for name in record}
        for record in records:
            self.observe(record)
        return self.columns()

    def observe(self, record: Mapping[str, Any]) -> None:
        """Grow for the values of an object."""
        for name, value in record.items():
            if self.selected[self._place(name)]:
                self._observe(name, value)

    def columns(self) -> Columns:
        """Return the columns with all that was observed."""
        for name, inner in self._inner.items():
            columns = inner.columns()
            self._columns[name], self._variants[name] = columns.schema, columns.variants
        known = self.old.schema.get("properties", {})
        for name, column in self._columns.items():
            self._columns[name] = settle_items(column, known.get(name, {}))
        for name in () if self.rules.is_inferred else self._new:
            self._columns[name] = without_nulls(self._columns[name])
        if self.at and len(self._columns) > MAX_PROPERTIES:
            return Columns(FREE_FORM)
        variants = {name: owner for name, owner in self._variants.items() if owner}
        return Columns({**self.old.schema, "properties": self._columns}, variants)

    def _observe(self, name: str, value: Any) -> None:
        column = self._columns.get(name)
        if isinstance(self._variants.get(name), str):
            # The name is taken by a variant of another field.
            if value is not None and self.rules.adds:
                self._add_variant(name, value)
        elif column is None or column == ONLY_NULLS or name in self._new:
            self._add_field(name, column, value)
        elif (kind := kind_of(value)) in _NESTED and kind in types_of(column):
            self._grow_inside(name, column, value)
        else:
            try:
                self._fit(name, column)(value)
            except SchemaMismatchError:
                self._change(name, column, value)

    def _place(self, name: str) -> tuple[str, ...]:
        return (*self.at, "properties", name)

    def _fit(self, name: str, column: Schema) -> Fit:
        if name not in self._fits:
            self._fits[name] = self._conformer.column(column, self._place(name))
        return self._fits[name]

    def _add_field(self, name: str, column: Schema | None, value: Any) -> None:
        if value is None and not self.rules.is_inferred:
            return
        if value is None or self.rules.adds or (not self.at and name in self.rules.keys):
            # Of one page, all values count alike.
            self._columns[name] = grow(column, value)
            self._new.add(name)

    def _grow_inside(self, name: str, column: Schema, value: Any) -> None:
        depth = len(self.at) // 2
        if depth >= self.rules.levels or "properties" not in column:
            rules = self.rules
            self._columns[name] = grow(column, value, adds=rules.adds, joins=rules.joins)
        elif isinstance(value, dict):
            if name not in self._inner:
                old, place = Columns(column, self._variants.get(name, {})), self._place(name)
                self._inner[name] = replace(self, old=old, at=place)
            self._inner[name].observe(value)

    def _change(self, name: str, column: Schema, value: Any) -> None:
        place, old, new = ".".join((*self.at[1::2], name)), _kind(column), kind_of(value)
        rules, say = self.rules, self.say
        if not self.at and name in rules.keys:
            raise RecordError(
                f"the key {place!r} is of type {old}, and now has a {new}; a key must not "
                "change its type: declare it in the stream's schema, and reload the stream"
            )
        if rules.on_type_change == "widen":
            self._columns[name] = grow(column, value)
            self._fits.pop(name, None)
            say("%r is of type %s and now has a %s; widening its column", place, old, new)
        elif rules.on_type_change == "variant":
            is_new = (name, new) not in self._owned
            made = self._add_variant(name, value)
            if is_new:
                notice = "%r is of type %s and now has a %s; such values go to the column %r"
                say(notice, place, old, new, made)

    def _add_variant(self, name: str, value: Any) -> str:
        """Grow a variant of a field for a value; make it if there is none."""
        kind = kind_of(value)
        made = self._owned.get((name, kind))
        if made is None:
            made = f"{name}__{kind}"
            while made in self._columns or made in self._taken or self._is_flattened(made, name):
                made += "_"
            self._owned[name, kind], self._variants[made] = made, name
            # Of its fields, flattening would make columns, which have no variants.
            is_whole = kind == "object" and len(self.at) // 2 < self.rules.levels
            has_inside = kind in _NESTED and not is_whole
            self._columns[made] = grow(None, value) if has_inside else COLUMNS[kind]
            self._new.add(made)
        else:
            # Also if it is flattened: a variant has no variants inside.
            adds = made in self._new or self.rules.adds
            self._columns[made] = grow(self._columns[made], value, adds=adds)
        return made

    def _is_flattened(self, made: str, name: str) -> bool:
        """Return whether flattening gives that name to a field inside the object ``name``."""
        start = f"{name}{self.rules.separator}"
        inner = self._columns.get(name, {}).get("properties", {})
        return bool(self.rules.levels) and made.removeprefix(start) in inner


def _kind(column: Schema) -> str:
    """Return the type of a column for comparison and messages."""
    name = " or ".join(sorted(types_of(column)))
    return "date-time" if column.get("format") == "date-time" else name


def new_columns(old: Schema, new: Schema, at: str = "") -> Iterator[str]:
    """Yield the paths of fields that a schema has and an older one has not."""
    known = old.get("properties", {})
    for name, column in new.get("properties", {}).items():
        if name in known:
            yield from new_columns(known[name], column, f"{at}{name}.")
        else:
            yield f"{at}{name}"
    if "items" in new:
        yield from new_columns(old.get("items", {}), new["items"], at)
