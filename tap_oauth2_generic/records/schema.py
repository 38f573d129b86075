"""What the columns of a stream are: declared by the user, or inferred from a sample."""

from __future__ import annotations

from tap_oauth2_generic.records.declared import SchemaSettings
from tap_oauth2_generic.records.infer import ANY_VALUE, grow, grown_at, infer

__all__ = ["ANY_VALUE", "SchemaSettings", "grow", "grown_at", "infer"]
