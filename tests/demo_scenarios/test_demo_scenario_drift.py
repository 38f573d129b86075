"""Records of the demo that drift from the sample, and the formats that answers come in."""

from __future__ import annotations

import jsonschema
import pytest

from tap_oauth2_generic.demo import feed_records, shop

DECLARED = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "value": {"type": "integer"},
        "sensor": {"type": "object", "properties": {"name": {"type": "string"}}},
    },
}


def readings(drift, **settings):
    params = {"drift": drift, "from": 10}
    stream = {"name": "readings", "path": "/readings", "records_path": "readings"}
    return {**stream, "params": params, "schema_sample_size": 5, **settings}


def assert_declared(run):
    """Assert that each record fits the last SCHEMA before it, which names all its fields."""
    schema = None
    for message in run.messages:
        if message["type"] == "SCHEMA":
            schema = message["schema"]
        elif message["type"] == "RECORD":
            record, columns = message["record"], schema["properties"]
            jsonschema.validate(record, schema)
            assert record.keys() <= columns.keys()
            assert record["sensor"].keys() <= columns["sensor"]["properties"].keys()


@pytest.mark.parametrize("drift", ["field", "nested"])
def test_a_new_field_is_added_with_a_schema_before_its_record(demo, tap, drift):
    """A new field, be it nested, brings a SCHEMA before its record; every value arrives."""
    run = tap(demo.config(readings(drift, new_fields="add")))
    assert run.status == 0, run.errors
    assert run.records("readings") == feed_records.readings(drift, 10)
    assert len(run.schemas("readings")) >= 2
    assert_declared(run)


@pytest.mark.parametrize("drift", ["field", "nested"])
def test_a_new_field_is_left_out_where_that_is_asked_for(demo, tap, drift):
    """new_fields ignore leaves it out of every record and says so once."""
    run = tap(demo.config(readings(drift, new_fields="ignore")))
    assert run.status == 0, run.errors
    assert run.records("readings") == feed_records.readings(None, 0)
    assert len(run.schemas("readings")) == 1
    name = {"field": "quality", "nested": "sensor.firmware"}[drift]
    assert sum(f"'{name}'" in line and "20 times" in line for line in run.warnings) == 1


@pytest.mark.parametrize("drift", ["field", "nested"])
def test_a_new_field_ends_the_run_where_that_is_asked_for(demo, tap, drift):
    """new_fields fail ends the run in a line that names the field."""
    run = tap(demo.config(readings(drift, new_fields="fail")))
    assert run.status == 1
    assert {"field": "'quality'", "nested": "'sensor.firmware'"}[drift] in run.error_lines[-1]
    assert len(run.records("readings")) == 10


def test_a_value_that_does_not_fit_is_not_lost(demo, tap):
    """A text among numbers widens their column first: every value arrives and is declared."""
    run = tap(demo.config(readings("misfit")))
    assert run.status == 0, run.errors
    expected = [reading["value"] for reading in feed_records.readings("misfit", 10)]
    found = [record["value"] for record in run.records("readings")]
    assert [str(value) for value in found] == [str(value) for value in expected]
    assert_declared(run)


@pytest.mark.parametrize("drift", ["field", "nested"])
def test_a_declared_schema_stands(demo, tap, drift):
    """A declared schema is emitted unchanged, and a field that it lacks is left out."""
    run = tap(demo.config(readings(drift, schema=DECLARED)))
    assert run.status == 0, run.errors
    assert run.schemas("readings") == [DECLARED]
    assert run.records("readings") == feed_records.readings(None, 0)


def test_a_value_that_a_declared_column_cannot_hold_ends_the_run(demo, tap):
    """What does not fit a declared type ends the run in a line that names the field."""
    run = tap(demo.config(readings("misfit", schema=DECLARED)))
    assert run.status == 1
    assert run.schemas("readings") == [DECLARED]
    assert run.records("readings") == feed_records.readings(None, 0)[:10]
    assert "'value'" in run.error_lines[-1]


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
@pytest.mark.parametrize("packed", ["no", "in transfer", "as a file"])
def test_an_export_in_every_format(demo, tap, form, packed):
    """JSON, JSON Lines and CSV are read alike, packed or not, commas and line breaks included."""
    end = ".gz" if packed == "as a file" else ""
    stream = {"name": "customers", "path": f"/exports/customers.{form}{end}"}
    headers = {"Accept-Encoding": "gzip" if packed == "in transfer" else "identity"}
    run = tap(demo.config({**stream, "response_format": form, "headers": headers}))
    assert run.status == 0, run.errors
    rows = shop.customers()
    if form == "csv":
        rows = [{name: str(value) for name, value in row.items()} for row in rows]
    assert run.records("customers") == rows
