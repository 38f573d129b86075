"""How one value is fitted to a column of one type."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap_oauth2_generic.records.fit import (
    LEFT_OUT,
    MISFIT,
    SchemaMismatchError,
    as_text,
    fit_scalars,
    fit_text,
    keep,
    kind_of,
    refuse,
    types_in_text,
)

TIME = "2024-01-01T00:00:00Z"


def fit(types, value, *, is_inferred=False, is_time=False):
    """Return what becomes of a value, MISFIT if the column has no way for its type."""
    fitted = fit_scalars(set(types.split()), is_inferred=is_inferred, is_time=is_time)
    return fitted[type(value)](value) if type(value) in fitted else MISFIT


def same(found, expected):
    return type(found) is type(expected) and str(found) == str(expected)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "boolean"), ("a", "string"), ({}, "object"), ([], "array"), (1, "number"),
        (Decimal("1.5"), "number"),
    ],
)  # fmt: skip
def test_variant_of_a_value(value, kind):
    assert kind_of(value) == kind


def test_values_kept_refused_and_written():
    assert keep(5) == 5
    assert as_text([Decimal("1.10"), "é"]) == '[1.10,"é"]'
    with pytest.raises(SchemaMismatchError) as caught:
        refuse(5)
    assert (caught.value.value, caught.value.is_new, caught.value.path) == (5, False, [])
    assert not str(caught.value), "a value is shown by nobody by accident"


@pytest.mark.parametrize(
    ("types", "value", "expected"),
    [
        ("integer null", None, None),
        ("integer", None, LEFT_OUT),
        ("boolean", True, True),
        ("integer", True, MISFIT),
        ("integer", 2**80, 2**80),
        ("number", 2**80, 2**80),
        ("string", 5, MISFIT),
        ("string", "5", "5"),
        ("integer string", "5", "5"),
        ("boolean", "true", MISFIT),
        ("boolean", 1, MISFIT),
        ("boolean", Decimal(1), MISFIT),
        ("number", Decimal("1.50"), Decimal("1.50")),
        ("integer number", Decimal("1.0"), Decimal("1.0")),
        ("integer", Decimal("1.50"), MISFIT),
        ("integer", Decimal("-20.00"), -20),
        ("integer", Decimal("1E+39"), 10**39),
        ("integer", Decimal("1E+40"), Decimal("1E+40")),
    ],
)
def test_value_of_a_declared_column(types, value, expected):
    assert same(fit(types, value), expected)


@pytest.mark.parametrize(
    ("types", "text", "expected"),
    [
        ("integer", "12", 12),
        ("integer", "-1", -1),
        ("integer", "1.5", MISFIT),
        ("number", "12", Decimal(12)),
        ("number", "1.50", Decimal("1.50")),
        ("integer number", "12", 12),
        ("integer number", "1.50", Decimal("1.50")),
        ("integer", "1" * 40, int("1" * 40)),
        ("integer", "1" * 41, MISFIT),
        ("integer number", "", MISFIT),
        ("integer number", "+1", MISFIT),
        ("integer number", "007", MISFIT),
        ("number", "1.5x", MISFIT),
        ("number", "-Infinity", MISFIT),
        ("number", "-NaN", MISFIT),
    ],
)
def test_text_of_a_number_column(types, text, expected):
    """It is the number that is written like it, if there is one."""
    assert same(fit(types, text), expected)


@pytest.mark.parametrize(
    ("types", "value", "fits"),
    [
        ("integer", 2**63 - 1, True),
        ("integer", 2**63, False),
        ("integer", str(2**63), False),
        ("integer", Decimal(2**63), False),
        ("integer", Decimal("1E+40"), False),
        ("number", 2**63, True),
        ("integer number", 2**63, True),
        ("integer number", Decimal("0.5"), True),
        ("string", "soon", True),
    ],
)
def test_inferred_integers_have_64_bits(types, value, fits):
    """A column that takes other numbers, too, holds any."""
    assert (fit(types, value, is_inferred=True) is not MISFIT) == fits


@pytest.mark.parametrize(("text", "expected"), [(TIME, TIME), ("soon", MISFIT), ("", MISFIT)])
def test_column_of_times_takes_only_times(text, expected):
    assert fit("string", text, is_time=True) == expected


@pytest.mark.parametrize(
    ("types", "form", "of_text", "of_keys", "of_others"),
    [
        ("integer null", None, "integer null", "integer", "integer"),
        ("number", None, "number", "number", "number"),
        ("boolean null", None, "boolean null", "boolean", ""),
        ("string null", None, "", "", ""),
        ("string null", "uri", "", "", ""),
        ("string integer", None, "", "", ""),
        ("string null", "date-time", "null", "", ""),
        ("string null", "date", "null", "", ""),
        ("string null", "time", "null", "", ""),
        ("string", "date", "", "", ""),
    ],
)
def test_types_that_a_string_may_stand_for(types, form, of_text, of_keys, of_others):
    """In text, such as CSV, in a key of it, and in JSON."""
    schema = {"type": types.split(), **({"format": form} if form else {})}
    found = [
        types_in_text(schema, is_text=is_text, is_key=is_key)
        for is_text, is_key in [(True, False), (True, True), (False, False)]
    ]
    assert found == [set(names.split()) for names in (of_text, of_keys, of_others)]


@pytest.mark.parametrize(
    ("types", "text", "expected"),
    [
        ("null", "", None),
        ("null", "x", "other"),
        ("integer", "", "other"),
        ("boolean", "", "other"),
        ("boolean", "True", True),
        ("boolean", "0", False),
        ("boolean", "yes", "other"),
        ("boolean null", "1", True),
        ("boolean integer", "1", "other"),
        ("boolean number", "0", "other"),
        ("integer", "true", "other"),
    ],
)
def test_text_that_stands_for_null_or_a_boolean(types, text, expected):
    """A boolean that may also be a number is none."""
    assert fit_text(types.split(), lambda _: "other")(text) == expected
