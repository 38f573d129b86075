"""Parquet files: each column's type comes from the JSON Schema, never from the values.

Imported only where the extra ``[parquet]`` is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Context, Decimal, Inexact
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from tap_oauth2_generic.errors import RecordError
from tap_oauth2_generic.records.infer import types_of
from tap_oauth2_generic.runtime.json_encoder import encode_json

# JSON of the records in a row group.
_GROUP_BYTES = 2**24
# A JSON number, exactly, up to 38 digits on either side; 64-bit fractions would round it.
_NUMBER = pa.decimal256(76, 38)
_WHOLE = Context(traps=[Inexact])
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


class _Column(NamedTuple):
    kind: pa.DataType
    convert: Callable[[Any], Any]

    def __call__(self, value: Any) -> Any:
        return None if value is None else self.convert(value)


class ParquetEncoder:
    """Writes lines of JSON as rows of a Parquet file, one row group after another."""

    def __init__(self, file: Any, stream: str, schema: Mapping[str, Any], compression: str) -> None:
        self._stream = stream
        self._columns = {n: _column(one) for n, one in schema.get("properties", {}).items()}
        self._schema = pa.schema([(name, column.kind) for name, column in self._columns.items()])
        self._writer = ParquetWriter(file, self._schema, compression=compression)
        self._rows: list[pa.RecordBatch] = []
        self._bytes = 0

    def write(self, lines: bytes) -> None:
        """Add the rows; raise RecordError for a value that its column cannot hold."""
        records = _DECODER.decode_lines(lines)
        arrays = []
        for name, column in self._columns.items():
            try:
                values = [column(record.get(name)) for record in records]
                arrays.append(pa.array(values, column.kind))
            except (ValueError, TypeError, ArithmeticError):
                raise RecordError(
                    f"stream {self._stream!r}: a value of {name!r} does not fit the Parquet type "
                    f"{column.kind}; use the format jsonl"
                ) from None
        self._rows.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        self._bytes += len(lines)
        if self._bytes >= _GROUP_BYTES:
            self._write_group()

    def _write_group(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._rows, self._schema))
        self._rows.clear()
        self._bytes = 0

    def close(self) -> None:
        """Write the rows that are left, and the end of the file; once."""
        if self._writer.is_open:
            self._write_group()
            self._writer.close()


def _column(schema: Any) -> _Column:
    """Return the column for a JSON Schema; one that Parquet lacks holds strings, else JSON."""
    types = types_of(schema)
    if types == {"boolean"}:
        return _Column(pa.bool_(), lambda value: value)
    if types == {"integer"}:
        return _Column(pa.int64(), lambda value: int(_WHOLE.to_integral_exact(Decimal(value))))
    if types and types <= {"integer", "number"}:
        return _Column(_NUMBER, Decimal)
    if types == {"array"} and schema.get("items"):
        items = _column(schema["items"])
        return _Column(pa.list_(items.kind), lambda values: [items(value) for value in values])
    if types == {"object"} and schema.get("properties"):
        members = {name: _column(one) for name, one in schema["properties"].items()}
        kind = pa.struct([(name, member.kind) for name, member in members.items()])
        return _Column(kind, lambda value: {n: m(value.get(n)) for n, m in members.items()})
    return _Column(pa.string(), lambda v: v if isinstance(v, str) else encode_json(v).decode())
