"""The JSON encoder of requests, records and output."""

from __future__ import annotations

import msgspec

#: Encode a value compactly, decimals as exact JSON numbers, unknown types as their string.
encode_json = msgspec.json.Encoder(enc_hook=str, decimal_format="number").encode
#: Encode a value so that two objects with the same members of the same types are equal.
encode_sorted = msgspec.json.Encoder(
    enc_hook=str, decimal_format="number", order="deterministic"
).encode
