"""What to do about a request that the API rejects."""

from __future__ import annotations

from tap_oauth2_generic.config.streams import StreamConfig
from tap_oauth2_generic.errors import ApiError
from tap_oauth2_generic.net.request import Response

# There may be no access to a part of the data, such as a partition.
_PERHAPS_EXPECTED = frozenset({403, 404, 410})
_NOT_FOUND = frozenset({404, 410})
_WRONG_REQUEST = frozenset({400, 405, 406, 409, 415, 422})
_WAY_WITHOUT = 'if that is expected, add {"status": %d, "action": "ignore"} to response_rules'


def remedy(stream: StreamConfig, error: ApiError, number: int) -> str | None:
    """Return what to do about the error of a page; an address that is wrong is no empty stream."""
    status, contexts = error.status, stream.contexts
    is_part, response = bool(contexts.parent or contexts.partitions), error.response
    if number == 1 and status in _NOT_FOUND and not is_part and isinstance(response, Response):
        return f"check base_url and path (requested {response.request.name})"
    if number == 1 and status in _PERHAPS_EXPECTED:
        return _WAY_WITHOUT % status
    found = stream.settings.pagination.remedy(status) if number > 1 else None
    if status in _WRONG_REQUEST:
        return found or "correct the request, which preview shows"
    return found
