"""Send one request as a sync would: signed, to allowed hosts only, renewed after a 401.

Any response is shown, also one that a sync would refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.config.config import Config
from tap_oauth2_generic.config.streams import read_stream
from tap_oauth2_generic.errors import ApiError, AuthorizationError, ConfigurationError, TapError
from tap_oauth2_generic.extract.trial_read import describe_response
from tap_oauth2_generic.net.client import RequestPolicy
from tap_oauth2_generic.net.request import Request, Response
from tap_oauth2_generic.runtime.masked_json import mask
from tap_oauth2_generic.runtime.redaction import excerpt
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.studio.json_head import read_head
from tap_oauth2_generic.studio.sessions import open_session, sentence

_MAX_TEXT = 4_000
# Bytes of a response that are decoded; more would only be slow to show.
_MAX_DECODED = 2**19


@dataclass(frozen=True)
class RawResponse:
    """A request and its response, masked; ``status`` is None if there was none.

    ``body`` is decoded JSON, None if there is none; ``text`` is the beginning of any other.
    ``is_cut``: the body is only the beginning of a huge response.
    """

    status: int | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    text: str = ""
    error: str = ""
    is_cut: bool = False


def send_raw(config: Config, definition: Mapping[str, Any]) -> RawResponse:
    """Send the request of a stream's definition; raise ConfigurationError if it has mistakes."""
    with open_session(config) as session:
        try:
            return _describe(_fetch(session, definition))
        except ConfigurationError:
            raise
        except TapError as error:
            response = error.response if isinstance(error, ApiError | AuthorizationError) else None
            if isinstance(response, Response):
                return _describe(response, sentence(error))
            return RawResponse(error=sentence(error))


def _fetch(session: Session, definition: Mapping[str, Any]) -> Response:
    collector = ErrorCollector()
    stream = read_stream(definition, collector)
    if collector.errors:
        raise ConfigurationError("\n".join(collector.errors))
    template = session.config.request_template(stream)
    uses_token = session.config.uses_token(stream)

    def build() -> Request:
        scope = {**session.scope(uses_token=uses_token), **stream.contexts.scope({})}
        request = template.fill(scope)
        request.headers = {"Accept": "application/json", **request.headers}
        return request

    rules = session.config.rules.response_rules
    return session.api_client.fetch(build, RequestPolicy(rules, stream.records.decode))


def _describe(response: Response, error: str = "") -> RawResponse:
    is_cut, about = len(response.content) > _MAX_DECODED, describe_response(response)
    body = read_head(response.content, _MAX_DECODED) if is_cut else response.read_body()
    return RawResponse(
        response.status,
        about["request"],
        about["headers"],
        mask(body) if isinstance(body, dict | list) else None,
        "" if isinstance(body, dict | list) else excerpt(response.content, _MAX_TEXT),
        error,
        is_cut,
    )
