"""The JSON encoder of requests, records and output."""

from __future__ import annotations

import msgspec

#: Encode a value compactly, with decimals as exact JSON numbers.
encode_json = msgspec.json.Encoder(decimal_format="number").encode
