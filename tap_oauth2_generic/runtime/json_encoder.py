"""The JSON encoder of requests, records and output."""

from __future__ import annotations

import msgspec

_ENCODER = msgspec.json.Encoder(enc_hook=str, decimal_format="number")
#: Encode a value compactly, decimals as exact JSON numbers, unknown types as their string.
encode_json = _ENCODER.encode
#: Encode each value of a list in a line.
encode_lines = _ENCODER.encode_lines
#: Encode a value so that two objects with the same members of the same types are equal.
encode_sorted = msgspec.json.Encoder(
    enc_hook=str, decimal_format="number", order="deterministic"
).encode
