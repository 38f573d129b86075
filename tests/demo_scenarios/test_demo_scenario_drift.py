"""Demo records that drift from the sample, and response formats."""

from __future__ import annotations

import jsonschema
import pytest

from tap_oauth2_generic.demo import feed_records, shop


def readings(drift, **settings):
    params = {"drift": drift, "from": 10}
    stream = {"name": "readings", "path": "/readings", "records_path": "readings"}
    return {**stream, "params": params, "schema_sample_size": 5, **settings}


def assert_declared(run):
    """Assert that each record matches the last SCHEMA before it, which declares all fields."""
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
def test_new_field_is_declared_before_its_record(demo, tap, drift):
    """Nested fields too; every value is emitted."""
    run = tap.ok(demo.config(readings(drift, new_fields="add")))
    assert run.records("readings") == feed_records.readings(drift, 10)
    assert_declared(run)


@pytest.mark.parametrize("drift", ["field", "nested"])
def test_new_fields_ignore_omits_the_field_with_one_warning(demo, tap, drift):
    run = tap.ok(demo.config(readings(drift, new_fields="ignore")))
    assert run.records("readings") == feed_records.readings(None, 0)
    assert len(run.schemas("readings")) == 1
    name = {"field": "quality", "nested": "sensor.firmware"}[drift]
    assert sum(f"'{name}'" in line and "20 times" in line for line in run.warnings) == 1


@pytest.mark.parametrize("drift", ["field", "nested"])
def test_new_fields_fail_names_the_field(demo, tap, drift):
    run = tap(demo.config(readings(drift, new_fields="fail")))
    assert run.status == 1
    assert {"field": "'quality'", "nested": "'sensor.firmware'"}[drift] in run.error_lines[-1]
    assert len(run.records("readings")) == 10


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
@pytest.mark.parametrize("packed", ["no", "in transfer", "as a file"])
def test_export_is_read_alike_in_every_format(demo, tap, form, packed):
    """With gzip or without, commas and line breaks included."""
    end = ".gz" if packed == "as a file" else ""
    stream = {"name": "customers", "path": f"/exports/customers.{form}{end}"}
    headers = {"Accept-Encoding": "gzip" if packed == "in transfer" else "identity"}
    run = tap.ok(demo.config({**stream, "response_format": form, "headers": headers}))
    rows = shop.customers()
    if form == "csv":
        rows = [{name: str(value) for name, value in row.items()} for row in rows]
    assert run.records("customers") == rows
