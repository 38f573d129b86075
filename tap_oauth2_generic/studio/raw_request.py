"""Send one request as a sync would: signed, to allowed hosts only, renewed after a 401.

Any response is shown, also one that a sync would refuse.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tap_oauth2_generic.config.config import Config
from tap_oauth2_generic.config.streams import read_stream
from tap_oauth2_generic.errors import ApiError, AuthorizationError, ConfigurationError, TapError
from tap_oauth2_generic.extract.trial_read import describe_response
from tap_oauth2_generic.net.client import RequestPolicy
from tap_oauth2_generic.net.request import Request, Response
from tap_oauth2_generic.runtime.redaction import excerpt
from tap_oauth2_generic.session import Session
from tap_oauth2_generic.settings.fields import ErrorCollector
from tap_oauth2_generic.studio.json_head import read_head
from tap_oauth2_generic.studio.named_secrets import mask_members
from tap_oauth2_generic.studio.sessions import open_session, sentence

_MAX_TEXT = 4_000
_STOPPED = "stopped before there was a response; the API may have done what was requested"
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


class Sending:
    """A request that is under way, which a person may stop to wait for."""

    def __init__(self, send: Callable[[], RawResponse]) -> None:
        self._sent: Future[RawResponse] = Future()
        self._send = send
        # The response may take longer than the studio is open.
        threading.Thread(target=self._run, daemon=True).start()

    def wait(self) -> RawResponse:
        """Return the response, or that it was stopped; raise what ``send`` raises."""
        return self._sent.result()

    def stop(self) -> None:
        """Drop the response."""
        self._end(lambda: self._sent.set_result(RawResponse(error=_STOPPED)))

    def _run(self) -> None:
        try:
            found = self._send()
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            raised = error
            self._end(lambda: self._sent.set_exception(raised))
        else:
            self._end(lambda: self._sent.set_result(found))

    def _end(self, end: Callable[[], None]) -> None:
        with suppress(InvalidStateError):
            end()


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
        mask_members(body) if isinstance(body, dict | list) else None,
        "" if isinstance(body, dict | list) else excerpt(response.content, _MAX_TEXT),
        error,
        is_cut,
    )
