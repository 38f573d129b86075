"""What went wrong on the wire, in words for a message; pure."""

from __future__ import annotations

import requests

from tap_oauth2_generic.runtime.causes import root_cause
from tap_oauth2_generic.runtime.redaction import redact

#: What may pass by itself: the API has decided nothing, so the request is sent again.
TRANSIENT = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
_EXCERPT_LENGTH = 200


def describe_failure(error: Exception) -> str:
    """Return what became of a request as a verb phrase, such as ``timed out``."""
    if isinstance(error, requests.exceptions.SSLError):
        return f"failed in TLS ({root_cause(error)})"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "timed out while connecting"
    if isinstance(error, requests.exceptions.Timeout):
        return "timed out"
    if isinstance(error, requests.exceptions.ConnectionError):
        return f"lost the connection ({root_cause(error)})"
    return f"got a truncated or corrupt response ({root_cause(error)})"


def excerpt(message: str) -> str:
    """Return the beginning of a message in one line, masked before it is cut."""
    return redact(" ".join(message.split()))[:_EXCERPT_LENGTH]
