"""The cause that a library wrapped in other errors, as one short masked line."""

from __future__ import annotations

from tap_oauth2_generic.runtime.redaction import redact

_MAX_DEPTH = 10
_MAX_LENGTH = 200


def root_cause(error: BaseException) -> str:
    """Return the innermost cause's message, or its type's name if it has none."""
    for _ in range(_MAX_DEPTH):
        error = error.__cause__ or error.__context__ or error
    # Masked before it is cut: a part of a secret would not be recognized.
    return redact(" ".join(str(error).split()))[:_MAX_LENGTH] or type(error).__name__
