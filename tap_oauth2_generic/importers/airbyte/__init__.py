"""Read a declarative manifest of an Airbyte connector, as its builder exports it; pure."""

from __future__ import annotations

from tap_oauth2_generic.errors import InputError
from tap_oauth2_generic.importers.airbyte.assemble import assemble
from tap_oauth2_generic.importers.airbyte.manifest import LeftOutError, resolve
from tap_oauth2_generic.importers.airbyte.marked_yaml import parse
from tap_oauth2_generic.importers.imported import Imported, ImportOptions

__all__ = ["read"]


def read(text: str, options: ImportOptions) -> Imported:
    """Return the configuration of a manifest; raise InputError if nothing in it can be read."""
    try:
        made = assemble(resolve(parse(text)), options)
    except (ValueError, RecursionError, LeftOutError) as error:
        reason = "it is nested too deep" if isinstance(error, RecursionError) else error
        raise InputError(f"the manifest cannot be read: {reason}") from None
    if not made.config.get("streams"):
        reasons = "; ".join(made.left_out[:3]) or "it has no streams"
        raise InputError(f"the manifest has no stream that can be imported: {reasons}")
    return made
