"""What a test read shows of a slice, a record and a response, however large they are."""

from __future__ import annotations

from typing import Any

from tap_oauth2_generic.extract.schema_sample import SchemaSample
from tap_oauth2_generic.records.pipeline import Slice
from tap_oauth2_generic.runtime.redaction import excerpt, redact
from tap_oauth2_generic.studio.json_head import read_head
from tap_oauth2_generic.studio.named_secrets import mask_members

#: Bytes of a response that are shown.
MAX_BODY = 4_000
# Members of a list in a record that the schema is inferred from.
_MAX_MEMBERS = 200


def describe_slice(sample: SchemaSample, one: Slice) -> str:
    """Return the context and the window of a slice in words, masked; empty if it has neither."""
    named = ", ".join(f"{name} {value}" for name, value in one.context.items())
    has_windows = sample.plan.reader.stream.settings.incremental.window and one.start
    window = f"{one.start.raw} to {one.end.raw}" if has_windows else ""
    return redact("; ".join(part for part in (named, window) if part))


def shorten(value: Any) -> Any:
    """Return a value with the beginning of its lists: one may be a whole huge response."""
    if isinstance(value, list):
        return [shorten(one) for one in value[:_MAX_MEMBERS]]
    return {n: shorten(one) for n, one in value.items()} if isinstance(value, dict) else value


def show_body(content: bytes) -> Any:
    """Return the beginning of a response, masked: JSON as its value, anything else as a string."""
    found = read_head(content, MAX_BODY)
    return mask_members(found) if isinstance(found, dict | list) else excerpt(content, MAX_BODY)
