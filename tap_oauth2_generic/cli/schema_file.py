"""Write inferred schemas to a file, from where they can be declared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from tap_oauth2_generic.errors import InputError, RecordError
from tap_oauth2_generic.runtime.json_encoder import encode_json
from tap_oauth2_generic.stream import OAuth2Stream


def write_schemas(streams: Sequence[OAuth2Stream], file: str, *, is_single: bool) -> None:
    """Write the schemas to declare; raise TapError if one cannot be inferred."""
    schemas = {stream.name: stream.schema for stream in streams}
    if empty := [name for name, schema in schemas.items() if not schema["properties"]]:
        raise RecordError(f"there are no records to infer a schema from: {', '.join(empty)}")
    found: Any = schemas[streams[0].name] if is_single else schemas
    try:
        Path(file).write_bytes(msgspec.json.format(encode_json(found), indent=2) + b"\n")
    except OSError as error:
        raise InputError(f"cannot write the schema file {file!r}: {error.strerror}") from None
